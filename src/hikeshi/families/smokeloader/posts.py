# SPDX-License-Identifier: Apache-2.0
"""Requests and answers in a stream's bytes, read as they come: malformed request lines are part of the picture.

Thresholds: measured on 4,000 random bodies of each length; real forms are text throughout.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest

Runs = Callable[[], Iterable[tuple[int, bytes]]]

LOOKED_AT = 8 << 20
_MOST, _HEAD = 20_000, 16 << 10
_LINE = re.compile(rb"(POST|GET) ([!-~]{1,2048})(?: ([!-~]{1,12}))?[ \t]*\r?\n")
_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})[^\n]{0,256}\n")
_END = re.compile(rb"\r?\n\r?\n")
_NEXT_REQUEST, _NEXT_ANSWER = re.compile(rb"(?:POST|GET) /"), re.compile(rb"HTTP/1\.[01] \d{3}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,7})[^\n]{0,64}\n")
_PRINTED = frozenset((*range(0x20, 0x7F), 9, 10, 13))
# Bytes of a body and the least entropy that all but one in a thousand random bodies reach.
_ENTROPY = ((63, 5.5), (200, 6.7), (400, 7.3))
SHARE, SHORTEST = 0.6, 16


@dataclass(frozen=True)
class Message:
    """A request (method, target) or an answer (status), its header fields in order, what is there of its body."""

    position: int
    method: str
    target: str
    malformed: bool
    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes
    whole: bool

    def header(self, name: str) -> str:
        """Value of the first header field of this lower-case name, "" where there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")


def exchanges(sent: Runs, received: Runs, left: int = LOOKED_AT) -> Iterator[tuple[Message, Message | None]]:
    """Requests with their answers, in order; after a gap in the answers the later ones stand alone."""
    answers = _messages(received, left, _STATUS, _NEXT_ANSWER)
    for request, answer in zip_longest(_messages(sent, left, _LINE, _NEXT_REQUEST), answers):
        if request is None:
            return
        yield request, answer


def _messages(
    runs: Runs, left: int, line: re.Pattern[bytes], following: re.Pattern[bytes]
) -> Iterator[Message]:
    count = 0
    for start, data in _joined(runs, left):
        at = 0
        while count < _MOST and (begin := following.search(data, at)):
            message, at = _read(data, begin.start(), line, following, start)
            count += 1
            if message is not None:
                yield message


def _joined(runs: Runs, left: int) -> Iterator[tuple[int, bytes]]:
    """Runs without those borders at which no byte is missing."""
    begin, pieces, end = 0, list[bytes](), -1
    for position, data in runs():
        data = data[: max(0, left)]
        left -= len(data)
        if position != end and pieces:
            yield begin, b"".join(pieces)
            pieces = []
        begin = position if not pieces else begin
        pieces.append(data)
        end = position + len(data)
        if left <= 0:
            break
    if pieces:
        yield begin, b"".join(pieces)


def _read(
    data: bytes, at: int, line: re.Pattern[bytes], following: re.Pattern[bytes], start: int
) -> tuple[Message | None, int]:
    """The message at a place and where to go on."""
    first = line.match(data, at)
    end = _END.search(data, first.end() - 2, first.end() + _HEAD) if first else None
    if first is None or end is None:
        return None, at + 4
    headers = []
    for text in data[first.end() : end.start()].decode("latin-1").split("\n")[:100]:
        name, colon, value = text.partition(":")
        if colon and name.strip():
            headers.append((name.strip(), value.strip()))
    answer = line is _STATUS
    found = Message(
        start + at, "" if answer else first[1].decode(), "" if answer else first[2].decode(),
        not answer and not (first[3] or b"").startswith(b"HTTP/"), int(first[1]) if answer else None,
        tuple(headers), b"", True,
    )  # fmt: skip
    body, stop, whole = _body(data, end.end(), found, following)
    return replace(found, body=body, whole=whole), stop


def _body(data: bytes, at: int, message: Message, following: re.Pattern[bytes]) -> tuple[bytes, int, bool]:
    length = message.header("content-length")
    if length.isascii() and length.isdigit() and len(length) < 12:
        body = data[at : at + int(length)]
        return body, at + len(body), len(body) == int(length)
    if message.header("transfer-encoding").lower() == "chunked":
        return _chunks(data, at)
    if message.status is None or message.status in (204, 304) or 100 <= message.status < 200:
        return b"", at, True
    begin = following.search(data, at)
    stop = begin.start() if begin else len(data)
    return data[at:stop], stop, True


def _chunks(data: bytes, at: int) -> tuple[bytes, int, bool]:
    pieces = []
    while size := _CHUNK.match(data, at):
        length = int(size[1], 16)
        pieces.append(data[size.end() : size.end() + length])
        at = min(len(data), size.end() + length + 2)
        if length == 0 or size.end() + length > len(data):
            return b"".join(pieces), at, length == 0
    return b"".join(pieces), at, False


def share(body: bytes) -> float:
    """How much of a body is printable."""
    return sum(byte in _PRINTED for byte in body) / len(body) if body else 1.0


def entropy(body: bytes) -> float:
    """Bits a byte."""
    counts = Counter(body).values()
    return -sum(n / len(body) * math.log2(n / len(body)) for n in counts) if body else 0.0


def least_entropy(length: int) -> float:
    """What nearly every random body of this length reaches."""
    if length <= _ENTROPY[0][0]:
        return math.log2(max(length, 1)) - 0.5
    for (low, first), (high, second) in pairwise(_ENTROPY):
        if length <= high:
            return first + (second - first) * (length - low) / (high - low)
    return _ENTROPY[-1][1]


def enciphered(body: bytes) -> bool:
    """Whether a body looks like bytes under a cipher: little of it printable, its entropy that of chance."""
    looked = body[:4096]
    return len(body) >= SHORTEST and share(looked) < SHARE and entropy(looked) >= least_entropy(len(looked))
