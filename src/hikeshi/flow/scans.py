# SPDX-License-Identifier: Apache-2.0
"""What a worker runs to judge bytes by YARA rules: whole items, regions of images, whole images in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from hikeshi.evidence.media import RAW
from hikeshi.evidence.segments import joined
from hikeshi.flow.judges import encoded
from hikeshi.flow.tasks import reader_of
from hikeshi.raw.search import Stretch
from hikeshi.raw.windows import read_at
from hikeshi.schema import Grade, Hit, Item, Region

if TYPE_CHECKING:
    from hikeshi.detect.yara import YaraMatch, YaraSet

Sent = tuple[Mapping[str, Any], bytes]
Units = Sequence[tuple[Mapping[str, Any], Sequence[BinaryIO]]]

# Images and what is too large for one scan are scanned in pieces of STEP, each with OVERLAP bytes of the next.
STEP, OVERLAP = 64 << 20, 1 << 20

_sets: dict[str, YaraSet] = {}


def scan(arguments: Mapping[str, Any], units: Units) -> Iterator[Sent]:
    """Scan each unit's bytes; its files are the item's and the compiled rules.

    Of an image nothing is scanned here, which `image` says: its regions are, where it is searched. An item that is
    not to be scanned `whole` is scanned in pieces when `deep`; otherwise `large` says that it was not.
    """
    from hikeshi.detect.yara import scan as scan_bytes

    for index, (unit, (*files, rules)) in enumerate(units):
        ruleset, file = held(rules, arguments["version"]), joined(files)
        item = Item(unit["id"], unit["name"], unit["size"], file)
        try:
            if _image(item, len(files)):
                yield {"kind": "image", "unit": index}, b""
            elif unit["whole"]:
                file.seek(0)
                hits = [_scanned(item.id, 0, match) for match in scan_bytes(file.read(), ruleset)]
                yield {"kind": "hits", "unit": index}, encoded(hits)
            elif arguments["deep"]:
                found = in_pieces(Stretch(item.id, file, item.size, 0, item.size), ruleset)
                yield {"kind": "hits", "unit": index}, encoded(found)
            else:
                yield {"kind": "large", "unit": index}, b""
        except TimeoutError:
            yield {"kind": "late", "unit": index}, b""
        yield {"kind": "end", "unit": index}, b""


def _image(item: Item, segments: int) -> bool:
    reader, _ = reader_of(item, segments)
    return reader is not None and reader.KIND == RAW


def held(file: BinaryIO, version: str) -> YaraSet:
    """The compiled rules in a file with the scanner that this process uses for all items."""
    from hikeshi.detect.yara import YaraSet

    if version not in _sets:
        data = file.read()
        if hashlib.sha256(data).hexdigest() != version:
            raise ValueError("the compiled rules changed while they were in use")
        _sets[version] = YaraSet.from_bytes(data)
    return _sets[version]


def in_region(region: Region, rules: YaraSet) -> Iterator[Hit]:
    """What the rules say of a region as bytes of their own; TimeoutError after ten minutes."""
    from hikeshi.detect.yara import scan as scan_bytes

    copies = {"copies": str(len(region.copies))} if region.copies else {}
    for match in scan_bytes(region.bytes, rules):
        yield _scanned(region.item, region.offset, match, copies)


def in_pieces(stretch: Stretch, rules: YaraSet) -> Iterator[Hit]:
    """What the rules say of a stretch piece by piece; a rule must have a string that begins in the piece."""
    from hikeshi.detect.yara import scan as scan_bytes

    for at in range(stretch.start, stretch.end, STEP):
        stop = min(at + STEP, stretch.end)
        data = read_at(stretch.file, at, min(stop + OVERLAP, stretch.size) - at)
        for match in scan_bytes(data, rules):
            if match.offset is not None and match.offset < stop - at:
                yield _scanned(stretch.item, at, match)


def _scanned(item: str, base: int, match: YaraMatch, more: Mapping[str, str] | None = None) -> Hit:
    fields = {"title": match.rule.title or match.rule.id, **match.strings, **(more or {})}
    grade = Grade.INDICATED if match.rule.level in ("high", "critical") else Grade.WEAK
    return Hit(item, grade, "rule.yara", offset=base + (match.offset or 0), fields=fields, rule=match.rule)
