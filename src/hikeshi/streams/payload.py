# SPDX-License-Identifier: Apache-2.0
"""Bytes of streams, copied out of the capture for who asks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from .blocks import Ints
from .segments import DATA, Segments

PIECE = 1 << 20


def fetcher(file: BinaryIO) -> Callable[[int, int], bytes]:
    """A function from offset and length to bytes of the file."""

    def fetch(at: int, size: int) -> bytes:
        file.seek(at)
        return file.read(size)

    return fetch


class Half:
    """One direction of a stream: `size` is its known length, bytes are there or missing."""

    def __init__(self, fetch: Callable[[int, int], bytes], rows: Segments, begin: int, end: int) -> None:
        state = rows.state[begin:end]
        chosen = np.flatnonzero(state == DATA) + begin
        self._fetch = fetch
        self._at: list[int] = rows.at[chosen].tolist()
        self._record: list[int] = rows.record[chosen].tolist()
        self._time: list[int] = rows.time[chosen].tolist()
        self._start: list[int] = rows.position[chosen].tolist()
        self._end: list[int] = (rows.position[chosen] + rows.length[chosen]).tolist()
        known = (rows.position[begin:end] + rows.length[begin:end])[state != 1]
        self.size = int(known.max()) if len(known) else 0

    def source(self, position: int) -> tuple[int, int, int]:
        """Record, file offset and time of the byte at a position (or of the next one that is there)."""
        index = max(bisect_right(self._start, position) - 1, 0)
        if position >= self._end[index] and index + 1 < len(self._start):
            index += 1
        inside = min(max(position - self._start[index], 0), self._end[index] - self._start[index])
        return self._record[index], self._at[index] + inside, self._time[index]

    def pieces(self, position: int, limit: int) -> Iterator[bytes]:
        """Bytes from a position up to the limit or the first missing byte."""
        index = bisect_right(self._start, position) - 1
        while (
            0 <= index < len(self._start)
            and self._start[index] <= position < self._end[index]
            and position < limit
        ):
            at = self._at[index] + position - self._start[index]
            size = min(self._end[index], limit) - position
            while size:
                part = self._fetch(at, min(size, PIECE))
                if not part:
                    return
                yield part
                at, size, position = at + len(part), size - len(part), position + len(part)
            index += 1

    def read(self, position: int, size: int) -> bytes:
        """Up to so many bytes from a position, ending at the first missing byte."""
        return b"".join(self.pieces(position, position + size))

    def known_until(self, position: int) -> int:
        """End of the bytes that are there without a gap from a position on."""
        index = bisect_right(self._start, position) - 1
        if index < 0 or position >= self._end[index]:
            return position
        while index + 1 < len(self._start) and self._start[index + 1] == self._end[index]:
            index += 1
        return self._end[index]

    def next_known(self, position: int) -> int | None:
        """First position from here on whose byte is there."""
        index = bisect_right(self._start, position) - 1
        if index >= 0 and position < self._end[index]:
            return position
        return self._start[index + 1] if index + 1 < len(self._start) else None

    def starts_after(self, position: int) -> Iterator[int]:
        """Where segments begin behind a position."""
        for index in range(bisect_right(self._start, position), len(self._start)):
            yield self._start[index]

    def missing(self, start: int, end: int) -> int:
        """How many bytes of a range are missing."""
        index = max(bisect_right(self._start, start) - 1, 0)
        held = 0
        while index < len(self._start) and self._start[index] < end:
            held += max(min(self._end[index], end) - max(self._start[index], start), 0)
            index += 1
        return end - start - held

    def runs(self) -> Iterator[tuple[int, bytes]]:
        """All bytes, as (position, bytes) between gaps."""
        at = self.next_known(0)
        while at is not None:
            end = self.known_until(at)
            yield at, self.read(at, end - at)
            at = self.next_known(end)


def halves(rows: Segments) -> tuple[Ints, Ints, Ints]:
    """Numbers of the half-streams in a table of segments, and where each begins and ends in it."""
    starts = np.flatnonzero(np.diff(rows.half, prepend=-1))
    ends = np.append(starts[1:], len(rows.half))
    return rows.half[starts], starts, ends[: len(starts)]
