# SPDX-License-Identifier: Apache-2.0
"""Columns of packets, streams and segments as Arrow batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hikeshi.schema import Batch, arrow_schema, table

from .blocks import Block, Ints
from .conversations import NEVER, RST, SYN, Conversations, encode
from .layers import SCTP, TCP, UDP, Addresses, Layers
from .segments import STATES, Segments, Sums

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 5000
NO_TIME = np.iinfo(np.int64).min
PROTOCOLS = {
    1: "icmp", 2: "igmp", 4: "ipip", 6: "tcp", 17: "udp", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah", 58: "icmp6",
    88: "eigrp", 89: "ospf", 103: "pim", 112: "vrrp", 132: "sctp",
}  # fmt: skip
ETHERTYPES = {
    0x0806: "arp",
    0x88CC: "lldp",
    0x888E: "eapol",
    0x8863: "pppoe-discovery",
    0x86DD: "ipv6",
    0x0800: "ipv4",
}


def protocol_name(code: int) -> str | None:
    """Name of an IP protocol (below 256) or of an EtherType (256 and more)."""
    if code < 256:
        return PROTOCOLS.get(code, f"ip-{code}")
    kind = code - 256
    return ETHERTYPES.get(kind, f"0x{kind:04x}" if kind > 1500 else "llc" if kind else None)


class Columns:
    """Makes batches of one item's tables."""

    def __init__(self, item: str) -> None:
        import pyarrow as pa

        self.item = item
        self._items = pa.array([item] * ROWS, pa.string())

    def batches(self, name: str, columns: dict[str, pa.Array]) -> Iterator[Batch]:
        """The columns, in the order of the schema, cut into batches."""
        import pyarrow as pa

        count = len(next(iter(columns.values())))
        schema = arrow_schema(name)
        for at in range(0, count, ROWS):
            size = min(ROWS, count - at)
            parts = [
                self._items[:size]
                if field.name == "item"
                else columns[field.name][at : at + size]
                if field.name in columns
                else pa.nulls(size, field.type)
                for field in schema
            ]
            yield Batch(self.item, name, pa.Table.from_arrays(parts, schema=schema))

    def rows(self, name: str, rows: Sequence[dict[str, Any]]) -> Iterator[Batch]:
        """Rows given as mappings, cut into batches."""
        for at in range(0, len(rows), ROWS):
            yield Batch(
                self.item, name, table(name, [{**row, "item": self.item} for row in rows[at : at + ROWS]])
            )


def numbers(values: Ints, null: np.ndarray | None = None) -> pa.Array:
    """An integer column, null where asked."""
    import pyarrow as pa

    return pa.array(values, pa.int64(), mask=null if null is not None and null.any() else None)


def times(values: Ints) -> pa.Array:
    """A column of times."""
    import pyarrow as pa

    null = values == NO_TIME
    return pa.array(values, pa.int64(), mask=null if null.any() else None).cast(pa.timestamp("us", tz="UTC"))


def texts(codes: Ints, name: Any) -> pa.Array:
    """A text column from codes and the function that names them."""
    import pyarrow as pa

    if len(codes) and (codes == codes[0]).all():
        return pa.repeat(pa.scalar(name(int(codes[0])), pa.string()), len(codes))
    index, first = encode(codes)
    return pa.array([name(int(code)) for code in codes[first]], pa.string()).take(pa.array(index))


def packets(
    columns: Columns, block: Block, layers: Layers, kind: Ints, record: Ints, stream: Ints, direction: Ints
) -> Iterator[Batch]:
    """Rows of the table of packets for one block."""
    import pyarrow as pa

    none = stream < 0
    other = ~((layers.proto == TCP) & layers.whole) | (layers.fragment > 0)
    cells = {
        "record": numbers(record),
        "offset": numbers(block.offset + block.base),
        "time": times(block.time),
        "interface": numbers(block.interface),
        "protocol": texts(np.where(none, kind + 256, layers.proto), protocol_name),
        "stream": numbers(stream, none),
        "direction": numbers(direction, none),
        "length": numbers(block.length),
        "captured": numbers(block.captured),
        "payload_offset": numbers(layers.payload + block.base, none),
        "payload": numbers(layers.wire, none),
        "seq": numbers(layers.seq, other),
        "ack": numbers(layers.ack, other),
        "flags": numbers(layers.flags, other),
    }
    if block.comment:
        cells["comment"] = pa.array([block.comment.get(i) for i in range(len(record))], pa.string())
    yield from columns.batches("packets", cells)


def segments(columns: Columns, rows: Segments, before: int) -> Iterator[Batch]:
    """Rows of the table of segments; `before` streams were told earlier."""
    none = rows.record < 0
    yield from columns.batches(
        "segments",
        {
            "record": numbers(rows.record, none),
            "offset": numbers(rows.at, none),
            "stream": numbers((rows.half >> 1) + before),
            "direction": numbers(rows.half & 1),
            "position": numbers(rows.position),
            "length": numbers(rows.length),
            "state": texts(rows.state, lambda code: STATES[code]),
        },
    )


def streams(
    conversations: Conversations,
    addresses: Addresses,
    sums: Sums,
    applications: Mapping[int, str],
    numbers: Iterable[int],
) -> list[dict[str, Any]]:
    """Rows of the table of streams, for the streams of these numbers."""
    rows = []
    for number in numbers:
        client, server = conversations.client[number], conversations.server[number]
        proto = conversations.proto[number]
        tcp = proto == TCP
        sent, received = (
            [sums.bytes.get(number * 2 + side, 0) for side in (0, 1)]
            if tcp
            else conversations.bytes[number].tolist()
        )
        missing = (
            [sums.missing.get(number * 2 + side, 0) for side in (0, 1)]
            if tcp
            else conversations.cut[number].tolist()
        )
        ported = proto in (TCP, UDP, SCTP)
        rows.append(
            {
                "record": conversations.record[number],
                "offset": conversations.offset[number],
                "time": moment(int(conversations.first[number])),
                "last": moment(int(conversations.last[number])),
                "stream": number,
                "protocol": protocol_name(proto),
                "application": applications.get(number),
                "client": addresses.text(client[0]),
                "client_port": client[1] if ported else None,
                "server": addresses.text(server[0]),
                "server_port": server[1] if ported else None,
                "packets_sent": int(conversations.packets[number][0]),
                "packets_received": int(conversations.packets[number][1]),
                "bytes_sent": sent,
                "bytes_received": received,
                "missing_sent": missing[0],
                "missing_received": missing[1],
                "conflicting": sum(sums.conflict.get(number * 2 + side, 0) for side in (0, 1)),
                "notes": stream_notes(conversations, number, sums),
            }
        )
    return rows


def moment(time: int) -> int | None:
    """A time, or nothing where no packet had one."""
    return None if time in (NO_TIME, NEVER, np.iinfo(np.int64).max) else time


def stream_notes(conversations: Conversations, number: int, sums: Sums) -> list[str]:
    """What must be known of a stream, sorted."""
    notes = set()
    for side, way in ((0, "sent"), (1, "received")):
        notes |= {f"{note}-{way}" for note in sums.notes.get(number * 2 + side, ())}
    if conversations.proto[number] == TCP:
        flags = conversations.flags[number]
        if int(flags[0] | flags[1]) & RST:
            notes.add("reset")
        if int(flags[0]) & SYN and not conversations.packets[number][1]:
            notes.add("unanswered")
    return sorted(notes)
