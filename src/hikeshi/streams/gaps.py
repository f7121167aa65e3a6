# SPDX-License-Identifier: Apache-2.0
"""Bytes of a stream that are missing: lost, cut off by the snapshot length, or only acknowledged."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from .blocks import Ints
from .conversations import Conversations
from .overlaps import Pieces
from .positions import FAR, by_group, signed
from .segments import ACKED, CUT, LOST, OTHER, Columns, Segments, Sums

Cuts = dict[int, tuple[list[int], list[int]]]


def holes(
    pieces: Pieces, by_place: Ints, position: Ints, c: Columns, group: Ints, halves: Ints, closing: Ints,
    base: Ints, begun: np.ndarray, streams: Conversations, sums: Sums,
) -> Segments:  # fmt: skip
    """The pieces and the gaps between them as one table."""
    row = pieces.row
    place = np.maximum(position[row], 0) + (pieces.skip - np.maximum(-position[row], 0))
    g = group[row]
    order_ = by_group(g, place)
    row, place, g, skip, length = (
        row[order_],
        place[order_],
        g[order_],
        pieces.skip[order_],
        pieces.length[order_],
    )
    here = length > 0
    row, place, g, skip, length = row[here], place[here], g[here], skip[here], length[here]
    data = Segments(
        halves[g], place, length, c.record[row].astype(np.int64), c.at[row].astype(np.int64) + skip,
        np.zeros(len(row), np.int64), c.time[row].astype(np.int64),
    )  # fmt: skip
    before = np.concatenate((np.zeros(1, np.int64), (place + length)[:-1]))
    firsts = np.flatnonzero(np.diff(g, prepend=-1))
    before[firsts] = 0
    gap = np.flatnonzero(place > before)
    rows: list[tuple[int, int, int, int, int, int, int]] = []
    wire_end = np.zeros(len(halves), np.int64)
    np.maximum.at(wire_end, group[by_place], position[by_place] + c.wire[by_place])
    cuts = cut_ranges(by_place, position, c, group)
    for index in gap.tolist():
        _fill(rows, int(g[index]), int(before[index]), int(place[index]), cuts, LOST)
    held_end = np.zeros(len(halves), np.int64)
    np.maximum.at(held_end, g, place + length)
    for index, number in enumerate(halves.tolist()):
        end = int(held_end[index])
        last = max(int(wire_end[index]), min(int(closing[index]), end + FAR), end)
        if last > end:
            _fill(rows, index, end, last, cuts, LOST)
        confirmed = int(streams.acked[number >> 1][1 - (number & 1)])
        if confirmed:
            reached = int(signed(np.array([confirmed - 1 - int(base[index])]))[0])
            finned = int(closing[index]) >= 0
            if (1 if begun[index] or last else 0) < reached - last < FAR and not finned:
                rows.append((index, last, reached - last, -1, -1, ACKED, -1))
        if not begun[index] and last:
            sums.note(number, "no-start")
    for r, first, size in pieces.other:
        shift = max(-int(position[r]), 0)
        rows.append((int(group[r]), max(int(position[r]), 0) + first - shift, size, int(c.record[r]),
                     int(c.at[r]) + first, OTHER, int(c.time[r])))  # fmt: skip
    total(data, rows, halves, sums)
    if not rows:
        return data
    extra = np.array(rows, np.int64).T
    joined = Segments(
        np.concatenate((data.half, halves[extra[0]])),
        *(
            np.concatenate((getattr(data, name), extra[i]))
            for i, name in enumerate(("position", "length", "record", "at", "state", "time"), 1)
        ),
    )
    return joined.sorted()


def cut_ranges(rows: Ints, position: Ints, c: Columns, group: Ints) -> Cuts:
    """Per group, sorted: the stream ranges that the snapshot length cut off."""
    chosen = rows[c.held[rows] < c.wire[rows]]
    out: Cuts = {}
    chosen = chosen[by_group(group[chosen], position[chosen] + c.held[chosen])]
    starts = (position[chosen] + c.held[chosen]).tolist()
    ends = (position[chosen] + c.wire[chosen]).tolist()
    for g, start, end in zip(group[chosen].tolist(), starts, ends, strict=True):
        pair = out.setdefault(g, ([], []))
        pair[0].append(start)
        pair[1].append(max(end, pair[1][-1] if pair[1] else 0))
    return out


def _fill(
    rows: list[tuple[int, int, int, int, int, int, int]], g: int, start: int, end: int, cuts: Cuts, state: int
) -> None:
    """Describe the hole from start to end as cut where a cut packet had covered it, else as `state`."""
    begins, ends = cuts.get(g, ([], []))
    at = start
    while at < end:
        index = bisect_right(begins, at) - 1
        if index >= 0 and ends[index] > at:
            until, kind = min(ends[index], end), CUT
        else:
            following = begins[index + 1] if index + 1 < len(begins) else end
            until, kind = min(following, end), state
        rows.append((g, at, until - at, -1, -1, kind, -1))
        at = until


def total(
    data: Segments, rows: list[tuple[int, int, int, int, int, int, int]], halves: Ints, sums: Sums
) -> None:
    """Bytes and missing bytes of every half-stream."""
    unique, back = np.unique(data.half, return_inverse=True)
    held = np.bincount(back, data.length, len(unique)) if len(unique) else np.zeros(0)
    for number, size in zip(unique.tolist(), held.tolist(), strict=True):
        sums.bytes[number] = int(size)
    for g, _at, size, _record, _file, state, _time in rows:
        if state != OTHER:
            number = int(halves[g])
            sums.bytes[number] = sums.bytes.get(number, 0) + size
            sums.missing[number] = sums.missing.get(number, 0) + size
            sums.note(number, {LOST: "gap", CUT: "cut", ACKED: "unseen"}[state])
