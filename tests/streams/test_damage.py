# SPDX-License-Identifier: Apache-2.0
"""Damaged captures: nothing raises, and every byte of the file is in a packet or in a stated loss."""

from __future__ import annotations

import random
import time

import pytest

from hikeshi.streams import pcap, pcapng
from hikeshi.synth import capture as make
from hikeshi.synth.capture import Conversation, Packet
from streams.reading import Result, read

PAGE = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
GZIP = bytes.fromhex("1f8b08000000000002ff4b4c4a4e494d4bcfc8cccacec9cdcb0f000000ffff")


def dns(name: str, response: bool = False) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    head = b"\x12\x34" + (b"\x81\x80\0\x01\0\x02" if response else b"\x01\0\0\x01\0\0") + b"\0\0\0\0"
    answer = (
        b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc6\x33\x64\x14"
        + b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x02\xc0\x0c"
    )
    return head + labels + b"\0\x01\0\x01" + (answer if response else b"")


def hello() -> bytes:
    name = b"\0\0" + (b"\0\x12\0\x10\0\0\x0dwww.example.c")
    extensions = name + b"\0\x10\0\x05\0\x03\x02h2" + b"\0\x0d\0\x04\0\x02\x04\x03"
    body = (
        b"\x03\x03"
        + bytes(32)
        + b"\0"
        + b"\0\x04\x13\x01\x0a\x0a"
        + b"\x01\0"
        + len(extensions).to_bytes(2, "big")
    )
    body += extensions
    return (
        b"\x16\x03\x01" + (len(body) + 4).to_bytes(2, "big") + b"\x01" + len(body).to_bytes(3, "big") + body
    )


def packets() -> list[Packet]:
    chunk = b"%x\r\n" % len(GZIP) + GZIP + b"\r\n0\r\n\r\n"
    talks = [
        Conversation(size=40)
        .open()
        .send(b"GET /a HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
        .receive(PAGE + chunk)
        .close(),
        Conversation(client_port=5001, server_port=443)
        .open()
        .send(hello())
        .receive(b"\x15\x03\x03\0\x02\x02\x28"),
        Conversation(client="2001:db8::1", server="2001:db8::2", client_port=5002).open().send(b"EHLO x\r\n"),
    ]
    out = [packet for talk in talks for packet in talk.packets]
    when = out[-1].time
    query = make.ip("192.0.2.10", "192.0.2.53", 17, make.udp(5353, 53, dns("www.example.com")))
    answer = make.ip("192.0.2.53", "192.0.2.10", 17, make.udp(53, 5353, dns("www.example.com", True)))
    out += [Packet(when + 1, make.ether(query)), Packet(when + 2, make.ether(answer, tags=[(0x8100, 3)]))]
    pieces = make.fragments(make.ip("192.0.2.10", "192.0.2.53", 17, make.udp(9, 53, dns("a.example"))), 16)
    return out + [Packet(when + 3 + i, make.ether(piece)) for i, piece in enumerate(pieces)]


SOUND = {
    "pcap": make.pcap(packets()),
    "pcap-nanoseconds-big": make.pcap(packets(), order=">", nanoseconds=True),
    "pcap-cut": make.pcap(packets(), snaplen=80),
    "pcapng": make.pcapng(packets()),
    "pcapng-big": make.pcapng(packets(), order=">"),
}


def damaged(seed: int) -> tuple[str, bytes]:
    draw = random.Random(seed)
    name = draw.choice(sorted(SOUND))
    data = bytearray(SOUND[name])
    for _ in range(draw.choice((1, 1, 2, 5, 20))):
        at = draw.randrange(len(data))
        match draw.randrange(5):
            case 0:
                data[at] ^= 1 << draw.randrange(8)
            case 1:
                data[at : at + 4] = draw.choice(
                    (b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f")
                )
            case 2:
                del data[at : at + draw.randrange(1, 64)]
            case 3:
                data[at:at] = draw.randbytes(draw.randrange(1, 64))
            case _:
                data[at : at + 16] = data[draw.randrange(len(data)) :][:16]
        if not data:
            break
    if draw.random() < 0.2:
        del data[draw.randrange(max(len(data), 1)) :]
    return name, bytes(data)


def account(result: Result, name: str) -> None:
    """Bytes of packets and of losses together are the bytes behind the header of a pcap file."""
    if name.startswith("pcap-") or name == "pcap":
        held = sum(16 + row["captured"] for row in result.packets)
        lost = sum(
            int(i.fields.get("bytes", 0)) for i in result.issues if i.records and "link_type" not in i.fields
        )
        refused = any("link_type" in i.fields for i in result.issues)
        if len(result.data) >= 24 and not refused:
            assert held + lost == len(result.data) - 24


def check(seed: int) -> float:
    name, data = damaged(seed)
    if data[:4] not in pcap.MAGIC and not (data[:4] == pcapng.SECTION and data[8:12] in pcapng.MAGICS):
        return 0.0
    if data[:4] in pcap.MAGIC and data[4:6] not in (b"\x02\0", b"\0\x02"):
        return 0.0
    started = time.process_time()
    account(read(data), name)
    return time.process_time() - started


@pytest.mark.parametrize("name", SOUND)
def test_sound(name: str) -> None:
    result = read(SOUND[name])
    assert len(result.packets) == len(packets())
    assert [i for i in result.issues if i.records] == []
    account(result, name)


@pytest.mark.parametrize("name", SOUND)
def test_cut_at_many_lengths(name: str) -> None:
    whole = SOUND[name]
    full = read(whole)
    ends = [row["offset"] for row in full.packets]
    for size in range(len(whole) - 1, 24, -7):
        if name.startswith("pcapng") and size < 28:
            break
        result = read(whole[:size])
        complete = sum(
            1 for at, following in zip(ends, [*ends[1:], len(whole)], strict=True) if following <= size
        )
        assert len(result.packets) == complete
        account(result, name)


def test_some_damaged_captures() -> None:
    for seed in range(400):
        check(seed)


@pytest.mark.campaign
def test_a_hundred_thousand_damaged_captures() -> None:
    slowest = max(check(seed) for seed in range(100_000))
    assert slowest < 2
