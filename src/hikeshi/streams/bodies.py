# SPDX-License-Identifier: Apache-2.0
"""Bodies of HTTP messages as bytes: chunks joined, gzip and deflate undone, gaps never filled."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator

from hikeshi.errors import CutShort
from hikeshi.schema import Reason

from .http1 import Message
from .payload import Half

STEP = 1 << 16
LARGEST = 1 << 30
CUT = {
    "body-too-large": Reason.TOO_LARGE,
    "encoding-damaged": Reason.DAMAGED,
    "encoding-incomplete": Reason.TRUNCATED,
    "still-encoded": Reason.TRUNCATED,
}


class Body:
    """One run of a body without gaps; `digest`, `size` and `notes` are known once `chunks` has been read."""

    def __init__(self, half: Half, ranges: list[tuple[int, int]], coding: str, cut: bool) -> None:
        self._half, self._ranges, self._coding = half, ranges, coding
        self._hash = hashlib.sha256()
        self.size = 0
        self.whole = False
        self._cut = cut
        self.notes: set[str] = set()

    @property
    def digest(self) -> str | None:
        """SHA-256 of the bytes, when all of them were read."""
        return self._hash.hexdigest() if self.whole and self.size else None

    def child(self) -> Iterator[bytes]:
        """The bytes in order, with word at the end when they are not the whole body."""
        yield from self.chunks()
        for note, reason in CUT.items():
            if note in self.notes:
                raise CutShort(reason)
        if self._cut:
            raise CutShort(Reason.TRUNCATED)

    def chunks(self) -> Iterator[bytes]:
        """The bytes in order."""
        raw = (piece for start, end in self._ranges for piece in self._half.pieces(start, end))
        for piece in decoded(raw, self._coding, self.notes):
            self.size += len(piece)
            if self.size > LARGEST:
                self.notes.add("body-too-large")
                return
            self._hash.update(piece)
            yield piece
        self.whole = True


def bodies(half: Half, message: Message) -> list[Body]:
    """The runs of a message's body; only the first can be decoded when bytes are missing."""
    groups: list[list[tuple[int, int]]] = [[]]
    for start, end in message.body:
        at: int | None = start
        while at is not None and at < end:
            known = min(half.known_until(at), end)
            if known > at:
                groups[-1].append((at, known))
            if known < end:
                groups.append([])
                at = half.next_known(known)
            else:
                at = end
    coding = (message.header("content-encoding") or "").strip().lower()
    if not message.chunked and "gzip" in (message.header("transfer-encoding") or "").lower():
        coding = "gzip"
    first = bool(message.body) and half.known_until(message.body[0][0]) > message.body[0][0]
    end = message.body[-1][1] if message.body else 0
    cut = len(groups) > 1 or "body-incomplete" in message.notes or half.known_until(end - 1) < end
    return [
        Body(half, ranges, coding if number == 0 and first else "missing-start" if coding else "", cut)
        for number, ranges in enumerate(groups)
        if ranges
    ]


def decoded(raw: Iterator[bytes], coding: str, notes: set[str]) -> Iterator[bytes]:
    """Content with its coding undone as far as that goes; other codings stay as they are, noted."""
    if coding in ("", "identity", "missing-start"):
        if coding == "missing-start":
            notes.add("still-encoded")
        yield from raw
    elif coding in ("gzip", "x-gzip", "deflate"):
        yield from inflated(raw, coding, notes)
    else:
        notes.add(f"encoding-{coding[:20]}")
        yield from raw


def inflated(raw: Iterator[bytes], coding: str, notes: set[str]) -> Iterator[bytes]:
    """Inflated bytes; where the data are no such stream, the rest of them as they are."""
    machine = None
    for piece in raw:
        if machine is None:
            machine = zlib.decompressobj(window(piece, coding))
        rest = piece
        while rest and not machine.eof:
            try:
                out = machine.decompress(rest, STEP)
            except zlib.error:
                notes.add("encoding-damaged")
                return
            rest = machine.unconsumed_tail
            if out:
                yield out
        if machine.eof:
            return
    if machine is not None:
        tail = machine.flush() if not machine.unconsumed_tail else b""
        notes.add("encoding-incomplete")
        if tail:
            yield tail


def window(first: bytes, coding: str) -> int:
    """The window-bits argument that fits how the data begin; deflate is met with and without zlib's header."""
    if coding != "deflate":
        return 16 + zlib.MAX_WBITS
    zlib_header = len(first) >= 2 and first[0] & 0x0F == 8 and (first[0] << 8 | first[1]) % 31 == 0
    return zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS
