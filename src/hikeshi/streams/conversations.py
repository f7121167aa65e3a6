# SPDX-License-Identifier: Apache-2.0
"""Which packets belong together: one stream number for each TCP connection and each other pair of ends."""

from __future__ import annotations

import numpy as np

from .blocks import Ints
from .layers import TCP, Layers

FIN, SYN, RST, ACK = 1, 2, 4, 16
NEVER = -(1 << 62)
WORD = 1 << 32
LATE = 1 << 24
SLOTS = 1 << 14


def encode(key: np.ndarray) -> tuple[Ints, Ints]:
    """Codes of equal values in order of appearance, and where each first appears."""
    import pyarrow as pa

    coded = pa.array(key).dictionary_encode()
    codes = coded.indices.to_numpy().astype(np.int64)
    return codes, first_rows(codes, len(coded.dictionary))


def first_rows(codes: Ints, size: int) -> Ints:
    """Row at which each code first appears."""
    first = np.zeros(size, np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return first


def last_rows(codes: Ints, size: int) -> Ints:
    """Row at which each code last appears; codes that do not appear have row -1."""
    last = np.full(size, -1, np.int64)
    last[codes] = np.arange(len(codes))
    return last


def groups(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Codes of equal pairs in order of appearance, and where each first appears.

    Hashing decides only what it decides rightly: first by a small table, then by a large one, then by both values.
    """
    mixed = low * np.int64(-0x61C8864680B583EB) ^ high * np.int64(-0x3D4D51C2D82B14B1)
    slots = (mixed >> 50) & (SLOTS - 1)
    table = np.full(SLOTS, -1, np.int64)
    table[slots] = np.arange(len(slots))
    same = table[slots]
    if (low[same] == low).all() and (high[same] == high).all():
        used = np.flatnonzero(table >= 0)
        first = first_rows(slots, SLOTS)[used]
        order = np.argsort(first)
        table[used[order]] = np.arange(len(used))
        return table[slots], first[order]
    codes, first = encode(mixed)
    if (low[first][codes] == low).all() and (high[first][codes] == high).all():
        return codes, first
    one, two = encode(low)[0], encode(high)[0]
    return encode(one * (int(two.max()) + 1) + two)


class Conversations:
    """All streams of a capture and what is summed over their packets."""

    def __init__(self, before: Conversations | None = None) -> None:
        """Without any stream; one that goes on from `before` keeps its client."""
        self._known = {key: before.sender[n] for key, n in before._now.items()} if before else {}
        self._now: dict[tuple[int, int, int], int] = {}
        self._room = 0
        self.count = 0
        self.client: list[tuple[int, int]] = []
        self.server: list[tuple[int, int]] = []
        self.proto: list[int] = []
        self.isn: list[list[int | None]] = []
        self.began: list[list[int | None]] = []
        self.record: list[int] = []
        self.offset: list[int] = []
        self._grow(1024)

    def _grow(self, room: int) -> None:
        for name, width in (
            ("packets", 2),
            ("bytes", 2),
            ("cut", 2),
            ("acked", 2),
            ("acking", 2),
            ("flags", 2),
            ("sender", 1),
        ):
            fresh = np.zeros((room, width) if width > 1 else room, np.int64)
            if self._room:
                fresh[: self._room] = getattr(self, name)
            setattr(self, name, fresh)
        first = np.full(room, np.iinfo(np.int64).max)
        last = np.full(room, NEVER)
        if self._room:
            first[: self._room], last[: self._room] = self.first, self.last
        self.first, self.last = first, last
        self._room = room

    first: Ints
    last: Ints
    sender: Ints
    packets: Ints
    bytes: Ints
    cut: Ints
    acked: Ints
    acking: Ints
    flags: Ints

    def _new(self, proto: int, client: tuple[int, int], server: tuple[int, int]) -> int:
        self.client.append(client)
        self.server.append(server)
        self.proto.append(proto)
        self.isn.append([None, None])
        self.began.append([None, None])
        self.record.append(-1)
        self.offset.append(-1)
        self.count += 1
        if self.count > self._room:
            self._grow(self._room * 2)
        self.sender[self.count - 1] = client[0] << 16 | client[1]
        return self.count - 1

    def add(self, layers: Layers, time: Ints, record: Ints, offset: Ints) -> tuple[Ints, Ints]:
        """Stream and direction (0 from the client) of every packet, -1 where there is no IP; sums are kept."""
        count = len(layers.proto)
        chosen = np.flatnonzero(layers.proto >= 0)
        if len(chosen) == count:
            return self._add(layers, time, record, offset)
        stream, direction = np.full(count, -1, np.int64), np.zeros(count, np.int64)
        if len(chosen):
            found = self._add(layers.take(chosen), time[chosen], record[chosen], offset[chosen])
            stream[chosen], direction[chosen] = found
        return stream, direction

    def _add(self, layers: Layers, time: Ints, record: Ints, offset: Ints) -> tuple[Ints, Ints]:
        source = (layers.src << 16) | layers.sport
        target = (layers.dst << 16) | layers.dport
        low, high = np.minimum(source, target), np.maximum(source, target)
        high = high << 8 | layers.proto
        codes, first = groups(low, high)
        keys = list(
            zip(low[first].tolist(), (high[first] >> 8).tolist(), layers.proto[first].tolist(), strict=True)
        )
        now = np.empty(len(keys), np.int64)
        for index, key in enumerate(keys):
            number = self._now.get(key)
            if number is None:
                at = first[index]
                number = self._now[key] = self._open(key, int(source[at]), int(layers.flags[at]))
                self.record[number], self.offset[number] = int(record[at]), int(offset[at])
            now[index] = number
        stream = now[codes]
        opening = np.flatnonzero(layers.flags & SYN)
        if len(opening):
            marks = self._split(layers, codes, first, keys, source, opening)
            if marks:
                stream = spread(stream, codes, marks)
                codes, first = encode(stream)
                for at, number in marks:
                    self.record[number], self.offset[number] = int(record[at]), int(offset[at])
        direction = (source != self.sender[stream]).astype(np.int64)
        self._sum(stream, direction, codes * 2 + direction, 2 * len(first), layers, time)
        return stream, direction

    def _open(self, key: tuple[int, int, int], source: int, flags: int) -> int:
        ends = [(key[0] >> 16, key[0] & 0xFFFF), (key[1] >> 16, key[1] & 0xFFFF)]
        sender = 0 if self._known.get(key, source) == key[0] else 1
        if flags & SYN:
            sender = 0 if source == key[0] else 1
        if flags & (SYN | ACK) == SYN | ACK:
            sender = 1 - sender
        return self._new(key[2], ends[sender], ends[1 - sender])

    def _split(
        self,
        layers: Layers,
        codes: Ints,
        first: Ints,
        keys: list[tuple[int, int, int]],
        source: Ints,
        opening: Ints,
    ) -> list[tuple[int, int]]:
        """Where in the block a SYN with a new sequence number opens a new stream, and its number."""
        marks: list[tuple[int, int]] = []
        count = self.count
        began: dict[tuple[int, int], tuple[int, int]] | None = None
        for at in opening.tolist():
            code = int(codes[at])
            key = keys[code]
            current = self._now[key]
            seq, ack, flags = int(layers.seq[at]), int(layers.ack[at]), int(layers.flags[at])
            end = (int(source[at]) >> 16, int(source[at]) & 0xFFFF)
            side = 0 if end == self.client[current] else 1
            if at != first[code] or self.began[current] != [None, None]:
                if began is None and self._unsure(current, side, ack, flags):
                    began = first_numbers(codes, first, source, layers.seq)
                earlier = (began or {}).get((code, int(source[at])))
                before = earlier[1] if earlier and earlier[0] < at and current < count else None
                if self._reopens(current, side, seq, ack, flags, before):
                    self._now[key] = current = self._open(key, int(source[at]), flags)
                    marks.append((at, current))
                    side = 0 if end == self.client[current] else 1
            self.isn[current][side] = seq
        return marks

    def _unsure(self, current: int, side: int, ack: int, flags: int) -> bool:
        """Whether the first sequence numbers of the block are needed to judge a SYN."""
        known, other = self.isn[current][side], self.isn[current][1 - side]
        return known is None and not (flags & ACK and other is not None and (ack - 1) % WORD == other)

    def _reopens(self, current: int, side: int, seq: int, ack: int, flags: int, before: int | None) -> bool:
        """Whether a SYN belongs to a new connection; `before` is the block's earlier first number of its side."""
        known, other = self.isn[current][side], self.isn[current][1 - side]
        if known is not None:
            if known == seq:
                return False
            return not flags & ACK or other is None or (ack - 1) % WORD != other
        begun = before if self.began[current][side] is None else self.began[current][side]
        if other is not None and flags & ACK:
            return (ack - 1) % WORD != other and begun is not None
        return begun is not None and (begun - seq) % WORD > LATE

    def _sum(self, stream: Ints, direction: Ints, code: Ints, size: int, layers: Layers, time: Ints) -> None:
        """Sum up what the packets of a block add to their half-streams; `code` numbers these within the block."""
        end = last_rows(code, size)
        at = np.flatnonzero(end >= 0)
        end = end[at]
        number = stream[end] * 2 + direction[end]
        self._flat("packets")[number] += np.bincount(code, minlength=size)[at]
        self._flat("bytes")[number] += np.bincount(code, layers.wire, size)[at].astype(np.int64)
        if (layers.held != layers.wire).any():
            self._flat("cut")[number] += np.bincount(code, layers.wire - layers.held, size)[at].astype(
                np.int64
            )
        begin = first_rows(code, size)[at]
        if (time[1:] >= time[:-1]).all():
            np.minimum.at(self.first, number >> 1, time[begin])
            np.maximum.at(self.last, number >> 1, time[end])
        else:
            np.minimum.at(self.first, stream, time)
            np.maximum.at(self.last, stream, time)
        rare = np.flatnonzero(layers.flags & (FIN | SYN | RST))
        np.bitwise_or.at(self._flat("flags"), stream[rare] * 2 + direction[rare], layers.flags[rare])
        self._acknowledge(stream, direction, layers, number, begin, end)
        for half, row in zip(number.tolist(), begin.tolist(), strict=True):
            if self.began[half >> 1][half & 1] is None:
                self.began[half >> 1][half & 1] = int(layers.seq[row])

    def _acknowledge(
        self, stream: Ints, direction: Ints, layers: Layers, number: Ints, begin: Ints, end: Ints
    ) -> None:
        """Keep the first and the last acknowledgement of each half-stream."""
        said = layers.flags & (ACK | RST) == ACK
        first, last = self._flat("acking"), self._flat("acked")
        sure = said[end]
        last[number[sure]] = layers.ack[end[sure]] + 1
        fresh = (first[number] == 0) & said[begin]
        first[number[fresh]] = layers.ack[begin[fresh]] + 1
        unsure = number[~sure | (first[number] == 0)]
        if len(unsure):
            half = stream * 2 + direction
            rows = np.flatnonzero(said & np.isin(half, unsure))
            where, value = half[rows], layers.ack[rows] + 1
            last[where] = value
            unset = np.flatnonzero(first[where] == 0)[::-1]
            first[where[unset]] = value[unset]

    def _flat(self, name: str) -> Ints:
        """A table of half-streams as one column."""
        column: Ints = getattr(self, name).reshape(-1)
        return column

    def find(self, src: int, sport: int, dst: int, dport: int) -> int | None:
        """The half-stream a TCP packet between these ends belongs to now."""
        one, two = (src << 16) | sport, (dst << 16) | dport
        stream = self._now.get((min(one, two), max(one, two), TCP))
        return None if stream is None else stream * 2 + int((src, sport) != self.client[stream])


def first_numbers(
    codes: Ints, first: Ints, source: Ints, seq: Ints
) -> dict[tuple[int, int], tuple[int, int]]:
    """Row and sequence number of the first packet of each sender to each peer in a block."""
    _, at = encode(codes * 2 + (source != source[first][codes]))
    return {(int(codes[row]), int(source[row])): (row, int(seq[row])) for row in at.tolist()}


def spread(stream: Ints, codes: Ints, marks: list[tuple[int, int]]) -> Ints:
    """Streams after each mark (a row and a number) counts for the later packets of the same ends."""
    order = np.argsort(codes, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    value = np.full(len(order), -1, np.int64)
    value[starts] = stream[order][starts]
    for at, number in marks:
        value[place[at]] = number
    known = np.maximum.accumulate(np.where(value >= 0, np.arange(len(order)), 0))
    out = np.empty_like(stream)
    out[order] = value[known]
    return out
