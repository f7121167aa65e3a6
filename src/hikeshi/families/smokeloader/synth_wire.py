# SPDX-License-Identifier: Apache-2.0
"""Inert requests of machines made by synth.py: the documented head under a published key, then labelled filler.

The server's answers are pages that say nothing; no request of a server and no task is written.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from hikeshi.families.smokeloader import checkin, identity
from hikeshi.families.smokeloader.synth import CONSTANT, MINUTE, SECOND, START, serial_of, server_of
from hikeshi.pack import WebRequest, rc4

FILLER = b"HIKESHI-INERT-FILLER"
SITE = "gate.example"
WORD = 2022
_PAGE = b"<html><head><title>404 Not Found</title></head><body>Not Found</body></html>"
_AGENT = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"


def requests(
    seed: int,
    host: str = "ws-11.aoba.example",
    start: int = START,
    turns: int = 12,
    constant: int = CONSTANT,
) -> Iterator[WebRequest]:
    """What one infected machine asks every ten minutes, in order; the same seed gives the same requests."""
    chance = random.Random(f"smokeloader requests {host} {seed}")
    computer, serial = identity.computer_name(host) or "WS", serial_of(host)
    head = WORD.to_bytes(2, "little") + identity.bot_id(computer, constant, serial).encode() + b"\0"
    head += computer.encode().ljust(16, b"\0")
    for turn in range(turns):
        filler = bytes(byte ^ chance.randrange(16) for byte in FILLER * 8)[: chance.randrange(109, 160)]
        body = rc4(checkin.KNOWN[0][0], head + filler)
        at = start + turn * 10 * MINUTE + chance.randrange(4 * SECOND)
        yield WebRequest(at, server_of(seed), 80, _asked(body, chance), _answer())


def _asked(body: bytes, chance: random.Random) -> bytes:
    """A request in the form of the line of 2022: the order of its header fields, a made-up referrer."""
    letters = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randrange(6, 11)))
    fields = (
        ("Connection", "Keep-Alive"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "*/*"),
        ("Referer", f"http://{letters}.com/"),
        ("User-Agent", _AGENT),
        ("Content-Length", str(len(body))),
        ("Host", SITE),
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + body


def _answer() -> bytes:
    head = f"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: {len(_PAGE)}\r\n\r\n"
    return head.encode() + _PAGE
