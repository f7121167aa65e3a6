# SPDX-License-Identifier: Apache-2.0
"""Where the parts of a program lie in memory: the tables of PE, ELF, Mach-O and minidump files. Nothing else is read.

Microsoft, PE Format (COFF header, optional header, section table); System V ABI, chapters 4 and 5 (ELF header, program
header); Apple, mach-o/loader.h and mach-o/fat.h; Microsoft, minidumpapiset.h (directory, memory lists).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_MOST_PARTS, _MOST_SLICES = 512, 16
_PE32, _PE32_PLUS, _LOAD = 0x10B, 0x20B, 1
_SEGMENT, _SEGMENT_64 = 0x1, 0x19
_MEMORY_LIST, _MEMORY64_LIST, _MOST_RANGES = 5, 9, 100_000
MINIDUMP = b"MDMP"
_THIN = {b"\xfe\xed\xfa\xce": (">", False), b"\xfe\xed\xfa\xcf": (">", True),
         b"\xce\xfa\xed\xfe": ("<", False), b"\xcf\xfa\xed\xfe": ("<", True)}  # fmt: skip
_FAT = {b"\xca\xfe\xba\xbe": ">IIIII", b"\xca\xfe\xba\xbf": ">IIQQII"}


@dataclass(frozen=True)
class Section:
    """Part of an image: its address (relative to the base), size, and where it lies in the file."""

    address: int
    size: int
    offset: int


@dataclass(frozen=True)
class Layout:
    """One program in a file: its format, the address it is made for, and its parts in the order of their table."""

    format: str
    base: int
    sections: tuple[Section, ...]


def layouts(data: bytes) -> Iterator[Layout]:
    """The layout of a program file, several for a Mach-O file of several processors; nothing for what is none."""
    if data[:2] == b"MZ":
        at = int.from_bytes(data[60:64], "little")
        if data[at : at + 4] == b"PE\0\0":
            yield from coff(data, at + 4)
    elif data[:4] == b"\x7fELF" and len(data) > 6:
        yield from elf(data, "<" if data[5] == 1 else ">", data[4] == 2)
    elif data[:4] == MINIDUMP:
        yield from minidump(data)
    elif data[:4] in _FAT:
        for offset in _slices(data):
            yield from _thin(data, offset)
    else:
        yield from _thin(data, 0)


def _thin(data: bytes, at: int) -> Iterator[Layout]:
    if (found := _THIN.get(data[at : at + 4])) is not None:
        yield from mach(data, at, *found)


def _slices(data: bytes) -> Iterator[int]:
    """Where each processor's file begins."""
    form, count = _FAT[data[:4]], int.from_bytes(data[4:8], "big")
    for number in range(min(count, _MOST_SLICES)):
        entry = _unpacked(form, data, 8 + number * struct.calcsize(form))
        if entry is not None:
            yield entry[2]


def coff(data: bytes, at: int) -> Iterator[Layout]:
    """The layout that a COFF header and the optional header behind it state."""
    head = _unpacked("<HHIIIHHH", data, at)
    if head is None:
        return
    count, optional, magic = head[1], head[5], head[7]
    base = _unpacked("<Q", data, at + 20 + 24) if magic == _PE32_PLUS else _unpacked("<I", data, at + 20 + 28)
    if magic not in (_PE32, _PE32_PLUS) or base is None:
        return
    parts = []
    for number in range(min(count, _MOST_PARTS)):
        row = _unpacked("<8sIIII", data, at + 20 + optional + number * 40)
        if row is None:
            break
        _, size, address, stored, offset = row
        parts.append(Section(address, min(size, stored) if size else stored, offset))
    yield Layout("PE", base[0], tuple(parts))


def elf(data: bytes, order: str, wide: bool) -> Iterator[Layout]:
    """The layout that an ELF header and its program headers state; addresses are absolute, the base is 0."""
    head = _unpacked(order + ("HHIQQQIHHH" if wide else "HHIIIIIHHH"), data, 16)
    if head is None:
        return
    begin, size, count = head[4], head[8], head[9]
    parts = []
    for number in range(min(count, _MOST_PARTS)):
        row = _unpacked(order + ("IIQQQQ" if wide else "IIIII"), data, begin + number * size)
        if row is None:
            break
        kind, offset, address, stored = (row[0], *row[2:4], row[5]) if wide else (row[0], *row[1:3], row[4])
        if kind == _LOAD:
            parts.append(Section(address, stored, offset))
    yield Layout("ELF", 0, tuple(parts))


def mach(data: bytes, at: int, order: str, wide: bool) -> Iterator[Layout]:
    """The layout that the load commands of a Mach-O header state; addresses are absolute, the base is 0."""
    head = _unpacked(order + "IIII", data, at + 4)
    if head is None:
        return
    place, parts = at + (32 if wide else 28), []
    for _ in range(min(head[3], _MOST_PARTS)):
        command = _unpacked(order + "II", data, place)
        if command is None or command[1] < 8:
            break
        form = {_SEGMENT: "16sIIII", _SEGMENT_64: "16sQQQQ"}.get(command[0])
        row = _unpacked(order + form, data, place + 8) if form else None
        if row is not None:
            parts.append(Section(row[1], min(row[2], row[4]), at + row[3]))
        place += command[1]
    yield Layout("Mach-O", 0, tuple(parts))


def minidump(data: bytes) -> Iterator[Layout]:
    """The ranges of memory that a dump of one process holds, with their addresses."""
    head = _unpacked("<IIII", data, 0)
    if head is None:
        return
    parts: list[Section] = []
    for number in range(min(head[2], _MOST_PARTS)):
        stream = _unpacked("<III", data, head[3] + number * 12)
        if stream is None:
            break
        if stream[0] == _MEMORY_LIST:
            parts += _ranges(data, stream[2])
        elif stream[0] == _MEMORY64_LIST:
            parts += _ranges64(data, stream[2])
    yield Layout("minidump", 0, tuple(parts[:_MOST_RANGES]))


def _ranges(data: bytes, at: int) -> Iterator[Section]:
    count = _unpacked("<I", data, at) or (0,)
    for number in range(min(count[0], _MOST_RANGES)):
        row = _unpacked("<QII", data, at + 4 + number * 16)
        if row is None:
            return
        yield Section(*row)


def _ranges64(data: bytes, at: int) -> Iterator[Section]:
    """Their bytes lie one behind the other."""
    count, offset = _unpacked("<QQ", data, at) or (0, 0)
    for number in range(min(count, _MOST_RANGES)):
        row = _unpacked("<QQ", data, at + 16 + number * 16)
        if row is None:
            return
        yield Section(row[0], row[1], offset)
        offset += row[1]


def _unpacked(form: str, data: bytes, at: int) -> tuple[int, ...] | None:
    """The values at a place; None where the data ends before."""
    return struct.unpack_from(form, data, at) if 0 <= at <= len(data) - struct.calcsize(form) else None
