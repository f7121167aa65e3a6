# SPDX-License-Identifier: Apache-2.0
"""Bytes of streams, copied out of the capture for who asks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from .blocks import Ints
from .segments import DATA, OTHER, Fetch, Segments

PIECE = 1 << 18
MOST_AT_ONCE = 1024
AHEAD = 1 << 16
NEARBY = 1 << 15


def fetcher(file: BinaryIO) -> Fetch:
    """A function from offset and length to bytes of the file."""

    def fetch(at: int, size: int) -> bytes:
        file.seek(at)
        return file.read(size)

    return fetch


class Half:
    """One direction of a stream: `size` is its known length, bytes are there or missing."""

    def __init__(self, fetch: Fetch, rows: Segments, begin: int, end: int) -> None:
        self._fetch = fetch
        state = rows.state[begin:end]
        chosen = np.flatnonzero(state == DATA) + begin
        start, length = rows.position[chosen], rows.length[chosen]
        stop = start + length
        self._start: list[int] = start.tolist()
        self._end: list[int] = stop.tolist()
        self._at: list[int] = rows.at[chosen].tolist()
        self._rows, self._chosen = rows, chosen
        joined = np.flatnonzero(start[1:] != stop[:-1])
        self._run_start: list[int] = start[np.concatenate(([0], joined + 1))].tolist() if len(start) else []
        self._run_end: list[int] = (
            stop[np.concatenate((joined, [len(stop) - 1]))].tolist() if len(start) else []
        )
        self._held: list[int] = [0, *np.cumsum(length).tolist()]
        self._ahead = (0, b"", False)
        self._tiny = len(start) > 0 and self._held[-1] < 256 * len(start)
        known = (rows.position[begin:end] + rows.length[begin:end])[state != OTHER]
        self.size = int(known.max()) if len(known) else 0

    def source(self, position: int) -> tuple[int, int, int]:
        """Record, file offset and time of the byte at a position (or of the next one that is there)."""
        index = max(bisect_right(self._start, position) - 1, 0)
        if position >= self._end[index] and index + 1 < len(self._start):
            index += 1
        inside = min(max(position - self._start[index], 0), self._end[index] - self._start[index])
        row = int(self._chosen[index])
        return int(self._rows.record[row]), self._at[index] + inside, int(self._rows.time[row])

    def marks(self) -> Iterator[tuple[int, int, int, int]]:
        """Position, record, file offset and time of the first byte of each packet's payload, in order."""
        for start, at, row in zip(self._start, self._at, self._chosen.tolist(), strict=True):
            yield start, int(self._rows.record[row]), at, int(self._rows.time[row])

    def pieces(self, position: int, limit: int) -> Iterator[bytes]:
        """Bytes from a position up to the limit or the first missing byte, packets near each other read at once."""
        limit = min(limit, self.known_until(position))
        if position >= limit:
            return
        index = bisect_right(self._start, position) - 1
        last = bisect_left(self._start, limit, index)
        while index < last:
            group = self._near(index, last)
            ranges = [(self._at[i], self._end[i] - self._start[i]) for i in range(index, group)]
            skip = max(position - self._start[index], 0)
            ranges[0] = (ranges[0][0] + skip, ranges[0][1] - skip)
            ranges[-1] = (ranges[-1][0], ranges[-1][1] - max(self._end[group - 1] - limit, 0))
            yield from self._read(ranges)
            index = group

    def _near(self, index: int, last: int) -> int:
        """End of the segments that follow one another closely in the file."""
        first = self._at[index]
        group, held = index + 1, self._end[index] - self._start[index]
        while group < last and group - index < MOST_AT_ONCE:
            size = self._end[group] - self._start[group]
            span = self._at[group] + size - first
            if self._at[group] < self._at[group - 1] or span > PIECE or span > max(4 * (held + size), NEARBY):
                break
            held += size
            group += 1
        return group

    def _read(self, ranges: list[tuple[int, int]]) -> Iterator[bytes]:
        """Bytes of file ranges that go forward."""
        if len(ranges) == 1:
            at, size = ranges[0]
            for begin in range(0, size, PIECE):
                yield self._fetch(at + begin, min(PIECE, size - begin))
            return
        first = ranges[0][0]
        data = memoryview(self._fetch(first, ranges[-1][0] + ranges[-1][1] - first))
        yield b"".join([data[at - first : at - first + size] for at, size in ranges])

    def read(self, position: int, size: int) -> bytes:
        """Up to so many bytes from a position, ending at the first missing byte."""
        if size > AHEAD:
            return b"".join(self.pieces(position, position + size))
        begin, data, whole = self._ahead
        end = begin + len(data)
        if not begin <= position < end or (position + size > end and not whole):
            asked = AHEAD if self._tiny else size
            begin, data = position, b"".join(self.pieces(position, position + asked))
            self._ahead = (begin, data, len(data) < asked)
        return data[position - begin : position - begin + size]

    def known_until(self, position: int) -> int:
        """End of the bytes that are there without a gap from a position on."""
        index = bisect_right(self._run_start, position) - 1
        return max(self._run_end[index], position) if index >= 0 else position

    def next_known(self, position: int) -> int | None:
        """First position from here on whose byte is there."""
        index = bisect_right(self._run_start, position) - 1
        if index >= 0 and position < self._run_end[index]:
            return position
        return self._run_start[index + 1] if index + 1 < len(self._run_start) else None

    def starts_after(self, position: int) -> Iterator[int]:
        """Where segments begin behind a position."""
        for index in range(bisect_right(self._start, position), len(self._start)):
            yield self._start[index]

    def _held_before(self, position: int) -> int:
        index = bisect_right(self._start, position) - 1
        if index < 0:
            return 0
        return self._held[index] + min(position, self._end[index]) - self._start[index]

    def missing(self, start: int, end: int) -> int:
        """How many bytes of a range are missing."""
        return end - start - (self._held_before(end) - self._held_before(start))

    def runs(self) -> Iterator[tuple[int, bytes]]:
        """All bytes, as (position, bytes) between gaps."""
        for start, end in zip(self._run_start, self._run_end, strict=True):
            yield start, self.read(start, end - start)


def halves(rows: Segments) -> tuple[Ints, Ints, Ints]:
    """Numbers of the half-streams in a table of segments, and where each begins and ends in it."""
    starts = np.flatnonzero(np.diff(rows.half, prepend=-1))
    ends = np.append(starts[1:], len(rows.half))
    return rows.half[starts], starts, ends[: len(starts)]
