# SPDX-License-Identifier: Apache-2.0
"""What a worker runs to decode an item again for the secrets in it: every way in which bytes became rows or findings.

Whatever masks a secret on such a way can reveal it; a new stage of the flow that decodes adds its way to WAYS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, BinaryIO

from hikeshi.codecs.mask import caught
from hikeshi.evidence.segments import joined
from hikeshi.flow import searches, sessions
from hikeshi.flow.tasks import HEAD
from hikeshi.raw.patterns import loaded
from hikeshi.readers import pick
from hikeshi.schema import Item

Units = Sequence[tuple[Mapping[str, Any], Sequence[BinaryIO]]]
Way = Callable[[Item, Mapping[str, Any]], Iterator[object]]


def _read(item: Item, arguments: Mapping[str, Any]) -> Iterator[object]:
    """The reader of the item: what fills the tables of records."""
    reader = pick(item.file.read(HEAD), item.name)
    item.file.seek(0)
    yield from reader.read([item]) if reader else ()


def _sessions(item: Item, arguments: Mapping[str, Any]) -> Iterator[object]:
    """The streams of a capture that packs keep, judged with the passwords of the case."""
    reader = pick(item.file.read(HEAD), item.name)
    if reader and reader.__name__ == "hikeshi.streams.capture":
        for stream in sessions.kept(item):
            if isinstance(stream, bytes):
                yield from sessions.judge(arguments, [({}, [BytesIO(stream)])])


def _searched(item: Item, arguments: Mapping[str, Any]) -> Iterator[object]:
    """The ranges of raw bytes in which findings lie, searched as packs ask."""
    if arguments["ranges"]:
        unit = {"id": item.id, "name": item.name, "size": item.size, **arguments}
        yield from searches.ranged(unit, item.file, loaded(searches.own_patterns()), arguments["deep"])


WAYS: tuple[Way, ...] = (_read, _sessions, _searched)


def reveal(arguments: Mapping[str, Any], units: Units) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """Decode items again until the secrets behind all masked values that are `wanted` are known, and send those.

    `secrets` are the passwords of the case, as for sessions; `kind`, `ranges`, `step` and `deep` as for a search.
    """
    for index, (unit, files) in enumerate(units):
        file = joined(files)
        item = Item(unit["id"], unit["name"], unit["size"], file)
        with caught(arguments["wanted"]) as found:
            for way in WAYS:
                file.seek(0)
                for _ in way(item, arguments):
                    if None not in found.values():
                        break
                if None not in found.values():
                    break
            for masked, value in sorted(found.items()):
                if value is not None:
                    yield {"kind": "secret", "unit": index, "masked": masked}, value
        yield {"kind": "end", "unit": index}, b""
