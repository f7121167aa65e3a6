# SPDX-License-Identifier: Apache-2.0
"""Writes inert captures: packets from values, conversations from what both ends say, files from packets.

Only bytes are made; nothing is sent. Formats: those named in streams/.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
ETHERNET = 1
MACS = bytes.fromhex("020000000001020000000002")


@dataclass(frozen=True)
class Packet:
    """One captured packet: time in microseconds (nanoseconds in a nanosecond file), bytes, length on the wire."""

    time: int
    data: bytes
    wire: int | None = None
    interface: int = 0
    comment: str | None = None


def checksum(data: bytes) -> int:
    """Internet checksum (RFC 1071)."""
    data += bytes(len(data) & 1)
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ether(payload: bytes, kind: int | None = None, tags: Sequence[tuple[int, int]] = ()) -> bytes:
    """An Ethernet frame; `tags` are (TPID, VLAN)."""
    kind = (0x86DD if payload[0] >> 4 == 6 else 0x0800) if kind is None else kind
    return MACS + b"".join(struct.pack(">HH", *tag) for tag in tags) + struct.pack(">H", kind) + payload


def mpls(payload: bytes, labels: Sequence[int]) -> bytes:
    """MPLS label stack entries before a payload."""
    last = len(labels) - 1
    stack = [struct.pack(">I", label << 12 | (i == last) << 8 | 64) for i, label in enumerate(labels)]
    return b"".join(stack) + payload


def ip(
    src: str, dst: str, proto: int, payload: bytes, *, ident: int = 0, offset: int = 0, more: bool = False,
    total: int | None = None, options: bytes = b"", extensions: Sequence[tuple[int, bytes]] = (),
) -> bytes:  # fmt: skip
    """An IPv4 or IPv6 packet; `extensions` are IPv6 headers as (number, bytes after the next-header byte)."""
    one, two = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    if one.version == 6:
        numbers = [*(number for number, _ in extensions), proto]
        body = b"".join(bytes([numbers[i + 1]]) + rest for i, (_, rest) in enumerate(extensions)) + payload
        size = len(body) if total is None else total
        return struct.pack(">IHBB", 6 << 28, size, numbers[0], 64) + one.packed + two.packed + body
    length = 20 + len(options)
    size = length + len(payload) if total is None else total
    head = struct.pack(
        ">BBHHHBBH", 0x40 | length // 4, 0, size, ident, more << 13 | offset // 8, 64, proto, 0
    )
    head += one.packed + two.packed + options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def fragments(packet: bytes, size: int, ident: int = 1) -> list[bytes]:
    """An IPv4 packet without options cut into fragments of so many payload bytes (a multiple of eight)."""
    src, dst = (str(ipaddress.IPv4Address(packet[at : at + 4])) for at in (12, 16))
    body = packet[20:]
    return [
        ip(src, dst, packet[9], body[at : at + size], ident=ident, offset=at, more=at + size < len(body))
        for at in range(0, len(body), size)
    ]


def tcp(
    sport: int, dport: int, seq: int, ack: int, flags: int, payload: bytes = b"", options: bytes = b""
) -> bytes:
    """A TCP segment with a zero checksum."""
    words = (20 + len(options)) // 4
    return struct.pack(
        ">HHIIBBHHH", sport, dport, seq % (1 << 32), ack % (1 << 32), words << 4, flags, 65535, 0, 0
    ) + (options + payload)


def udp(sport: int, dport: int, payload: bytes) -> bytes:
    """A UDP datagram with a zero checksum."""
    return struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload


def pcap(
    packets: Iterable[Packet],
    *,
    link: int = ETHERNET,
    order: str = "<",
    nanoseconds: bool = False,
    snaplen: int = 262144,
) -> bytes:
    """A pcap file; packets longer than `snaplen` are cut to it."""
    unit = 1_000_000_000 if nanoseconds else 1_000_000
    out = [
        struct.pack(order + "IHHiIII", 0xA1B23C4D if nanoseconds else 0xA1B2C3D4, 2, 4, 0, 0, snaplen, link)
    ]
    for packet in packets:
        kept = packet.data[:snaplen]
        wire = len(packet.data) if packet.wire is None else packet.wire
        out += [struct.pack(order + "IIII", packet.time // unit, packet.time % unit, len(kept), wire), kept]
    return b"".join(out)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A pcapng block."""
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def option(code: int, value: bytes, order: str = "<") -> bytes:
    """A pcapng option."""
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<") -> bytes:
    """A pcapng Section Header Block."""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(
    link: int = ETHERNET, *, order: str = "<", resolution: int | None = None, since: int = 0
) -> bytes:
    """A pcapng Interface Description Block; `resolution` is if_tsresol, `since` if_tsoffset."""
    options = b"" if resolution is None else option(9, bytes([resolution]), order)
    options += option(14, struct.pack(order + "q", since), order) if since else b""
    return block(
        1, struct.pack(order + "HHI", link, 0, 0) + options + (option(0, b"") if options else b""), order
    )


def enhanced(packet: Packet, *, order: str = "<", ticks: int | None = None) -> bytes:
    """A pcapng Enhanced Packet Block; `ticks` is the time in units of its interface."""
    when = packet.time if ticks is None else ticks
    wire = len(packet.data) if packet.wire is None else packet.wire
    head = struct.pack(
        order + "IIIII", packet.interface, when >> 32, when & 0xFFFFFFFF, len(packet.data), wire
    )
    comment = option(1, packet.comment.encode(), order) + option(0, b"") if packet.comment else b""
    return block(6, head + packet.data + bytes(-len(packet.data) % 4) + comment, order)


def pcapng(packets: Iterable[Packet], *, link: int = ETHERNET, order: str = "<") -> bytes:
    """A pcapng file of one section and one interface."""
    return section(order) + interface(link, order=order) + b"".join(enhanced(p, order=order) for p in packets)


@dataclass
class Conversation:
    """One TCP connection as packets in time order, from what its ends say."""

    client: str = "192.0.2.10"
    server: str = "198.51.100.20"
    client_port: int = 49152
    server_port: int = 80
    time: int = 1_516_924_800_000_000
    client_seq: int = 1000
    server_seq: int = 5000
    step: int = 1000
    size: int = 1400
    packets: list[Packet] = field(default_factory=list)

    def packet(self, from_client: bool, flags: int, payload: bytes = b"", seq: int | None = None) -> Packet:
        """A packet of this connection now, without moving its sequence numbers."""
        ends = [
            (self.client, self.client_port, self.client_seq),
            (self.server, self.server_port, self.server_seq),
        ]
        (src, sport, here), (dst, dport, there) = ends if from_client else ends[::-1]
        segment = tcp(sport, dport, here if seq is None else seq, there if flags & ACK else 0, flags, payload)
        return Packet(self.time, ether(ip(src, dst, 6, segment)))

    def _add(self, from_client: bool, flags: int, payload: bytes = b"") -> None:
        self.packets.append(self.packet(from_client, flags, payload))
        self.time += self.step
        moved = len(payload) + bool(flags & (SYN | FIN))
        if from_client:
            self.client_seq += moved
        else:
            self.server_seq += moved

    def open(self) -> Conversation:
        """Three-way handshake."""
        self._add(True, SYN)
        self._add(False, SYN | ACK)
        self._add(True, ACK)
        return self

    def say(self, from_client: bool, data: bytes) -> Conversation:
        """Data in segments, every second one acknowledged by the other end."""
        starts = range(0, len(data), self.size)
        for count, at in enumerate(starts, 1):
            self._add(from_client, PSH | ACK, data[at : at + self.size])
            if count % 2 == 0 or count == len(starts):
                self._add(not from_client, ACK)
        return self

    def send(self, data: bytes) -> Conversation:
        """What the client says."""
        return self.say(True, data)

    def receive(self, data: bytes) -> Conversation:
        """What the server says."""
        return self.say(False, data)

    def close(self) -> Conversation:
        """Both ends close."""
        self._add(True, FIN | ACK)
        self._add(False, FIN | ACK)
        self._add(True, ACK)
        return self
