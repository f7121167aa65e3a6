# SPDX-License-Identifier: Apache-2.0
"""Inert SmokeLoader traffic: the documented head of invented hosts with labelled filler, under a fixture key.

Answers come from a fixed table and hold chance bytes or a place below payload.example; nothing takes a command.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hikeshi.codecs.rc4 import rc4
from hikeshi.synth.capture import Conversation, Packet, pcap

KEY = bytes.fromhex("5A17C3E9")
CONSTANT = 0x0BADF00D
FILLER = b"HIKESHI-INERT-FILLER"
SERVER, SITE = "198.51.100.20", "gate.example"
START = 1_516_924_800_000_000
SECOND = 1_000_000
IE11 = "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"
FORM = "application/x-www-form-urlencoded"


def bot_id(computer: str, serial: str, constant: int = CONSTANT) -> str:
    """The published id of a machine."""
    text = f"{computer}{constant:08X}{serial}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper() + serial


@dataclass(frozen=True)
class Bot:
    """An invented machine."""

    computer: str = "WS-01"
    serial: str = "1CE38C10"
    word: int = 2018

    @property
    def id(self) -> str:
        """Its bot id."""
        return bot_id(self.computer, self.serial)

    def plain(self, size: int = 63, named: bool = False, seed: int = 0, command: int = 10001) -> bytes:
        """A request in clear: the head, and filler; `seed` bends the end of it."""
        head = self.word.to_bytes(2, "little") + self.id.encode() + b"\0"
        if named:
            head += self.computer.encode().ljust(16, b"\0")
        head += b"\0" * 4 + command.to_bytes(2, "little")
        filler = (FILLER * 400)[: max(0, size - len(head))]
        bent = bytes(b ^ (seed + at & 15) for at, b in enumerate(filler)) if seed else filler
        return (head + bent)[:size]

    def body(self, key: bytes = KEY, **how: int | bool) -> bytes:
        """The same under a key."""
        return rc4(key, self.plain(**how))  # type: ignore[arg-type]


# Header fields of each published form, in order.
ERAS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "2015-08": ("/", [("Cache-Control", "no-cache"), ("Pragma", "no-cache"), ("Content-Type", FORM),
                      ("User-Agent", IE11), ("Connection", "Keep-Alive"), ("Content-Length", ""), ("Host", SITE)]),
    "2015-08 malformed": ("/", [("Cache-Control", "no-cache"), ("Content-Type", FORM), ("User-Agent", IE11),
                                ("Content-Length", ""), ("Host", SITE)]),
    "2017-12 a": ("/", [("Cache-Control", "no-cache"), ("Connection", "Keep-Alive"), ("Pragma", "no-cache"),
                        ("Content-Type", FORM), ("User-Agent", IE11), ("Content-Length", ""), ("Host", SITE)]),
    "2017-12 b": ("/gate/", [("Connection", "Keep-Alive"), ("Content-Type", FORM), ("User-Agent", IE11),
                             ("Content-Length", ""), ("Host", SITE)]),
    "2018-03": ("/4711/", [("Content-Type", FORM), ("Host", SITE), ("User-Agent", IE11), ("Content-Length", "")]),
    "2018-08": ("/", [("Connection", "Keep-Alive"), ("Content-Type", FORM), ("Accept", "*/*"),
                      ("Referer", f"http://{SITE}/"), ("User-Agent", IE11), ("Content-Length", ""), ("Host", SITE)]),
    "2018-10": ("/ab", [("Content-Type", FORM), ("Accept", "*/*"), ("Host", SITE), ("Referer", f"http://{SITE}/"),
                        ("User-Agent", IE11), ("Content-Length", "")]),
    "2022-10": ("/", [("Connection", "Keep-Alive"), ("Content-Type", FORM), ("Accept", "*/*"),
                      ("Referer", "http://abcdefgh.com/"), ("User-Agent", IE11), ("Content-Length", ""),
                      ("Host", SITE)]),
}  # fmt: skip


def post(era: str, body: bytes, *, site: str = SITE, uri: str | None = None) -> bytes:
    """A request of an era."""
    target, headers = ERAS[era]
    line = f"POST {uri or target} {'1.1' if 'malformed' in era else 'HTTP/1.1'}"
    given = {"Content-Length": str(len(body))}
    said = [(name, given.get(name, value.replace(SITE, site))) for name, value in headers]
    return (line + "\r\n" + "".join(f"{n}: {v}\r\n" for n, v in said) + "\r\n").encode() + body


def request(method: str, uri: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> bytes:
    """Any request."""
    length = [("Content-Length", str(len(body)))] if body else []
    lines = "".join(f"{name}: {value}\r\n" for name, value in (*headers, *length))
    return f"{method} {uri} HTTP/1.1\r\n{lines}\r\n".encode() + body


def answer(status: int = 404, body: bytes = b"", kind: str = "text/html") -> bytes:
    """A server's answer."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


PAGE = b"<html><head><title>404 Not Found</title></head><body>Not Found</body></html>"
TASK = b"\0\0Location: http://payload.example/a1.exe"


def chance(size: int, seed: int = 1) -> bytes:
    """Bytes that look like nothing."""
    return random.Random(seed).randbytes(size)


@dataclass
class Network:
    """Conversations of one capture, written in order of time."""

    packets: list[Packet] = field(default_factory=list)
    port: int = 49152

    def talk(
        self,
        at: float,
        client: str,
        pairs: Sequence[tuple[bytes, bytes]],
        server: str = SERVER,
        port: int = 80,
    ) -> None:
        """One connection `at` seconds after the start."""
        talk = Conversation(
            client=client,
            server=server,
            client_port=self.port,
            server_port=port,
            time=START + int(at * SECOND),
        ).open()
        self.port += 1
        for said, told in pairs:
            talk.send(said).receive(told)
        self.packets += talk.close().packets

    @property
    def data(self) -> bytes:
        """The capture file."""
        return pcap(sorted(self.packets, key=lambda packet: packet.time))


@dataclass(frozen=True)
class Stream:
    """A stream of bytes in memory."""

    sent_bytes: bytes
    received_bytes: bytes = b""
    client: str = "192.0.2.10"
    server: str = SERVER
    server_port: int = 80
    time: int | None = START
    item: str = "1" * 64
    number: int = 3
    client_port: int = 50000

    def sent(self) -> Iterator[tuple[int, bytes]]:
        """What the client says."""
        yield 0, self.sent_bytes

    def received(self) -> Iterator[tuple[int, bytes]]:
        """What the server says."""
        yield 0, self.received_bytes


def harmless(seed: int = 1) -> dict[str, list[Stream]]:
    """Traffic that may be taken for the bot's and is not: each a few streams of one client."""
    host = ("Host", "api.example")
    forms: dict[str, list[Stream]] = {}

    def add(name: str, requests: list[bytes], status: int = 200) -> None:
        forms[name] = [
            Stream(one, answer(status, b"{}", "application/json"), time=START + n * 600 * SECOND)
            for n, one in enumerate(requests)
        ]

    boundary = "----formboundary7MA4"
    upload = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="f"\r\n\r\n'.encode() + chance(600, seed + n)
        for n in range(4)
    ]
    add("multipart", [request("POST", "/", [host, ("Content-Type", f"multipart/form-data; boundary={boundary}")], b)
                      for b in upload])  # fmt: skip
    grpc = [b"\0" + (200).to_bytes(4, "big") + chance(200, seed + n) for n in range(4)]
    kind = ("Content-Type", "application/grpc-web+proto")
    add("grpc-web", [request("POST", "/a.B/C", [kind, host], b) for b in grpc])
    ocsp = [
        bytes.fromhex("3051304f304d304b3049300906052b0e03021a05000414") + chance(60, seed) for _ in range(4)
    ]
    add("ocsp", [request("POST", "/", [("Content-Type", "application/ocsp-request"), host], b) for b in ocsp])
    ive = [chance(256, seed + 10 + n) for n in range(6)]
    sensor = [host, ("Content-Type", FORM), ("User-Agent", "sensor/1")]
    add("random-iv", [request("POST", "/t", sensor, b) for b in ive])
    kept = [b"user=invented&comment=" + b"hello+" * n for n in range(1, 6)]
    add("forms", [request("POST", "/", [host, ("Content-Type", FORM)], b) for b in kept])
    once = [request("POST", "/", [host, ("Content-Type", FORM)], chance(63, seed + 30))]
    add("one opaque form", once)
    return forms
