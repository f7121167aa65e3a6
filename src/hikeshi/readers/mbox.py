# SPDX-License-Identifier: Apache-2.0
"""Mailboxes in one file (RFC 4155): messages behind `From ` lines, one at a time whatever the file's size.

A message begins at a `From ` line that opens the file or follows an empty line, and that a header field
follows; other lines that begin so are text. One `>` is taken off lines like `>From ` and `>>From `, as mboxrd
writes them. A message whose bytes, `From ` line aside, came before is a duplicate.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

from hikeshi.schema import Batch, Count, Found, Issue, Item, Reason, table

from .message import MAX_MESSAGE, deliver, parse, row

VERSION = "2"
KIND = "mbox"
_LINE = 1 << 16
_ROWS = 500
_FROM = re.compile(rb"From [^\r\n]{1,500}\r?\n")
_FIELD = re.compile(rb">?[!-9;-~]{1,100}[ \t]*:|>?From ")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_BOM = b"\xef\xbb\xbf"
_LEAD = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]{0,80}\r?\n){0,1000}")


class _Piece(NamedTuple):
    """One message: where its `From ` line begins, the bytes behind that line, and whether they were cut."""

    offset: int
    raw: bytes
    cut: bool


def sniff(head: bytes, name: str) -> bool:
    """Whether a `From ` line with a time of day and a mail header begin bytes not said to be one message."""
    if name.lower().endswith(".eml"):
        return False
    lead = _LEAD.match(head)
    first = _FROM.match(head, lead.end() if lead else 0)
    return bool(first and re.search(rb"\d\d:\d\d", first[0]) and _FIELD.match(head, first.end()))


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """A row of `messages` for each message, attachments as children."""
    for item in items:
        yield from _read(item)


def _read(item: Item) -> Iterator[Batch | Found | Issue | Count]:
    seen: set[bytes] = set()
    rows: list[dict[str, Any]] = []
    met = duplicates = 0
    for met, piece in enumerate(_pieces(item.file), start=1):
        digest = hashlib.sha256(piece.raw).digest()[:16]
        if digest in seen:
            duplicates += 1
            continue
        seen.add(digest)
        yield from _message(item.id, met - 1, piece, rows)
        if len(rows) >= _ROWS:
            yield Batch(item.id, "messages", table("messages", rows))
            rows = []
    if rows:
        yield Batch(item.id, "messages", table("messages", rows))
    yield Count(item.id, KIND, met, duplicates)


def _message(item: str, number: int, piece: _Piece, rows: list[dict[str, Any]]) -> Iterator[Found | Issue]:
    place = f"{number:06d}"
    if piece.cut:
        yield Issue(item, Reason.TOO_LARGE, piece.offset, place, unknown="unknown.rest")
    message = parse(_QUOTED.sub(rb"\1", piece.raw) if b">From " in piece.raw else piece.raw)
    if not message.fields:
        yield Issue(item, Reason.DAMAGED_RECORD, piece.offset, place, records=1, unknown="unknown.messages")
        return
    rows.append({"item": item, "record": number, "offset": piece.offset, **row(message)})
    yield from deliver(item, message, place + "/", piece.offset)


def _pieces(file: BinaryIO) -> Iterator[_Piece]:
    """The messages in order; the empty line before a `From ` line belongs to neither."""
    held: list[bytes] = []
    begin = at = size = 0
    cut, blank, ended = False, True, True
    line = file.readline(_LINE)
    if line.startswith(_BOM):
        line, at = line[3:], 3
    while line:
        following = file.readline(_LINE)
        if blank and line.startswith(b"From ") and _FIELD.match(following):
            if any(part.strip() for part in held):
                yield _Piece(begin, _joined(held), cut)
            held, begin, size, cut = [], at, 0, False
        elif size + len(line) > MAX_MESSAGE:
            cut = True
        else:
            held.append(line)
            size += len(line)
        blank = ended and line in (b"\n", b"\r\n")
        ended = line.endswith(b"\n")
        at += len(line)
        line = following
    if any(part.strip() for part in held):
        yield _Piece(begin, _joined(held), cut)


def _joined(lines: list[bytes]) -> bytes:
    return b"".join(lines[:-1] if lines[-1] in (b"\n", b"\r\n") else lines)
