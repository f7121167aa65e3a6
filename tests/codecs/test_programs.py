# SPDX-License-Identifier: Apache-2.0
"""Header tables of programs: made by hand without any file's magic, and those of files of this machine, as data."""

from __future__ import annotations

import random
import re
import shutil
import struct
import subprocess
import sysconfig
from pathlib import Path

import pytest

from hikeshi.codecs.programs import Layout, Section, coff, elf, layouts, mach
from hikeshi.synth.minidump import minidump

LIST = Path("/bin/ls")
# Launchers for Windows that come with setuptools, read as data.
LAUNCHERS = sorted(Path(sysconfig.get_paths()["purelib"]).glob("setuptools/*.exe"))


def coff_table(rows: list[tuple[int, int, int, int]], base: int, wide: bool = False) -> bytes:
    """A COFF header, an optional header of its magic and base only, and section rows; no DOS header, no signature."""
    optional = bytearray(96)
    struct.pack_into("<H", optional, 0, 0x20B if wide else 0x10B)
    struct.pack_into("<Q" if wide else "<I", optional, 24 if wide else 28, base)
    head = struct.pack("<HHIIIHH", 0x14C, len(rows), 0, 0, 0, len(optional), 0x102)
    return head + bytes(optional) + b"".join(struct.pack("<8sIIII16x", b".part", *row) for row in rows)


@pytest.mark.parametrize("wide", [False, True])
def test_a_coff_header_at_an_offset(wide: bool) -> None:
    rows = [(0x900, 0x1000, 0xA00, 0x400), (0x3000, 0x2000, 0x200, 0xE00), (0, 0x5000, 0x200, 0x1000)]
    base = 0x140000000 if wide else 0x400000
    parts = (Section(0x1000, 0x900, 0x400), Section(0x2000, 0x200, 0xE00), Section(0x5000, 0x200, 0x1000))
    assert [Layout("PE", base, parts)] == list(coff(b"\xcc" * 33 + coff_table(rows, base, wide), 33))


def test_a_coff_header_that_states_more_than_is_there_gives_what_is_sure() -> None:
    table = coff_table([(0x900, 0x1000, 0xA00, 0x400)] * 3, 0x400000)
    (found,) = coff(table[:-30], 0)
    assert 2 == len(found.sections)
    assert [] == list(coff(table[:40], 0))
    assert [] == list(coff(bytes(200), 0))
    assert [] == list(coff(table, -1))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_load_commands_at_an_offset(order: str, wide: bool) -> None:
    form, command = ("16sQQQQ", 0x19) if wide else ("16sIIII", 0x1)
    segments = [(0x1000, 0x2000, 0, 0x1800), (0x4000, 0x1000, 0x1800, 0x1000)]
    bodies = [struct.pack(order + form, b"part", *segment) for segment in segments]
    commands = [struct.pack(order + "II", command, 8 + len(body)) + body for body in bodies]
    commands.insert(1, struct.pack(order + "IIQ", 0x2, 16, 0))
    head = struct.pack(order + "IIIIIII" + ("I" if wide else ""), 0, 0, 0, 2, 3, 0, 0, *([0] if wide else []))
    expected = (Section(0x1000, 0x1800, 7), Section(0x4000, 0x1000, 7 + 0x1800))
    assert [Layout("Mach-O", 0, expected)] == list(mach(b"." * 7 + head + b"".join(commands), 7, order, wide))


@pytest.mark.parametrize("order", ["<", ">"])
def test_program_headers_of_32_bit(order: str) -> None:
    head = bytes(16) + struct.pack(order + "HHIIIIIHHH", 2, 3, 1, 0x8048000, 52, 0, 0, 52, 32, 2)
    head = head.ljust(52, b"\0")
    rows = struct.pack(order + "IIIII12x", 1, 0x1000, 0x8049000, 0, 0x600)
    rows += struct.pack(order + "IIIII12x", 6, 52, 0x8048034, 0, 64)
    assert [Layout("ELF", 0, (Section(0x8049000, 0x600, 0x1000),))] == list(elf(head + rows, order, False))


@pytest.mark.parametrize("wide", [False, True])
def test_ranges_of_a_minidump(wide: bool) -> None:
    ranges = [(0x1FC000, b"a" * 4096), (0x200000, b"b" * 100), (0x7FFE0000, b"")]
    data = minidump(ranges, wide)
    (found,) = layouts(data)
    assert ("minidump", 0) == (found.format, found.base)
    assert ranges == [(p.address, data[p.offset : p.offset + p.size]) for p in found.sections]
    for size in range(0, 200):
        for cut in layouts(data[:size]):
            assert len(cut.sections) <= 3


@pytest.mark.skipif(not LIST.exists() or not shutil.which("readelf"), reason="no /bin/ls or readelf here")
def test_a_program_of_this_machine_as_readelf_reads_it() -> None:
    printed = subprocess.run(["readelf", "-lW", LIST], capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^\s+LOAD\s+(0x\w+) (0x\w+) 0x\w+ (0x\w+)", printed, re.MULTILINE)
    expected = tuple(
        Section(int(address, 16), int(size, 16), int(offset, 16)) for offset, address, size in rows
    )
    assert [Layout("ELF", 0, expected)] == list(layouts(LIST.read_bytes()))
    assert len(expected) > 1


@pytest.mark.skipif(not LAUNCHERS or not shutil.which("objdump"), reason="no launchers or objdump here")
def test_launchers_for_windows_as_objdump_reads_them() -> None:
    read = 0
    for path in LAUNCHERS:
        done = subprocess.run(["objdump", "-h", path], capture_output=True, text=True, check=False)
        rows = re.findall(r"^\s+\d+ \S+\s+(\w{8})\s+(\w+)\s+\w+\s+(\w{8})", done.stdout, re.MULTILINE)
        if not rows:
            continue  # a processor that this objdump does not know
        (found,) = layouts(path.read_bytes())
        stored = [(int(address, 16) - found.base, int(offset, 16)) for _, address, offset in rows]
        assert stored == [(one.address, one.offset) for one in found.sections]
        read += 1
    assert read or not LAUNCHERS


@pytest.mark.skipif(not LIST.exists(), reason="no /bin/ls here")
@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.campaign)])
def test_damage_never_raises(count: int) -> None:
    chance, head = random.Random(5), LIST.read_bytes()[:4096]
    samples = [coff_table([(1, 2, 3, 4)] * 4, 0x400000), head]
    samples += [minidump([(0x1000, b"a" * 64), (0x3000, b"b" * 64)], wide) for wide in (False, True)]
    for _ in range(count):
        data = bytearray(chance.choice(samples))
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        cut = bytes(data[: chance.randrange(len(data) + 1)])
        for found in (*layouts(cut), *coff(cut, 0), *mach(cut, 0, "<", True), *elf(cut, ">", False)):
            assert all(part.size >= 0 for part in found.sections)


def test_what_is_no_program_has_no_layout() -> None:
    for data in (b"", b"text", bytes(100), b"PK\x03\x04" + bytes(60)):
        assert [] == list(layouts(data))
