# SPDX-License-Identifier: Apache-2.0
"""Captures made to cost much: each stays within bounds and says what was left out."""

from __future__ import annotations

import random
import struct

import pytest

from hikeshi.schema import Reason
from hikeshi.synth import capture as make
from hikeshi.synth.capture import ACK, SYN, Conversation, Packet
from streams.reading import read

C, S = "192.0.2.10", "198.51.100.20"


def test_damage_after_every_few_packets() -> None:
    some = make.pcap(Conversation().open().send(b"x" * 20).packets)[24:]
    result = read(make.pcap([]) + (some + b"\xff" * 50) * 1200)
    assert len(result.issues) == 1000
    assert result.issues[-1].fields["resumed"] == "no"
    assert sum(int(i.fields["bytes"]) for i in result.issues) + sum(
        16 + row["captured"] for row in result.packets
    ) == (len(result.data) - 24)


def test_a_section_for_every_packet() -> None:
    one = make.pcapng(Conversation().open().packets[:1])
    result = read(one * 2100)
    assert len(result.packets) == 2000
    assert [(i.reason, i.records) for i in result.issues] == [(Reason.TOO_MANY_ENTRIES, 1)]


def test_an_interface_for_every_packet() -> None:
    packet = Conversation().open().packets[0]
    blocks = (
        make.interface() + make.enhanced(Packet(packet.time, packet.data, interface=n)) for n in range(3000)
    )
    result = read(make.section() + b"".join(blocks))
    assert result.column("packets", "interface") == list(range(3000))


def test_overlaps_upon_overlaps() -> None:
    draw = random.Random(1)
    talk = Conversation().open()
    base, whole = talk.client_seq, draw.randbytes(30_000)
    truth = bytearray(30_000)
    seen = bytearray(30_000)
    for _ in range(400):
        at, size = draw.randrange(29_000), draw.randrange(1, 1000)
        data = bytearray(whole[at : at + size])
        if draw.random() < 0.2:
            data[draw.randrange(size)] ^= 0xFF
        for i, byte in enumerate(data):
            if not seen[at + i]:
                seen[at + i], truth[at + i] = 1, byte
        talk.packets.append(talk.packet(True, ACK, bytes(data), base + at))
    result = read(make.pcap(talk.packets))
    runs = result.runs(0, 0)
    assert all(data == truth[at : at + len(data)] for at, data in runs)
    assert sum(len(data) for _, data in runs) == sum(seen)
    others = [row for row in result.segments if row["state"] == "other"]
    assert others
    for row in others:
        kept = truth[row["position"] : row["position"] + row["length"]]
        copy = result.data[row["offset"] : row["offset"] + row["length"]]
        assert copy[0] != kept[0]
        assert copy[-1] != kept[-1]


def test_a_stream_of_single_bytes() -> None:
    talk = Conversation(size=1).open()
    talk.send(b"GET /abc word word word\r\n" * 100)
    assert read(make.pcap(talk.packets)).streams[0]["bytes_sent"] == 2500


def test_a_new_connection_with_every_packet() -> None:
    draw = random.Random(2)
    packets = [
        Packet(n, make.ether(make.ip(C, S, 6, make.tcp(5, 80, draw.randrange(1 << 32), 0, SYN))))
        for n in range(500)
    ]
    result = read(make.pcap(packets))
    assert result.column("packets", "stream") == list(range(500))
    assert {tuple(row["notes"]) for row in result.streams} == {("unanswered",)}


def test_fragments_that_never_complete() -> None:
    packets = [
        Packet(n, make.ether(make.ip(C, S, 17, bytes(8), ident=n % 7, offset=8 * (n % 100), more=True)))
        for n in range(2000)
    ]
    assert len(read(make.pcap(packets)).packets) == 2000


def test_names_that_point_to_long_names() -> None:
    long = b"\1a" * 100 + b"\0"
    raw = struct.pack(">6H", 7, 0x8180, 1, 400, 0, 0) + long + b"\0\1\0\1"
    raw += b"\xc0\x0c\0\5\0\1\0\0\0\0\0\2\xc0\x0c" * 400
    result = read(make.pcap([Packet(1, make.ether(make.ip(S, C, 17, make.udp(53, 1000, raw))))]))
    assert len(result.names[0]["answers"]) == 256
    assert result.names[0]["notes"] == ["answers-left-out"]


def test_a_capture_too_large_for_memory_is_put_together_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hikeshi.streams.indexing.MOST_SEGMENTS", 20)
    monkeypatch.setattr("hikeshi.streams.blocks.WINDOW", 4096)
    talk = Conversation(size=100).open().send(b"y" * 6000)
    other = Conversation(size=100, client_port=9, time=talk.time).open().send(b"z" * 100)
    result = read(make.pcap(talk.packets + other.packets))
    assert len({row["stream"] for row in result.streams}) == len(result.streams) > 2
    assert sum(row["bytes_sent"] for row in result.streams) == 6100
    assert sorted(set(result.column("packets", "stream"))) == result.column("streams", "stream")
    split = [i for i in result.issues if i.reason == Reason.TOO_MANY_ENTRIES]
    assert len(split) == len(result.streams) - 2
    assert split[0].fields["table"] == "streams"


def test_streams_settled_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    talks = [
        Conversation(client_port=1000 + n, size=50).open().send(b"q" * 300).receive(b"r" * n)
        for n in range(20)
    ]
    packets = [packet for talk in talks for packet in talk.packets]
    whole = read(make.pcap(packets))
    monkeypatch.setattr("hikeshi.streams.settling.AT_ONCE", 10)
    parts = read(make.pcap(packets))
    assert parts.tables == whole.tables


def test_same_hash_slot_for_different_ends() -> None:
    """More pairs of ends in one block than the small table can tell apart."""
    packets = [
        Packet(n, make.ether(make.ip(f"192.0.2.{n % 250}", S, 17, make.udp(1000 + n, 53 + n % 3, b""))))
        for n in range(20_000)
    ]
    result = read(make.pcap(packets))
    assert result.column("packets", "stream") == list(range(20_000))
