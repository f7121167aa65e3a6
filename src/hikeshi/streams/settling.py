# SPDX-License-Identifier: Apache-2.0
"""Streams put together: their segments, what was said in them, and who talked to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hikeshi.schema import Batch, Found, Issue, Reason, Stream

from . import tables
from .contacts import PAUSE, SAMPLE, Contacts
from .contents import Contents
from .indexing import Indexer
from .layers import TCP
from .ordering import order
from .payload import Half, halves
from .segments import DATA, Segments, Sums

AT_ONCE = 500_000
Runs = Callable[[], Iterator[tuple[int, bytes]]]


@dataclass
class Settled:
    """Streams put together: their segments, sums, and where each half-stream lies among the rows."""

    indexer: Indexer
    met: range
    rows: Segments
    sums: Sums
    spans: dict[int, tuple[int, int]]
    applications: dict[int, str] = field(default_factory=dict)
    heads: dict[int, bytes] = field(default_factory=dict)

    def numbers(self) -> Iterator[int]:
        """Streams that have bytes, counted from the indexer's first."""
        for number in self.met:
            if number * 2 in self.spans or number * 2 + 1 in self.spans:
                yield number

    def halves(self, number: int) -> tuple[Half, Half]:
        """What the client and what the server sent."""
        fetch, none = self.indexer.fetch, (0, 0)
        client, server = (self.spans.get(number * 2 + side, none) for side in (0, 1))
        return Half(fetch, self.rows, *client), Half(fetch, self.rows, *server)

    def runs(self, number: int) -> tuple[Runs, Runs]:
        """Functions that copy out what the client and what the server sent."""
        return (lambda: self.halves(number)[0].runs()), (lambda: self.halves(number)[1].runs())

    def marks(self, number: int) -> Callable[[bool], Iterator[tuple[int, int, int, int | None]]]:
        """A function that says for either direction where each packet's bytes begin."""

        def of(sent: bool) -> Iterator[tuple[int, int, int, int | None]]:
            half = self.halves(number)[0 if sent else 1]
            return (
                (position, record, at, tables.moment(time)) for position, record, at, time in half.marks()
            )

        return of

    def streams(self) -> Iterator[Stream]:
        """The streams that carry bytes."""
        for number in self.numbers():
            client, server = self.ends(number)
            time = tables.moment(int(self.indexer.streams.first[number]))
            whole = number + self.indexer.before
            item = self.indexer.item.id
            yield Stream(item, whole, time, *client, *server, *self.runs(number), self.marks(number))

    def ends(self, number: int) -> tuple[tuple[str, int], tuple[str, int]]:
        """Address and port of the client and of the server."""
        streams, text = self.indexer.streams, self.indexer.addresses.text
        (client, sport), (server, dport) = streams.client[number], streams.server[number]
        return (text(client), sport), (text(server), dport)


def settle(indexer: Indexer) -> Iterator[Settled]:
    """Put the streams met so far into order, so many at once as have AT_ONCE segments together."""
    columns = indexer.index.take()
    rank = np.argsort(columns.half, kind="stable")
    number = columns.half[rank] >> 1
    first = 0
    while first < indexer.streams.count:
        begin = int(np.searchsorted(number, first))
        last = int(number[begin + AT_ONCE]) if begin + AT_ONCE < len(number) else indexer.streams.count
        met = range(first, max(last, first + 1))
        end = int(np.searchsorted(number, met.stop))
        rows, sums = order(columns.take(rank[begin:end]), indexer.streams, met, indexer.fetch)
        spans = {n: (a, b) for n, a, b in zip(*(c.tolist() for c in halves(rows)), strict=True)}
        yield Settled(indexer, met, rows, sums, spans)
        first = met.stop


class Tables:
    """Rows and children from settled streams."""

    def __init__(self, indexer: Indexer) -> None:
        self.indexer = indexer
        self.contents = Contents(indexer.item.id)
        self.contacts = Contacts()

    def read(self, last: bool) -> Iterator[Batch | Found | Stream]:
        """Segments, bodies, exchanges, handshakes, names and streams, as rows and as they are."""
        columns = self.indexer.columns
        for settled in settle(self.indexer):
            yield from tables.segments(columns, settled.rows, self.indexer.before)
            said: dict[str, list[dict[str, Any]]] = {"exchanges": [], "handshakes": []}
            for number in settled.numbers():
                yield from self._contents(settled, number, said)
            for name, found in said.items():
                yield from columns.rows(name, found)
            yield from self._streams(settled)
            yield from settled.streams()
        yield from columns.rows("names", self.indexer.lookups.take(last))

    def _contents(
        self, settled: Settled, number: int, said: dict[str, list[dict[str, Any]]]
    ) -> Iterator[Batch | Found]:
        both, ends = settled.halves(number), settled.ends(number)
        settled.heads[number] = both[0].read(0, SAMPLE)
        whole = number + self.indexer.before
        for found in self.contents.read(whole, (ends[0][1], ends[1][1]), both):
            if isinstance(found, str):
                settled.applications[number] = found
            elif isinstance(found, Found):
                yield found
            else:
                name, cells = found
                cells |= {"stream": whole, "time": tables.moment(cells["time"])}
                if name == "names":
                    way, message = cells.pop("way"), cells.pop("message")
                    self.indexer.lookups.add(cells, ends[way][0], ends[1 - way][0], message, 53)
                    continue
                cells |= {"client": ends[0][0], "server": ends[1][0], "server_port": ends[1][1]}
                said[name].append(cells)
                if len(said[name]) >= tables.ROWS:
                    yield from self.indexer.columns.rows(name, said[name])
                    said[name].clear()

    def _streams(self, settled: Settled) -> Iterator[Batch]:
        rows, streams = settled.rows, self.indexer.streams
        for first in range(0, len(settled.met), tables.ROWS):
            numbers = settled.met[first : first + tables.ROWS]
            cells = tables.streams(
                streams, self.indexer.addresses, settled.sums, settled.applications, numbers
            )
            for number, row in zip(numbers, cells, strict=True):
                row["stream"] += self.indexer.before
                begin, end = settled.spans.get(number * 2, (0, 0)) if streams.proto[number] == TCP else (0, 0)
                times = rows.time[begin:end][rows.state[begin:end] == DATA]
                times = times[np.diff(times, prepend=times[:1] - PAUSE) >= PAUSE]
                self.contacts.add(row, settled.heads.get(number, b""), times.tolist())
            yield from self.indexer.columns.rows("streams", cells)

    def rest(self) -> Iterator[Batch | Issue]:
        """Contacts, once all streams were read."""
        yield from self.indexer.columns.rows("contacts", self.contacts.rows())
        if self.contacts.left_out:
            fields = {"table": "contacts", "streams": str(self.contacts.left_out)}
            yield Issue(self.indexer.item.id, Reason.TOO_MANY_ENTRIES, None, None, 0, fields)
