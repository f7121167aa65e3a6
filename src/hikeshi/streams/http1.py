# SPDX-License-Identifier: Apache-2.0
"""HTTP/1 messages of one direction of a stream (RFC 9112): heads read, bodies only located.

Heads are taken as they come: order, spelling and repetition of header fields are kept, a bare line feed ends a
line. Where bytes are missing, reading goes on at the next segment that begins a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from .payload import Half

METHOD = re.compile(rb"[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,31}")
VERSION = re.compile(rb"HTTP/\d[\d.]{0,7}")
STATUS = re.compile(rb"HTTP/\d[\d.]{0,7}[ \t]+([^\s]{1,16})")
SECOND_VERSION = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
USUAL = (b"GET ", b"POST ", b"HEAD ", b"PUT ", b"DELETE ", b"OPTIONS ", b"CONNECT ", b"TRACE ", b"PATCH ")
HEAD_END = re.compile(rb"\r?\n[ \t]*\r?\n")
CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")
MOST_HEAD = 256 << 10
MOST_LINE = 32 << 10
MOST_MESSAGES = 100_000
MOST_CHUNKS = 200_000
MOST_STARTS = 100_000
BODILESS = frozenset((204, 304))


@dataclass
class Message:
    """A request or response: where its head lies, what it says, and the ranges of the stream its body fills."""

    position: int
    response: bool = False
    method: str = ""
    target: str = ""
    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: list[tuple[int, int]] = field(default_factory=list)
    end: int = 0
    chunked: bool = False
    notes: set[str] = field(default_factory=set)

    def header(self, name: str) -> str | None:
        """Value of the first header field of this (lower-case) name."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def size(self) -> int:
        """Bytes of the body as sent, without the framing of chunks."""
        return sum(end - start for start, end in self.body)


def begins(head: bytes) -> bool:
    """Whether a stream begins with an HTTP message."""
    head = head.lstrip(b"\r\n")
    return head.startswith(USUAL) or bool(STATUS.match(head)) or request_line(head) is not None


def request_line(head: bytes) -> tuple[bytes, bytes] | None:
    """Method and target of the request line these bytes begin with."""
    line, newline, _ = head[:MOST_LINE].partition(b"\n")
    method, _, rest = line.partition(b" ")
    target, _, version = rest.rstrip().rpartition(b" ")
    if not newline or not METHOD.fullmatch(method) or head.startswith(SECOND_VERSION[:14]):
        return None
    if VERSION.fullmatch(version) and target.strip():
        return method, target.strip()
    bare = rest.strip()
    return (method, bare) if line.startswith(USUAL) and bare.startswith(b"/") and b" " not in bare else None


def messages(half: Half, requests: list[Message] | None) -> Iterator[Message]:
    """Messages of a direction; `requests` are the other direction's when this one holds responses."""
    at, count, answered = half.next_known(0), 0, 0
    while at is not None and at < half.size and count < MOST_MESSAGES:
        message = head(half, at, requests is None)
        if message is None:
            at = resume(half, at)
            continue
        count += 1
        request = None
        if requests is not None:
            request = requests[answered] if answered < len(requests) else None
            answered += not interim(message)
        locate_body(half, message, request)
        yield message
        if message.status == 101:
            return
        at = message.end
        if at < half.size and half.known_until(at) == at:
            at = resume(half, at)


def interim(message: Message) -> bool:
    """Whether a response announces another one (RFC 9110, 15.2)."""
    return message.status is not None and 100 <= message.status < 200 and message.status != 101


def resume(half: Half, after: int) -> int | None:
    """Start of the next segment behind a position that begins with a usual method or a status line."""
    for start in islice(half.starts_after(after), MOST_STARTS):
        first = half.read(start, 16)
        if first.startswith((*USUAL, b"HTTP/1.")) and begins(half.read(start, MOST_LINE)):
            return start
    return None


def head(half: Half, at: int, request: bool) -> Message | None:
    """The head of the message at a position, empty lines before it left out."""
    data = half.read(at, 4096)
    if len(data) == 4096 and HEAD_END.search(data) is None:
        data = half.read(at, MOST_LINE)
    blank = len(data) - len(data.lstrip(b"\r\n"))
    line = request_line(data[blank:]) if request else None
    status = None if request else STATUS.match(data, blank)
    if line is None and status is None:
        return None
    end = HEAD_END.search(data, blank)
    if end is None and len(data) == MOST_LINE:
        data = half.read(at, MOST_HEAD)
        end = HEAD_END.search(data, blank)
    message = Message(at + blank)
    if line:
        message.method, message.target = text(line[0]), text(line[1])
    elif status:
        message.response = True
        message.status = int(status[1]) if status[1].isdigit() and len(status[1]) == 3 else None
        if message.status is None:
            message.notes.add("status-malformed")
    message.end = at + (end.end() if end else len(data))
    if end is None:
        message.notes.add("head-incomplete")
    lines = data[blank : end.start() if end else len(data)].split(b"\n")
    for raw in lines[1:]:
        field_line(message, text(raw.rstrip(b"\r")))
    return message


def field_line(message: Message, line: str) -> None:
    """Add one line of a head to a message; a continued line (obs-fold) to the field before it."""
    if line[:1] in (" ", "\t") and message.headers:
        name, value = message.headers[-1]
        message.headers[-1] = (name, f"{value} {line.strip()}")
    elif line:
        name, colon, value = line.partition(":")
        message.headers.append((name, value.strip() if colon else ""))


def text(raw: bytes) -> str:
    """Bytes of a head as text: UTF-8, where it is none each byte as its Latin-1 character."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def locate_body(half: Half, message: Message, request: Message | None) -> None:
    """Find where the body lies (RFC 9112, 6.3) and set the end of the message."""
    start = message.end
    if "head-incomplete" in message.notes:
        return
    if message.status is not None and (100 <= message.status < 200 or message.status in BODILESS):
        return
    if message.response and request and request.method in ("HEAD", "CONNECT"):
        return
    coding = (message.header("transfer-encoding") or "").lower()
    length = content_length(message)
    if "chunked" in coding:
        message.chunked = True
        chunks(half, message)
        return
    if length is not None:
        message.end = min(start + length, half.size)
        if message.end < start + length:
            message.notes.add("body-incomplete")
    elif message.response:
        message.end = half.size
        message.notes.add("until-close")
    if message.end > start:
        message.body.append((start, message.end))
        if half.missing(start, message.end):
            message.notes.add("gap")


def content_length(message: Message) -> int | None:
    """The first Content-Length that is a number."""
    for name, value in message.headers:
        if name.lower() == "content-length":
            number = value.split(",")[0].strip()
            if number.isascii() and number.isdigit() and len(number) < 16:
                return int(number)
    return None


def chunks(half: Half, message: Message) -> None:
    """Ranges of the chunks of a body (RFC 9112, 7.1), up to the first damage."""
    at = message.end
    for _ in range(MOST_CHUNKS):
        line = half.read(at, 256)
        found = CHUNK_SIZE.match(line)
        if found is None:
            message.notes.add("chunks-damaged" if len(line) >= 3 else "body-incomplete")
            break
        size = int(found[1], 16)
        at += found.end()
        if size == 0:
            at = trailer(half, at)
            break
        end = min(at + size, half.size)
        message.body.append((at, end))
        if half.missing(at, end):
            message.notes.add("gap")
        if end < at + size:
            message.notes.add("body-incomplete")
            at = end
            break
        at = end
        ending = half.read(at, 2)
        at += 2 if ending == b"\r\n" else 1 if ending[:1] == b"\n" else 0
    message.end = at


def trailer(half: Half, at: int) -> int:
    """End of the trailer section that begins at a position."""
    data = half.read(at, 8192)
    if data[:2] == b"\r\n":
        return at + 2
    if data[:1] == b"\n":
        return at + 1
    end = HEAD_END.search(data)
    return at + (end.end() if end else 0)
