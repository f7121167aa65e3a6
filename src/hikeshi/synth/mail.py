# SPDX-License-Identifier: Apache-2.0
"""Mail messages (RFC 5322, 2045, 2047; Japanese as ISO-2022-JP, RFC 1468) and mbox files (RFC 4155, mboxrd).

Lines are written by hand, so that the same letter gives the same bytes whatever the Python version.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

JST = timezone(timedelta(hours=9))
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Letter:
    """One message to write. `received` is the chain from the last hop to the first: (from, address, by)."""

    id: str
    time: int
    sender: tuple[str, str]
    recipients: tuple[tuple[str, str], ...]
    subject: str
    body: str
    charset: str = "iso-2022-jp"
    received: tuple[tuple[str, str, str], ...] = ()
    authentication: str | None = None
    reply_to: str | None = None
    attachments: tuple[tuple[str, bytes], ...] = field(default=())


def eml(letter: Letter) -> bytes:
    """The message as it would lie in an .eml file, lines ended by CR LF."""
    lines = [*_trace(letter), *_head(letter), "MIME-Version: 1.0"]
    text = letter.body.replace("\n", "\r\n").encode(letter.charset)
    seven = letter.charset in ("iso-2022-jp", "us-ascii")
    part = [f"Content-Type: text/plain; charset={letter.charset}", _encoding(seven), "", _text(text, seven)]
    if not letter.attachments:
        return _joined([*lines, *part])
    boundary = f"=_{letter.id.partition('@')[0]}"
    lines += [f'Content-Type: multipart/mixed; boundary="{boundary}"', "", f"--{boundary}", *part]
    for name, data in letter.attachments:
        word = _word(name, letter.charset)
        lines += [f"--{boundary}", f'Content-Type: application/octet-stream; name="{word}"']
        lines += [
            _encoding(False),
            f'Content-Disposition: attachment; filename="{word}"',
            "",
            _text(data, False),
        ]
    return _joined([*lines, f"--{boundary}--", ""])


def mbox(letters: Iterable[Letter]) -> bytes:
    """The messages as one mbox file; body lines that look like a separator get a `>` in front (mboxrd)."""
    parts = []
    for letter in letters:
        moment = _moment(letter.time).astimezone(UTC)
        when = f"{DAYS[moment.weekday()]} {MONTHS[moment.month - 1]} {moment.day:2d} {moment:%H:%M:%S %Y}"
        lines = eml(letter).replace(b"\r\n", b"\n").split(b"\n")
        quoted = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines]
        parts.append(
            f"From {letter.sender[1]} {when}\n".encode() + b"\n".join(quoted).rstrip(b"\n") + b"\n\n"
        )
    return b"".join(parts)


def _trace(letter: Letter) -> list[str]:
    lines = []
    for number, (name, address, by) in enumerate(letter.received):
        when = _date(letter.time + (len(letter.received) - number) * 1_000_000)
        lines += [
            f"Received: from {name} ({name} [{address}])",
            f"\tby {by} with ESMTP id {number:08X};",
            f"\t{when}",
        ]
    if letter.authentication:
        lines.append(f"Authentication-Results: {letter.authentication}")
    return lines


def _head(letter: Letter) -> list[str]:
    to = ",\r\n ".join(_address(who, letter.charset) for who in letter.recipients)
    lines = [f"From: {_address(letter.sender, letter.charset)}", f"To: {to}"]
    if letter.reply_to:
        lines.append(f"Reply-To: {letter.reply_to}")
    lines.append(f"Subject: {_word(letter.subject, letter.charset)}")
    return [*lines, f"Date: {_date(letter.time)}", f"Message-ID: <{letter.id}>"]


def _address(who: tuple[str, str], charset: str) -> str:
    name, address = who
    return f"{_word(name, charset)} <{address}>" if name else address


def _word(text: str, charset: str) -> str:
    """Text as encoded words of at most 75 characters (RFC 2047), folded; plain ASCII stays as it is."""
    if text.isascii():
        return text
    pieces = [text[at : at + 12] for at in range(0, len(text), 12)]
    words = [base64.b64encode(piece.encode(charset)).decode() for piece in pieces]
    return "\r\n ".join(f"=?{charset.upper()}?B?{word}?=" for word in words)


def _encoding(seven: bool) -> str:
    return f"Content-Transfer-Encoding: {'7bit' if seven else 'base64'}"


def _text(data: bytes, seven: bool) -> str:
    if seven:
        return data.decode("ascii")
    lines = base64.b64encode(data).decode()
    return "\r\n".join(lines[at : at + 76] for at in range(0, len(lines), 76))


def _joined(lines: Iterable[str]) -> bytes:
    return "\r\n".join(lines).encode("ascii") + b"\r\n"


def _moment(time: int) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)).astimezone(JST)


def _date(time: int) -> str:
    moment = _moment(time)
    return f"{DAYS[moment.weekday()]}, {moment.day} {MONTHS[moment.month - 1]} {moment:%Y %H:%M:%S} +0900"
