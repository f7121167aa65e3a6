# SPDX-License-Identifier: Apache-2.0
"""A mail message as one row of `messages`, whatever container it lay in, and its attachments as children.

Bodies are searched for links and then masked. Defects are ids of what is odd about a message; those that
mean a loss become issues as well.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hikeshi.codecs.charset import decode
from hikeshi.codecs.links import html_links, text_links
from hikeshi.codecs.mailauth import hop_address, statements
from hikeshi.codecs.maildate import mail_time
from hikeshi.codecs.mailheaders import Address, addresses, clean, words
from hikeshi.codecs.mask import mask
from hikeshi.codecs.mime import Part, content, line_feeds, split
from hikeshi.schema import Found, Issue, Reason

MAX_MESSAGE = 256 << 20
MAX_TEXT = 8 << 20
MAX_RECEIVED = 200
MAX_RECIPIENTS = 2_000
_TEXT_KINDS = (
    "text/plain",
    "text/html",
    "text/x-amp-html",
    "text/watch-html",
    "text/enriched",
    "text/richtext",
)
_TO = ("to", "cc", "bcc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_ONCE = ("from", "sender", "reply-to", "to", "cc", "date", "subject", "message-id", "content-type")
_ADDRESS = re.compile(r"[^\s<>\"'@]{1,64}@([\w.-]{1,255})")
_UNSAFE = re.compile("[/\\\\\x00-\x1f\x7f]")
_LOSSES = {
    "parts-too-deep": (Reason.TOO_DEEP, "unknown.attachment"),
    "parts-cut": (Reason.TOO_MANY_ENTRIES, "unknown.rest"),
    "header-fields-cut": (Reason.TOO_LARGE, "unknown.field"),
    "header-value-cut": (Reason.TOO_LARGE, "unknown.field"),
    "text-cut": (Reason.TOO_LARGE, "unknown.rest"),
    "boundary-unclosed": (Reason.TRUNCATED, "unknown.rest"),
}


@dataclass
class Attachment:
    """A file inside a message: its stated name, its bytes in order or null when not there, its defects."""

    name: str
    chunks: Iterable[bytes] | None
    id: str | None = None
    defects: list[str] = field(default_factory=list)


@dataclass
class Message:
    """What was read of a message: header fields, texts as (text, whether HTML), attachments, defects."""

    fields: list[tuple[str, bytes]] = field(default_factory=list)
    texts: list[tuple[str, bool]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)

    def first(self, name: str) -> bytes | None:
        """Raw value of the first field of this name."""
        return next((value for found, value in self.fields if found == name), None)


class _Content:
    """The decoded bytes of a part, decoded again each time they are asked for."""

    def __init__(self, raw: bytes, part: Part) -> None:
        self.raw, self.part = raw, part

    def __iter__(self) -> Iterator[bytes]:
        return content(self.raw, self.part, [])


def parse(raw: bytes) -> Message:
    """The message these bytes are; fields is empty when there is no header."""
    raw = line_feeds(raw)
    top, leaves = split(raw)
    message = Message(top.fields, defects=top.defects)
    room = MAX_TEXT
    for number, part in enumerate(leaves, start=1):
        if part is not top:
            message.defects += part.defects
        name = _file_name(part, message.defects)
        if name is None and part.kind in _TEXT_KINDS:
            data, cut = _text_bytes(raw, part, room, message.defects)
            room -= len(data)
            message.defects += ["text-cut"] if cut else []
            text, defect = decode(data, part.parameters.get("charset"))
            message.defects += [defect] if defect else []
            message.texts.append((text, "html" in part.kind))
        else:
            message.attachments.append(_attachment(raw, part, name or f"part-{number}"))
    return message


def _text_bytes(raw: bytes, part: Part, room: int, defects: list[str]) -> tuple[bytes, bool]:
    pieces: list[bytes] = []
    for piece in content(raw, part, defects):
        pieces.append(piece[:room])
        room -= len(pieces[-1])
        if len(pieces[-1]) < len(piece):
            return b"".join(pieces), True
    return b"".join(pieces), False


def _file_name(part: Part, defects: list[str]) -> str | None:
    """Name of a part that is a file, "" for one without a name, null for a part that is shown."""
    disposition, stated = part.disposition(defects)
    name = stated.get("filename") or part.parameters.get("name")
    return name or ("" if disposition == "attachment" else None)


def _attachment(raw: bytes, part: Part, name: str) -> Attachment:
    found = Attachment(name, _Content(raw, part))
    digest = hashlib.sha256()
    for piece in content(raw, part, found.defects):
        digest.update(piece)
    found.id = digest.hexdigest()
    return found


def row(message: Message) -> dict[str, Any]:
    """The columns of `messages` that the message itself gives."""
    defects = message.defects
    one = {name: _text(message, name) for name in ("subject", "date", "message-id", "in-reply-to")}
    senders = _addresses(message, "from")
    sender = senders[0] if senders else Address("", "")
    named = {name: _address(message, name) for name in ("reply-to", "return-path", "sender")}
    received = [words(value, defects) for name, value in message.fields if name == "received"]
    hops = received[:MAX_RECEIVED]
    stated = statements((name, words(value, [])) for name, value in message.fields if _states(name))
    defects += ["several-senders"] if len(senders) > 1 else []
    defects += ["received-cut"] if len(received) > MAX_RECEIVED else []
    defects += [f"repeated-{name}" for name in _ONCE if sum(found == name for found, _ in message.fields) > 1]
    time = mail_time(one["date"] or "")
    defects += ["date-unusable"] if one["date"] and time is None else []
    for attachment in message.attachments:
        defects += attachment.defects
    return {
        "time": time,
        "time_text": one["date"],
        "delivered": mail_time(received[0].rpartition(";")[2]) if received else None,
        "message_id": one["message-id"],
        "in_reply_to": one["in-reply-to"],
        "subject": one["subject"],
        "sender": sender.address or None,
        "sender_name": sender.name or None,
        "reply_to": named["reply-to"],
        "return_path": named["return-path"],
        "sent_by": named["sender"],
        "mismatch": _mismatch(sender, named),
        "recipients": _recipients(message),
        "received": hops,
        "received_ip": [hop_address(hop) for hop in hops],
        **{method: "; ".join(said) or None for method, said in stated.items()},
        "urls": _links(message),
        "attachments": [clean(attachment.name)[0] for attachment in message.attachments],
        "attachment_ids": [attachment.id for attachment in message.attachments],
        "body": _body(message),
        "defects": list(dict.fromkeys(defects)),
    }


def _states(name: str) -> bool:
    return name in ("authentication-results", "arc-authentication-results", "received-spf")


def _text(message: Message, name: str) -> str | None:
    value = message.first(name)
    return None if value is None else words(value, message.defects)


def _addresses(message: Message, name: str) -> list[Address]:
    return addresses(message.first(name) or b"", message.defects, MAX_RECIPIENTS)


def _address(message: Message, name: str) -> str | None:
    found = _addresses(message, name)
    return (found[0].address or found[0].name) if found else None


def _recipients(message: Message) -> list[str]:
    found: dict[str, None] = {}
    for wanted in _TO:
        for name, value in message.fields:
            if name == wanted and len(found) < MAX_RECIPIENTS:
                found.update(
                    dict.fromkeys(
                        a.address or a.name for a in addresses(value, message.defects, MAX_RECIPIENTS)
                    )
                )
    message.defects += ["recipients-cut"] if len(found) >= MAX_RECIPIENTS else []
    return list(found)[:MAX_RECIPIENTS]


def _mismatch(sender: Address, named: dict[str, str | None]) -> list[str]:
    own = _domain(sender.address)
    shown = _ADDRESS.search(sender.name[:1_000])
    others = {"reply-to": named["reply-to"], "return-path": named["return-path"], "sent-by": named["sender"]}
    found = [kind for kind, address in others.items() if address and not _related(own, _domain(address))]
    return found + (["name"] if shown and not _related(own, shown[1].lower().rstrip(".")) else [])


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower().rstrip(".>") if "@" in address else ""


def _related(one: str, other: str) -> bool:
    """Whether two domains are the same or one lies below the other; unknown ones are not told apart."""
    return not one or not other or one == other or one.endswith("." + other) or other.endswith("." + one)


def _links(message: Message) -> list[str]:
    found: dict[str, None] = {}
    for text, is_html in message.texts:
        found.update(dict.fromkeys(html_links(text) if is_html else text_links(text)))
    links = {clean(link)[0]: None for link in found}
    return list(links)


def _body(message: Message) -> str | None:
    """All texts masked, line breaks as line feeds: transport must not change the fingerprint."""
    texts = [text.replace("\r\n", "\n") for text, _ in message.texts]
    return mask("\n".join(texts)) if texts else None


def deliver(
    item: str, message: Message, folder: str = "", offset: int | None = None
) -> Iterator[Found | Issue]:
    """The attachments as children, and an issue for each loss."""
    used: set[str] = set()
    for number, attachment in enumerate(message.attachments, start=1):
        place = folder + _place(attachment.name, number, used)
        if attachment.chunks is not None:
            yield Found(item, place, attachment.chunks)
        for defect in dict.fromkeys(attachment.defects):
            yield Issue(
                item, Reason.DAMAGED, offset, place, fields={"defect": defect}, unknown="unknown.attachment"
            )
    for defect in dict.fromkeys(message.defects):
        if defect in _LOSSES:
            reason, unknown = _LOSSES[defect]
            inside = folder.rstrip("/") or None
            yield Issue(item, reason, offset, inside, fields={"defect": defect}, unknown=unknown)


def _place(name: str, number: int, used: set[str]) -> str:
    """A file name that stays inside its message and is used once."""
    place = _UNSAFE.sub("_", name).strip(". ")[:120] or f"part-{number}"
    if place in used:
        place = f"{number}-{place}"
    used.add(place)
    return place
