# SPDX-License-Identifier: Apache-2.0
"""Registry hives: what other tools read of the same bytes, and what Microsoft says the keys mean."""

from __future__ import annotations

import logging
import lzma
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hikeshi.codecs import regf
from hikeshi.readers import registry
from hikeshi.synth.registry import Key, hive, text
from readers import hives
from readers.evidence import folder, members
from readers.reading import Outcome, run


def real(name: str) -> bytes:
    return lzma.decompress((folder() / "triage" / "regipy-hives" / f"{name}.xz").read_bytes())


def values(outcome: Outcome) -> list[tuple[str, str]]:
    return [(row["key"], row["name"]) for row in outcome.rows["registry"]]


def by_regipy(tmp_path: Path, content: bytes) -> Counter[tuple[str, str]]:
    """Every key (below the root) and value name as regipy sees them."""
    library = pytest.importorskip("regipy.registry", reason="regipy is not installed")
    logging.disable(logging.CRITICAL)
    path = tmp_path / "hive"
    path.write_bytes(content)
    found: Counter[tuple[str, str]] = Counter()
    for key in library.RegistryHive(str(path)).recurse_subkeys(fetch_values=True, as_json=True):
        for value in key.values:
            found[(key.path.strip("\\"), "" if value["name"] == "(default)" else value["name"])] += 1
    logging.disable(logging.NOTSET)
    return found


def test_the_names_of_a_machine() -> None:
    outcome = run(registry, hives.system())
    assert [
        ("name", "PC-TARO"),
        ("time-zone", "UTC+09:00 Tokyo Standard Time"),
        ("name", "pc-taro.corp.example"),
        ("address", "192.0.2.10"),
        ("former-name", "WIN-EXAMPLE"),
    ] == [(row["kind"], row["value"]) for row in outcome.rows["machines"]]
    for row in outcome.rows["machines"]:
        assert outcome.rows["registry"][row["record"]]["offset"] == row["offset"]
    assert [] == outcome.issues


def test_values_as_text() -> None:
    outcome = run(registry, hives.user())
    found = {(row["key"], row["name"]): (row["type"], row["data"]) for row in outcome.rows["registry"]}
    software = r"HKU\taro\Software"
    assert {
        (r"HKU\taro\Environment", ""): ("REG_EXPAND_SZ", "%USERPROFILE%"),
        (software + r"\Microsoft\Windows\CurrentVersion\Run", "Example"): (
            "REG_SZ",
            r"C:\Users\taro\example.exe",
        ),
        (software + r"\例え", "値"): ("REG_BINARY", (bytes(range(256)) * 160).hex()),
        (software + r"\例え", "none"): ("REG_NONE", ""),
        (software + r"\Numbers", "q"): ("REG_QWORD", str(1 << 40)),
        (software + r"\Numbers", "m"): ("REG_MULTI_SZ", "a\nb"),
    } == found
    assert {"2018-01-26T00:02:13+00:00"} == {row["time"].isoformat() for row in outcome.rows["registry"]}


@pytest.mark.parametrize(
    ("file", "logon", "wanted"),
    [
        (r"\??\C:\Users\花子\ntuser.dat", "", "花子"),
        (r"tings\Administrator\NTUSER.DAT", "", "Administrator"),
        ("NTUSER.DAT", "hanako", "hanako"),
        (r"Desktop\copy-of-NTUSER.DAT", "", "copy-of-NTUSER.DAT"),
        (r"\SystemRoot\System32\Config\DEFAULT", "", ".DEFAULT"),
    ],
)
def test_whose_hive_it_is(file: str, logon: str, wanted: str) -> None:
    outcome = run(registry, hives.user(file, logon))
    assert {f"HKU\\{wanted}"} == {"\\".join(row["key"].split("\\")[:2]) for row in outcome.rows["registry"]}


@pytest.mark.parametrize(("listed", "said"), [(True, "yes"), (False, "no")])
def test_a_task_of_the_cache(listed: bool, said: str) -> None:
    outcome = run(registry, hives.software(listed=listed))
    (row,) = outcome.rows["autostarts"]
    assert ("task", "Update", r"\Example\Update") == (row["kind"], row["name"], row["path"])
    assert (r"C:\Users\taro\example.exe", "/quiet") == (row["command"], row["arguments"])
    fields = dict(row["fields"])
    assert (hives.ID, said, r"EXAMPLE\taro") == (fields["id"], fields["in_tree"], fields["author"])


def test_a_hive_that_was_not_written_out_says_so() -> None:
    (issue,) = run(registry, hive({"Select": Key([("a", "REG_SZ", text("b"))])}, dirty=True)).issues
    assert ("log-not-applied", 4, 0) == (issue.reason, issue.offset, issue.records)


def test_regipy_reads_what_synth_writes(tmp_path: Path) -> None:
    for content in (hives.system(), hives.software(), hives.user()):
        ours = run(registry, content)
        root = ours.rows["registry"][0]["key"].split("\\")[:2]
        seen = Counter((key.split("\\", len(root))[-1], name) for key, name in values(ours))
        assert by_regipy(tmp_path, content) == seen


@pytest.mark.parametrize("name", ["NTUSER.DAT", "SAM", "SECURITY", "BCD"])
def test_real_hives_hold_what_regipy_finds_in_them(tmp_path: Path, name: str) -> None:
    content = real(name)
    outcome = run(registry, content)
    depth = {"NTUSER.DAT": 2, "SAM": 2, "SECURITY": 2, "BCD": 1}[name]
    seen = Counter(
        (key.split("\\", depth)[depth] if key.count("\\") >= depth else "", n) for key, n in values(outcome)
    )
    assert by_regipy(tmp_path, content) == seen


def test_counts_and_names_of_real_hives() -> None:
    """Counts as regipy 6.5 gives them by walking each hive; names as the hives' own tests upstream state them."""
    counts = {"NTUSER.DAT": 4094, "SYSTEM": 73456, "ntuser_software_partial": 19990}
    for name, count in counts.items():
        outcome = run(registry, real(name))
        assert (count, []) == (outcome.count.records_in, outcome.issues)
        if name == "SYSTEM":
            found = {(row["kind"], row["value"]) for row in outcome.rows["machines"]}
            assert {("name", "WKS-WIN732BITA"), ("time-zone", "UTC-04:00 Eastern Standard Time")} <= found


def test_data_that_its_cell_cannot_hold_is_damage_and_not_a_limit() -> None:
    content = bytearray(hive({"Select": Key([("a", "REG_BINARY", bytes(100))])}))
    (value,) = cells(content, b"vk")
    struct.pack_into("<I", content, value + 4, 5000)
    outcome = run(registry, bytes(content))
    assert [("damaged-record", {"values": "1"}, 0)] == [
        (issue.reason, dict(issue.fields), issue.records) for issue in outcome.issues
    ]
    assert outcome.rows["registry"][0]["data"].startswith("00" * 100)


def test_a_corrupt_list_of_subkeys_is_one_loss() -> None:
    ((_, content),) = members("triage/plaso-test-data.tar.xz", "corrupt_sub_key_list.hiv")
    outcome = run(registry, content)
    assert (99, [("damaged", {"keys": "1"})]) == (
        outcome.count.records_in,
        [(issue.reason, dict(issue.fields)) for issue in outcome.issues],
    )


def cells(content: bytes | bytearray, mark: bytes) -> list[int]:
    """Where the content of cells that begin with a mark lies."""
    return [at for at in range(4096, len(content) - 1) if content[at : at + 2] == mark and at % 8 == 4]


def test_a_key_below_itself_is_visited_once() -> None:
    content = bytearray(hives.system())
    for at in cells(content, b"lh"):
        struct.pack_into("<I", content, at + 4, struct.unpack_from("<I", content, 36)[0])
    outcome = run(registry, bytes(content))
    assert any(issue.fields.get("keys") for issue in outcome.issues)


def test_overlapping_cells_do_not_multiply() -> None:
    """A hive whose every key claims the list of all keys, and whose values all claim the same data."""
    keys = {f"K{n:03}": Key([(f"v{m}", "REG_BINARY", bytes(1000)) for m in range(20)]) for n in range(200)}
    content = bytearray(hive({"Select": Key(), **keys}))
    (biggest, *_), longest = (
        sorted(cells(content, b"lh"), key=lambda at: -content[at + 2])[:2],
        cells(content, b"nk"),
    )
    for at in longest:
        struct.pack_into("<I", content, at + 20, 201)
        struct.pack_into("<I", content, at + 28, biggest - 4 - 4096)
    for at in cells(content, b"vk"):
        struct.pack_into("<I", content, at + 4, len(content))
        struct.pack_into("<I", content, at + 8, 32)
    read = list(regf.Hive(bytes(content)).walk())
    assert len(read) <= 202
    assert sum(len(value.data) for key in read for value in key.values) <= 18 * len(content) + regf.MOST_DATA


@pytest.mark.parametrize("seed", range(3))
def test_damage_of_every_kind_is_survived(tmp_path: Path, seed: int) -> None:
    from readers.mutants import damage

    examples: list[Any] = [hives.system(), hives.software(), hives.user()]
    damage(tmp_path, registry, seed, 150, examples)  # type: ignore[arg-type]
