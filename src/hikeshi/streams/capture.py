# SPDX-License-Identifier: Apache-2.0
"""Packet captures as tables of packets, streams and what was said in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hikeshi.schema import Batch, Count, Found, Issue, Item, Reason
from . import links, lookups, pcap, pcapng, tables
from .blocks import Block, Ints, Loss
from .contacts import PAUSE, SAMPLE, Contacts
from .contents import Contents
from .conversations import FIN, RST, SYN, Conversations
from .fragments import Datagram, Fragments, Late
from .layers import TCP, Addresses, Layers, decode
from .lookups import Lookups
from .payload import Half, fetcher, halves
from .segments import DATA, Columns, Index, Segments, Sums, order

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
        self.contents = Contents(item.id)
        self.contacts = Contacts()
        self.lookups = Lookups()
        self.fetch = fetcher(item.file)

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
                    yield from self._finish(last=False)
                    self.streams.forget()
        yield from self._finish(last=True)
        yield from self.columns.rows("contacts", self.contacts.rows())
        yield from self._losses()
        yield Count(self.item.id, KIND, self.records + self.lost)

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
        self._keep(block, layers, stream, direction, record, late)
        for row, message, port in lookups.in_block(block, layers, complete, self._look):
            where = {"record": int(record[row]), "offset": int(block.offset[row]) + block.base,
                     "time": tables.moment(int(block.time[row])), "stream": int(stream[row])}  # fmt: skip
            ends = (self.addresses.text(int(layers.src[row])), self.addresses.text(int(layers.dst[row])))
            self.lookups.add(where, *ends, message, port)
        if len(self.lookups) >= tables.ROWS:
            yield from self.columns.rows("names", self.lookups.take(last=False))
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

    def _look(self, at: int, size: int) -> bytes:
        """Bytes of the file, without moving where the packets are read from."""
        here = self.item.file.tell()
        data = self.fetch(at, size)
        self.item.file.seek(here)
        return data

    def _finish(self, last: bool) -> Iterator[Batch | Found | Issue]:
        """Streams since the last call: their order, gaps and contents."""
        here = self.item.file.tell()
        rows, sums = order(self.index.take(), self.streams, self.fetch)
        yield from tables.segments(self.columns, rows)
        told, self.told = self.told, self.streams.count
        applications: dict[int, str] = {}
        heads: dict[int, bytes] = {}
        said: dict[str, list[dict[str, Any]]] = {"exchanges": [], "handshakes": []}
        starts = {
            number: (begin, end)
            for number, begin, end in zip(*(c.tolist() for c in halves(rows)), strict=True)
        }
        for number in range(told, self.streams.count):
            if number * 2 in starts or number * 2 + 1 in starts:
                yield from self._contents(number, rows, starts, applications, heads, said)
        for name, found in said.items():
            yield from self.columns.rows(name, found)
        yield from self.columns.rows("names", self.lookups.take(last))
        yield from self._streams(rows, sums, starts, applications, heads, told)
        self.item.file.seek(here)

    def _contents(
        self, number: int, rows: Segments, starts: dict[int, tuple[int, int]], applications: dict[int, str],
        heads: dict[int, bytes], said: dict[str, list[dict[str, Any]]],
    ) -> Iterator[Batch | Found]:  # fmt: skip
        client, server = self.streams.client[number], self.streams.server[number]
        both = (
            Half(self.fetch, rows, *starts.get(number * 2, (0, 0))),
            Half(self.fetch, rows, *starts.get(number * 2 + 1, (0, 0))),
        )
        heads[number] = both[0].read(0, SAMPLE)
        ends = (self.addresses.text(client[0]), self.addresses.text(server[0]))
        for found in self.contents.read(number, (client[1], server[1]), both):
            if isinstance(found, str):
                applications[number] = found
            elif isinstance(found, Found):
                yield found
            else:
                name, cells = found
                cells |= {"stream": number, "time": tables.moment(cells["time"])}
                if name == "names":
                    way, message = cells.pop("way"), cells.pop("message")
                    self.lookups.add(cells, ends[way], ends[1 - way], message, 53)
                    continue
                cells |= {"client": ends[0], "server": ends[1], "server_port": server[1]}
                said[name].append(cells)
                if len(said[name]) >= tables.ROWS:
                    yield from self.columns.rows(name, said[name])
                    said[name].clear()

    def _streams(
        self, rows: Segments, sums: Sums, starts: dict[int, tuple[int, int]], applications: dict[int, str],
        heads: dict[int, bytes], told: int,
    ) -> Iterator[Batch]:  # fmt: skip
        for first in range(told, self.streams.count, tables.ROWS):
            until = min(first + tables.ROWS, self.streams.count)
            cells = tables.streams(self.streams, self.addresses, sums, applications, first, until)
            for row in cells:
                begin, end = starts.get(row["stream"] * 2, (0, 0))
                times = rows.time[begin:end][rows.state[begin:end] == DATA]
                times = times[np.diff(times, prepend=times[:1] - PAUSE) >= PAUSE]
                self.contacts.add(row, heads.get(row["stream"], b""), times.tolist())
            yield from self.columns.rows("streams", cells)

    def _losses(self) -> Iterator[Issue]:
        for link, count in sorted(self.refused.items()):
            yield Issue(self.item.id, Reason.UNKNOWN_LINK, None, None, count, {"link_type": links.name(link)})
        if self.cut[0]:
            fields = {"packets": str(self.cut[0]), "bytes": str(self.cut[1])}
            yield Issue(self.item.id, Reason.SNAPLEN, None, None, 0, fields)
        if self.contacts.left_out:
            fields = {"table": "contacts", "streams": str(self.contacts.left_out)}
            yield Issue(self.item.id, Reason.TOO_MANY_ENTRIES, None, None, 0, fields)
