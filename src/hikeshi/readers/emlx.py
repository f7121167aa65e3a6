# SPDX-License-Identifier: Apache-2.0
"""Apple Mail's .emlx: a line with the message's length in bytes, the message, then a property list.

The layout is public only through the files themselves; the property list (flags, dates) is left unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hikeshi.schema import Batch, Count, Found, Issue, Item, Reason, table

from . import mail
from .message import MAX_MESSAGE, deliver, parse, row

VERSION = "2"
KIND = "emlx"
_LENGTH = re.compile(rb"[ \t]*(\d{1,10})[ \t]*\r?\n")


def sniff(head: bytes, name: str) -> bool:
    """Whether a line with a number comes before a mail header."""
    length = _LENGTH.match(head)
    return length is not None and mail.sniff(head[length.end() :], name)


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """One row of `messages` an item, its attachments as children."""
    for item in items:
        yield from _read(item)
        yield Count(item.id, KIND, 1)


def _read(item: Item) -> Iterator[Batch | Found | Issue]:
    raw = item.file.read(MAX_MESSAGE + 32)
    length = _LENGTH.match(raw)
    begin = length.end() if length else 0
    stated = int(length[1]) if length else 0
    message = parse(raw[begin : begin + stated])
    if not message.fields:
        yield Issue(item.id, Reason.DAMAGED, begin, records=1, unknown="unknown.messages")
        return
    if stated > len(raw) - begin:
        reason = Reason.TOO_LARGE if item.size > len(raw) else Reason.TRUNCATED
        yield Issue(item.id, reason, len(raw), unknown="unknown.rest")
    content = {"item": item.id, "record": 0, "offset": begin, **row(message)}
    yield Batch(item.id, "messages", table("messages", [content]))
    yield from deliver(item.id, message)
