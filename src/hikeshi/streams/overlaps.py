# SPDX-License-Identifier: Apache-2.0
"""Bytes of a stream that were sent more than once: which copy counts, and where another differs.

The copy that came first counts (as in Wireshark); a later copy is kept beside it where it differs.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from .blocks import Ints
from .positions import running_max
from .segments import Columns, Fetch, Sums


@dataclass
class Pieces:
    """Bytes chosen for the streams (`row` is the packet, `skip` the bytes of it left out in front) and other copies."""

    row: Ints
    skip: Ints
    length: Ints
    other: list[tuple[int, int, int]]


def settle(
    rows: Ints, position: Ints, c: Columns, group: Ints, halves: Ints, sums: Sums, fetch: Fetch
) -> Pieces:
    """Choose, where segments overlap, the copy that came first, and keep a later copy that differs."""
    start = position[rows]
    skip = np.maximum(-start, 0)
    start = start + skip
    held = np.maximum(c.held[rows].astype(np.int64) - skip, 0)
    end = start + held
    g = group[rows]
    if not len(rows):
        return Pieces(rows, skip, held, [])
    firsts = np.flatnonzero(np.diff(g, prepend=-1))
    reach = running_max(end, g, firsts)
    before = np.concatenate((np.full(1, -1), reach[:-1]))
    before[firsts] = -1
    lapped = start < before
    lapped &= held > 0
    if not lapped.any():
        return Pieces(rows, skip, held, [])
    fresh = np.flatnonzero(~lapped)
    cluster = np.cumsum(~lapped) - 1
    sizes = np.bincount(cluster)
    simple = sizes[cluster] == 1
    out_row, out_skip, out_len = [rows[simple]], [skip[simple]], [held[simple]]
    other: list[tuple[int, int, int]] = []
    for number in np.flatnonzero(sizes > 1).tolist():
        a = int(fresh[number])
        b = a + int(sizes[number])
        _overlap(rows[a:b], start[a:b], end[a:b], skip[a:b], c, int(halves[g[a]]), sums, fetch,
                 (out_row, out_skip, out_len), other)  # fmt: skip
    return Pieces(np.concatenate(out_row), np.concatenate(out_skip), np.concatenate(out_len), other)


def _overlap(
    rows: Ints, start: Ints, end: Ints, skip: Ints, c: Columns, half: int, sums: Sums, fetch: Fetch,
    out: tuple[list[Ints], list[Ints], list[Ints]], other: list[tuple[int, int, int]],
) -> None:  # fmt: skip
    """Sweep one run of overlapping segments by position; the earliest row that covers a byte owns it."""
    sums.note(half, "retransmitted")
    owned = _owners(rows.tolist(), start.tolist(), end.tolist())
    begin = int(start[0])
    bytes_at = c.at[rows].astype(np.int64) + skip
    text = bytearray()
    got_row, got_skip, got_len = [], [], []
    index = {row: i for i, row in enumerate(rows.tolist())}
    for row, a, b in owned:
        i = index[row]
        text += fetch(int(bytes_at[i]) + a - int(start[i]), b - a)
        got_row.append(row)
        got_skip.append(int(skip[i]) + a - int(start[i]))
        got_len.append(b - a)
    for i, row in enumerate(rows.tolist()):
        a, b = int(start[i]), int(end[i])
        copy = fetch(int(bytes_at[i]), b - a)
        if copy != text[a - begin : b - begin]:
            first, last = _difference(copy, bytes(text[a - begin : b - begin]))
            other.append((row, int(skip[i]) + first, last - first))
            sums.conflict[half] = sums.conflict.get(half, 0) + last - first
            sums.note(half, "conflict")
    out[0].append(np.array(got_row, np.int64))
    out[1].append(np.array(got_skip, np.int64))
    out[2].append(np.array(got_len, np.int64))


def _difference(one: bytes, two: bytes) -> tuple[int, int]:
    """From the first to after the last byte that differs."""
    differ = np.flatnonzero(np.frombuffer(one, np.uint8) != np.frombuffer(two, np.uint8))
    return int(differ[0]), int(differ[-1]) + 1


def _owners(rows: list[int], start: list[int], end: list[int]) -> list[tuple[int, int, int]]:
    """Row and range of every byte of a run without gaps, earliest row first; rows come sorted by start."""
    heap: list[tuple[int, int]] = []
    out: list[tuple[int, int, int]] = []
    at, index, count = start[0], 0, len(rows)
    while index < count or heap:
        while index < count and start[index] <= at:
            heapq.heappush(heap, (rows[index], end[index]))
            index += 1
        while heap and heap[0][1] <= at:
            heapq.heappop(heap)
        if not heap:
            if index >= count:
                break
            at = start[index]
            continue
        row, until = heap[0]
        if index < count:
            until = min(until, start[index])
        if out and out[-1][0] == row and out[-1][2] == at:
            out[-1] = (row, out[-1][1], until)
        elif until > at:
            out.append((row, at, until))
        at = until
    return out
