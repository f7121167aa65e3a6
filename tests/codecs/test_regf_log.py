# SPDX-License-Identifier: Apache-2.0
"""Transaction logs: real ones against regipy, older ones as the specification lays them out, damage."""

from __future__ import annotations

import lzma
import struct
from pathlib import Path

import pytest

from hikeshi.codecs.regf import BASE, Hive, checksum
from hikeshi.codecs.regf_log import recover
from readers.evidence import folder
from readers.hive_logs import NEW, OLD, entry


def real(name: str) -> bytes:
    return lzma.decompress((folder() / "triage" / "regipy-hives" / f"{name}.xz").read_bytes())


def counts(data: bytes) -> tuple[int, int]:
    keys = list(Hive(data).walk())
    return len(keys), sum(len(key.values) for key in keys)


# regipy leaves its files to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("name", "pages", "before", "after"),
    [("SYSTEM_B", 315, (33123, 74957), (35595, 78901)), ("UsrClass.dat", 158, (6205, 12369), (6238, 12531))],
)
def test_real_logs(
    tmp_path: Path, name: str, pages: int, before: tuple[int, int], after: tuple[int, int]
) -> None:
    """regipy applies the log it is given second before the first; given in the order of their numbers it agrees."""
    library = pytest.importorskip("regipy.recovery", reason="regipy is not installed")
    paths = []
    for end in ("", ".LOG1", ".LOG2"):
        paths.append(tmp_path / f"hive{end}")
        paths[-1].write_bytes(real(f"{name}{end}"))
    first, *logs = (path.read_bytes() for path in paths)
    recovered, replaced = recover(first, logs)
    restored, count = library.apply_transaction_logs(
        str(paths[0]), str(paths[2]), str(paths[1]), str(tmp_path / "restored")
    )
    assert pages == count
    assert Path(restored).read_bytes()[BASE:] == recovered[BASE:]
    assert recover(first, logs[::-1]) == (recovered, replaced)
    assert (before, after) == (counts(first), counts(recovered))
    assert (True, False, True) == (Hive(first).dirty, Hive(recovered).dirty, Hive(recovered).checked)
    unchanged = bytearray(recovered)
    for start, end in replaced:
        unchanged[start:end] = first[start:end]
    assert unchanged[BASE:] == first[BASE:]


def value(data: bytes) -> str:
    found = Hive(data).value("Select", "a")
    return found.data.decode("utf-16-le").rstrip("\0") if found else ""


def test_entries_count_by_their_numbers() -> None:
    page = (0, NEW[BASE : BASE + 4096])
    newer = OLD[:512] + entry(2, 4096, [page])
    assert "new" == value(recover(OLD, [newer])[0])
    for wrong in (OLD[:512] + entry(1, 4096, [page]), OLD[:512], b"", newer[:600], b"x" + newer[1:]):
        assert (OLD, []) == recover(OLD, [wrong])
    gap = OLD[:512] + entry(2, 4096, []) + entry(4, 4096, [page])
    assert "old" == value(recover(OLD, [gap])[0])


def test_a_bit_flipped_in_an_entry_ends_the_log() -> None:
    log = OLD[:512] + entry(2, 4096, [(0, NEW[BASE : BASE + 4096])])
    for bit in range(512 * 8, len(log) * 8, 97):
        damaged = bytearray(log)
        damaged[bit // 8] ^= 1 << bit % 8
        recovered, replaced = recover(OLD, [bytes(damaged)])
        assert (OLD, []) == (recovered, replaced) or 520 <= bit // 8 < 524
    for length in range(0, len(log), 7):
        assert (OLD, []) == recover(OLD, [log[:length]])


def test_an_older_log_of_512_byte_pages() -> None:
    base = bytearray(OLD[:512])
    struct.pack_into("<II", base, 4, 3, 3)
    struct.pack_into("<I", base, 508, checksum(bytes(base)))
    changed = [n for n in range(8) if OLD[BASE + 512 * n :][:512] != NEW[BASE + 512 * n :][:512]]
    bits = bytes([sum(1 << n for n in changed)])
    log = bytes(base) + (b"DIRT" + bits).ljust(512, b"\0")
    log += b"".join(NEW[BASE + 512 * n : BASE + 512 * n + 512] for n in changed)
    assert "new" == value(recover(OLD, [log])[0])
    assert (OLD, []) == recover(OLD, [log[:-1]])


def test_a_log_that_claims_a_huge_hive() -> None:
    log = OLD[:512] + entry(2, 0xFFFFF000, [(0xFFFFF000 - 4096, bytes(4096))])
    recovered, replaced = recover(OLD, [log])
    assert (len(OLD), []) == (len(recovered), replaced)
