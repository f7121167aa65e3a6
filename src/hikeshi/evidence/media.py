# SPDX-License-Identifier: Apache-2.0
"""The bytes of a disk or of memory, whatever they are wrapped in, as one file that can be read at any offset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from hikeshi.evidence import ewf, layout, memory
from hikeshi.schema import Issue, Reason

BLOCK = 1 << 20
LARGE = 64 << 20
RAW, MEMORY = "raw-image", "memory"
SHOWN = 1_000


@dataclass(frozen=True)
class Media:
    """What an item holds: raw-image or memory, in which format, and how to read it."""

    kind: str
    format: str
    file: BinaryIO
    size: int
    losses: tuple[Issue, ...] = field(default=())

    @property
    def blocks(self) -> int:
        """Records of the media: blocks of 1 MiB."""
        return -(-self.size // BLOCK)


def sniff(head: bytes) -> bool:
    """Whether the bytes begin a disk, a file system, an E01 image or a memory dump."""
    return bool(
        head[:8] == ewf.MAGIC
        or memory.sniff(head)
        or memory.dumped(head)
        or layout.file_system(head)
        or layout.partitioned(head)
    )


def opened(item: str, file: BinaryIO, size: int, name: str) -> Media:
    """The media of an item; ewf.EwfError when it is an E01 image that cannot be opened."""
    file.seek(0)
    head = file.read(1 << 16)
    if head[:8] == ewf.MAGIC:
        image = ewf.Ewf(file)
        return Media(RAW, "E01", cast(BinaryIO, image), image.size, tuple(_ewf_losses(item, image)))
    if memory.sniff(head) == "AVML":
        dump = memory.Avml(file, size)
        losses = () if dump.broken is None else (_cut(item, dump.broken),)
        return Media(MEMORY, "AVML", cast(BinaryIO, dump), dump.size, losses)
    if memory.sniff(head) == "LiME":
        broken = memory.lime_ranges(file, size)
        return Media(MEMORY, "LiME", file, size, () if broken is None else (_cut(item, broken),))
    disk = layout.file_system(head) or layout.partitioned(head)
    if not disk and (memory.dumped(head) or name.lower().endswith(memory.HINTS)):
        return Media(MEMORY, memory.dumped(head) or "raw", file, size)
    return Media(RAW, "raw", file, size)


def damage(item: str, media: Media, checked: bool) -> Iterator[Issue]:
    """What of the media was found unreadable while it was read; `checked` counts the blocks as refused."""
    holes: Any = getattr(media.file, "damage", {})
    bad: set[int] = set()
    for number, (key, hole) in enumerate(sorted(holes.items())):
        start, size = (hole.offset, hole.size) if isinstance(hole, ewf.Damage) else (key, memory.FRAME)
        touched = set(range(start // BLOCK, (start + max(size, 1) - 1) // BLOCK + 1)) - bad
        bad |= touched
        if number < SHOWN or touched:
            detail = hole.detail if isinstance(hole, ewf.Damage) else hole
            records = len(touched) if checked else 0
            fields = {"detail": detail, "bytes": str(size)}
            yield Issue(
                item, Reason.DAMAGED_RECORD, start, records=records, fields=fields, unknown="unknown.blocks"
            )


def _cut(item: str, at: int) -> Issue:
    return Issue(item, Reason.TRUNCATED, at, unknown="unknown.rest")


def _ewf_losses(item: str, image: ewf.Ewf) -> Iterator[Issue]:
    if not image.complete or image.missing:
        fields = {"missing_bytes": str(image.missing)}
        yield Issue(item, Reason.TRUNCATED, image.size - image.missing, fields=fields, unknown="unknown.rest")
    for first, count in image.unreadable[:SHOWN]:
        fields = {"sectors": str(count), "detail": "not readable when the image was acquired"}
        yield Issue(item, Reason.UNREADABLE, first * image.sector, fields=fields, unknown="unknown.blocks")
