# SPDX-License-Identifier: Apache-2.0
"""What was said in TCP streams: each is asked, by its first bytes, which protocol it speaks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from hikeshi.schema import Found

from . import certificates, dns, http1, tls
from .exchanges import Masks, exchanges, places, row
from .payload import Half

PEEK = 64
MOST_IN_ITEM = 200_000
Row = tuple[str, dict[str, Any]]


class Contents:
    """Rows and children from the contents of one item's streams."""

    def __init__(self, item: str) -> None:
        self.item = item
        self.masks = Masks()
        self.left = MOST_IN_ITEM

    def read(
        self, number: int, ports: tuple[int, int], halves: tuple[Half, Half]
    ) -> Iterator[str | Found | Row]:
        """The protocol's name, then rows (without the columns of the stream) and bodies."""
        heads = [
            half.read(first, PEEK) if (first := half.next_known(0)) is not None else b"" for half in halves
        ]
        name = application(heads, ports)
        if name:
            yield name
        if name in ("http", "socks"):
            yield from self._http(number, halves if asks_first(heads) else halves[::-1])
        elif name == "tls":
            yield from self._tls(halves)
        elif name == "dns":
            yield from self._dns(halves)

    def _http(self, number: int, halves: tuple[Half, Half]) -> Iterator[Found | Row]:
        client, server = halves
        for index, exchange in enumerate(exchanges(client, server)):
            if self.left <= 0:
                return
            self.left -= 1
            for place, body in places(number, index, exchange):
                yield Found(self.item, place, body.child())
            yield "exchanges", row(exchange, client, server, self.masks)
            request = exchange.request
            if request and request.method == "CONNECT":
                start = exchange.response.end if exchange.response else 0
                yield from self._tls(halves, (request.end, start))

    def _tls(self, halves: tuple[Half, Half], starts: tuple[int, int] = (0, 0)) -> Iterator[Row]:
        sides = [tls.side(half.read, start) for half, start in zip(halves, starts, strict=True)]
        asked = next((way for way in (0, 1) if (hello := sides[way].hello) and hello.client), None)
        answered = next((way for way in (0, 1) if (hello := sides[way].hello) and not hello.client), None)
        way = asked if asked is not None else answered
        if way is not None:
            record, offset, time = halves[way].source(starts[way])
            cells = handshake(*(sides[i] if i is not None else tls.Side() for i in (asked, answered)))
            yield "handshakes", {"record": record, "offset": offset, "time": time} | cells

    def _dns(self, halves: tuple[Half, Half]) -> Iterator[Row]:
        for way, half in enumerate(halves):
            for position, message in dns.over_tcp(half):
                record, offset, time = half.source(position)
                yield (
                    "names",
                    {"record": record, "offset": offset, "time": time, "way": way, "message": message},
                )


def beginnings(halves: tuple[Half, Half]) -> list[bytes]:
    """The first bytes known of each direction."""
    return [half.read(first, PEEK) if (first := half.next_known(0)) is not None else b"" for half in halves]


def asks_first(heads: list[bytes]) -> bool:
    """Whether the first direction of an HTTP stream, perhaps behind SOCKS (RFC 1928), is that of the requests."""
    if http1.STATUS.match(heads[0]) or http1.STATUS.match(heads[1]):
        return not http1.STATUS.match(heads[0])
    return heads[0][:2] != b"\5\0"


def orient(halves: tuple[Half, Half]) -> tuple[Half, Half] | None:
    """The directions of requests and of answers, if a stream speaks HTTP."""
    heads = beginnings(halves)
    if application(heads, (0, 0)) not in ("http", "socks"):
        return None
    return halves if asks_first(heads) else halves[::-1]


def handshake(asked: tls.Side, answered: tls.Side) -> dict[str, Any]:
    """What a client's and a server's side of a handshake say."""
    hello, answer = asked.hello, answered.hello
    spoken = answer or hello
    read = [(der, certificates.parse(der)) for der in answered.certificates]
    missing = [note for note, part in (("no-hello", hello), ("no-answer", answer)) if part is None]
    return {
        "version": tls.version_name(tls.version(spoken)) if spoken else None,
        "name": hello.name if hello else None,
        "alpn": hello.alpn if hello else [],
        "cipher": f"{answer.ciphers[0]:04x}" if answer else None,
        "ja4": tls.ja4(hello) if hello else None,
        "subjects": [found.subject if found else "" for _, found in read],
        "issuers": [found.issuer if found else "" for _, found in read],
        "fingerprints": [hashlib.sha256(der).hexdigest() for der, _ in read],
        "notes": sorted({*asked.notes, *answered.notes, *missing}),
    }


def application(heads: list[bytes], ports: tuple[int, int]) -> str | None:
    """Name of the protocol that a stream's first bytes show."""
    client, server = heads
    if client.startswith(http1.SECOND_VERSION[:14]):
        return "http2"
    if http1.begins(client) or http1.STATUS.match(server):
        return "http"
    if tls.looks(client) or tls.looks(server):
        return "tls"
    if server.startswith(b"220") and server[3:4] in b" -":
        return "smtp" if b"SMTP" in server.upper() or client[:4].upper() in (b"EHLO", b"HELO") else "ftp"
    if (client[:1] == b"\5" and server[:1] == b"\5") or (client[:2] == b"\4\1" and server[:2] == b"\0\x5a"):
        return "socks"
    if client.startswith(b"SSH-") or server.startswith(b"SSH-"):
        return "ssh"
    if server.startswith(b"+OK"):
        return "pop3"
    if server.startswith(b"* OK"):
        return "imap"
    if client.startswith(b"\xff\x53\x4d\x42", 4) or client.startswith(b"\xfeSMB", 4):
        return "smb"
    return "dns" if {*dns.PORTS[:3]} & {*ports} else None
