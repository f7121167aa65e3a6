# SPDX-License-Identifier: Apache-2.0
"""Expert Witness images (E01) readable at any offset; only zlib is needed.

Format: "Expert Witness Compression Format (EWF)" of the libewf documentation (github.com/libyal/libewf).
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO

from hikeshi.evidence.positioned import Positioned

MAGIC = b"EVF\x09\x0d\x0a\xff\x00"
HEADER, DESCRIPTOR, TABLE = 13, 76, 24
SECTIONS, ENTRIES, CHUNK = 1_000_000, 4 << 20, 16 << 20
# Bytes inflated at once: larger blocks are memory that the system clears anew each time.
BATCH = 128 << 10
LARGEST, RATIO = 1 << 40, 1_000
_SECTION = struct.Struct("<16sQQ40xI")


# The bytes of a chunk as stored, and whether they are compressed; None when there are none.
_Stored = tuple[memoryview, bool] | None


class EwfError(ValueError):
    """The file cannot be read as an image at all; the text says what is missing or wrong."""


@dataclass(frozen=True)
class _Table:
    """One table of chunks: `first` is the number of its first chunk, `end` where the last one's bytes end."""

    first: int
    count: int
    entries: int
    base: int
    end: int


@dataclass(frozen=True)
class Damage:
    """Chunks that cannot be read and are given as zeros: where in the media, how many bytes, and why."""

    offset: int
    size: int
    detail: str


class Ewf(Positioned):
    """The media inside an E01 set whose segments are joined in `file`; damaged chunks read as zeros, see `damage`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._size = file, file.seek(0, io.SEEK_END)
        self._tables: list[_Table] = []
        self._torn = self._stuck = False
        self._loaded: tuple[_Table, list[tuple[int, int, bool]]] | None = None
        self._cached: tuple[int, bytes | memoryview] = (-1, b"")
        self.chunk = self.size = 0
        self.md5: bytes | None = None
        self.sha1: bytes | None = None
        self.unreadable: list[tuple[int, int]] = []
        self.damage: dict[int, Damage] = {}
        self.complete = False
        self._walk()
        if not self.chunk or not self.size:
            raise EwfError("no volume section")
        have = (self._tables[-1].first + self._tables[-1].count if self._tables else 0) * self.chunk
        self.missing = max(0, self.size - have)
        self.size = min(self.size, have)
        if self.size > max(LARGEST, RATIO * self._size):
            raise EwfError(f"{self.size} bytes of media in a file of {self._size}")

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer from the chunk at the position, or from several when it is large."""
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self.size - self._at)
        done = 0
        while done < wanted:
            number, skip = divmod(self._at, self.chunk)
            if self._cached[0] != number:
                self._cached = (number, self._inflate(number, self._stored(number, number + 1)[0]))
            part = self._cached[1][skip : skip + wanted - done]
            view[done : done + len(part)] = part
            done, self._at = done + len(part), self._at + len(part)
        return done

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        """The media from `start` (a chunk border) to `end`."""
        for number, stored in self._batches(start, end):
            yield self._inflated(number, stored)

    def _batches(self, start: int, end: int) -> Iterator[tuple[int, list[_Stored]]]:
        """Chunks as stored, some at once, with the number of the first."""
        first, last = start // self.chunk, -(-min(end, self.size) // self.chunk)
        step = max(1, BATCH // self.chunk)
        for number in range(first, last, step):
            yield number, self._stored(number, min(number + step, last))

    def _ahead(self, threads: int) -> Iterator[bytes]:
        """All of the media, inflated by threads ahead of who takes it."""
        row: deque[Future[bytes]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            for number, stored in self._batches(0, self.size):
                row.append(pool.submit(self._inflated, number, stored))
                if len(row) > threads:
                    yield row.popleft().result()
            while row:
                yield row.popleft().result()

    def verify(self) -> dict[str, tuple[str, str]]:
        """For each hash the image states: (stated, computed)."""
        stated = {"md5": self.md5, "sha1": self.sha1}
        wanted = {
            name: (value, hashlib.new(name, usedforsecurity=False)) for name, value in stated.items() if value
        }
        if wanted:
            with ThreadPoolExecutor(1) as hasher:
                last = None
                for block in self._ahead(2):
                    if last:
                        last.result()
                    last = hasher.submit(_feed, [digest for _, digest in wanted.values()], block)
        return {name: (value.hex(), digest.hexdigest()) for name, (value, digest) in wanted.items()}

    def _inflated(self, first: int, stored: list[_Stored]) -> bytes:
        return b"".join([self._inflate(number, chunk) for number, chunk in enumerate(stored, first)])

    def _walk(self) -> None:
        """All sections of all segments."""
        base, number, budget = 0, 1, SECTIONS
        while base + HEADER <= self._size:
            head = self._bytes(base, HEADER)
            if head[:8] != MAGIC:
                break
            if int.from_bytes(head[9:11], "little") != number:
                raise EwfError(f"segment {int.from_bytes(head[9:11], 'little')} where {number} should be")
            at, sectors_end, base = base + HEADER, 0, base
            while budget:
                budget -= 1
                parsed = self._section(at)
                if parsed is None:
                    return
                kind, following, size = parsed
                if kind == b"sectors":
                    sectors_end = at + size if size else base + following
                self._take(kind, at, size, base, sectors_end)
                if kind in (b"next", b"done"):
                    self.complete = kind == b"done"
                    base, number = at + max(size, DESCRIPTOR), number + 1
                    break
                if base + following <= at:
                    return
                at = base + following
            if self.complete or not budget:
                return

    def _section(self, at: int) -> tuple[bytes, int, int] | None:
        data = self._bytes(at, DESCRIPTOR)
        if len(data) < DESCRIPTOR or zlib.adler32(data[:72]) != _SECTION.unpack(data)[3]:
            return None
        kind, following, size, _ = _SECTION.unpack(data)
        return kind.rstrip(b"\0"), following, size

    def _take(self, kind: bytes, at: int, size: int, base: int, sectors_end: int) -> None:
        body = at + DESCRIPTOR
        if kind in (b"volume", b"disk", b"data") and not self.chunk:
            self._volume(self._bytes(body, 1052))
        elif kind == b"table":
            self._stuck |= self._torn
            self._torn = not self._stuck and not self._table(at, body, base, sectors_end)
        elif kind == b"table2" and self._torn:
            self._torn = not self._table(at, body, base, sectors_end)
        elif kind == b"hash":
            self.md5 = self._bytes(body, 16) or None
        elif kind == b"digest":
            data = self._bytes(body, 36)
            self.md5, self.sha1 = data[:16], data[16:36] if any(data[16:36]) else None
        elif kind == b"error2":
            data = self._bytes(body, min(size, 1 << 20))
            count = min(int.from_bytes(data[:4], "little"), (len(data) - 520) // 8)
            pairs = (struct.unpack_from("<II", data, 520 + 8 * n) for n in range(count))
            self.unreadable = [(first, number) for first, number in pairs]

    def _volume(self, data: bytes) -> None:
        if len(data) < 94:
            return
        per_chunk, per_sector, sectors = struct.unpack_from("<IIQ", data, 8)
        if not 0 < per_chunk * per_sector <= CHUNK or per_sector % 512:
            raise EwfError(f"{per_chunk} sectors of {per_sector} bytes in a chunk")
        self.chunk, self.sector, self.size = per_chunk * per_sector, per_sector, per_sector * sectors

    def _table(self, at: int, body: int, base: int, sectors_end: int) -> bool:
        """Note a table of chunks; False when its checksum fails, so that its copy is asked."""
        head = self._bytes(body, TABLE)
        if len(head) < TABLE or zlib.adler32(head[:20]) != int.from_bytes(head[20:], "little"):
            return False
        count, offset = struct.unpack_from("<I4xQ", head)
        if count > ENTRIES or body + TABLE + 4 * count > self._size:
            return False
        first = self._tables[-1].first + self._tables[-1].count if self._tables else 0
        if count:
            self._tables.append(_Table(first, count, body + TABLE, base + offset, sectors_end or at))
        return True

    def _places(self, table: _Table) -> list[tuple[int, int, bool]]:
        """Begin, end and whether compressed, of every chunk of a table."""
        if self._loaded and self._loaded[0] is table:
            return self._loaded[1]
        data = self._bytes(table.entries, 4 * table.count)
        values = struct.unpack(f"<{table.count}I", data)
        begins = [table.base + (value & 0x7FFFFFFF) for value in values]
        ends = [*begins[1:], table.end]
        places = [(b, e, bool(v >> 31)) for b, e, v in zip(begins, ends, values, strict=True)]
        self._loaded = (table, places)
        return places

    def _stored(self, first: int, last: int) -> list[_Stored]:
        """Chunks as stored, read in one go where they lie together."""
        places: list[tuple[int, int, bool] | None] = []
        while len(places) < last - first:
            places += self._run(first + len(places), last)
        known = [place for place in places if place is not None]
        begin, end = min((p[0] for p in known), default=0), max((p[1] for p in known), default=0)
        if end - begin > 2 * self.chunk * len(places):
            return [self._raw(place) for place in places]
        data = memoryview(self._bytes(begin, end - begin))
        return [None if p is None else (data[p[0] - begin : p[1] - begin], p[2]) for p in places]

    def _raw(self, place: tuple[int, int, bool] | None) -> _Stored:
        return None if place is None else (memoryview(self._bytes(place[0], place[1] - place[0])), place[2])

    def _run(self, first: int, last: int) -> list[tuple[int, int, bool] | None]:
        """Where chunks of one table are stored from and to, and whether they are compressed; None: not to be had."""
        index = bisect_right(self._tables, first, key=lambda table: table.first) - 1
        if index < 0 or first >= self._tables[index].first + self._tables[index].count:
            return [None]
        table = self._tables[index]
        most = 2 * self.chunk + 1024
        places = self._places(table)[first - table.first : last - table.first]
        return [place if 0 < place[1] - place[0] <= most else None for place in places]

    def _inflate(self, number: int, raw: _Stored) -> bytes | memoryview:
        """The bytes of a chunk; zeros when they cannot be had."""
        size = min(self.chunk, self.size - number * self.chunk)
        detail = "not in any table"
        if raw is not None:
            data, packed = raw
            try:
                plain: bytes | memoryview
                if packed:
                    stream = zlib.decompressobj()
                    # One byte more than there may be, so that the checksum behind the last one is read.
                    plain = stream.decompress(data, self.chunk + 1)
                    if not stream.eof:
                        raise zlib.error("the compressed bytes do not end with the chunk")
                    plain = plain[:size]
                else:
                    plain = data[:size]
                    if zlib.adler32(data[:-4]) != int.from_bytes(data[-4:], "little"):
                        raise zlib.error("checksum")
                if len(plain) == size:
                    return plain
                detail = f"{len(plain)} bytes"
            except zlib.error as error:
                detail = str(error)
        self.damage[number] = Damage(number * self.chunk, size, detail)
        return bytes(size)

    def _bytes(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)


def _feed(digests: list[Any], data: bytes) -> None:
    for digest in digests:
        digest.update(data)
