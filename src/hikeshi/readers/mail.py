# SPDX-License-Identifier: Apache-2.0
"""One mail message (RFC 5322 with MIME): .eml files and the files of a Maildir."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hikeshi.codecs.maildate import mail_time
from hikeshi.codecs.mime import LEAD, fields, line_feeds
from hikeshi.schema import Batch, Count, Found, Issue, Item, Reason, table

from .message import MAX_MESSAGE, deliver, parse, row

VERSION = "2"
KIND = "mail"
_NAMES = frozenset(
    [
        *("from", "to", "cc", "bcc", "sender", "reply-to", "return-path", "delivered-to", "subject", "date"),
        *("received", "message-id", "mime-version", "content-type", "content-transfer-encoding"),
        *("x-mailer", "user-agent", "in-reply-to", "references", "list-id"),
    ]
)


def sniff(head: bytes, name: str) -> bool:
    """Whether this begins with a mail header: two known fields, one with a value that only mail has."""
    head = line_feeds(head)
    lead = LEAD.match(head)
    start = lead.end() if lead else 0
    line = head[start : start + 1_000].partition(b"\n")[0]
    if b":" not in line or line.startswith((b"#", b"{", b"<")) or b" " in line.partition(b":")[0].rstrip():
        return False
    defects: list[str] = []
    found, _ = fields(head, start, defects)
    known = {field for field, _ in found} & _NAMES
    proofs = {field for field, value in found if _is_mail(field, value)}
    ragged = "header-without-end" in defects or "header-line-broken" in defects
    return bool(proofs) and len(known) >= (3 if ragged else 2)


def _is_mail(name: str, value: bytes) -> bool:
    if name in ("from", "to", "cc", "bcc", "sender", "reply-to", "return-path", "delivered-to"):
        return b"@" in value or value == b"<>"
    if name == "received":
        return value[:5].lower().startswith((b"from ", b"by ", b"from\t", b"(")) and b";" in value
    if name == "message-id":
        return value.startswith(b"<") and b"@" in value
    if name == "mime-version":
        return value.startswith(b"1.0")
    return name == "date" and mail_time(value[:200].decode("ascii", "replace")) is not None


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """One row of `messages` an item, its attachments as children."""
    for item in items:
        yield from _read(item)
        yield Count(item.id, KIND, 1)


def _read(item: Item) -> Iterator[Batch | Found | Issue]:
    raw = item.file.read(MAX_MESSAGE + 1)
    if len(raw) > MAX_MESSAGE:
        yield Issue(item.id, Reason.TOO_LARGE, MAX_MESSAGE, unknown="unknown.rest")
        raw = raw[:MAX_MESSAGE]
    message = parse(raw)
    if not message.fields:
        yield Issue(item.id, Reason.DAMAGED, 0, records=1, unknown="unknown.messages")
        return
    yield Batch(
        item.id, "messages", table("messages", [{"item": item.id, "record": 0, "offset": 0, **row(message)}])
    )
    yield from deliver(item.id, message)
