# SPDX-License-Identifier: Apache-2.0
"""What a worker runs for streams that a pack knows: kept while a capture is read, judged when keys are known.

A kept stream is its head (JSON, one line) and the bytes of both directions as captured; what is encrypted stays so.
"""

from __future__ import annotations

import dataclasses
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, BinaryIO

from hikeshi.families import entry, packs
from hikeshi.schema import Issue, Item, Reason, Stream

# Raised when packs keep other streams than before.
VERSION = "2"
LARGEST = 64 << 20
Keep = Callable[[Stream], bool]
Units = Sequence[tuple[Mapping[str, Any], Sequence[BinaryIO]]]


def kept(item: Item) -> Iterator[bytes | Issue]:
    """The streams of a capture that a pack asks to keep, each as one block; what is too long for one is a loss."""
    from hikeshi.streams.capture import streams

    asking = keepers()
    item.file.seek(0)
    for stream in streams(item) if asking else ():
        yield from kept_of(stream, asking)


def keepers() -> list[Keep]:
    """What packs ask of a stream to know whether they want it kept."""
    return [keep for pack in packs() if (keep := entry(pack, "keep"))]


def kept_of(stream: Stream, asking: Sequence[Keep]) -> Iterator[bytes | Issue]:
    """The stream as a block when a pack asks for it, and what did not fit as a loss."""
    if any(keep(stream) for keep in asking):
        block, left = _packed(stream)
        yield block
        if left:
            ends = f"{stream.client}:{stream.client_port} {stream.server}:{stream.server_port}"
            fields = {"stream": ends, "bytes": str(left), "limit": str(LARGEST)}
            yield Issue(stream.item, Reason.SEARCH_LIMIT, fields=fields, unknown="unknown.packets")


def _packed(stream: Stream) -> tuple[bytes, int]:
    """A stream as a block, and how many of its bytes did not fit."""
    ways: list[dict[str, Any]] = []
    data, left = bytearray(), 0
    for sent, runs in ((True, stream.sent), (False, stream.received)):
        begin, pieces = len(data), list[tuple[int, int]]()
        for position, piece in runs():
            fits = piece[: max(0, LARGEST - (len(data) - begin))]
            data += fits
            left += len(piece) - len(fits)
            pieces.append((position, len(fits)))
        ways.append({"pieces": pieces, "marks": list(stream.marks(sent))})
    names = ("item", "number", "time", "client", "client_port", "server", "server_port")
    head = {name: getattr(stream, name) for name in names}
    return json.dumps({**head, "ways": ways, "size": len(data)}).encode() + b"\n" + bytes(data), left


def _unpacked(file: BinaryIO) -> Iterator[Stream]:
    while line := file.readline():
        head = json.loads(line)
        ways, size = head.pop("ways"), head.pop("size")
        data = file.read(size)
        runs, at = [], 0
        for way in ways:
            found = []
            for position, length in way["pieces"]:
                found.append((position, data[at : at + length]))
                at += length
            runs.append(found)
        marks = [[tuple(mark) for mark in way["marks"]] for way in ways]
        yield Stream(
            **head, sent=partial(list, runs[0]), received=partial(list, runs[1]), marks=_either(marks)
        )


def _either(marks: list[list[Any]]) -> Callable[[bool], list[Any]]:
    return lambda sent: marks[0 if sent else 1]


def judge(arguments: Mapping[str, Any], units: Units) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """Judge kept streams with the packs and the passwords and keys found in the case; a unit's file is the part."""
    judging = [judged for pack in packs() if (judged := entry(pack, "sessions"))]
    secrets = [(bytes.fromhex(text), source) for text, source in arguments["secrets"]]
    for index, (_, (file,)) in enumerate(units):
        for stream in _unpacked(file):
            hits = (hit for judged in judging for hit in judged(stream, secrets, _moments(stream)))
            text = "".join(json.dumps(dataclasses.asdict(hit), ensure_ascii=False) + "\n" for hit in hits)
            yield {"kind": "hits", "unit": index}, text.encode()
        yield {"kind": "end", "unit": index}, b""


def _moments(stream: Stream) -> Callable[[bool, int], tuple[int | None, int | None, int | None]]:
    """Record, offset and time of the byte at a position, of those sent (True) or received."""
    marks = {sent: list(stream.marks(sent)) for sent in (True, False)}
    starts = {sent: [mark[0] for mark in marks[sent]] for sent in marks}

    def where(sent: bool, position: int) -> tuple[int | None, int | None, int | None]:
        index = bisect_right(starts[sent], position) - 1
        if index < 0:
            return None, None, None
        start, record, offset, time = marks[sent][index]
        return record, offset + position - start, time

    return where
