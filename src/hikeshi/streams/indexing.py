# SPDX-License-Identifier: Apache-2.0
"""One pass over a capture file: packets as rows, and what is needed to put streams together afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hikeshi.schema import Batch, Issue, Item, Reason

from . import links, lookups, pcap, pcapng, tables
from .blocks import Block, Ints, Loss
from .conversations import FIN, RST, SYN, Conversations
from .fragments import Datagram, Fragments, Late
from .layers import TCP, Addresses, Layers, decode
from .lookups import Lookups
from .payload import fetcher
from .segments import Columns, Index

MOST_SEGMENTS = 4_000_000
MOST_STREAMS = 400_000
REASONS = {"truncated": Reason.TRUNCATED, "damaged": Reason.DAMAGED_RECORD, "dropped": Reason.DROPPED}
REASONS["sections"] = Reason.TOO_MANY_ENTRIES


@dataclass(frozen=True)
class Settle:
    """The streams met so far are to be put together now; `last` says that the file has been read."""

    last: bool


class Indexer:
    """One capture file being read; `before` is the number of streams already put together and forgotten.

    Without `deep` there are packets only: no names, and nothing is kept to put streams together.
    """

    def __init__(self, item: Item, deep: bool = True) -> None:
        self.item = item
        self.deep = deep
        self.columns = tables.Columns(item.id)
        self.addresses = Addresses()
        self.streams = Conversations()
        self.fragments = Fragments()
        self.index = Index()
        self.lookups = Lookups()
        self.fetch = fetcher(item.file)
        self.before = 0
        self.records = 0
        self.lost = 0
        self.refused: Counter[int] = Counter()
        self.cut = [0, 0]

    def read(self) -> Iterator[Batch | Issue | Settle]:
        """Packets, losses, and the moments to put streams together, after which they are forgotten."""
        self.item.file.seek(0)
        head = self.item.file.read(4)
        parts = (pcapng if head == pcapng.SECTION else pcap).read(self.item.file, self.item.size)
        for part in parts:
            if isinstance(part, Loss):
                self.lost += part.packets
                yield Issue(self.item.id, REASONS[part.reason], part.offset, None, part.packets, part.fields)
                continue
            yield from self._block(part)
            if self.index.count > MOST_SEGMENTS or self.streams.count > MOST_STREAMS:
                yield from self._settle(last=False)
        yield from self._settle(last=True)
        yield from self._losses()

    def _settle(self, last: bool) -> Iterator[Settle | Issue]:
        here = self.item.file.tell()
        yield Settle(last)
        self.item.file.seek(here)
        self.before += self.streams.count
        self.streams = Conversations(self.streams)
        if not last:
            fields = {"table": "streams", "packets": str(self.records)}
            yield Issue(self.item.id, Reason.TOO_MANY_ENTRIES, None, None, 0, fields)

    def _block(self, block: Block) -> Iterator[Batch]:
        count = len(block.offset)
        record = np.arange(self.records, self.records + count)
        self.records += count
        known = links.readable(block)
        if known is not None:
            self.refused.update(block.link[~known].tolist())
            chosen = np.flatnonzero(known)
            block, record = block.take(chosen), record[chosen]
        if not len(record):
            return
        network = links.network(block)
        layers = decode(block, network, self.addresses)
        late: list[Late] = []
        complete: dict[int, Datagram] = {}
        if layers.fragmented.any():
            late, complete = self.fragments.resolve(layers, block.base, record, block.time)
        stream, direction = self.streams.add(layers, block.time, record, block.offset + block.base)
        if self.deep:
            self._keep(block, layers, stream, direction, record, late)
        if self.before:
            stream[stream >= 0] += self.before
        if self.deep:
            yield from self._names(block, layers, complete, record, stream)
        short = block.captured < block.length
        if short.any():
            self.cut[0] += int(short.sum())
            self.cut[1] += int((block.length - block.captured)[short].sum())
        yield from tables.packets(self.columns, block, layers, network.kind, record, stream, direction)

    def _names(
        self, block: Block, layers: Layers, complete: dict[int, Datagram], record: Ints, stream: Ints
    ) -> Iterator[Batch]:
        for row, message, port in lookups.in_block(block, layers, complete, self._look):
            where = {
                "record": int(record[row]),
                "offset": int(block.offset[row]) + block.base,
                "time": tables.moment(int(block.time[row])),
                "stream": int(stream[row]),
            }
            ends = (self.addresses.text(int(layers.src[row])), self.addresses.text(int(layers.dst[row])))
            self.lookups.add(where, *ends, message, port)
        if len(self.lookups) >= tables.ROWS:
            yield from self.columns.rows("names", self.lookups.take(last=False))

    def _keep(
        self, block: Block, layers: Layers, stream: Ints, direction: Ints, record: Ints, late: list[Late]
    ) -> None:
        marked = (layers.wire > 0) | (layers.flags & (SYN | FIN | RST) != 0)
        rows = np.flatnonzero((layers.proto == TCP) & layers.whole & marked)
        if len(rows):
            self.index.add(
                Columns(
                    stream[rows] * 2 + direction[rows],
                    layers.seq[rows],
                    layers.flags[rows],
                    record[rows],
                    layers.payload[rows] + block.base,
                    layers.held[rows],
                    layers.wire[rows],
                    block.time[rows],
                )
            )
        for piece in late:
            half = self.streams.find(piece.src, piece.sport, piece.dst, piece.dport)
            if half is not None:
                cells = (half, piece.seq, 0, piece.record, piece.at, piece.held, piece.wire, piece.time)
                self.index.add(Columns(*(np.array([cell], np.int64) for cell in cells)))

    def _look(self, at: int, size: int) -> bytes:
        """Bytes of the file, without moving where the packets are read from."""
        here = self.item.file.tell()
        data = self.fetch(at, size)
        self.item.file.seek(here)
        return data

    def _losses(self) -> Iterator[Issue]:
        for link, count in sorted(self.refused.items()):
            yield Issue(self.item.id, Reason.UNKNOWN_LINK, None, None, count, {"link_type": links.name(link)})
        if self.cut[0]:
            fields = {"packets": str(self.cut[0]), "bytes": str(self.cut[1])}
            yield Issue(self.item.id, Reason.SNAPLEN, None, None, 0, fields)
