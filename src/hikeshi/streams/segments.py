# SPDX-License-Identifier: Apache-2.0
"""TCP segments in stream order: what is there, what is missing, what was said twice and differently.

Nothing is copied: a segment is a position in a stream and a place in the file. Of bytes sent twice the copy that
came first counts (as in Wireshark); a later copy is kept beside it where it differs.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .blocks import Ints
from .conversations import FIN, RST, SYN, Conversations

DATA, OTHER, LOST, CUT, ACKED = range(5)
STATES = ("data", "other", "lost", "cut", "acked")
WORD = 1 << 32
FAR = 1 << 30
TOGETHER = 1 << 16

Fetch = Callable[[int, int], bytes]


@dataclass
class Columns:
    """TCP packets that carry data or open or close a stream."""

    half: Ints
    seq: Ints
    flags: Ints
    record: Ints
    at: Ints
    held: Ints
    wire: Ints
    time: Ints

    def take(self, chosen: Ints) -> Columns:
        """The chosen rows."""
        return Columns(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


class Index:
    """Columns gathered block by block, packed."""

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, ...]] = []
        self.count = 0

    def add(self, columns: Columns) -> None:
        """Append rows."""
        kinds = ("i4", "u4", "u1", "u4", "i8", "u4", "u4", "i8")
        values = [getattr(columns, name) for name in columns.__dataclass_fields__]
        self._parts.append(tuple(v.astype(k) for v, k in zip(values, kinds, strict=True)))
        self.count += len(columns.half)

    def take(self) -> Columns:
        """All rows in order of arrival; the index is empty afterwards."""
        parts, self._parts, self.count = self._parts, [], 0
        if not parts:
            return Columns(*(np.zeros(0, np.int64) for _ in range(8)))
        return Columns(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@dataclass
class Segments:
    """Rows of the table of segments, by half-stream (stream * 2 + direction) and position."""

    half: Ints
    position: Ints
    length: Ints
    record: Ints
    at: Ints
    state: Ints
    time: Ints

    def sorted(self) -> Segments:
        """Rows by half-stream, position and state."""
        order = np.lexsort((self.state, self.position, self.half))
        return Segments(*(getattr(self, name)[order] for name in self.__dataclass_fields__))


@dataclass
class Sums:
    """Per half-stream, by number: bytes of the stream, bytes missing, bytes that differ, and notes."""

    bytes: dict[int, int]
    missing: dict[int, int]
    conflict: dict[int, int]
    notes: dict[int, set[str]]

    def note(self, half: int, text: str) -> None:
        """Add a note on a half-stream."""
        self.notes.setdefault(half, set()).add(text)


def order(columns: Columns, streams: Conversations, numbers: range, fetch: Fetch) -> tuple[Segments, Sums]:
    """Put the segments of the streams of these numbers into order.

    `columns` are theirs, by half-stream and then as they came; `fetch` reads bytes of the file where copies must be
    compared.
    """
    sums = Sums({}, {}, {}, {})
    c = with_silent(columns, streams, numbers)
    half, seq = c.half.astype(np.int64), c.seq.astype(np.int64)
    starts = np.flatnonzero(np.diff(half, prepend=-1))
    group = np.cumsum(np.diff(half, prepend=-1) != 0) - 1
    halves = half[starts]
    base, begun = bases(halves, starts, seq, c, streams, group)
    data_seq = seq + (c.flags & SYN != 0)
    position = unwrap(data_seq, base[group], group, starts, c.wire.astype(np.int64))
    end = position + c.wire
    closing = np.full(len(halves), -1, np.int64)
    fin = np.flatnonzero(c.flags & FIN)
    np.maximum.at(closing, group[fin], end[fin])
    keep = far_away(position, end, group, starts, halves, sums) & (c.wire > 0)
    keep &= ~keep_alive(position, c, group, starts, halves, sums, fetch)
    chosen = np.flatnonzero(keep)
    by_place = chosen[by_group(group[chosen], position[chosen])]
    pieces = settle(by_place, position, c, group, halves, sums, fetch)
    return holes(pieces, by_place, position, c, group, halves, closing, base, begun, streams, sums), sums


def with_silent(columns: Columns, streams: Conversations, numbers: range) -> Columns:
    """The columns and an empty row for each half-stream that is known by its receiver's acknowledgements only."""
    known = np.zeros(len(numbers) * 2, bool)
    known[columns.half - numbers.start * 2] = True
    acked, acking = (
        table[numbers.start : numbers.stop, ::-1].reshape(-1) for table in (streams.acked, streams.acking)
    )
    silent = np.flatnonzero(~known & (acked > 0))
    if not len(silent):
        return columns
    zero = np.zeros(len(silent), np.int64)
    rows = (silent + numbers.start * 2, acking[silent] - 1, zero, zero, zero, zero, zero, zero)
    names = columns.__dataclass_fields__
    joined = Columns(*(np.concatenate((getattr(columns, n), r)) for n, r in zip(names, rows, strict=True)))
    return joined.take(np.argsort(joined.half, kind="stable"))


def by_group(group: Ints, position: Ints) -> Ints:
    """Order by group and position, rows of equal position as they came."""
    if not len(group):
        return group
    low = int(position.min())
    span = int(position.max()) - low + 1
    if span * (int(group.max()) + 1) >= 1 << 62:
        return np.lexsort((position, group))
    key = group * span + (position - low)
    return np.arange(len(key)) if bool((key[1:] >= key[:-1]).all()) else np.argsort(key, kind="stable")


def bases(
    halves: Ints, starts: Ints, seq: Ints, c: Columns, streams: Conversations, group: Ints
) -> tuple[Ints, np.ndarray]:
    """Sequence number of position 0 of every half-stream, and whether a SYN states it."""
    base = np.zeros(len(halves), np.int64)
    begun = np.zeros(len(halves), bool)
    lowest = lowest_first(seq, group, starts)
    for index, number in enumerate(halves.tolist()):
        isn = streams.isn[number >> 1][number & 1]
        begun[index] = isn is not None
        base[index] = int(lowest[index]) if isn is None else (isn + 1) % WORD
    return base, begun


def lowest_first(seq: Ints, group: Ints, starts: Ints) -> Ints:
    """Lowest sequence number of each group near its first one, modulo 2^32."""
    delta = signed(seq - seq[starts][group])
    delta = np.where(np.abs(delta) < TOGETHER * 16, delta, 0)
    low = np.minimum.reduceat(delta, starts) if len(starts) else delta
    out: Ints = (seq[starts] + low) % WORD
    return out


def signed(difference: Ints) -> Ints:
    """A difference of sequence numbers as the nearest signed number."""
    out: Ints = ((difference + (WORD >> 1)) & (WORD - 1)) - (WORD >> 1)
    return out


def unwrap(seq: Ints, base: Ints, group: Ints, starts: Ints, wire: Ints) -> Ints:
    """Stream positions: by distance to the base, or packet to packet where a stream is longer than that can tell."""
    position = signed(seq - base)
    if not len(starts):
        return position
    total = np.add.reduceat(wire, starts)
    for index in np.flatnonzero(total >= FAR).tolist():
        first = int(starts[index])
        last = int(starts[index + 1]) if index + 1 < len(starts) else len(seq)
        step = signed(np.diff(seq[first:last]))
        position[first + 1 : last] = position[first] + np.cumsum(step)
    return position


def far_away(position: Ints, end: Ints, group: Ints, starts: Ints, halves: Ints, sums: Sums) -> np.ndarray:
    """Which segments lie within reach of what their half-stream had sent; before its start is out of reach."""
    if not len(starts):
        return np.zeros(0, bool)
    reach = running_max(end, group, starts)
    before = np.concatenate((np.zeros(1, np.int64), reach[:-1]))
    before[starts] = 0
    near: np.ndarray = (np.abs(position - before) < FAR) & (end > 0)
    stray = np.unique(group[~near & (end != position)]).tolist()
    for index in stray:
        first = int(starts[index])
        last = int(starts[index + 1]) if index + 1 < len(starts) else len(group)
        near[first:last] = _one_by_one(position[first:last].tolist(), end[first:last].tolist())
        sums.note(int(halves[index]), "out-of-window")
    return near


def _one_by_one(position: list[int], end: list[int]) -> list[bool]:
    """The same for one half-stream, where a segment out of reach must not move the reach."""
    reach, out = 0, []
    for start, stop in zip(position, end, strict=True):
        near = abs(start - reach) < FAR and stop > 0
        reach = max(reach, stop) if near else reach
        out.append(near)
    return out


def running_max(value: Ints, group: Ints, starts: Ints) -> Ints:
    """Largest value so far within each group."""
    low, high = int(value.min()), int(value.max())
    span = high - low + 1
    if span * (int(group[-1]) + 1) < 1 << 62:
        shift = group * span
        out: Ints = np.maximum.accumulate(value - low + shift) - shift + low
        return out
    parts = np.split(value, starts[1:])
    return np.concatenate([np.maximum.accumulate(p) for p in parts])


def keep_alive(
    position: Ints, c: Columns, group: Ints, starts: Ints, halves: Ints, sums: Sums, fetch: Fetch
) -> np.ndarray:
    """Which segments are keep-alives: one byte just before the end of what was sent (RFC 1122, 4.2.3.6)."""
    out = np.zeros(len(position), bool)
    single = np.flatnonzero((c.wire == 1) & (c.flags & (SYN | FIN | RST) == 0))
    if not len(single):
        return out
    reach = running_max(position + c.wire, group, starts)
    for row in single.tolist():
        if row and group[row - 1] == group[row] and position[row] + 1 == reach[row - 1]:
            if c.held[row] and fetch(int(c.at[row]), 1) != b"\0":
                continue
            out[row] = True
            sums.note(int(halves[group[row]]), "keep-alive")
    return out


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


Cuts = dict[int, tuple[list[int], list[int]]]


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
