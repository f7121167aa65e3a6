# SPDX-License-Identifier: Apache-2.0
"""Where in its stream each TCP segment lies: sequence numbers unwrapped, strays and keep-alives told apart."""

from __future__ import annotations

import numpy as np

from .blocks import Ints
from .conversations import FIN, RST, SYN, WORD, Conversations
from .segments import Columns, Fetch, Sums

FAR = 1 << 30
TOGETHER = 1 << 16


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
