# SPDX-License-Identifier: Apache-2.0
"""Captures made by hand, each named after its quirk; the truth is known because we wrote it."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from hikeshi.schema import Reason
from hikeshi.synth import capture as make
from hikeshi.synth.capture import ACK, FIN, PSH, RST, SYN, Conversation, Packet
from streams.reading import Result, read

REQUEST = b"GET /one HTTP/1.1\r\nHost: www.example.com\r\nAccept: */*\r\n\r\n"
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
C, S = "192.0.2.10", "198.51.100.20"
PARTS = (REQUEST[:20], REQUEST[20:40], REQUEST[40:])


def segments(parts: Sequence[tuple[int, bytes]], start: int = 1000, opened: bool = True) -> list[Packet]:
    """A client's segments at sequence numbers relative to its first byte, in this order."""
    talk = Conversation(client_seq=start)
    if opened:
        talk.open()
    else:
        talk.client_seq += 1
    first = talk.client_seq
    for position, data in parts:
        talk.packets.append(talk.packet(True, PSH | ACK, data, first + position))
        talk.time += 1000
    return talk.packets


IN_ORDER = [(0, PARTS[0]), (20, PARTS[1]), (40, PARTS[2])]


def assert_whole(result: Result, stream: int = 0) -> None:
    assert result.runs(stream, 0) == [(0, REQUEST)]
    assert result.states(stream, 0) == []
    assert result.streams[stream]["bytes_sent"] == len(REQUEST)
    assert result.streams[stream]["missing_sent"] == 0
    assert result.streams[stream]["conflicting"] == 0


def test_in_order() -> None:
    talk = Conversation().open().send(REQUEST).receive(ANSWER).close()
    result = read(make.pcap(talk.packets))
    assert_whole(result)
    assert result.runs(0, 1) == [(0, ANSWER)]
    row = result.streams[0]
    assert (row["client"], row["client_port"], row["server"], row["server_port"]) == (C, 49152, S, 80)
    assert (row["packets_sent"], row["packets_received"]) == (6, 4)
    assert row["notes"] == []
    assert len(result.packets) == 10
    assert result.column("packets", "seq")[:3] == [1000, 5000, 1001]
    assert result.column("packets", "flags")[:3] == [SYN, SYN | ACK, ACK]
    assert str(result.packets[0]["time"]) == "2018-01-26 00:00:00+00:00"


def test_retransmission() -> None:
    result = read(make.pcap(segments([*IN_ORDER[:2], IN_ORDER[1], IN_ORDER[2]])))
    assert_whole(result)
    assert result.streams[0]["notes"] == ["retransmitted-sent"]


def test_out_of_order_and_sequence_wrap() -> None:
    result = read(make.pcap(segments([IN_ORDER[2], IN_ORDER[0], IN_ORDER[1]], start=(1 << 32) - 30)))
    assert_whole(result)


def test_no_syn() -> None:
    result = read(make.pcap(segments(IN_ORDER, opened=False)))
    assert_whole(result)
    assert result.streams[0]["notes"] == ["no-start-sent"]


def test_no_syn_and_first_segment_late() -> None:
    result = read(make.pcap(segments([IN_ORDER[1], IN_ORDER[0], IN_ORDER[2]], opened=False)))
    assert_whole(result)


def test_big_endian_nanoseconds() -> None:
    packets = [Packet(p.time * 1000 + 7, p.data) for p in segments(IN_ORDER)]
    result = read(make.pcap(packets, order=">", nanoseconds=True))
    assert_whole(result)
    assert str(result.packets[0]["time"]) == "2018-01-26 00:00:00+00:00"


def test_ipv6() -> None:
    talk = Conversation(client="2001:db8::10", server="2001:db8::20").open().send(REQUEST)
    result = read(make.pcap(talk.packets))
    assert_whole(result)
    assert result.streams[0]["client"] == "2001:db8::10"


def test_overlap_with_different_bytes_first_counts_and_other_is_kept() -> None:
    other = PARTS[1].replace(b"e", b"X")
    result = read(make.pcap(segments([*IN_ORDER[:2], (20, other), IN_ORDER[2]])))
    assert result.runs(0, 0) == [(0, REQUEST)]
    (row,) = [r for r in result.segments if r["state"] == "other"]
    differ = [i for i in range(20) if other[i] != PARTS[1][i]]
    assert (row["position"], row["length"]) == (20 + differ[0], differ[-1] + 1 - differ[0])
    assert result.data[row["offset"] : row["offset"] + row["length"]] == other[differ[0] : differ[-1] + 1]
    assert result.streams[0]["conflicting"] == row["length"]
    assert result.streams[0]["notes"] == ["conflict-sent", "retransmitted-sent"]


def test_partial_overlap_same_bytes() -> None:
    result = read(make.pcap(segments([(0, REQUEST[:30]), (20, REQUEST[20:45]), (10, REQUEST[10:])])))
    assert_whole(result)


def test_overlap_from_before_with_different_bytes() -> None:
    """A later arrival that starts earlier fills what is missing but does not replace what came first."""
    result = read(
        make.pcap(segments([(20, REQUEST[20:40]), (0, REQUEST[:20] + b"#" * 20), (40, REQUEST[40:])]))
    )
    assert result.runs(0, 0) == [(0, REQUEST)]
    assert result.states(0, 0) == [(20, 20, "other")]


def test_lost_middle_segment_is_a_gap() -> None:
    result = read(make.pcap(segments([IN_ORDER[0], IN_ORDER[2]])))
    assert result.runs(0, 0) == [(0, PARTS[0]), (40, PARTS[2])]
    assert result.states(0, 0) == [(20, 20, "lost")]
    assert result.streams[0]["bytes_sent"] == len(REQUEST)
    assert result.streams[0]["missing_sent"] == 20
    assert result.streams[0]["notes"] == ["gap-sent"]


def test_lost_first_segment_is_a_gap_at_the_start() -> None:
    result = read(make.pcap(segments(IN_ORDER[1:])))
    assert result.runs(0, 0) == [(20, REQUEST[20:])]
    assert result.states(0, 0) == [(0, 20, "lost")]


def test_lost_end_known_from_fin() -> None:
    talk = Conversation().open().send(PARTS[0])
    talk.client_seq += 20
    talk._add(True, FIN | ACK)
    result = read(make.pcap(talk.packets))
    assert result.states(0, 0) == [(20, 20, "lost")]


def test_acknowledged_bytes_that_the_capture_lacks() -> None:
    talk = Conversation().open().send(PARTS[0])
    talk.client_seq += 500
    talk.packets.append(talk.packet(False, ACK))
    result = read(make.pcap(talk.packets))
    assert result.states(0, 0) == [(20, 500, "acked")]
    assert result.streams[0]["missing_sent"] == 500


def test_one_sided_capture_knows_the_size_of_the_unseen_side() -> None:
    talk = Conversation().open().send(b"x" * 5000).receive(ANSWER)
    result = read(make.pcap([p for p in talk.packets if p.data[26:30] == bytes([198, 51, 100, 20])]))
    row = result.streams[0]
    assert (row["client"], row["packets_sent"], row["bytes_sent"], row["missing_sent"]) == (C, 0, 5000, 5000)
    assert result.runs(0, 1) == [(0, ANSWER)]


def test_snaplen_cut_is_stated() -> None:
    result = read(make.pcap(segments(IN_ORDER), snaplen=60))
    assert result.runs(0, 0) == [(0, REQUEST[:6]), (20, REQUEST[20:26]), (40, REQUEST[40:46])]
    assert result.states(0, 0) == [(6, 14, "cut"), (26, 14, "cut"), (46, len(REQUEST) - 46, "cut")]
    (issue,) = result.issues
    assert (issue.reason, issue.records) == (Reason.SNAPLEN, 0)
    assert issue.fields == {"packets": "3", "bytes": str(3 * 54 + len(REQUEST) - 180)}


def test_cut_inside_last_record() -> None:
    data = make.pcap(segments(IN_ORDER))
    result = read(data[:-5])
    assert result.runs(0, 0) == [(0, REQUEST[:40])]
    (issue,) = result.issues
    assert (issue.reason, issue.records) == (Reason.TRUNCATED, 1)
    assert issue.fields == {"bytes": str(16 + 54 + len(PARTS[2]) - 5)}


@pytest.mark.parametrize(
    "tags",
    [
        [(0x8100, 7)],
        [(0x88A8, 5), (0x8100, 7)],
        [(0x9100, 5), (0x8100, 7)],
        [(0x8100, 1), (0x8100, 2), (0x8100, 3)],
    ],
    ids=["vlan", "qinq", "9100", "three-tags"],
)
def test_vlan_tags(tags: list[tuple[int, int]]) -> None:
    packets = [Packet(p.time, make.ether(p.data[14:], tags=tags)) for p in segments(IN_ORDER)]
    assert_whole(read(make.pcap(packets)))


def test_mpls() -> None:
    packets = [
        Packet(p.time, make.ether(make.mpls(p.data[14:], [100, 200]), 0x8847)) for p in segments(IN_ORDER)
    ]
    assert_whole(read(make.pcap(packets)))


def test_vlan_then_mpls_then_ipv6() -> None:
    talk = Conversation(client="2001:db8::10", server="2001:db8::20").open().send(REQUEST)
    packets = [
        Packet(p.time, make.ether(make.mpls(p.data[14:], [9]), 0x8847, [(0x8100, 3)])) for p in talk.packets
    ]
    assert_whole(read(make.pcap(packets)))


def test_pppoe() -> None:
    packets = [
        Packet(
            p.time,
            make.ether(struct.pack(">BBHHH", 0x11, 0, 1, len(p.data) - 12, 0x21) + p.data[14:], 0x8864),
        )
        for p in segments(IN_ORDER)
    ]
    assert_whole(read(make.pcap(packets)))


def test_ipv6_extension_chain() -> None:
    hop, route, target = (0, bytes(7)), (43, bytes([1]) + bytes(14)), (60, bytes(7))
    packets = []
    for p in segments(IN_ORDER):
        body = make.ip("2001:db8::10", "2001:db8::20", 6, p.data[34:], extensions=[hop, route, target])
        packets.append(Packet(p.time, make.ether(body)))
    assert_whole(read(make.pcap(packets)))


LINKS = {
    "null-little": (0, b"\x02\0\0\0"),
    "null-big": (0, b"\0\0\0\x02"),
    "loop": (108, b"\0\0\0\x02"),
    "raw": (101, b""),
    "raw-12": (12, b""),
    "ipv4": (228, b""),
    "sll": (113, struct.pack(">HHH8sH", 0, 1, 6, bytes(8), 0x0800)),
    "sll2": (276, struct.pack(">HHIHBB8s", 0x0800, 0, 1, 1, 0, 6, bytes(8))),
    "ppp": (9, b"\xff\x03\x00\x21"),
    "ppp-short": (9, b"\x00\x21"),
    "c-hdlc": (104, b"\x0f\0\x08\0"),
}


@pytest.mark.parametrize("name", LINKS)
def test_link_types(name: str) -> None:
    link, head = LINKS[name]
    packets = [Packet(p.time, head + p.data[14:]) for p in segments(IN_ORDER)]
    assert_whole(read(make.pcap(packets, link=link)))


def test_unknown_link_type_is_refused_by_name() -> None:
    result = read(make.pcap(segments(IN_ORDER), link=105))
    assert result.packets == []
    (issue,) = result.issues
    assert (issue.reason, issue.records, issue.fields) == (
        Reason.UNKNOWN_LINK,
        6,
        {"link_type": "IEEE802_11"},
    )


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1]])
def test_ip_fragments(order: list[int]) -> None:
    packets = segments([])
    body = make.ip(C, S, 6, make.tcp(49152, 80, 1001, 5001, PSH | ACK, REQUEST))
    pieces = make.fragments(body, 32)
    assert len(pieces) == 3
    packets += [Packet(packets[-1].time + 1, make.ether(pieces[i])) for i in order]
    result = read(make.pcap(packets))
    assert_whole(result)
    assert len(result.streams) == 1


def test_ip_fragment_missing_is_a_gap() -> None:
    packets = segments([])
    pieces = make.fragments(make.ip(C, S, 6, make.tcp(49152, 80, 1001, 5001, PSH | ACK, REQUEST)), 24)
    packets += [Packet(packets[-1].time + 1, make.ether(pieces[i])) for i in (0, 2, 3)]
    result = read(make.pcap(packets))
    assert result.states(0, 0) == [(4, 24, "lost")]
    assert result.runs(0, 0) == [(0, REQUEST[:4]), (28, REQUEST[28:])]


def test_ethernet_padding_is_not_payload() -> None:
    packets = [Packet(p.time, p.data.ljust(60, b"\xee")) for p in segments([(0, b"ab"), (2, b"cd")])]
    assert read(make.pcap(packets)).runs(0, 0) == [(0, b"abcd")]


def test_ip_length_zero_from_segmentation_offload() -> None:
    packets = segments([])
    segment = make.tcp(49152, 80, 1001, 5001, PSH | ACK, REQUEST)
    packets.append(Packet(packets[-1].time, make.ether(make.ip(C, S, 6, segment, total=0))))
    assert_whole(read(make.pcap(packets)))


def test_ip_options_and_tcp_options() -> None:
    packets = segments([])
    segment = make.tcp(49152, 80, 1001, 5001, PSH | ACK, REQUEST, b"\x01\x01\x08\x0a" + bytes(8))
    packets.append(Packet(packets[-1].time, make.ether(make.ip(C, S, 6, segment, options=b"\x94\x04\0\0"))))
    assert_whole(read(make.pcap(packets)))


def test_port_reuse_is_a_new_stream() -> None:
    one = Conversation().open().send(b"one").close()
    two = Conversation(client_seq=900_000, server_seq=7, time=one.time + 1).open().send(b"two").close()
    result = read(make.pcap(one.packets + two.packets))
    assert [result.runs(n, 0) for n in (0, 1)] == [[(0, b"one")], [(0, b"two")]]
    assert result.column("packets", "stream") == [0] * 8 + [1] * 8


def test_port_reuse_without_close() -> None:
    one = Conversation().open().send(b"one")
    two = Conversation(client_seq=2_000_000_000, time=one.time + 1).open().send(b"two")
    result = read(make.pcap(one.packets + two.packets))
    assert [result.runs(n, 0) for n in (0, 1)] == [[(0, b"one")], [(0, b"two")]]


def test_port_reuse_after_mid_stream_start() -> None:
    one = Conversation(client_seq=77).send(b"one").close()
    two = Conversation(client_seq=2_000_000_000, time=one.time + 1).open().send(b"two")
    result = read(make.pcap(one.packets + two.packets))
    assert [result.runs(n, 0) for n in (0, 1)] == [[(0, b"one")], [(0, b"two")]]


def test_repeated_syn_is_the_same_stream() -> None:
    talk = Conversation()
    talk.packets.append(talk.packet(True, SYN))
    talk.open().send(REQUEST)
    result = read(make.pcap(talk.packets))
    assert_whole(result)
    assert len(result.streams) == 1


def test_syn_and_answer_captured_in_the_wrong_order() -> None:
    talk = Conversation().open().send(REQUEST)
    packets = [talk.packets[i] for i in (1, 0, 2, 3, 4)]
    result = read(make.pcap(packets))
    assert_whole(result)
    assert result.streams[0]["client"] == C


def test_mid_stream_start_seen_from_the_server_keeps_both_directions() -> None:
    talk = Conversation().open().send(REQUEST).receive(ANSWER)
    result = read(make.pcap(talk.packets[5:]))
    assert result.runs(0, 0) == [(0, ANSWER)]
    assert result.streams[0]["client"] == S


def test_data_in_syn() -> None:
    talk = Conversation()
    talk.packets.append(talk.packet(True, SYN, PARTS[0]))
    talk.client_seq += 21
    talk.send(REQUEST[20:])
    assert_whole(read(make.pcap(talk.packets)))


def test_keep_alive_byte_is_not_data() -> None:
    talk = Conversation().open().send(REQUEST[:40])
    talk.packets.append(talk.packet(True, ACK, b"\0", talk.client_seq - 1))
    talk.send(REQUEST[40:])
    result = read(make.pcap(talk.packets))
    assert_whole(result)
    assert result.streams[0]["notes"] == ["keep-alive-sent"]


def test_segment_far_outside_the_window_makes_no_gap() -> None:
    result = read(make.pcap(segments([*IN_ORDER[:2], (0x60000000, b"stray"), IN_ORDER[2]])))
    assert_whole(result)
    assert result.streams[0]["notes"] == ["out-of-window-sent"]


def test_reset() -> None:
    talk = Conversation().open().send(REQUEST)
    talk._add(False, RST | ACK)
    result = read(make.pcap(talk.packets))
    assert_whole(result)
    assert result.streams[0]["notes"] == ["reset"]


def test_every_packet_captured_twice() -> None:
    talk = Conversation().open().send(REQUEST).receive(ANSWER).close()
    result = read(make.pcap([p for p in talk.packets for _ in range(2)]))
    assert_whole(result)
    assert result.runs(0, 1) == [(0, ANSWER)]


def test_same_ends_over_udp_and_tcp_are_two_streams() -> None:
    talk = Conversation().open()
    datagram = make.ether(make.ip(C, S, 17, make.udp(49152, 80, b"hello")))
    result = read(make.pcap([*talk.packets, Packet(talk.time, datagram)]))
    assert result.column("streams", "protocol") == ["tcp", "udp"]
    assert (result.streams[1]["bytes_sent"], result.packets[-1]["payload"]) == (5, 5)
    at = result.packets[-1]["payload_offset"]
    assert result.data[at : at + 5] == b"hello"


def test_packets_without_ports_and_without_ip() -> None:
    icmp = make.ether(make.ip(C, S, 1, b"\x08\0\0\0rest"))
    arp = make.ether(bytes(28), 0x0806)
    result = read(make.pcap([Packet(1, icmp), Packet(2, arp)]))
    assert result.column("packets", "protocol") == ["icmp", "arp"]
    assert result.column("packets", "stream") == [0, None]
    assert result.streams[0]["client_port"] is None


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng(order: str) -> None:
    assert_whole(read(make.pcapng(segments(IN_ORDER), order=order)))


def test_pcapng_interfaces_with_resolutions_and_offset() -> None:
    talk = Conversation().open().send(REQUEST)
    head = (
        make.section()
        + make.interface()
        + make.interface(resolution=9)
        + make.interface(101, resolution=0x80 | 20)
    )
    head += make.interface(resolution=3, since=1_516_924_800)
    blocks = []
    for number, p in enumerate(talk.packets):
        since = p.time - 1_516_924_800_000_000
        ticks = [p.time, p.time * 1000 + 5, (p.time << 20) // 1_000_000 + 1, since // 1000][number % 4]
        data = p.data[14:] if number % 4 == 2 else p.data
        blocks.append(make.enhanced(Packet(p.time, data, interface=number % 4), ticks=ticks))
    result = read(head + b"".join(blocks))
    assert_whole(result)
    assert result.column("packets", "interface") == [0, 1, 2, 3, 0]
    first = result.packets[0]["time"]
    assert [(row["time"] - first).total_seconds() for row in result.packets] == [
        0.0,
        0.001,
        0.002,
        0.003,
        0.004,
    ]


def test_pcapng_sections_of_both_byte_orders() -> None:
    one, two = Conversation().open().send(REQUEST), Conversation(client_port=2000).open().send(REQUEST)
    result = read(make.pcapng(one.packets) + make.pcapng(two.packets, order=">"))
    assert_whole(result, 0)
    assert_whole(result, 1)
    assert result.column("packets", "interface") == [0] * 5 + [1] * 5


def test_pcapng_simple_packets_have_no_time() -> None:
    blocks = [make.block(3, struct.pack("<I", len(p.data)) + p.data) for p in segments(IN_ORDER)]
    result = read(make.section() + make.interface() + b"".join(blocks))
    assert_whole(result)
    assert result.column("packets", "time") == [None] * 6


def test_pcapng_comment_and_unknown_blocks() -> None:
    packets = segments(IN_ORDER)
    packets[3] = Packet(packets[3].time, packets[3].data, comment="first word 最初")
    data = make.section() + make.block(0x0BAD, b"anything") + make.interface()
    result = read(data + b"".join(make.enhanced(p) for p in packets))
    assert_whole(result)
    assert result.column("packets", "comment") == [None, None, None, "first word 最初", None, None]


def test_pcapng_drops_are_stated() -> None:
    statistics = struct.pack("<III", 0, 0, 0) + make.option(5, struct.pack("<Q", 42)) + make.option(0, b"")
    result = read(make.pcapng(segments(IN_ORDER)) + make.block(5, statistics))
    (issue,) = result.issues
    assert (issue.reason, issue.records) == (Reason.DROPPED, 0)
    assert issue.fields == {"interface": "0", "dropped": "42"}


def test_pcapng_truncated_block() -> None:
    result = read(make.pcapng(segments(IN_ORDER))[:-7])
    assert result.runs(0, 0) == [(0, REQUEST[:40])]
    assert [(i.reason, i.records) for i in result.issues] == [(Reason.TRUNCATED, 1)]


def test_pcapng_packet_of_an_undescribed_interface_is_refused() -> None:
    (packet,) = segments([(0, b"a")])[:1]
    data = make.section() + make.interface() + make.enhanced(Packet(1, packet.data, interface=3))
    result = read(data)
    assert result.issues[0].fields == {"link_type": "interface not described"}


def test_damaged_length_loses_one_packet_and_says_where() -> None:
    talk = Conversation().open()
    for _ in range(5):
        talk.send(REQUEST)
    data = bytearray(make.pcap(talk.packets))
    size = 16 + 54
    at = 24 + 3 * size
    data[at + 8 : at + 12] = b"\xff\xff\xff\x7f"
    result = read(bytes(data))
    assert len(result.packets) == 12
    (issue,) = result.issues
    assert (issue.reason, issue.offset, issue.records) == (Reason.DAMAGED_RECORD, at, 1)
    assert issue.fields == {"bytes": str(size + len(REQUEST)), "resumed": "yes"}
    assert result.states(0, 0) == [(0, len(REQUEST), "lost")]


def test_damaged_block_length_in_pcapng() -> None:
    talk = Conversation().open().send(REQUEST).send(REQUEST)
    data = bytearray(make.pcapng(talk.packets))
    first = len(make.section() + make.interface())
    size = len(make.enhanced(talk.packets[0]))
    data[first + 3 * size + 4 : first + 3 * size + 8] = b"\x04\0\0\0"
    result = read(bytes(data))
    assert len(result.packets) == 6
    assert [(i.reason, i.offset, i.records) for i in result.issues] == [
        (Reason.DAMAGED_RECORD, first + 3 * size, 1)
    ]


def test_zero_filled_tail_is_no_packet() -> None:
    result = read(make.pcap(segments(IN_ORDER)) + bytes(100_000))
    assert len(result.packets) == 6
    assert [(i.reason, i.records) for i in result.issues] == [(Reason.DAMAGED_RECORD, 1)]


def test_empty_captures() -> None:
    assert read(make.pcap([])).packets == []
    assert read(make.section() + make.interface()).packets == []


def test_packets_across_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Conversation(size=900).open()
    body = bytes(range(256)) * 100
    talk.send(body).receive(body).close()
    whole = read(make.pcap(talk.packets))
    monkeypatch.setattr("hikeshi.streams.blocks.WINDOW", 1000)
    for data in (make.pcap(talk.packets), make.pcapng(talk.packets)):
        small = read(data)
        assert small.runs(0, 0) == small.runs(0, 1) == [(0, body)]
        assert small.column("packets", "time") == whole.column("packets", "time")


def test_sniff_takes_captures_only() -> None:
    from hikeshi.streams.capture import sniff

    assert not sniff(b"\xd4\xc3\xb2\xa1\x09\x09", "a.pcap")
    assert not sniff(b"", "a.pcap")
    assert not sniff(b"\x0a\x0d\x0d\x0a\0\0\0\0\0\0\0\0", "a.pcapng")


def test_the_account_that_every_reader_owes() -> None:
    from hikeshi.streams import capture
    from readers.reading import run

    talk = Conversation().open().send(REQUEST).receive(ANSWER).close()
    outcome = run(capture, make.pcapng(talk.packets)[:-9])
    assert (outcome.count.kind, outcome.count.records_in, outcome.refused) == ("capture", 10, 1)
