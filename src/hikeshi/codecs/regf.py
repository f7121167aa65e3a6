# SPDX-License-Identifier: Apache-2.0
"""Registry hives: keys and values of a regf file, and the pages that its transaction logs hold.

Layout: M. Suhanov, "Windows registry file format specification" (github.com/msuhanov/regf), and libregf's "Windows NT
Registry File (REGF) format". Every cell is visited once, whatever points at it; lists and data have a budget in bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

BASE = 4096
DEEPEST, LONGEST, MOST_DATA = 512, 16_384, 1 << 20
_KEY_NAME, _VALUE_NAME = 512, 32_768
_NONE = 0xFFFFFFFF
_COMPRESSED_KEY, _COMPRESSED_VALUE = 0x20, 1
_INLINE, _SEGMENT = 0x80000000, 16344
_KEY = struct.Struct("<2sHQIIIIIIIIII20xHH")
_VALUE = struct.Struct("<2sHIIIH")
TYPES = (
    "REG_NONE",
    "REG_SZ",
    "REG_EXPAND_SZ",
    "REG_BINARY",
    "REG_DWORD",
    "REG_DWORD_BIG_ENDIAN",
    "REG_LINK",
    "REG_MULTI_SZ",
    "REG_RESOURCE_LIST",
    "REG_FULL_RESOURCE_DESCRIPTOR",
    "REG_RESOURCE_REQUIREMENTS_LIST",
    "REG_QWORD",
)


@dataclass(frozen=True)
class Key:
    """A key: its path below the root ("" is the root), when it was written, where its cell lies, its values."""

    path: str
    written: int
    offset: int
    values: list[Value]
    subkeys: int


@dataclass(frozen=True)
class Value:
    """A value: name "" is the key's default; `cut` says that `data` is not all of it."""

    name: str
    type: int
    data: bytes
    offset: int
    cut: bool = False


@dataclass
class Lost:
    """What could not be read, and the first place of each kind: `cut` at a limit, `short` because the cell ends."""

    keys: int = 0
    values: int = 0
    cut: int = 0
    short: int = 0
    first: dict[str, int] = field(default_factory=dict)

    def key(self, offset: int) -> None:
        """Count a key, or a list of keys."""
        self.keys += 1
        self.first.setdefault("keys", offset)

    def value(self, offset: int, count: int = 1) -> None:
        """Count values."""
        self.values += count
        self.first.setdefault("values", offset)


def sniff(head: bytes) -> bool:
    """Whether bytes begin a hive (not one of its logs)."""
    return head[:4] == b"regf" and len(head) >= 48 and head[20:24] == b"\1\0\0\0" and head[28:32] == bytes(4)


def checksum(base: bytes) -> int:
    """What the last field of the first 512 bytes should be."""
    total = 0
    for word in struct.unpack_from("<127I", base):
        total ^= word
    return {0: 1, _NONE: _NONE - 1}.get(total, total)


class Hive:
    """One hive in memory. `dirty` tells that Windows had not written it out when it was copied."""

    def __init__(self, data: bytes) -> None:
        """Read the base block; the rest is read by walk()."""
        base = data[:512].ljust(512, b"\0")
        self._data = data
        first, second, self.written = struct.unpack_from("<IIQ", base, 4)
        self.minor, _, _, self._root, self.size = struct.unpack_from("<5I", base, 24)
        self.dirty = first != second
        self.checked = struct.unpack_from("<I", base, 508)[0] == checksum(base)
        self.name = _utf16(base[48:112])
        self.missing = max(0, BASE + self.size - len(data))
        self.lost = Lost()
        self._seen: set[int] = set()
        self._entries = len(data) // 4
        self._bytes = 16 * len(data) + MOST_DATA

    def root_name(self) -> str:
        """The name of the root key; "" when it cannot be read."""
        found = self._key(self._root)
        return found[0] if found else ""

    def names(self, path: str) -> list[str]:
        """The names of the subkeys at a path; for one question, ask a hive of its own."""
        at = self._find(path)
        found = self._key(at) if at is not None else None
        children = self._list(found[3], found[2], self._root) if found and found[2] else []
        return [key[0] for child in children if (key := self._key(child))]

    def value(self, path: str, name: str) -> Value | None:
        """One value of the key at a path; for one question, ask a hive of its own."""
        at = self._find(path)
        found = self._key(at) if at is not None else None
        values = self._values(found[5], found[4]) if found and found[4] else iter(())
        return next((value for value in values if value.name.lower() == name.lower()), None)

    def _find(self, path: str) -> int | None:
        at: int = self._root
        for step in filter(None, path.split("\\")):
            key = self._key(at)
            children = self._list(key[3], key[2], at) if key and key[2] else []
            named = ((child, key) for child in children if (key := self._key(child)))
            below = next((child for child, found in named if found[0].lower() == step.lower()), None)
            if below is None:
                return None
            at = below
        return at

    def walk(self) -> Iterator[Key]:
        """Every key that can be reached from the root, parents first, subkeys in the order of their list."""
        pending: list[tuple[int, str, int]] = [(self._root, "", 0)]
        while pending:
            offset, path, depth = pending.pop()
            usable = (
                offset not in self._seen and depth <= DEEPEST and len(path) <= LONGEST and self._bytes > 0
            )
            found = self._key(offset) if usable else None
            if found is None:
                self.lost.key(offset)
                continue
            self._seen.add(offset)
            name, written, subkeys, below, count, values = found
            here = f"{path}\\{name}" if path else name if depth else ""
            children = self._list(below, subkeys, offset) if subkeys else []
            pending += [(child, here, depth + 1) for child in reversed(children)]
            read = list(self._values(values, count)) if count else []
            self._bytes -= len(here) * (1 + len(read)) + sum(len(value.name) for value in read)
            yield Key(here, written, BASE + offset, read, len(children))

    def _cell(self, offset: int) -> int:
        """Where the content of a cell begins in the file, or 0; its length is that of the cell."""
        at = BASE + offset
        if offset % 8 or at + 8 > len(self._data):
            return 0
        return at + 4

    def _room(self, at: int) -> int:
        """Bytes that the cell with content at this place can hold."""
        size = int(struct.unpack_from("<i", self._data, at - 4)[0])
        return min(abs(size) - 4, len(self._data) - at)

    def _key(self, offset: int) -> tuple[str, int, int, int, int, int] | None:
        at = self._cell(offset)
        if not at or self._room(at) < _KEY.size:
            return None
        (
            *(mark, flags, written, _, _, subkeys, _, below, _, count, values, _, _),
            length,
            _,
        ) = _KEY.unpack_from(self._data, at)
        raw = self._data[at + _KEY.size : at + _KEY.size + length]
        if mark != b"nk" or length > min(self._room(at) - _KEY.size, _KEY_NAME):
            return None
        name = raw.decode("latin-1") if flags & _COMPRESSED_KEY else raw.decode("utf-16-le", "replace")
        return name, written, subkeys, below, count, values

    def _list(self, offset: int, wanted: int, owner: int) -> list[int]:
        """Cells of the subkeys; a list of lists goes one level down, as Windows writes it."""
        found: list[int] = []
        outer = self._entries_of(offset)
        if outer is None:
            self.lost.key(owner)
            return found
        mark, entries = outer
        if mark != b"ri":
            found = entries
        else:
            for inner in entries:
                below = self._entries_of(inner)
                if below is None or below[0] == b"ri":
                    self.lost.key(inner)
                else:
                    found += below[1]
        if len(found) < wanted:
            self.lost.key(owner)
        return found

    def _entries_of(self, offset: int) -> tuple[bytes, list[int]] | None:
        at = self._cell(offset)
        if not at or offset in self._seen:
            return None
        mark, count = self._data[at : at + 2], int.from_bytes(self._data[at + 2 : at + 4], "little")
        width = {b"lf": 2, b"lh": 2, b"li": 1, b"ri": 1}.get(mark, 0)
        count = min(count, (self._room(at) - 4) // (4 * width) if width else 0, self._entries)
        if count <= 0:
            return None
        self._seen.add(offset)
        self._entries -= count
        return mark, list(struct.unpack_from(f"<{count * width}I", self._data, at + 4)[::width])

    def _values(self, offset: int, count: int) -> Iterator[Value]:
        at = self._cell(offset)
        usable = min(count, self._room(at) // 4, self._entries) if at and offset not in self._seen else 0
        if usable < count:
            self.lost.value(offset, min(count - max(usable, 0), len(self._data) // 4))
        if usable <= 0:
            return
        self._seen.add(offset)
        self._entries -= usable
        for cell in struct.unpack_from(f"<{usable}I", self._data, at):
            value = self._value(cell) if cell not in self._seen else None
            self._seen.add(cell)
            if value is None:
                self.lost.value(cell)
            else:
                yield value

    def _value(self, offset: int) -> Value | None:
        at = self._cell(offset)
        if not at or self._room(at) < _VALUE.size:
            return None
        mark, length, size, where, kind, flags = _VALUE.unpack_from(self._data, at)
        start = at + 20
        if mark != b"vk" or length > min(self._room(at) - 20, _VALUE_NAME):
            return None
        raw = self._data[start : start + length]
        name = raw.decode("latin-1") if flags & _COMPRESSED_VALUE else raw.decode("utf-16-le", "replace")
        if size & _INLINE:
            inline = min(size & ~_INLINE, 4)
            return Value(name, kind, self._data[at + 8 : at + 8 + inline], BASE + offset)
        if size == 0:
            return Value(name, kind, b"", BASE + offset)
        wanted = min(size, MOST_DATA, max(self._bytes, 0))
        data = self._content(where, size, wanted)
        if data is None:
            return None
        self._bytes -= len(data)
        self.lost.cut += wanted < size
        if len(data) < wanted:
            self.lost.short += 1
            self.lost.first.setdefault("short", offset)
        return Value(name, kind, data, BASE + offset, len(data) < size)

    def _content(self, offset: int, size: int, wanted: int) -> bytes | None:
        """The first bytes of a value's data, which above 16344 bytes lie in segments."""
        at = self._cell(offset)
        if not at or self._room(at) <= 0:
            return None
        if self._data[at : at + 2] != b"db" or size <= _SEGMENT or self.minor < 4:
            return self._data[at : at + min(wanted, self._room(at))]
        segments, listed = struct.unpack_from("<HI", self._data, at + 2) if self._room(at) >= 8 else (0, 0)
        table = self._cell(listed)
        segments = min(segments, self._room(table) // 4, -(-wanted // _SEGMENT)) if table else 0
        pieces = []
        for cell in struct.unpack_from(f"<{segments}I", self._data, table) if segments > 0 else ():
            piece = self._cell(cell)
            pieces.append(self._data[piece : piece + min(_SEGMENT, self._room(piece))] if piece else b"")
            if len(pieces[-1]) < min(_SEGMENT, 1):
                break
        return b"".join(pieces)[:wanted] or None


def text(kind: int, data: bytes) -> str:
    """A value as text: strings without the zeros that end them, lists one a line, numbers decimal, the rest as hex."""
    if kind in (1, 2, 6):
        return _utf16(data)
    if kind == 7:
        return "\n".join(data.decode("utf-16-le", "replace").rstrip("\0").split("\0"))
    if kind in (4, 5) and len(data) == 4:
        return str(int.from_bytes(data, "little" if kind == 4 else "big"))
    if kind == 11 and len(data) == 8:
        return str(int.from_bytes(data, "little"))
    return data.hex()


def type_name(kind: int) -> str:
    """REG_SZ and its like; the number in hex for what has no name."""
    return TYPES[kind] if kind < len(TYPES) else f"{kind:#x}"


def _utf16(data: bytes) -> str:
    return data.decode("utf-16-le", "replace").partition("\0")[0]
