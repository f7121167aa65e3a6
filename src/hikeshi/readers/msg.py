# SPDX-License-Identifier: Apache-2.0
"""Outlook messages in a compound file ([MS-OXMSG], property ids from [MS-OXPROPS]).

The header the message came with is kept when the file has it; a message that was never sent, or never left
its Exchange, has none, and its fields are then made from the stored properties. Messages attached to the
message are records of the same item.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hikeshi.codecs.cfb import SIGNATURE, STORAGE, Compound, Entry
from hikeshi.codecs.charset import decode
from hikeshi.codecs.mime import fields
from hikeshi.codecs.rtf import rtf
from hikeshi.schema import Batch, Count, Found, Issue, Item, Reason, table

from .message import MAX_TEXT, Attachment, Message, deliver, row

VERSION = "2"
KIND = "msg"
MAX_MESSAGES = 200
MAX_FILES = 5_000
_MARK = "__properties_version1.0".encode("utf-16-le")
_STRING, _STRING8, _BINARY, _OBJECT, _TIME, _INT = 0x1F, 0x1E, 0x0102, 0x0D, 0x40, 0x03
_PROPERTY = struct.Struct("<HHIQ")
_EPOCH_1601 = 11_644_473_600_000_000
_FIRST, _LAST = 315_532_800_000_000, 4_102_444_800_000_000
_HEADERS, _SUBJECT, _ID, _REPLY, _BODY, _HTML, _RTF = 0x7D, 0x37, 0x1035, 0x1042, 0x1000, 0x1013, 0x1009
_SUBMITTED, _DELIVERED = 0x39, 0x0E06
_FROM = ((0x5D02, 0x65, 0x42), (0x5D01, 0x0C1F, 0x0C1A))
_RECIPIENT = (0x39FE, 0x3003, 0x3001)
_KINDS = {1: "to", 2: "cc", 3: "bcc"}


def sniff(head: bytes, name: str) -> bool:
    """Whether a compound file names Outlook's property stream early on, or is called .msg."""
    return head.startswith(SIGNATURE) and (_MARK in head or name.lower().endswith((".msg", ".oft")))


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """A row of `messages` for the message and each one inside it, attachments as children."""
    for item in items:
        yield from _read(item)


def _read(item: Item) -> Iterator[Batch | Found | Issue | Count]:
    compound = Compound(item.file, item.size)
    pending = [(compound.entries[0], 32, "")] if compound.entries else []
    rows: list[dict[str, Any]] = []
    met = 0
    while pending and met < MAX_MESSAGES:
        entry, header, folder = pending.pop(0)
        storage = _Storage(compound, entry, header)
        met += 1
        if not storage.numbers:
            yield _refused(item.id, folder)
            continue
        message = _message(storage)
        inner = _files(compound, storage, message)
        pending += [(below, 24, f"{folder}{number}/") for number, below in inner]
        rows.append({"item": item.id, "record": met - 1, **_times(storage, row(message))})
        yield from deliver(item.id, message, folder)
    if rows:
        yield Batch(item.id, "messages", table("messages", rows))
    if not met:
        yield Issue(item.id, Reason.DAMAGED, 0, records=1, unknown="unknown.messages")
    elif pending:
        yield Issue(item.id, Reason.TOO_MANY_ENTRIES, unknown="unknown.messages")
    elif compound.damaged:
        yield Issue(item.id, Reason.DAMAGED, unknown="unknown.rest")
    yield Count(item.id, KIND, max(met, 1))


def _refused(item: str, folder: str) -> Issue:
    place = folder.rstrip("/") or None
    return Issue(item, Reason.DAMAGED_RECORD, place=place, records=1, unknown="unknown.messages")


class _Storage:
    """One storage with a property stream: the message, a recipient, or an attachment."""

    def __init__(self, compound: Compound, entry: Entry, header: int) -> None:
        self._compound = compound
        self.parts = {part.name.lower(): part for part in compound.children(entry)}
        self.numbers: dict[int, tuple[int, int]] = {}
        data = self.content("__properties_version1.0", 1 << 20)
        for at in range(header, len(data) - 15, 16):
            kind, number, _, value = _PROPERTY.unpack_from(data, at)
            self.numbers.setdefault(number, (kind, value))
        self.label = f"cp{self.integer(0x3FFD) or self.integer(0x3FDE) or 1252}"

    def content(self, name: str, limit: int = MAX_TEXT) -> bytes:
        """Content of a stream of this storage, up to a limit."""
        part = self.parts.get(name)
        pieces: list[bytes] = []
        for piece in self._compound.stream(part) if part else ():
            pieces.append(piece[:limit])
            limit -= len(pieces[-1])
            if limit <= 0:
                break
        return b"".join(pieces)

    def text(self, number: int) -> str:
        """A text property, "" when absent."""
        if f"__substg1.0_{number:04x}{_STRING:04x}" in self.parts:
            return (
                self.content(f"__substg1.0_{number:04x}{_STRING:04x}")
                .decode("utf-16-le", "replace")
                .rstrip("\0")
            )
        return decode(self.content(f"__substg1.0_{number:04x}{_STRING8:04x}"), self.label)[0].rstrip("\0")

    def binary(self, number: int) -> bytes:
        """A binary property, empty when absent."""
        return self.content(f"__substg1.0_{number:04x}{_BINARY:04x}")

    def integer(self, number: int) -> int | None:
        """An integer property."""
        kind, value = self.numbers.get(number, (0, 0))
        return value & 0xFFFFFFFF if kind == _INT else None

    def time(self, number: int) -> int | None:
        """A time property in UTC microseconds; null outside 1980 to 2099."""
        kind, value = self.numbers.get(number, (0, 0))
        time = value // 10 - _EPOCH_1601
        return time if kind == _TIME and _FIRST <= time < _LAST else None

    def storages(self, prefix: str) -> list[Entry]:
        """Sub-storages whose name begins so, by name."""
        found = sorted((name, part) for name, part in self.parts.items() if name.startswith(prefix))
        return [part for _, part in found if part.kind == STORAGE]

    def within(self, entry: Entry) -> _Storage:
        """A recipient or attachment of this message."""
        return _Storage(self._compound, entry, 8)


def _message(storage: _Storage) -> Message:
    message = Message()
    header = storage.text(_HEADERS).encode("utf-8", "replace")
    message.fields, _ = fields(header, 0, [])
    present = {name for name, _ in message.fields}
    made = [field for field in _made(storage) if field[0] not in present]
    message.fields += [(name, _field(value)) for name, value in made if value]
    if not header:
        message.defects.append("header-not-kept")
    body = storage.text(_BODY)
    markup = decode(storage.binary(_HTML), f"cp{storage.integer(0x3FDE) or 65001}")[0] or storage.text(_HTML)
    rich = "" if markup else rtf(storage.binary(_RTF)).decode("cp1252", "replace")
    texts = ((body, False), (markup, True), (rich, "\\fromhtml" in rich))
    message.texts = [(text, is_html) for text, is_html in texts if text]
    return message


def _made(storage: _Storage) -> Iterator[tuple[str, str]]:
    """Header fields from stored properties."""
    yield "subject", storage.text(_SUBJECT)
    yield "message-id", storage.text(_ID)
    yield "in-reply-to", storage.text(_REPLY)
    yield "from", next((made for made in (_mailbox(storage, numbers) for numbers in _FROM) if made), "")
    for entry in storage.storages("__recip_version1.0_#")[:MAX_FILES]:
        recipient = storage.within(entry)
        yield _KINDS.get(recipient.integer(0x0C15) or 1, "to"), _mailbox(recipient, _RECIPIENT)


def _mailbox(storage: _Storage, numbers: Iterable[int]) -> str:
    """`"name" <address>`; an Exchange-internal address stands as it is."""
    smtp, other, name = (storage.text(number).strip() for number in numbers)
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' if name else ""
    return f"{quoted} <{smtp or other}>".strip() if smtp or other else quoted


def _field(value: str) -> bytes:
    return value.replace("\r", " ").replace("\n", " ").encode("utf-8", "replace")


def _files(compound: Compound, storage: _Storage, message: Message) -> list[tuple[int, Entry]]:
    """Fill in the attachments; those that are messages come back, numbered as they stand in the list."""
    inner: list[tuple[int, Entry]] = []
    for number, entry in enumerate(storage.storages("__attach_version1.0_#")[:MAX_FILES], start=1):
        file = storage.within(entry)
        name = file.text(0x3707) or file.text(0x3704) or file.text(0x3001) or f"part-{number}"
        below = file.parts.get(f"__substg1.0_3701{_OBJECT:04x}")
        data = file.parts.get(f"__substg1.0_3701{_BINARY:04x}")
        if below is not None and file.integer(0x3705) == 5:
            inner.append((number, below))
            message.attachments.append(Attachment(name, None))
        elif data is None:
            message.attachments.append(Attachment(name, None, defects=["attachment-without-bytes"]))
        else:
            message.attachments.append(_attachment(compound, name, data))
    return inner


class _Stream:
    """Bytes of a stream, read again each time they are asked for."""

    def __init__(self, compound: Compound, entry: Entry) -> None:
        self.compound, self.entry = compound, entry

    def __iter__(self) -> Iterator[bytes]:
        return self.compound.stream(self.entry)


def _attachment(compound: Compound, name: str, data: Entry) -> Attachment:
    digest, got = hashlib.sha256(), 0
    for piece in compound.stream(data):
        digest.update(piece)
        got += len(piece)
    defects = ["attachment-cut"] if got < data.size else []
    return Attachment(name, _Stream(compound, data), digest.hexdigest(), defects)


def _times(storage: _Storage, content: dict[str, Any]) -> dict[str, Any]:
    """Stored times where the header gave none."""
    if content["time_text"] is None:
        content["time"] = storage.time(_SUBMITTED)
    content["delivered"] = content["delivered"] or storage.time(_DELIVERED)
    return content
