# SPDX-License-Identifier: Apache-2.0
"""Packet captures as tables of packets, streams and what was said in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from ..schema import Batch, Count, Found, Issue, Item, Reason
from . import links, pcap, pcapng, tables
from .blocks import Block, Ints, Loss
from .conversations import FIN, RST, SYN, Conversations
from .fragments import Fragments, Late
from .layers import TCP, Addresses, Layers, decode
from .payload import fetcher
from .segments import Columns, Index, order

VERSION = "1"
KIND = "capture"

MOST_SEGMENTS = 4_000_000
MOST_STREAMS = 500_000
REASONS = {"truncated": Reason.TRUNCATED, "damaged": Reason.DAMAGED_RECORD, "dropped": Reason.DROPPED}


def sniff(head: bytes, name: str) -> bool:
    """Whether these are the first bytes of a pcap or pcapng file."""
    if head[:4] in pcap.MAGIC:
        return len(head) < 6 or head[4:6] in (b"\x02\0", b"\0\x02")
    return head[:4] == pcapng.SECTION and head[8:12] in pcapng.MAGICS


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """Packets, streams, segments, names, handshakes, exchanges and contacts of each capture; bodies as children."""
    for item in items:
        yield from Capture(item).read()


class Capture:
    """One capture file being read."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.columns = tables.Columns(item.id)
        self.addresses = Addresses()
        self.streams = Conversations()
        self.fragments = Fragments()
        self.index = Index()
        self.records = 0
        self.lost = 0
        self.refused: Counter[int] = Counter()
        self.cut = [0, 0]
        self.told = 0

    def read(self) -> Iterator[Batch | Found | Issue | Count]:
        """Everything, in one pass over the file and a look at the streams' bytes."""
        self.item.file.seek(0)
        head = self.item.file.read(4)
        parts = (pcapng if head == pcapng.SECTION else pcap).read(self.item.file, self.item.size)
        for part in parts:
            if isinstance(part, Loss):
                self.lost += part.packets
                yield Issue(self.item.id, REASONS[part.reason], part.offset, None, part.packets, part.fields)
            else:
                yield from self._block(part)
                if self.index.count > MOST_SEGMENTS or self.streams.count - self.told > MOST_STREAMS:
                    yield from self._finish()
                    self.streams.forget()
        yield from self._finish()
        yield from self._losses()
        yield Count(self.item.id, KIND, self.records + self.lost)

    def _block(self, block: Block) -> Iterator[Batch]:
        count = len(block.offset)
        record = np.arange(self.records, self.records + count)
        self.records += count
        known = np.isin(block.link, list(links.READ))
        if not known.all():
            self.refused.update(block.link[~known].tolist())
            chosen = np.flatnonzero(known)
            block, record = block.take(chosen), record[chosen]
        if not len(record):
            return
        network = links.network(block)
        layers = decode(block, network, self.addresses)
        late: list[Late] = []
        if layers.fragmented.any():
            late, _ = self.fragments.resolve(layers, block.base, record, block.time)
        stream, direction = self.streams.number(layers)
        self.streams.add(stream, direction, layers, block.time, record, block.offset + block.base)
        self._keep(block, layers, stream, direction, record, late)
        short = block.captured < block.length
        if short.any():
            self.cut[0] += int(short.sum())
            self.cut[1] += int((block.length - block.captured)[short].sum())
        yield from tables.packets(self.columns, block, layers, network.kind, record, stream, direction)

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
                )  # fmt: skip
            )
        for piece in late:
            half = self.streams.find(piece.src, piece.sport, piece.dst, piece.dport)
            if half is not None:
                cells = (half, piece.seq, 0, piece.record, piece.at, piece.held, piece.wire, piece.time)
                self.index.add(Columns(*(np.array([cell], np.int64) for cell in cells)))

    def _finish(self) -> Iterator[Batch | Found | Issue]:
        """Streams since the last call: their order, gaps and contents."""
        rows, sums = order(self.index.take(), self.streams, fetcher(self.item.file))
        yield from tables.segments(self.columns, rows)
        told, self.told = self.told, self.streams.count
        yield from self.columns.rows("streams", tables.streams(self.streams, self.addresses, sums, {}, told))

    def _losses(self) -> Iterator[Issue]:
        for link, count in sorted(self.refused.items()):
            yield Issue(self.item.id, Reason.UNKNOWN_LINK, None, None, count, {"link_type": links.name(link)})
        if self.cut[0]:
            fields = {"packets": str(self.cut[0]), "bytes": str(self.cut[1])}
            yield Issue(self.item.id, Reason.SNAPLEN, None, None, 0, fields)
