# SPDX-License-Identifier: Apache-2.0
"""Who talked to whom, how much and how regularly."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

Key = tuple[str, str, int | None, str]

MOST = 500_000
MOST_KEPT = 4096
FEW = 3
PAUSE = 1_000_000
SAMPLE = 64


@dataclass
class Contact:
    """What is kept of all streams of one client to one port of a server."""

    first: int | None = None
    last: int | None = None
    connections: int = 0
    sent: int = 0
    received: int = 0
    starts: list[int] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    sample: bytearray = field(default_factory=bytearray)
    prefix: bytes | None = None


class Contacts:
    """Sums over the streams of one item."""

    def __init__(self) -> None:
        self._all: dict[Key, Contact] = {}
        self.left_out = 0

    def add(self, row: dict[str, Any], head: bytes, messages: list[int]) -> None:
        """Add one row of the table of streams, the client's first bytes and the times of its messages."""
        key = (row["client"], row["server"], row["server_port"], row["protocol"])
        contact = self._all.get(key)
        if contact is None:
            if len(self._all) >= MOST:
                self.left_out += 1
                return
            contact = self._all[key] = Contact()
        contact.connections += 1
        contact.sent += row["bytes_sent"]
        contact.received += row["bytes_received"]
        for time, pick in ((row["time"], min), (row["last"], max)):
            if time is not None:
                name = "first" if pick is min else "last"
                known = getattr(contact, name)
                setattr(contact, name, time if known is None else pick(known, time))
        if len(contact.starts) < MOST_KEPT and row["time"] is not None:
            contact.starts.append(row["time"])
            contact.sizes.append((row["bytes_sent"], row["bytes_received"]))
        if len(contact.messages) < MOST_KEPT:
            contact.messages.extend(messages[:MOST_KEPT])
        if head:
            if len(contact.sample) < MOST_KEPT:
                contact.sample += head
            known_prefix = contact.prefix
            contact.prefix = head if known_prefix is None else common(known_prefix, head)

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the table of contacts, sorted."""
        order = sorted(self._all, key=lambda k: (k[0], k[1], -1 if k[2] is None else k[2], k[3]))
        return [row(key, self._all[key]) for key in order]


def common(one: bytes, two: bytes) -> bytes:
    """What both begin with."""
    size = min(len(one), len(two))
    differ = np.flatnonzero(np.frombuffer(one, np.uint8, size) != np.frombuffer(two, np.uint8, size))
    return one[: int(differ[0]) if len(differ) else size]


def row(key: Key, contact: Contact) -> dict[str, Any]:
    """One row of the table of contacts."""
    basis: str | None = "connections"
    times = contact.starts
    if len(times) < FEW:
        bursts = [t for t, gap in zip(contact.messages, gaps(contact.messages), strict=True) if gap >= PAUSE]
        basis, times = ("messages", bursts) if len(bursts) > FEW else (None, [])
    steps = [(b - a) / 1e6 for a, b in pairwise(sorted(times))]
    period = median(steps) if steps else None
    client, server, port, protocol = key
    return {
        "client": client,
        "server": server,
        "server_port": port,
        "protocol": protocol,
        "first": contact.first,
        "last": contact.last,
        "connections": contact.connections,
        "bytes_sent": contact.sent,
        "bytes_received": contact.received,
        "basis": basis,
        "period": None if period is None else round(period, 6),
        "jitter": None if period is None else round(median(abs(step - period) for step in steps), 6),
        "sent_median": float(median(sent for sent, _ in contact.sizes)) if contact.sizes else None,
        "received_median": float(median(received for _, received in contact.sizes))
        if contact.sizes
        else None,
        "entropy": entropy(bytes(contact.sample)),
        "prefix": contact.prefix.hex() if contact.prefix and contact.connections >= FEW else None,
    }


def gaps(times: list[int]) -> list[int]:
    """Time from the one before, PAUSE for the first."""
    return [PAUSE, *(b - a for a, b in pairwise(times))] if times else []


def entropy(data: bytes) -> float | None:
    """Bits of information a byte, by how often each value occurs."""
    if not data:
        return None
    counts = np.bincount(np.frombuffer(data, np.uint8))
    share = counts[counts > 0] / len(data)
    return round(abs(float((share * np.log2(share)).sum())), 4)
