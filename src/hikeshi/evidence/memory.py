# SPDX-License-Identifier: Apache-2.0
"""Memory dumps: LiME (github.com/504ensicsLabs/LiME, doc/README.md) and AVML (github.com/microsoft/avml).

Both write, for each range of memory, a header of 32 bytes (magic, version, first and last address, padding) and the
range. In version 2 of AVML the range is a stream of snappy frames (google/snappy, framing_format.txt), followed by its
length in 8 bytes.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, BinaryIO

from hikeshi.evidence.positioned import Positioned

LIME, AVML = b"EMiL", b"AVML"
HEADER = struct.Struct("<4sIQQQ")
RANGES, FRAMES, FRAME = 100_000, 16 << 20, 65_536
HINTS = (".mem", ".vmem", ".lime", ".avml", ".memdump", ".dmp")


@dataclass(frozen=True)
class Frame:
    """A run of memory in an AVML file: where it lies in the dump, its packed bytes, and how they are packed."""

    start: int
    size: int
    offset: int
    length: int
    packed: bool


def sniff(head: bytes) -> str | None:
    """ "LiME" or "AVML" when the bytes begin such a dump."""
    if len(head) < HEADER.size:
        return None
    magic, version, first, last, _ = HEADER.unpack_from(head)
    known = {(LIME, 1): "LiME", (AVML, 2): "AVML"}.get((magic, version))
    return known if last >= first else None


def dumped(head: bytes) -> str | None:
    """The name of another kind of memory file that is searched as raw bytes."""
    if head[:8] in (b"PAGEDUMP", b"PAGEDU64"):
        return "Windows crash dump"
    return "hibernation file" if head[:4].lower() in (b"hibr", b"wake") and not any(head[4:8]) else None


def lime_ranges(file: BinaryIO, size: int) -> int | None:
    """Where the first incomplete or damaged range of a LiME dump begins; None when all are whole."""
    at = 0
    for _ in range(RANGES):
        if at == size:
            return None
        head = _read(file, at, HEADER.size)
        if sniff(head) != "LiME":
            return at
        _, _, first, last, _ = HEADER.unpack(head)
        if at + HEADER.size + last - first + 1 > size:
            return at
        at += HEADER.size + last - first + 1
    return at


class Avml(Positioned):
    """The memory inside an AVML dump, range after range; frames that cannot be read are zeros, see `damage`."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._end = file, size
        self._frames: list[Frame] = []
        self._cached: tuple[Frame | None, bytes] = (None, b"")
        self.size = 0
        self.damage: dict[int, str] = {}
        self.broken: int | None = None
        at = 0
        while at < size and self.broken is None:
            at = self._range(at)
        self._starts = [frame.start for frame in self._frames]

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer from as many frames as it takes."""
        view = memoryview(buffer).cast("B")
        wanted, done = min(len(view), self.size - self._at), 0
        while done < wanted:
            frame = self._frames[bisect_right(self._starts, self._at) - 1]
            if self._cached[0] is not frame:
                self._cached = (frame, self._plain(frame))
            skip = self._at - frame.start
            part = self._cached[1][skip : skip + wanted - done]
            view[done : done + len(part)] = part
            done, self._at = done + len(part), self._at + len(part)
        return done

    def _range(self, at: int) -> int:
        head = _read(self._file, at, HEADER.size)
        if sniff(head) not in ("AVML", "LiME"):
            self.broken = at
            return at
        magic, _, first, last, _ = HEADER.unpack(head)
        size, at = last - first + 1, at + HEADER.size
        if magic == LIME:
            at = self._plain_range(at, size)
        else:
            at = self._framed(at, size)
        return at

    def _plain_range(self, at: int, size: int) -> int:
        if at + size > self._end:
            self.broken = at
            return at
        self._add(size, at, size, packed=False)
        return at + size

    def _framed(self, at: int, size: int) -> int:
        end = self.size + size
        while self.size < end and len(self._frames) < FRAMES:
            head = _read(self._file, at, 14)
            if len(head) < 4:
                self.broken = at
                return at
            kind, length = head[0], int.from_bytes(head[1:4], "little")
            if at + 4 + length > self._end or 2 <= kind <= 0x7F:
                self.broken = at
                return at
            if kind in (0, 1) and length > 4:
                plain = _varint(head[8:]) if kind == 0 else length - 4
                if not 0 < plain <= FRAME or self.size + plain > end:
                    self.broken = at
                    return at
                self._add(plain, at + 8, length - 4, packed=kind == 0)
            at += 4 + length
        return at + 8

    def _add(self, size: int, offset: int, length: int, packed: bool) -> None:
        if packed:
            self._frames.append(Frame(self.size, size, offset, length, packed))
        else:
            for skip in range(0, size, FRAME):
                part = min(FRAME, size - skip)
                self._frames.append(Frame(self.size + skip, part, offset + skip, part, packed))
        self.size += size

    def _plain(self, frame: Frame) -> bytes:
        data = _read(self._file, frame.offset, frame.length)
        if frame.packed:
            import pyarrow as pa

            try:
                data = pa.Codec("snappy").decompress(data, frame.size, asbytes=True)
            except (OSError, ValueError) as error:
                self.damage[frame.start] = str(error)
                data = b""
        return data[: frame.size].ljust(frame.size, b"\0")


def _varint(data: bytes) -> int:
    value = 0
    for shift, byte in enumerate(data[:5]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value
    return 0


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)
