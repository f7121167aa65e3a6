# SPDX-License-Identifier: Apache-2.0
"""DNS messages of a capture as rows, queries nobody answered marked."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dns
from .blocks import Block, Ints
from .fragments import Datagram
from .layers import UDP, Layers

MOST_WAITING = 50_000
Ends = tuple[str, str]


class Lookups:
    """Collects messages; a query waits here for its answer."""

    def __init__(self) -> None:
        self._ready: list[dict[str, Any]] = []
        self._waiting: dict[tuple[str, str, int, str], dict[str, Any]] = {}

    def add(self, where: dict[str, Any], sender: str, receiver: str, message: dns.Message, port: int) -> None:
        """Add one message; `where` is its record, offset, time and stream."""
        client, server = (receiver, sender) if message.response else (sender, receiver)
        row = where | {
            "client": client,
            "server": server,
            "query_id": message.query_id,
            "response": int(message.response),
            "name": message.name,
            "type": message.type,
            "rcode": message.rcode,
            "answers": list(message.answers),
            "notes": list(message.notes),
        }
        self._ready += [row | {"name": name, "type": kind, "answers": []} for name, kind in message.more]
        key = (client, server, message.query_id, message.name.lower())
        if not message.response and port == 53:
            earlier = self._waiting.pop(key, None)
            if earlier:
                self._ready.append(earlier)
            if len(self._waiting) >= MOST_WAITING:
                self._ready.append(self._waiting.pop(next(iter(self._waiting))))
            self._waiting[key] = row
            return
        asked = self._waiting.pop(key, None)
        if asked:
            self._ready.append(asked)
        self._ready.append(row)

    def take(self, last: bool) -> list[dict[str, Any]]:
        """Rows that are settled, by record; the last time all of them."""
        rows, self._ready = self._ready, []
        if last:
            for row in self._waiting.values():
                row["notes"].append("unanswered")
            rows += self._waiting.values()
            self._waiting.clear()
        return sorted(rows, key=lambda row: row["record"])

    def __len__(self) -> int:
        return len(self._ready)


def in_block(
    block: Block, layers: Layers, complete: dict[int, Datagram], fetch: Any
) -> list[tuple[int, dns.Message, int]]:
    """Row, message and port of the DNS messages in a block's UDP datagrams."""
    named = np.zeros(len(layers.proto), bool)
    for port in dns.PORTS:
        named |= (layers.sport == port) | (layers.dport == port)
    whole = named & layers.whole & ~layers.fragmented & (layers.held >= 12)
    chosen: Ints = np.flatnonzero((layers.proto == UDP) & whole)
    found = []
    for row in chosen.tolist():
        at = int(layers.payload[row])
        data = block.bytes[at : at + int(layers.held[row])].tobytes()
        found += _one(row, data, layers)
    for row, datagram in complete.items():
        if named[row] and layers.proto[row] == UDP:
            pieces = sorted(datagram.held)
            found += _one(row, b"".join(fetch(at, size) for _, at, size in pieces), layers)
    return found


def _one(row: int, data: bytes, layers: Layers) -> list[tuple[int, dns.Message, int]]:
    sport, dport = int(layers.sport[row]), int(layers.dport[row])
    port = dport if dport in dns.PORTS else sport
    message = dns.parse(data, port == dns.NETBIOS)
    return [] if message is None else [(row, message, port)]
