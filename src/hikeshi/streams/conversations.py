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


def encode(key: np.ndarray) -> tuple[Ints, Ints]:
    """Codes of equal values in order of appearance, and where each first appears."""
    import pyarrow as pa

    coded = pa.array(key).dictionary_encode()
    codes = coded.indices.to_numpy().astype(np.int64)
    first = np.zeros(len(coded.dictionary), np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return codes, first


def groups(low: Ints, high: Ints, proto: Ints) -> tuple[Ints, Ints]:
    """Codes of equal triples and where each first appears; hashing decides only what it decides rightly."""
    mixed = (low.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) ^ (
        (high.astype(np.uint64) + proto.astype(np.uint64) * np.uint64(0x1000003))
        * np.uint64(0xC2B2AE3D27D4EB4F)
    )
    codes, first = encode(mixed)
    same = (low[first][codes] == low) & (high[first][codes] == high) & (proto[first][codes] == proto)
    if same.all():
        return codes, first
    pair, _ = encode(low)
    other, _ = encode(high)
    return encode((pair * (int(other.max()) + 1) + other) * 256 + proto)


class Conversations:
    """All streams of a capture and what is summed over their packets."""

    def __init__(self) -> None:
        self._now: dict[tuple[int, int, int], int] = {}
        self._room = 0
        self.count = 0
        self.client: list[tuple[int, int]] = []
        self.server: list[tuple[int, int]] = []
        self.proto: list[int] = []
        self.isn: list[list[int | None]] = []
        self.began: list[list[int | None]] = []
        self.continued: list[bool] = []
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
        ):
            fresh = np.zeros((room, width), np.int64)
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
        self.continued.append(False)
        self.count += 1
        if self.count > self._room:
            self._grow(self._room * 2)
        return self.count - 1

    def number(self, layers: Layers) -> tuple[Ints, Ints]:
        """Stream and direction (0 from the client) of every packet, -1 where there is no IP."""
        count = len(layers.proto)
        stream, direction = np.full(count, -1, np.int64), np.zeros(count, np.int64)
        chosen = np.flatnonzero(layers.proto >= 0)
        if not len(chosen):
            return stream, direction
        proto = layers.proto[chosen]
        source = (layers.src[chosen] << 16) | layers.sport[chosen]
        target = (layers.dst[chosen] << 16) | layers.dport[chosen]
        low, high = np.minimum(source, target), np.maximum(source, target)
        codes, first = groups(low, high, proto)
        keys = list(zip(low[first].tolist(), high[first].tolist(), proto[first].tolist(), strict=True))
        fresh = [key not in self._now for key in keys]
        flags = layers.flags[chosen]
        for index, key in enumerate(keys):
            if fresh[index]:
                self._now[key] = self._open(key, int(source[first[index]]), int(flags[first[index]]))
        now = np.array([self._now[key] for key in keys], np.int64)
        streams = now[codes]
        opening = np.flatnonzero((proto == TCP) & (flags & SYN != 0))
        if len(opening):
            streams = self._split(layers, chosen, codes, streams, keys, source, opening)
        clients = np.array(
            [(a << 16) | p for a, p in (self.client[s] for s in np.unique(streams).tolist())], np.int64
        )
        unique, back = np.unique(streams, return_inverse=True)
        assert len(unique) == len(clients)
        stream[chosen] = streams
        direction[chosen] = (source != clients[back]).astype(np.int64)
        return stream, direction

    def _open(self, key: tuple[int, int, int], source: int, flags: int) -> int:
        ends = [(key[0] >> 16, key[0] & 0xFFFF), (key[1] >> 16, key[1] & 0xFFFF)]
        sender = 0 if source == key[0] else 1
        if flags & (SYN | ACK) == SYN | ACK:
            sender = 1 - sender
        return self._new(key[2], ends[sender], ends[1 - sender])

    def _split(
        self, layers: Layers, chosen: Ints, codes: Ints, streams: Ints, keys: list[tuple[int, int, int]],
        source: Ints, opening: Ints,
    ) -> Ints:  # fmt: skip
        """Streams after a look at every SYN: one with a new sequence number opens a new stream."""
        marks: list[tuple[int, int]] = []
        count = self.count
        _, rows = encode(codes * 2 + (source != source[encode(codes)[1]][codes]))
        began = {
            (int(codes[row]), int(source[row])): (int(row), int(layers.seq[chosen[row]]))
            for row in rows.tolist()
        }
        for at in opening.tolist():
            key = keys[codes[at]]
            current = self._now[key]
            row = int(chosen[at])
            seq, ack, flags = int(layers.seq[row]), int(layers.ack[row]), int(layers.flags[row])
            end = (int(source[at]) >> 16, int(source[at]) & 0xFFFF)
            side = 0 if end == self.client[current] else 1
            earlier = [began.get((int(codes[at]), (a << 16) | p)) for a, p in self.ends(current, side)]
            before = [e[1] if e and e[0] < at and current < count else None for e in earlier]
            if self._reopens(current, side, seq, ack, flags, before):
                self._now[key] = current = self._open(key, int(source[at]), flags)
                marks.append((at, current))
                side = 0 if end == self.client[current] else 1
            self.isn[current][side] = seq
        if not marks:
            return streams
        order = np.argsort(codes, kind="stable")
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        ordered = streams[order]
        starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
        value = np.full(len(order), -1, np.int64)
        value[starts] = ordered[starts]
        for at, number in marks:
            value[place[at]] = number
        known = np.maximum.accumulate(np.where(value >= 0, np.arange(len(order)), 0))
        out = np.empty_like(streams)
        out[order] = value[known]
        return out

    def ends(self, stream: int, side: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """The end that sends in this direction, then the other one."""
        client, server = self.client[stream], self.server[stream]
        return (server, client) if side else (client, server)

    def _reopens(
        self, current: int, side: int, seq: int, ack: int, flags: int, before: list[int | None]
    ) -> bool:
        """Whether a SYN belongs to a new connection; `before` are the block's earlier first numbers of both sides."""
        known, other = self.isn[current][side], self.isn[current][1 - side]
        if known is not None:
            if known == seq:
                return False
            return not flags & ACK or other is None or (ack - 1) % WORD != other
        begun = before[0] if self.began[current][side] is None else self.began[current][side]
        if other is not None and flags & ACK:
            return (ack - 1) % WORD != other and begun is not None
        return begun is not None and (begun - seq) % WORD > LATE

    def add(
        self, stream: Ints, direction: Ints, layers: Layers, time: Ints, record: Ints, offset: Ints
    ) -> None:
        """Sum up what the packets of a block add to their streams."""
        chosen = np.flatnonzero(stream >= 0)
        if not len(chosen):
            return
        half = stream[chosen] * 2 + direction[chosen]
        codes, first = encode(half)
        number, side = half[first] >> 1, half[first] & 1
        size = len(first)
        self.packets[number, side] += np.bincount(codes, minlength=size)
        for sums, values in ((self.bytes, layers.wire), (self.cut, layers.wire - layers.held)):
            sums[number, side] += np.bincount(codes, values[chosen], size).astype(np.int64)
        np.minimum.at(self.first, stream[chosen], time[chosen])
        np.maximum.at(self.last, stream[chosen], time[chosen])
        flags = layers.flags[chosen]
        np.bitwise_or.at(self.flags.reshape(-1), half, flags)
        acks = np.flatnonzero((flags & (ACK | RST)) == ACK)
        if len(acks):
            where, value = half[acks], layers.ack[chosen][acks] + 1
            self.acked.reshape(-1)[where] = value
            fresh = self.acking.reshape(-1)
            unset = fresh[where] == 0
            fresh[where[unset][::-1]] = value[unset][::-1]
        self._begin(number, side, chosen[first], layers, record, offset)

    def _begin(self, number: Ints, side: Ints, row: Ints, layers: Layers, record: Ints, offset: Ints) -> None:
        for stream, way, at in zip(number.tolist(), side.tolist(), row.tolist(), strict=True):
            if self.began[stream][way] is None:
                self.began[stream][way] = int(layers.seq[at])
            if self.record[stream] < 0:
                self.record[stream], self.offset[stream] = int(record[at]), int(offset[at])

    def find(self, src: int, sport: int, dst: int, dport: int) -> int | None:
        """The half-stream a TCP packet between these ends belongs to now."""
        one, two = (src << 16) | sport, (dst << 16) | dport
        stream = self._now.get((min(one, two), max(one, two), TCP))
        return None if stream is None else stream * 2 + int((src, sport) != self.client[stream])

    def forget(self) -> None:
        """Close the current streams; packets that still come to them open streams marked as continued."""
        self._now.clear()
