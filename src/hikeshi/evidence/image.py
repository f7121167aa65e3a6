# SPDX-License-Identifier: Apache-2.0
"""Disk images and memory dumps: raw, split raw, E01, LiME, AVML; the blocks are records, files inside are children."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from hikeshi.evidence import layout, media
from hikeshi.evidence.ewf import Ewf, EwfError
from hikeshi.evidence.media import Media
from hikeshi.schema import Batch, Count, Found, Issue, Item, Reason, table

VERSION = "3"
KIND = "raw-image"


def sniff(head: bytes, name: str) -> bool:
    """The beginning of a disk, a file system, an E01 image or a memory dump."""
    return media.sniff(head)


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """What each image is and holds; its bytes are searched elsewhere, block by block."""
    for item in items:
        if item.size == 0:
            yield Count(item.id, "empty", 0)
            continue
        try:
            opened = media.opened(item.id, item.file, item.size, item.name)
        except EwfError as error:
            yield Issue(
                item.id,
                Reason.DAMAGED,
                0,
                records=1,
                fields={"detail": str(error)},
                unknown="unknown.item",
            )
            yield Count(item.id, KIND, 1)
            continue
        yield from _read(item, opened)


def _read(item: Item, opened: Media) -> Iterator[Batch | Found | Issue | Count]:
    yield from opened.losses
    rows, issues = _whole(item.id, opened)
    found = layout.volumes(opened.file, opened.size) if opened.kind == media.RAW else []
    rows += [_volume(item.id, n, volume) for n, volume in enumerate(found, 1)]
    yield Batch(item.id, "volumes", table("volumes", rows))
    yield from _serials(item.id, opened, found)
    yield from issues
    for volume in found:
        yield from _open(item, opened, volume)
    refused = 0
    for issue in media.damage(item.id, opened, checked=True):
        refused += issue.records
        yield issue
    yield Count(item.id, opened.kind, opened.blocks, blocks=opened.blocks - refused)


def _whole(item: str, opened: Media) -> tuple[list[dict[str, Any]], list[Issue]]:
    """The row of the media itself, with what became of the hash its image states."""
    row = {"item": item, "record": 0, "offset": 0, "name": "", "bytes": opened.size, "kind": opened.format}
    issues = []
    if isinstance(opened.file, Ewf):
        hashes = opened.file.verify()
        good = all(stated == computed for stated, computed in hashes.values())
        row["stated"] = " ".join(f"{name}:{stated}" for name, (stated, _) in sorted(hashes.items()))
        row["check"] = ("confirmed" if good else "differs") if hashes else "none stated"
        if not good:
            fields = {
                f"{name}_{which}": value
                for name, pair in sorted(hashes.items())
                for which, value in zip(("stated", "computed"), pair, strict=True)
            }
            issues.append(Issue(item, Reason.DAMAGED, fields=fields, unknown="unknown.image-hash"))
    return [row], issues


def _volume(item: str, number: int, volume: layout.Volume) -> dict[str, Any]:
    return {
        "item": item,
        "record": number,
        "offset": volume.offset,
        "name": volume.name,
        "bytes": volume.size,
        "kind": volume.kind or "unknown",
    }


def _serials(item: str, opened: Media, found: Sequence[layout.Volume]) -> Iterator[Batch]:
    """The serial numbers of Windows volumes, which identify the machine; `record` is the volume's."""
    rows = []
    for number, volume in enumerate(found, 1):
        if met := layout.volume_serial(opened.file, volume.offset):
            at = {"item": item, "record": number, "offset": met[0], "count": 1}
            rows.append(at | {"kind": "volume-serial", "value": met[1]})
    if rows:
        yield Batch(item, "machines", table("machines", rows))


def _open(item: Item, opened: Media, volume: layout.Volume) -> Iterator[Batch | Found | Issue]:
    fields = {"file_system": volume.kind or "unknown"}
    place = volume.name or None
    if volume.kind in layout.ENCRYPTED:
        yield Issue(item.id, Reason.ENCRYPTED, volume.offset, place, 0, fields, "unknown.files-inside")
    elif volume.kind not in layout.OPENED:
        if volume.kind != "swap":
            yield Issue(
                item.id, Reason.UNSUPPORTED_FORMAT, volume.offset, place, 0, fields, "unknown.files-inside"
            )
    elif find_spec("pytsk3") is None:
        fields |= {"extra": "images"}
        yield Issue(item.id, Reason.MISSING_EXTRA, volume.offset, place, 0, fields, "unknown.files-inside")
    else:
        from hikeshi.evidence.file_system import read_volume

        yield from read_volume(item, opened, volume)
