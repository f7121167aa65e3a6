# SPDX-License-Identifier: Apache-2.0
"""Compound files ([MS-CFB]): Outlook's .msg, jump lists, old Office documents.

Every chain is bounded by the number of sectors the file has, every entry belongs to one storage only, and all reads
together by a multiple of the file's size: a file cannot make itself larger than it is by pointing many streams at the
same sectors.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")
STORAGE, STREAM, ROOT = 1, 2, 5
_LAST = 0xFFFFFFFA
_HEADER = struct.Struct("<8s16sHHHHH6s9I")
_ENTRY = struct.Struct("<64sHBBIII16sIQQIQ")
_MINI = 64
_FACTOR = 4


class Entry(NamedTuple):
    """A storage or stream of the directory."""

    name: str
    kind: int
    left: int
    right: int
    child: int
    start: int
    size: int


class Compound:
    """A compound file: its directory, and the bytes of its streams. `damaged` turns true at the first broken chain."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        """Read header, allocation tables and directory; `entries` stays empty when the file is none of these."""
        self._file, self._size = file, size
        self._budget = _FACTOR * size + (1 << 20)
        self.damaged = False
        self.entries: list[Entry] = []
        self._taken: set[int] = set()
        file.seek(0)
        header = file.read(512)
        if len(header) < 512 or not header.startswith(SIGNATURE):
            return
        _, _, _, major, _, shift, _, _, _, _, directory, _, cutoff, mini, _, difat, _ = _HEADER.unpack_from(
            header
        )
        self._shift = shift if shift in (9, 12) else 12 if major == 4 else 9
        self.damaged = shift != self._shift
        self._cutoff = cutoff
        self._sectors = max(0, (size - 1) >> self._shift)
        self._fat = self._read_fat(header[76:512], difat)
        raw = b"".join(self._chain(directory, size))
        for at in range(0, len(raw) - 127, 128):
            self.entries.append(self._entry(raw[at : at + 128], major))
        self._mini_fat = _words(b"".join(self._chain(mini, size)))
        root = self.entries[0] if self.entries else None
        self._mini = b"".join(self._chain(root.start, min(root.size, size))) if root else b""

    def children(self, parent: Entry) -> Iterator[Entry]:
        """Entries of a storage; one that another storage already has is left out."""
        pending = [parent.child]
        while pending:
            number = pending.pop()
            if number >= len(self.entries) or number in self._taken:
                self.damaged |= number < len(self.entries) or number < _LAST
                continue
            self._taken.add(number)
            entry = self.entries[number]
            pending += (entry.right, entry.left)
            if entry.kind in (STORAGE, STREAM):
                yield entry

    def stream(self, entry: Entry) -> Iterator[bytes]:
        """Bytes of a stream in order; fewer than its size when the chain is broken."""
        if entry.size < self._cutoff:
            data = self._mini_chain(entry)
            self.damaged |= len(data) < entry.size
            yield data
            return
        got = 0
        for piece in self._chain(entry.start, entry.size):
            got += len(piece)
            yield piece
        self.damaged |= got < entry.size

    def _read_fat(self, first: bytes, difat: int) -> array[int]:
        """Allocation table, as far as the file has sectors; missing parts end every chain that meets them."""
        fat = array("I")
        numbers = _words(first)
        seen: set[int] = set()
        while True:
            for number in numbers:
                if number >= _LAST or len(fat) >= self._sectors:
                    continue
                words = _words(self._sector(number, 1))
                fat.extend(words)
            if difat >= _LAST or difat in seen or len(fat) >= self._sectors:
                return fat
            seen.add(difat)
            words = _words(self._sector(difat, 1))
            numbers, difat = words[:-1], words[-1] if words else _LAST

    def _entry(self, raw: bytes, major: int) -> Entry:
        name, length, kind, _, left, right, child, _, _, _, _, start, size = _ENTRY.unpack(raw)
        text = name[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        return Entry(text, kind, left, right, child, start, size & 0xFFFFFFFF if major == 3 else size)

    def _sector(self, number: int, count: int) -> bytes:
        if number >= self._sectors:
            self.damaged = True
            return b""
        wanted = min(count << self._shift, self._budget)
        self._budget -= wanted
        self._file.seek((number + 1) << self._shift)
        return self._file.read(wanted)

    def _chain(self, start: int, size: int) -> Iterator[bytes]:
        """Up to `size` bytes of a chain of sectors, neighbours in one piece."""
        left = min(size, self._sectors << self._shift)
        number = start
        while left > 0 and number < _LAST:
            first, count = number, 1
            number = self._next(number)
            while number == first + count and count << self._shift < min(left, 1 << 20):
                number = self._next(number)
                count += 1
            piece = self._sector(first, count)[:left]
            if not piece:
                self.damaged = True
                return
            left -= len(piece)
            yield piece

    def _next(self, number: int) -> int:
        if number < len(self._fat):
            return self._fat[number]
        self.damaged = True
        return _LAST

    def _mini_chain(self, entry: Entry) -> bytes:
        pieces: list[bytes] = []
        number, left = entry.start, min(entry.size, len(self._mini), self._budget)
        self._budget -= left
        while left > 0 and number < len(self._mini_fat):
            piece = self._mini[number * _MINI : number * _MINI + min(_MINI, left)]
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
            number = self._mini_fat[number]
        return b"".join(pieces)


def _words(data: bytes) -> array[int]:
    words = array("I")
    words.frombytes(data[: len(data) // 4 * 4])
    if sys.byteorder == "big":
        words.byteswap()
    return words
