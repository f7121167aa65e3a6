# SPDX-License-Identifier: Apache-2.0
"""HTTP exchanges: requests and the responses they got, as rows and bodies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hikeshi.codecs.mask import mask

from . import http1
from .bodies import Body, bodies
from .http1 import Message
from .payload import Half

SECRET = frozenset(
    ("cookie", "set-cookie", "authorization", "proxy-authorization", "x-api-key", "x-auth-token")
)
MOST_FINGERPRINTS = 200


@dataclass
class Exchange:
    """A request and its response; either may be missing."""

    request: Message | None
    response: Message | None
    sent: list[Body] = field(default_factory=list)
    received: list[Body] = field(default_factory=list)

    @staticmethod
    def body(parts: list[Body]) -> Iterator[bytes]:
        """The bytes of a body up to its first gap."""
        return parts[0].chunks() if parts else iter(())


def exchanges(client: Half, server: Half) -> list[Exchange]:
    """Exchanges of a stream in the order of the requests, responses without a request where they came."""
    requests = list(http1.messages(client, None))
    waiting = 0
    out: list[Exchange] = []
    for response in http1.messages(server, requests):
        if http1.interim(response):
            continue
        asked = None
        if waiting < len(requests) and came_before(client, requests[waiting], server, response):
            asked = requests[waiting]
            waiting += 1
        out.append(Exchange(asked, response))
    out += [Exchange(request, None) for request in requests[waiting:]]
    for exchange in out:
        exchange.sent = bodies(client, exchange.request) if exchange.request else []
        exchange.received = bodies(server, exchange.response) if exchange.response else []
    return out


def came_before(client: Half, request: Message, server: Half, response: Message) -> bool:
    """Whether a request was captured before a response."""
    return client.source(request.position)[0] < server.source(response.position)[0]


class Masks:
    """Masks secrets in header fields; the slow fingerprint is made for the first different ones of an item only."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, value: str) -> str:
        """What is shown of a secret."""
        if value in self._seen or len(self._seen) < MOST_FINGERPRINTS:
            self._seen.add(value)
            return mask(value)
        return f"masked:len={len(value.encode('utf-8', 'surrogatepass'))}"

    def headers(self, message: Message | None) -> list[str]:
        """Header fields in wire order, secrets masked."""
        if message is None:
            return []
        return [
            f"{name}: {self(value) if name.lower() in SECRET and value else value}"
            for name, value in message.headers
        ]


def places(number: int, index: int, exchange: Exchange) -> Iterator[tuple[str, Body]]:
    """Place inside the capture and bytes of each body."""
    for way, parts in (("request", exchange.sent), ("response", exchange.received)):
        for part, body in enumerate(parts):
            yield f"streams/{number}/{index}-{way}" + (f"-part{part}" if part else ""), body


def place(exchange: Exchange, client: Half, server: Half) -> tuple[int, int, int]:
    """Record, file offset and time of the first byte of an exchange."""
    if exchange.request:
        return client.source(exchange.request.position)
    assert exchange.response
    return server.source(exchange.response.position)


def row(exchange: Exchange, client: Half, server: Half, masks: Masks) -> dict[str, Any]:
    """The exchange as a row, once its bodies were read."""
    request, response = exchange.request, exchange.response
    record, offset, time = (
        client.source(request.position)
        if request
        else server.source(response.position)
        if response
        else (-1, -1, None)
    )
    notes = {f"request-{note}" for note in request.notes} if request else {"no-request"}
    notes |= {f"response-{note}" for note in response.notes} if response else {"no-response"}
    for way, parts in (("request", exchange.sent), ("response", exchange.received)):
        notes |= {f"{way}-{note}" for body in parts for note in body.notes}
    return {
        "record": record,
        "offset": offset,
        "time": time,
        "method": request.method if request else None,
        "host": request.header("host") if request else None,
        "uri": request.target if request else None,
        "user_agent": request.header("user-agent") if request else None,
        "request_headers": masks.headers(request),
        "request_bytes": request.size if request else None,
        "request_body": exchange.sent[0].digest if exchange.sent else None,
        "status_code": response.status if response else None,
        "response_headers": masks.headers(response),
        "response_bytes": response.size if response else None,
        "response_body": exchange.received[0].digest if exchange.received else None,
        "notes": sorted(notes),
    }
