# SPDX-License-Identifier: Apache-2.0
"""DNS messages made by hand from RFC 1035."""

from __future__ import annotations

import struct

from hikeshi.streams import dns
from hikeshi.synth import capture as make
from hikeshi.synth.capture import Conversation, Packet
from streams.reading import read

NAME = b"\x03www\x07example\x03com\0"
QUERY = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + NAME + b"\0\x01\0\x01"


def answer(*records: bytes, rcode: int = 0) -> bytes:
    return (
        struct.pack(">6H", 7, 0x8180 | rcode, 1, len(records), 0, 0)
        + NAME
        + b"\0\x01\0\x01"
        + b"".join(records)
    )


def record(kind: int, data: bytes, owner: bytes = b"\xc0\x0c") -> bytes:
    return owner + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def datagram(payload: bytes, from_client: bool = True, port: int = 53) -> bytes:
    ends = (("192.0.2.10", 50000), ("192.0.2.53", port))
    (src, sport), (dst, dport) = ends if from_client else ends[::-1]
    return make.ether(make.ip(src, dst, 17, make.udp(sport, dport, payload)))


def test_query_and_answer() -> None:
    reply = answer(record(5, b"\x03cdn\xc0\x10"), record(1, bytes([198, 51, 100, 20]), b"\xc0\x2d"))
    result = read(make.pcap([Packet(1_000_000, datagram(QUERY)), Packet(2_000_000, datagram(reply, False))]))
    asked, answered = result.names
    assert (asked["name"], asked["type"], asked["response"], asked["rcode"]) == (
        "www.example.com",
        "A",
        0,
        None,
    )
    assert asked["notes"] == []
    assert (answered["rcode"], answered["answers"]) == (
        "NOERROR",
        ["CNAME cdn.example.com", "A 198.51.100.20"],
    )
    assert {(row["client"], row["server"]) for row in result.names} == {("192.0.2.10", "192.0.2.53")}


def test_unanswered_and_refused_names() -> None:
    result = read(make.pcap([Packet(1, datagram(QUERY))]))
    assert result.names[0]["notes"] == ["unanswered"]
    result = read(make.pcap([Packet(1, datagram(QUERY)), Packet(2, datagram(answer(rcode=3), False))]))
    assert [row["rcode"] for row in result.names] == [None, "NXDOMAIN"]
    assert result.names[0]["notes"] == []


def test_record_types() -> None:
    reply = answer(
        record(28, bytes.fromhex("20010db8000000000000000000000001")),
        record(15, b"\0\x0a\x04mail\xc0\x10"),
        record(16, b'\x05a"b\xffc\x02de'),
        record(33, b"\0\x01\0\x02\x1f\x90\xc0\x0c"),
        record(6, b"\x02ns\xc0\x10\xc0\x0c" + bytes(20)),
        record(999, b"\x01\x02"),
        record(28, bytes.fromhex("00000000000000000000ffffc0000201")),
    )
    message = dns.parse(reply)
    assert message
    assert message.answers == (
        "AAAA 2001:db8::1",
        "MX 10 mail.example.com",
        'TXT "a\\034b\\255c" "de"',
        "SRV 1 2 8080 www.example.com",
        "SOA ns.example.com www.example.com",
        "TYPE999 0102",
        "AAAA ::ffff:192.0.2.1",
    )


def test_names_are_escaped() -> None:
    raw = struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\x04a.\\\x01\x05\xe7\x81\xabx\x80\0" + b"\0\x01\0\x01"
    message = dns.parse(raw)
    assert message
    assert message.name == "a\\.\\\\\\001.\\231\\129\\171x\\128"


def test_pointers_that_never_end() -> None:
    loop = struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\x01\0\x01"
    assert dns.parse(loop) is None
    pair = struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\x01a\xc0\x0c\0\x01\0\x01"
    assert dns.parse(pair) is None


def test_an_answer_cut_short_keeps_what_is_sure() -> None:
    reply = answer(record(1, bytes([192, 0, 2, 1])), record(1, bytes([192, 0, 2, 2])))
    message = dns.parse(reply[:-2])
    assert message
    assert (message.answers, message.notes) == (("A 192.0.2.1",), ("damaged",))
    for size in range(len(reply)):
        dns.parse(reply[:size])


def test_over_tcp_and_behind_a_gap() -> None:
    talk = Conversation(server="192.0.2.53", server_port=53).open()
    for _ in range(3):
        talk.send(len(QUERY).to_bytes(2, "big") + QUERY)
    result = read(make.pcap(talk.packets))
    assert result.column("names", "name") == ["www.example.com"] * 3
    del talk.packets[5]
    assert len(read(make.pcap(talk.packets)).names) == 2


def test_over_fragments() -> None:
    long = answer(*(record(16, b"\xff" + b"x" * 255) for _ in range(8)))
    packet = make.ip("192.0.2.53", "192.0.2.10", 17, make.udp(53, 50000, long))
    pieces = make.fragments(packet, 512)
    result = read(make.pcap([Packet(i, make.ether(piece)) for i, piece in enumerate(pieces)]))
    (row,) = result.names
    assert len(row["answers"]) == 8
    assert result.column("streams", "client_port") == [53]


def test_netbios_name() -> None:
    encoded = b"\x20" + b"EIEJELEFFDEIEJCACACACACACACACACA" + b"\0"
    raw = struct.pack(">6H", 1, 0x0110, 1, 0, 0, 0) + encoded + b"\0\x20\0\x01"
    result = read(make.pcap([Packet(1, datagram(raw, port=137))]))
    assert (result.names[0]["name"], result.names[0]["type"]) == ("HIKESHI<20>", "NB")
