# SPDX-License-Identifier: Apache-2.0
"""What the gateway of the invented company captured: all machines behind one address, ordinary pages among the rest."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from hikeshi.pack import WebRequest
from hikeshi.synth.capture import Conversation, pcap
from hikeshi.synth.office import DAY, HOUR, MONDAY

ADDRESS, PORTAL = "192.0.2.130", "198.51.100.80"


def capture(seed: int, asked: Iterable[WebRequest]) -> bytes:
    """The capture: one connection a request, in order of time; the same seed writes the same bytes."""
    packets = []
    requests = sorted([*asked, *_ordinary(seed)], key=lambda request: (request.time, request.sent))
    for number, request in enumerate(requests):
        talk = Conversation(
            client=ADDRESS,
            server=request.server,
            client_port=49152 + number % 16384,
            server_port=request.port,
            time=request.time,
        ).open()
        packets += talk.send(request.sent).receive(request.received).close().packets
    return pcap(sorted(packets, key=lambda packet: packet.time))


def _ordinary(seed: int) -> Iterator[WebRequest]:
    """Pages of the company's portal, and a form sent to it, in working hours."""
    chance = random.Random(f"web {seed}")
    for day in range(5):
        for at in range(MONDAY + day * DAY + 9 * HOUR, MONDAY + day * DAY + 18 * HOUR, 3 * HOUR):
            at += chance.randrange(2 * HOUR)
            page = f"<html><title>portal</title>{'-' * chance.randrange(200, 2000)}</html>".encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n"
            yield WebRequest(at, PORTAL, 80, _request(chance), head.encode() + page)


def _request(chance: random.Random) -> bytes:
    agent = "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)\r\n"
    if chance.randrange(4):
        path = f"/news/{chance.randrange(1000)}.html"
        return f"GET {path} HTTP/1.1\r\nHost: portal.mihon.example\r\n{agent}\r\n".encode()
    form = f"date=2024-03-{chance.randrange(11, 16)}&hours=8&note=meeting"
    kind = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n"
    return f"POST /hours HTTP/1.1\r\nHost: portal.mihon.example\r\n{agent}{kind}\r\n{form}".encode()
