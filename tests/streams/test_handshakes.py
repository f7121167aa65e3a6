# SPDX-License-Identifier: Apache-2.0
"""TLS handshakes in the clear: names, JA4, certificates."""

from __future__ import annotations

import hashlib

from hikeshi.streams import certificates, tls
from hikeshi.streams.tls import Hello
from hikeshi.synth import capture as make
from hikeshi.synth.capture import Conversation
from streams.reading import read


def vector(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size, "big") + data


def extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "big") + vector(2, data)


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + vector(3, body)


def records(data: bytes, size: int = 16384) -> bytes:
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    return b"".join(b"\x16\x03\x03" + vector(2, part) for part in parts)


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + body


def name(*pairs: tuple[str, str]) -> bytes:
    return der(
        0x30,
        *(der(0x31, der(0x30, der(6, bytes.fromhex(oid)), der(12, text.encode()))) for oid, text in pairs),
    )


SUBJECT = name(("550406", "JP"), ("55040a", "例, Inc."), ("550403", "www.example.com"))
ISSUER = name(("550403", "Example Test CA"))
CERTIFICATE = der(
    0x30,
    der(
        0x30,
        der(0xA0, der(2, b"\2")),
        der(2, b"\1"),
        der(0x30, der(6, b"*")),
        ISSUER,
        der(0x30),
        SUBJECT,
        der(0x30),
    ),
    der(0x30),
    der(3, b"\0"),
)

EXTENSIONS = (
    extension(0x0A0A, b"")
    + extension(0, vector(2, b"\0" + vector(2, b"www.example.com")))
    + extension(16, vector(2, vector(1, b"h2") + vector(1, b"http/1.1")))
    + extension(13, vector(2, bytes.fromhex("04030804")))
    + extension(43, vector(1, bytes.fromhex("0a0a03040303")))
)
HELLO = message(
    1,
    b"\x03\x03"
    + bytes(32)
    + vector(1, bytes(32))
    + vector(2, bytes.fromhex("0a0a1302c02f"))
    + b"\1\0"
    + vector(2, EXTENSIONS),
)
ANSWER = message(2, b"\x03\x03" + bytes(32) + vector(1, b"") + bytes.fromhex("c02f00"))
CHAIN = message(11, vector(3, vector(3, CERTIFICATE) + vector(3, b"not a certificate")))


def test_handshake() -> None:
    talk = (
        Conversation(server_port=443, size=50)
        .open()
        .send(records(HELLO, 60))
        .receive(records(ANSWER + CHAIN, 100))
    )
    (row,) = read(make.pcap(talk.packets)).handshakes
    assert (row["name"], row["alpn"], row["version"], row["cipher"]) == (
        "www.example.com", ["h2", "http/1.1"], "TLS 1.2", "c02f",
    )  # fmt: skip
    assert row["subjects"] == ["CN=www.example.com,O=例\\, Inc.,C=JP", ""]
    assert row["issuers"] == ["CN=Example Test CA", ""]
    assert row["fingerprints"][0] == hashlib.sha256(CERTIFICATE).hexdigest()
    ciphers, listed = b"1302,c02f", b"000d,002b_0403,0804"
    parts = [hashlib.sha256(part).hexdigest()[:12] for part in (ciphers, listed)]
    assert row["ja4"] == "_".join(["t13d0204h2", *parts])
    assert row["notes"] == []


def test_ja4_of_the_published_example() -> None:
    """The lists behind a fingerprint that the test collections of FoxIO and Suricata both state."""
    ciphers = "1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"
    extensions = "001b 0000 0033 0010 4469 0017 002d 000d 0005 0023 0012 002b ff01 000b 000a 0015"
    signatures = "0403 0804 0401 0503 0805 0501 0806 0601"
    hello = Hello(
        0x0303,
        [0x2A2A, *(int(c, 16) for c in ciphers.split())],
        True,
        [int(e, 16) for e in extensions.split()],
        alpn_raw=b"h2",
        signatures=[int(s, 16) for s in signatures.split()],
        versions=[0x0304, 0x0303],
    )
    assert tls.ja4(hello) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_hello_without_extensions() -> None:
    found = tls.hello(b"\x03\x01" + bytes(32) + b"\0" + vector(2, b"\0\x2f") + b"\1\0", True)
    assert found
    assert tls.ja4(found) == "t10i010000_" + hashlib.sha256(b"002f").hexdigest()[:12] + "_000000000000"


def test_only_one_side_seen() -> None:
    talk = Conversation(server_port=443).open().send(records(HELLO))
    (row,) = read(make.pcap(talk.packets)).handshakes
    assert (row["name"], row["cipher"], row["notes"]) == ("www.example.com", None, ["no-answer"])
    talk = Conversation(server_port=443).open().receive(records(ANSWER + CHAIN))
    (row,) = read(make.pcap(talk.packets)).handshakes
    assert (row["ja4"], row["subjects"][0], row["notes"]) == (
        None,
        "CN=www.example.com,O=例\\, Inc.,C=JP",
        ["no-hello"],
    )


def test_cut_everywhere() -> None:
    for size in range(len(HELLO)):
        tls.hello(HELLO[4 : 4 + size], True)
    for size in range(len(CERTIFICATE)):
        assert certificates.parse(CERTIFICATE[:size]) is None
    assert certificates.parse(b"\x30\x84\xff\xff\xff\xff" + CERTIFICATE) is None
