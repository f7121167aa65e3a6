# SPDX-License-Identifier: Apache-2.0
"""Writes registry hives as data: keys and values in one bin (M. Suhanov, "Windows registry file format specification").

They are for tests and the demo: without security descriptors, which Windows would want.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hikeshi.codecs.regf import BASE, TYPES, checksum

_NONE = 0xFFFFFFFF
_EPOCH = 11_644_473_600_000_000


@dataclass
class Key:
    """A key: values as (name, type, data), and when it was last written in microseconds since 1970."""

    values: Sequence[tuple[str, str, bytes]] = ()
    written: int = 0
    below: dict[str, Key] = field(default_factory=dict)


def text(value: str) -> bytes:
    """The data of a REG_SZ."""
    return (value + "\0").encode("utf-16-le")


def number(value: int) -> bytes:
    """The data of a REG_DWORD."""
    return struct.pack("<I", value & _NONE)


def hive(
    keys: Mapping[str, Key],
    file: str = "SYSTEM",
    *,
    written: int = 0,
    root: str = "ROOT",
    dirty: bool = False,
) -> bytes:
    """A hive of keys given by their paths; what lies between them is made without values."""
    top = Key(written=written)
    for path in sorted(keys):
        at = top
        for step in path.split("\\"):
            at = at.below.setdefault(step, Key(written=written))
        at.values, at.written = keys[path].values, keys[path].written or written
    cells = _Cells()
    start = cells.key(root, top, _NONE, 0x2C)
    body = cells.bins()
    base = struct.pack(
        "<4sIIQIIIIIII", b"regf", 2 + dirty, 2, _ticks(written), 1, 5, 0, 1, start, len(body), 1
    )
    base += file.encode("utf-16-le")[-64:].ljust(64, b"\0")
    base = base.ljust(508, b"\0")
    return (base + struct.pack("<I", checksum(base + bytes(4)))).ljust(BASE, b"\0") + body


class _Cells:
    """Cells one after the other behind the header of the bin."""

    def __init__(self) -> None:
        self._data = bytearray(32)

    def _add(self, content: bytes) -> int:
        size = -(-(len(content) + 4) // 8) * 8
        at = len(self._data)
        self._data += struct.pack("<i", -size) + content.ljust(size - 4, b"\0")
        return at

    def key(self, name: str, key: Key, parent: int, flags: int = 0x20) -> int:
        """Write a key and what lies below it; gives where its cell is."""
        raw = name.encode("latin-1") if _latin(name) else name.encode("utf-16-le")
        flags = flags if _latin(name) else flags & ~0x20
        at = self._add(bytes(76 + len(raw)))
        values = [self._value(*value) for value in key.values]
        listed = self._add(struct.pack(f"<{len(values)}I", *values)) if values else _NONE
        names = sorted(key.below, key=str.upper)
        children = [(self.key(child, key.below[child], at), _hash(child)) for child in names]
        lists = struct.pack("<2sH", b"lh", len(children)) + b"".join(
            struct.pack("<II", *pair) for pair in children
        )
        below = self._add(lists) if children else _NONE
        content = struct.pack(
            "<2sHQIIIIIIIIII20xHH",
            *(b"nk", flags, _ticks(key.written), 0, parent, len(children), 0, below, _NONE),
            *(len(values), listed, _NONE, _NONE, len(raw), 0),
        )
        self._data[at + 4 : at + 4 + len(content) + len(raw)] = content + raw
        return at

    def _value(self, name: str, kind: str, data: bytes) -> int:
        raw = name.encode("latin-1") if _latin(name) else name.encode("utf-16-le")
        size, where = len(data), int.from_bytes(data.ljust(4, b"\0")[:4], "little")
        if size > 4:
            where = self._add(data) if size <= 16344 else self._large(data)
        else:
            size |= 0x80000000
        head = struct.pack("<2sHIIIHH", b"vk", len(raw), size, where, TYPES.index(kind), int(_latin(name)), 0)
        return self._add(head + raw)

    def _large(self, data: bytes) -> int:
        """Data above 16344 bytes: a list of segments."""
        pieces = [self._add(data[at : at + 16344] + bytes(4)) for at in range(0, len(data), 16344)]
        listed = self._add(struct.pack(f"<{len(pieces)}I", *pieces))
        return self._add(struct.pack("<2sHI", b"db", len(pieces), listed))

    def bins(self) -> bytes:
        """The bin, filled up with one free cell."""
        size = -(-(len(self._data) + 8) // 4096) * 4096
        free = size - len(self._data)
        body = self._data + struct.pack("<i", free).ljust(free, b"\0")
        body[:32] = struct.pack("<4sII8xQ4x", b"hbin", 0, size, 0)
        return bytes(body)


def _hash(name: str) -> int:
    """The hash of a name in an lh list."""
    found = 0
    for char in name.upper():
        found = (found * 37 + ord(char)) & _NONE
    return found


def _latin(name: str) -> bool:
    return all(ord(char) < 256 for char in name)


def _ticks(time: int) -> int:
    return (time + _EPOCH) * 10 if time else 0
