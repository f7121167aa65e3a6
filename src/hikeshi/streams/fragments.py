# SPDX-License-Identifier: Apache-2.0
"""IP fragments: each later fragment gets the ports, and in TCP the sequence number, that its first one states."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .blocks import Ints
from .layers import TCP, Layers

MOST_OPEN = 65536
MOST_PIECES = 8192

Key = tuple[int, int, int, int]


@dataclass
class Datagram:
    """One datagram in the making: `held` are (byte offset, file offset, bytes held)."""

    first: tuple[int, int, int, int] | None = None
    record: int = -1
    end: int = -1
    total: int = 0
    seen: dict[int, int] = field(default_factory=dict)
    held: list[tuple[int, int, int]] = field(default_factory=list)
    waiting: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Late:
    """A TCP fragment whose first fragment came in a later block."""

    sport: int
    dport: int
    src: int
    dst: int
    seq: int
    record: int
    time: int
    at: int
    held: int
    wire: int


class Fragments:
    """Datagrams of a capture that are not complete."""

    def __init__(self) -> None:
        self.open: dict[Key, Datagram] = {}
        self.dropped = 0

    def resolve(
        self, layers: Layers, base: int, record: Ints, time: Ints
    ) -> tuple[list[Late], dict[int, Datagram]]:
        """Give the block's fragments their ports, in place; also late TCP pieces and datagrams completed by a row."""
        late: list[Late] = []
        complete: dict[int, Datagram] = {}
        rows: dict[int, int] = {}
        for row in np.flatnonzero(layers.fragmented).tolist():
            key = (int(layers.src[row]), int(layers.dst[row]), int(layers.ident[row]), int(layers.proto[row]))
            datagram = self.open.get(key)
            start, size = int(layers.fragment[row]), int(layers.wire[row])
            at = base + int(layers.payload[row])
            held, number = int(layers.held[row]), int(record[row])
            if datagram is None or (start == 0 and datagram.first and start in datagram.seen):
                datagram = self._open(key)
            rows[number] = row
            if start == 0:
                header = int(layers.payload[row] - layers.network[row])
                seq = (int(layers.seq[row]) - header) % (1 << 32)
                datagram.first = (int(layers.sport[row]), int(layers.dport[row]), seq, int(layers.whole[row]))
                datagram.record = number
                size += header
                datagram.held.append((header, at, held))
                for piece in datagram.waiting:
                    self._give(layers, key, datagram, piece, rows, late)
                datagram.waiting.clear()
            else:
                datagram.held.append((start, at, held))
                piece = (start, number, int(time[row]), at, held, size)
                if datagram.first:
                    self._give(layers, key, datagram, piece, rows, late)
                else:
                    datagram.waiting.append(piece)
            datagram.total += max(size - datagram.seen.get(start, 0), 0)
            datagram.seen[start] = max(datagram.seen.get(start, 0), size)
            if not layers.more[row]:
                datagram.end = start + size
            if datagram.first and 0 <= datagram.end <= datagram.total:
                complete[row] = datagram
                del self.open[key]
            elif len(datagram.seen) > MOST_PIECES:
                del self.open[key]
                self.dropped += 1
        return late, complete

    def _open(self, key: Key) -> Datagram:
        self.open.pop(key, None)
        if len(self.open) >= MOST_OPEN:
            self.open.pop(next(iter(self.open)))
            self.dropped += 1
        datagram = self.open[key] = Datagram()
        return datagram

    def _give(
        self, layers: Layers, key: Key, datagram: Datagram, piece: tuple[int, int, int, int, int, int],
        rows: dict[int, int], late: list[Late],
    ) -> None:  # fmt: skip
        assert datagram.first
        sport, dport, seq, whole = datagram.first
        start, number, time, at, held, wire = piece
        row = rows.get(number)
        if row is not None:
            layers.sport[row], layers.dport[row] = sport, dport
            if key[3] == TCP and whole:
                layers.seq[row], layers.whole[row] = (seq + start) % (1 << 32), True
        elif key[3] == TCP and whole:
            late.append(
                Late(sport, dport, key[0], key[1], (seq + start) % (1 << 32), number, time, at, held, wire)
            )
