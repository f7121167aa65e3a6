# SPDX-License-Identifier: Apache-2.0
"""Who talked to whom, and how regularly."""

from __future__ import annotations

from hikeshi.synth import capture as make
from hikeshi.synth.capture import Conversation
from streams.reading import read


def test_regular_connections_have_a_period() -> None:
    packets = []
    for number, late in enumerate((0, 1, 0, 2, 0, 0)):
        talk = Conversation(
            client_port=50_000 + number, time=1_516_924_800_000_000 + number * 60_000_000 + late * 1_000_000
        )
        packets += talk.open().send(b"POST /gate.php HTTP/1.1\r\n\r\n").receive(b"ok").close().packets
    (row,) = read(make.pcap(packets)).contacts
    assert (row["client"], row["server"], row["server_port"], row["connections"]) == (
        "192.0.2.10",
        "198.51.100.20",
        80,
        6,
    )
    assert (row["basis"], row["period"], row["jitter"]) == ("connections", 60.0, 1.0)
    assert (row["bytes_sent"], row["bytes_received"], row["sent_median"]) == (27 * 6, 12, 27.0)
    assert bytes.fromhex(row["prefix"]) == b"POST /gate.php HTTP/1.1\r\n\r\n"
    assert str(row["first"]) == "2018-01-26 00:00:00+00:00"


def test_regular_messages_in_one_connection_have_a_period() -> None:
    talk = Conversation(server_port=4041).open()
    for _ in range(5):
        talk.send(b"\0\0\0\x01x")
        talk.time += 10_000_000 - 2 * talk.step
    (row,) = read(make.pcap(talk.packets)).contacts
    assert (row["basis"], row["period"], row["jitter"]) == ("messages", 10.0, 0.0)
    assert row["prefix"] is None


def test_entropy_of_constant_bytes_is_zero() -> None:
    (row,) = read(make.pcap(Conversation().open().send(b"aaaa").packets)).contacts
    assert row["entropy"] == 0.0
    (row,) = read(make.pcap(Conversation().open().send(bytes(range(64))).packets)).contacts
    assert row["entropy"] == 6.0
