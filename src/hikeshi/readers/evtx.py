# SPDX-License-Identifier: Apache-2.0
"""Windows event logs (EVTX).

The layout follows "Windows XML Event Log (EVTX) format" by Joachim Metz (libevtx documentation): a file
header of 4 KiB, then chunks of 64 KiB, each with its own header, tables of names and templates, and a chain
of records.

The chain is walked here, so that every record is counted whatever becomes of it; the XML inside is decoded
by the `evtx` wheel, one chunk at a time, behind a file and chunk header of our own making with empty tables.
The wheel then reads names and templates where the records point to them, and a damaged table can neither
cost records nor make the wheel follow a chain without end.

Only the records in use are read. Bytes behind the free-space offset of a chunk can hold leftovers of older
records; they are no records of this log and are left to carving.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import orjson
from evtx import PyEvtxParser

from hikeshi.readers import windows_event
from hikeshi.schema import Batch, Count, Found, Issue, Item, Reason, table

KIND = "evtx"
VERSION = "1"

HEADER, CHUNK, FIRST = 4096, 65536, 512
NO_CHECKSUM = 4
ROWS = 5000
SIGNATURE = b"**\0\0"
RECORD = struct.Struct("<4sIQQ")
SMALLEST = RECORD.size + 4
MOST = (CHUNK - FIRST) // SMALLEST
UNREACHED = (1 << 64) - 1
FILE_HEADER = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, 0, 1, 128, 1, 3, HEADER, 1).ljust(HEADER, b"\0")


def sniff(head: bytes, name: str) -> bool:
    """Whether this begins as an event log, or holds a chunk where the first one belongs."""
    return head.startswith(b"ElfFile\0") or head[HEADER:].startswith(b"ElfChnk\0")


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """Events and host names of each log."""
    for item in items:
        yield from _read(item)


def _read(item: Item) -> Iterator[Batch | Issue | Count]:
    log = _Log(item.id)
    item.file.seek(0)
    yield from log.header(item.file.read(HEADER), item.size)
    offset = HEADER
    while chunk := item.file.read(CHUNK):
        yield from log.chunk(offset, chunk)
        offset += CHUNK
        if len(log.rows) >= ROWS - MOST // 2:
            yield Batch(item.id, "events", log.rows.take())
    if len(log.rows):
        yield Batch(item.id, "events", log.rows.take())
    if log.rows.hosts:
        yield Batch(item.id, "machines", table("machines", log.rows.machines()))
    yield Count(item.id, KIND, log.records, log.duplicate)


def walk(chunk: bytes) -> tuple[list[tuple[int, int, int]], int, bool]:
    """Offset, size and id of each record in use; where the chain ends; whether it ends as the header says."""
    free = int.from_bytes(chunk[48:52], "little")
    end = free if FIRST <= free <= CHUNK else CHUNK
    records = []
    at = FIRST
    while at < end and at + RECORD.size <= len(chunk):
        magic, size, number, _ = RECORD.unpack_from(chunk, at)
        if magic != SIGNATURE or size < SMALLEST or at + size > len(chunk):
            break
        records.append((at, size, number))
        at += size
    return records, at, at == free


def survey(chunk: bytes) -> int:
    """How many whole records lie anywhere in these bytes: a signature, and the same size at both ends."""
    count, at = 0, chunk.find(SIGNATURE, FIRST)
    while 0 <= at <= len(chunk) - SMALLEST:
        size = RECORD.unpack_from(chunk, at)[1]
        whole = (
            SMALLEST <= size <= len(chunk) - at and chunk[at + size - 4 : at + size] == chunk[at + 4 : at + 8]
        )
        count += whole
        at = chunk.find(SIGNATURE, at + size if whole else at + 4)
    return count


def decode(chunk: bytes, end: int) -> Iterator[dict[str, Any] | str]:
    """What the wheel makes of each record before `end`, in order: the event, or why there is none."""
    head = bytearray(FIRST)
    struct.pack_into("<8sQQQQIII", head, 0, b"ElfChnk\0", 1, 1, 1, UNREACHED, 128, FIRST, end)
    body = chunk[FIRST:end].ljust(CHUNK - FIRST, b"\0")
    records = PyEvtxParser(BytesIO(FILE_HEADER + head + body), number_of_threads=1).records_json()
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except RuntimeError as error:
            yield str(error)
            continue
        yield _event(record["data"] if record else "null")


def _event(text: str) -> dict[str, Any] | str:
    """The `Event` element the wheel wrote as JSON, or why it is none."""
    try:
        event = orjson.loads(text)["Event"]
        return event if isinstance(event["System"], dict) else "an event without system values"
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        return f"not an event: {error}"


class _Log:
    """The account of one log while its chunks are read."""

    def __init__(self, item: str) -> None:
        self.item = item
        self.rows = windows_event.Rows(item)
        self.records = 0
        self.duplicate = 0
        self.seen: set[int] = set()

    def issue(self, reason: Reason, offset: int, why: str, records: int = 0) -> Issue:
        """A loss in this log."""
        return Issue(self.item, reason, offset=offset, records=records, fields={"detail": why})

    def header(self, header: bytes, size: int) -> Iterator[Issue]:
        """What is wrong with the file header or the length of the file."""
        if not header.startswith(b"ElfFile\0"):
            yield self.issue(Reason.DAMAGED, 0, "file header: signature")
        elif len(header) < HEADER:
            yield self.issue(Reason.TRUNCATED, len(header), "file header")
        else:
            flags, checksum = struct.unpack_from("<II", header, 120)
            if not flags & NO_CHECKSUM and zlib.crc32(header[:120]) != checksum:
                yield self.issue(Reason.DAMAGED, 0, "file header: checksum")
            told = int.from_bytes(header[42:44], "little")
            if size < HEADER + told * CHUNK:
                yield self.issue(Reason.TRUNCATED, size, f"the file header counts {told} chunks")

    def chunk(self, offset: int, chunk: bytes) -> Iterator[Issue]:
        """Gather the events of one chunk; losses."""
        if chunk == bytes(len(chunk)):
            return
        if len(chunk) < FIRST:
            yield self.issue(Reason.TRUNCATED, offset, "chunk: header")
            return
        if not chunk.startswith(b"ElfChnk\0"):
            lost = survey(chunk)
            self.records += lost
            yield self.issue(Reason.DAMAGED, offset, "chunk: signature", lost)
            return
        yield from self.checksums(offset, chunk)
        records, end, whole = walk(chunk)
        first, last = struct.unpack_from("<QQ", chunk, 24)
        yield from self.events(offset, chunk, records, end)
        if not whole:
            told = last - first + 1
            lost = max(1, told - len(records)) if told <= MOST else 1
            self.records += lost
            reason = Reason.DAMAGED_RECORD if len(chunk) == CHUNK else Reason.TRUNCATED
            yield self.issue(reason, offset + end, "chain of records breaks", lost)

    def checksums(self, offset: int, chunk: bytes) -> Iterator[Issue]:
        """Whether the chunk is as Windows wrote it."""
        free, data = struct.unpack_from("<II", chunk, 48)
        flags, header = struct.unpack_from("<II", chunk, 120)
        if flags & NO_CHECKSUM or len(chunk) < CHUNK:
            return
        if zlib.crc32(chunk[128:FIRST], zlib.crc32(chunk[:120])) != header:
            yield self.issue(Reason.DAMAGED, offset, "chunk: checksum of the header")
        if zlib.crc32(chunk[FIRST:free]) != data:
            yield self.issue(Reason.DAMAGED, offset + FIRST, "chunk: checksum of the records")

    def events(
        self, offset: int, chunk: bytes, records: Sequence[tuple[int, int, int]], end: int
    ) -> Iterator[Issue]:
        """Gather the events of the records walked; those that cannot be decoded, neighbours together."""
        decoded = decode(chunk, end) if records else iter(())
        lost: list[tuple[int, str]] = []
        for at, size, number in records:
            event = next(decoded, "the records before it could not be followed")
            record, self.records = self.records, self.records + 1
            if isinstance(event, str):
                lost.append((at, event))
                continue
            if lost:
                yield self.issue(Reason.DAMAGED_RECORD, offset + lost[0][0], lost[0][1], len(lost))
                lost = []
            fingerprint = hash(chunk[at : at + size])
            if fingerprint in self.seen:
                self.duplicate += 1
                continue
            self.seen.add(fingerprint)
            self.event(record, offset + at, number, event)
        if lost:
            yield self.issue(Reason.DAMAGED_RECORD, offset + lost[0][0], lost[0][1], len(lost))

    def event(self, record: int, offset: int, number: int, event: dict[str, Any]) -> None:
        """Gather one event."""
        system = event["System"]
        created = windows_event.attributes(system.get("TimeCreated")).get("SystemTime")
        time, text = windows_event.when([created])
        fields = windows_event.system(system)
        self.rows.add(record, offset, time, text, number, fields, windows_event.data(event))
