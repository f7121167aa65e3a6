# SPDX-License-Identifier: Apache-2.0
"""Packet captures as tables of packets, streams and what was said in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hikeshi.schema import Batch, Count, Exchange, Found, Issue, Item, Stream

from . import http1, pcap, pcapng, tables
from .contents import orient
from .exchanges import exchanges as pair
from .exchanges import place
from .indexing import Indexer, Settle
from .settling import Settled, Tables, settle

VERSION = "1"
KIND = "capture"


def sniff(head: bytes, name: str) -> bool:
    """Whether these are the first bytes of a pcap or pcapng file."""
    if head[:4] in pcap.MAGIC:
        return len(head) < 6 or head[4:6] in (b"\x02\0", b"\0\x02")
    return head[:4] == pcapng.SECTION and head[8:12] in pcapng.MAGICS


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """Packets, streams, segments, names, handshakes, exchanges and contacts of each capture; bodies as children."""
    for item in items:
        for part in read_streams(item):
            if not isinstance(part, Stream):
                yield part


def read_streams(item: Item) -> Iterator[Batch | Found | Issue | Count | Stream]:
    """All that read() gives of a capture, and its TCP streams that carry bytes, each to be used when it comes."""
    indexer = Indexer(item)
    told = Tables(indexer)
    for part in indexer.read():
        if isinstance(part, Settle):
            yield from told.read(part.last)
        else:
            yield part
    yield from told.rest()
    yield Count(item.id, KIND, indexer.records + indexer.lost)


def index(item: Item) -> Iterator[Batch | Issue]:
    """Packets alone, streams numbered but not put together."""
    for part in Indexer(item, deep=False).read():
        if not isinstance(part, Settle):
            yield part


def _settled(item: Item) -> Iterator[Settled]:
    indexer = Indexer(item)
    for part in indexer.read():
        if isinstance(part, Settle):
            yield from settle(indexer)


def streams(item: Item) -> Iterator[Stream]:
    """The TCP streams of a capture that carry bytes."""
    for settled in _settled(item):
        yield from settled.streams()


def exchanges(item: Item) -> Iterator[Exchange]:
    """The HTTP exchanges of a capture."""
    for settled in _settled(item):
        for number in settled.numbers():
            both = orient(settled.halves(number))
            if both is None:
                continue
            (client, _), (server, port) = settled.ends(number)
            for found in pair(*both):
                record, offset, time = place(found, *both)
                asked, answered = (m or http1.Message(0) for m in (found.request, found.response))
                yield Exchange(
                    item.id, number + settled.indexer.before, record, offset, tables.moment(time), client, server, port,
                    asked.method or None, asked.target or None, asked.headers, found.body(found.sent),
                    answered.status, answered.headers, found.body(found.received),
                )  # fmt: skip
