# SPDX-License-Identifier: Apache-2.0
"""HTTP/1 as it is met: heads in wire order, bodies found and decoded, gaps never bridged."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from typing import Any

import pytest

from hikeshi.codecs.mask import mask
from hikeshi.schema import Item
from hikeshi.streams import capture
from hikeshi.synth import capture as make
from hikeshi.synth.capture import Conversation
from streams.reading import Result, read

GET = b"GET /a HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
BODY = b"The quick brown fox jumps over the lazy dog. " * 40
CHUNKS = b"".join(
    b"%x\r\n" % len(BODY[i : i + 100]) + BODY[i : i + 100] + b"\r\n" for i in range(0, len(BODY), 100)
)


def talk(request: bytes, answer: bytes, size: int = 1400) -> Result:
    return read(make.pcap(Conversation(size=size).open().send(request).receive(answer).close().packets))


def only(result: Result) -> dict[str, Any]:
    (row,) = result.exchanges
    return row


def test_headers_in_wire_order_and_times() -> None:
    request = b"POST /gate.php?a=b HTTP/1.0\r\nhost:  www.example.com \r\nX-B: 1\r\nX-A: 2\r\nX-B: 3\r\n"
    request += b"Content-Length: 3\r\n\r\nabc"
    row = only(talk(request, b"HTTP/1.1 404 Not Found\r\nServer: t\r\nContent-Length: 5\r\n\r\nerror"))
    assert (row["method"], row["uri"], row["host"], row["status_code"]) == (
        "POST",
        "/gate.php?a=b",
        "www.example.com",
        404,
    )
    assert row["request_headers"] == [
        "host: www.example.com",
        "X-B: 1",
        "X-A: 2",
        "X-B: 3",
        "Content-Length: 3",
    ]
    assert (row["request_bytes"], row["response_bytes"]) == (3, 5)
    assert row["request_body"] == hashlib.sha256(b"abc").hexdigest()
    assert row["response_body"] == hashlib.sha256(b"error").hexdigest()
    assert (row["record"], row["offset"], row["notes"]) == (3, 24 + 3 * (16 + 54) + 16 + 54, [])


def test_bodies_are_children() -> None:
    result = talk(
        b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"
    )
    assert result.found == {"streams/0/0-request": b"hi", "streams/0/0-response": b"yes"}


@pytest.mark.parametrize(
    ("headers", "wire"),
    [
        (b"Content-Length: %d" % len(BODY), BODY),
        (b"Transfer-Encoding: chunked", CHUNKS + b"0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", CHUNKS + b"0\r\nX-Trailer: 1\r\n\r\n"),
        (b"Transfer-Encoding: chunked", CHUNKS.replace(b"64\r\n", b"0064;name=value\r\n") + b"0\r\n\r\n"),
        (b"Connection: close", BODY),
        (
            b"Content-Encoding: gzip\r\nContent-Length: %d" % len(gzip.compress(BODY, mtime=0)),
            gzip.compress(BODY, mtime=0),
        ),
        (b"Content-Encoding: deflate\r\nConnection: close", zlib.compress(BODY)),
        (b"Content-Encoding: deflate\r\nConnection: close", zlib.compress(BODY)[2:-4]),
    ],
    ids=["length", "chunked", "trailer", "chunk-extension", "until-close", "gzip", "zlib", "raw-deflate"],
)
@pytest.mark.parametrize("size", [7, 1400])
def test_body_forms(headers: bytes, wire: bytes, size: int) -> None:
    result = talk(GET, b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n" + wire, size)
    assert result.found == {"streams/0/0-response": BODY}
    assert only(result)["response_body"] == hashlib.sha256(BODY).hexdigest()


def test_pipelined_requests_and_an_interim_answer() -> None:
    requests = b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % n for n in range(3))
    answers = b"HTTP/1.1 100 Continue\r\n\r\n" + b"".join(
        b"HTTP/1.1 20%d OK\r\nContent-Length: 1\r\n\r\n%d" % (n, n) for n in range(3)
    )
    result = talk(requests, answers)
    assert [(row["uri"], row["status_code"]) for row in result.exchanges] == [
        ("/0", 200),
        ("/1", 201),
        ("/2", 202),
    ]


def test_answers_without_a_body() -> None:
    requests = b"HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n"
    answers = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    )
    result = talk(requests, answers)
    assert [row["status_code"] for row in result.exchanges] == [200, 304, 200]
    assert result.found == {"streams/0/2-response": b"x"}


def test_bytes_lost_from_a_body_leave_two_children_and_a_note() -> None:
    talk_ = Conversation(size=100).open().send(GET)
    before = len(talk_.packets)
    talk_.receive(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
    talk_.send(GET.replace(b"/a", b"/b")).receive(b"HTTP/1.1 204 No Content\r\n\r\n")
    lost = talk_.packets.pop(before + 3)
    result = read(make.pcap(talk_.packets))
    head = len(b"HTTP/1.1 200 OK\r\nContent-Length: 1800\r\n\r\n")
    gap = (200 - head, 300 - head)
    assert len(lost.data) == 154
    assert result.found == {
        "streams/0/0-response": BODY[: gap[0]],
        "streams/0/0-response-part1": BODY[gap[1] :],
    }
    assert set(result.cut.values()) == {"truncated"}
    first, second = result.exchanges
    assert first["notes"] == ["response-gap"]
    assert (second["uri"], second["status_code"], second["notes"]) == ("/b", 204, [])


def test_a_lost_head_is_passed_over() -> None:
    talk_ = Conversation(size=100).open()
    for name in (b"/a", b"/b", b"/c"):
        talk_.send(GET.replace(b"/a", name)).receive(b"HTTP/1.1 204 No Content\r\n\r\n")
    del talk_.packets[7]
    result = read(make.pcap(talk_.packets))
    assert [row["uri"] for row in result.exchanges] == ["/a", "/c", None] or [
        row["uri"] for row in result.exchanges
    ] == ["/a", None, "/c"]


def test_secrets_in_headers_are_masked() -> None:
    request = b"GET / HTTP/1.1\r\nCookie: session=abc\r\nAuthorization: Basic dTpw\r\nAccept: */*\r\n\r\n"
    row = only(talk(request, b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"))
    assert row["request_headers"] == [
        f"Cookie: {mask('session=abc')}",
        f"Authorization: {mask('Basic dTpw')}",
        "Accept: */*",
    ]
    assert row["response_headers"][0] == f"Set-Cookie: {mask('a=b')}"


def test_tunnel_through_a_proxy() -> None:
    talk_ = Conversation().open().send(b"CONNECT www.example.com:80 HTTP/1.1\r\n\r\n")
    talk_.receive(b"HTTP/1.1 200 Connection established\r\n\r\n").send(GET).receive(
        b"HTTP/1.1 204 No Content\r\n\r\n"
    )
    rows = read(make.pcap(talk_.packets)).exchanges
    assert [(row["method"], row["status_code"]) for row in rows] == [("CONNECT", 200), ("GET", 204)]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 20x OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n"])
def test_malformed_status(answer: bytes) -> None:
    row = only(talk(GET, answer))
    assert row["status_code"] is None
    assert "response-status-malformed" in row["notes"]


def test_line_feeds_alone_and_folded_lines() -> None:
    row = only(talk(b"GET / HTTP/1.1\nHost: www.example.com\nX: a\n  b\n\n", b"HTTP/1.1 204\n\n"))
    assert row["request_headers"] == ["Host: www.example.com", "X: a b"]
    assert row["status_code"] == 204


def test_damaged_gzip_gives_what_is_sure() -> None:
    packed = bytearray(gzip.compress(bytes(range(256)) * 200, mtime=0))
    cut = len(packed) // 2
    result = talk(
        GET, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % cut + packed[:cut]
    )
    assert only(result)["notes"] == ["response-encoding-incomplete"]
    assert (bytes(range(256)) * 200).startswith(result.found["streams/0/0-response"])
    assert result.cut == {"streams/0/0-response": "truncated"}
    result = talk(GET, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope")
    assert only(result)["notes"] == ["response-encoding-damaged"]


def test_a_small_body_that_inflates_without_end_comes_in_steps() -> None:
    bomb = zlib.compress(bytes(64 << 20))
    data = make.pcap(
        Conversation()
        .open()
        .send(GET)
        .receive(b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n" + bomb)
        .packets
    )
    parts = capture.read([Item("0" * 64, "x", len(data), io.BytesIO(data))])
    found = next(part for part in parts if hasattr(part, "chunks"))
    assert max(len(chunk) for chunk in found.chunks) <= 1 << 16  # type: ignore[union-attr]


def test_exchanges_for_who_asks_are_not_masked() -> None:
    request = b"POST / HTTP/1.1\r\nCookie: session=abc\r\nContent-Length: 2\r\n\r\nhi"
    data = make.pcap(Conversation().open().send(request).receive(b"HTTP/1.1 204 No\r\n\r\n").packets)
    (exchange,) = capture.exchanges(Item("0" * 64, "x", len(data), io.BytesIO(data)))
    assert exchange.request_headers == [("Cookie", "session=abc"), ("Content-Length", "2")]
    assert (b"".join(exchange.request_body), exchange.status_code) == (b"hi", 204)


def test_streams_for_who_asks() -> None:
    data = make.pcap(Conversation().open().send(b"one").receive(b"two").packets)
    (stream,) = capture.streams(Item("0" * 64, "x", len(data), io.BytesIO(data)))
    assert (list(stream.sent()), list(stream.received())) == ([(0, b"one")], [(0, b"two")])
    assert (stream.client, stream.client_port, stream.server_port) == ("192.0.2.10", 49152, 80)


def test_other_protocols_by_their_first_words() -> None:
    cases = {
        "smtp": (b"EHLO x\r\n", b"220 mail.example.com ESMTP\r\n"),
        "ftp": (b"USER x\r\n", b"220 ready\r\n"),
        "ssh": (b"SSH-2.0-a\r\n", b"SSH-2.0-b\r\n"),
        "pop3": (b"USER x\r\n", b"+OK ready\r\n"),
        "http2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\4\0\0\0\0\0"),
    }
    for name, (client, server) in cases.items():
        data = make.pcap(Conversation().open().receive(server).send(client).packets)
        assert read(data).streams[0]["application"] == name
