# SPDX-License-Identifier: Apache-2.0
"""SmokeLoader's configuration in a region of raw bytes: servers in the order of their table, and strings.

What counts is that bytes decode under the key beside them, so dumps of any kind and page files will do. Which encoding
hints at which years: `smokeloader` entries of JPCERT/CC, CAPE and published write-ups; a hint, never the version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from hikeshi.families.smokeloader import entries, strings, tables
from hikeshi.families.smokeloader.entries import Entry
from hikeshi.families.smokeloader.strings import Strings
from hikeshi.families.smokeloader.tables import Table
from hikeshi.pack import Grade, Hit, replace

if TYPE_CHECKING:
    from hikeshi.families.smokeloader.lanes import Bytes, Places

FAMILY, CANDIDATES = "smokeloader", "smokeloader.key-candidates"
APART = 1 << 16
_HINTS = {"X-FF": "2018", "X-E4": "2019-2020", "R4": "2020-2022"}
_TASKS = {"Firefox Default Browser Agent": "2022", "NvNgxUpdateCheckDaily_": "2019-2020"}


class Region(Protocol):
    """Bytes of an item and where they lie in it."""

    @property
    def item(self) -> str:
        """The item's id."""

    @property
    def offset(self) -> int:
        """Where the bytes lie in the item."""

    @property
    def bytes(self) -> bytes:
        """The bytes."""


@dataclass(frozen=True)
class Config:
    """Servers of one generation: its entries by place, and the table that gives their order where one was found.

    `other` are entries of the same kind that no pointer leads to, `doubtful` those of another constant that one
    leads to.
    """

    codec: str
    entries: Sequence[Entry]
    table: Table | None = None
    other: Sequence[Entry] = field(default=())
    doubtful: Sequence[Entry] = field(default=())

    @property
    def urls(self) -> list[str]:
        """The addresses in the order of the table, else of their places; each once."""
        known = {entry.offset: entry.url for entry in self.entries}
        order = self.table.targets if self.table else sorted(known)
        return list(dict.fromkeys(known[place] for place in order if place in known))


def configs(data: bytes, offset: int = 0) -> list[Config]:
    """Every configuration in the data, by place."""
    left = {entry.offset: entry for entry in entries.entries(data, offset)}
    codecs = Counter(entry.codec for entry in left.values())
    found = list[Config]()
    for codec in sorted(codecs, key=lambda name: (-codecs[name], name)):
        found += _generations(data, codec, left, offset)
    return sorted(found, key=lambda one: one.entries[0].offset)


def _generations(data: bytes, codec: str, left: dict[int, Entry], offset: int) -> Iterator[Config]:
    """One configuration a table, which takes its entries out of those left; what no pointer leads to is told apart.

    A pointer may lead to an entry with a damaged key, which reads as one of another constant: it stays doubtful.
    """
    group = {entry.offset: entry for entry in left.values() if entry.codec == codec}
    made = list[Config]()
    for table in tables.tables(data, list(group.values()), offset):
        own = [group.pop(place) for place in sorted(set(table.targets)) if place in group]
        doubtful = [left.pop(place) for place in table.unreadable if place in left]
        made.append(Config(codec, own, table, doubtful=doubtful))
    for one in made:
        near = [place for place in group if abs(place - one.entries[0].offset) < APART]
        yield replace(one, other=[group.pop(place) for place in near])
    if group:
        yield Config(codec, sorted(group.values()))
    for place in [entry.offset for entry in left.values() if entry.codec == codec]:
        del left[place]


def places(block: Bytes) -> Places:
    """Where a configuration may lie, by cheap tests of a block: X entries, targets of tables, first strings."""
    import numpy as np

    xored = entries.xor_places(block)
    if len(xored):
        data = block.tobytes()
        xored = np.array([at for at in map(int, xored) if entries.xor_entry(data, at)], np.intp)
    return _apart(np.concatenate((xored, tables.target_places(block), strings.first_places(block))))


def every_place(block: Bytes) -> Places:
    """Where an entry of kind R4 or a list of strings lies, the cipher tried at every place: costly."""
    import numpy as np

    return _apart(np.concatenate((entries.rc4_places(block), strings.every_place(block))))


def _apart(found: Places) -> Places:
    """The first of the places that one region will cover."""
    import numpy as np

    kept: list[int] = []
    for at in map(int, np.unique(found)):
        if not kept or at - kept[-1] >= APART // 2:
            kept.append(at)
    return np.array(kept, np.intp)


def found(region: Region) -> Iterator[Hit]:
    """Configurations and strings around a place that the cheap tests gave."""
    yield from _told(region, "tables and keys beside the text")


def found_deep(region: Region) -> Iterator[Hit]:
    """Those around a place that only the cipher at every place gave: where the cheap tests give one, nothing."""
    import numpy as np

    if not len(places(np.frombuffer(region.bytes, np.uint8))):
        yield from _told(region, "every place")


def _told(region: Region, how: str) -> Iterator[Hit]:
    lists = strings.lists(region.bytes, region.offset)
    found = configs(region.bytes, region.offset)
    for one in found:
        yield _config_hit(region, one, lists, how)
    for texts in lists:
        yield _strings_hit(region, texts)
    if found or lists:
        yield _candidates(region)


def _config_hit(region: Region, one: Config, lists: Sequence[Strings], how: str) -> Hit:
    table, first = one.table, one.entries[0]
    missing = table.unreadable if table else ()
    fields = {
        "c2_url": "\n".join(one.urls),
        "config_entry_codec": one.codec,
        "config_entry_constant": f"0x{one.codec[2:].lower()}" if one.codec != "R4" else None,
        "config_entries": str(len(one.entries)),
        "config_offsets": ", ".join(f"{entry.offset:#x}" for entry in one.entries),
        "config_entry_keys": ", ".join(entry.key.hex() for entry in one.entries),
        "config_order": "table" if table else "place",
        "config_pointers": f"{len(table.targets)} of {8 * table.width} bits" if table else None,
        "config_table_offset": f"{table.offset:#x}" if table else None,
        "config_table_address": f"{table.base + table.offset:#x}" if table else None,
        "config_unreadable": ", ".join(f"{place:#x}" for place in missing),
        "config_outside_table": "\n".join(entry.url for entry in one.other),
        "config_doubtful": "\n".join(entry.url for entry in one.doubtful),
        "config_version_hint": _hint(one.codec, lists),
        "config_search": how,
    }
    known = one.codec == "R4" or int(one.codec[2:], 16) in entries.PUBLISHED
    several = len({entry.url for entry in (*one.entries, *one.other)}) > 1
    if several:
        grade = Grade.PROVEN if known else Grade.STRONG
    else:
        grade = Grade.INDICATED if known else Grade.WEAK
    return Hit(
        region.item, grade, "smokeloader.config", offset=first.offset, family=FAMILY,
        techniques=("T1071.001", "T1140"), fields=_said(fields),
    )  # fmt: skip


def _hint(codec: str, lists: Sequence[Strings]) -> str | None:
    named = {
        years
        for one in lists
        for text in one.texts
        for stem, years in _TASKS.items()
        if text.startswith(stem)
    }
    return ", ".join(sorted(named | ({_HINTS[codec]} if codec in _HINTS else set()))) or None


def _strings_hit(region: Region, one: Strings) -> Hit:
    lines = [text.encode("unicode_escape").decode("ascii") for text in one.texts]
    fields = {
        "config_strings": str(len(one.texts)),
        "config_string_key": one.key.hex(),
        "config_string_list": "\n".join(lines),
        "config_telling": ", ".join(one.telling),
        "config_version_hint": _hint("", [one]),
    }
    grade = Grade.PROVEN if len(one.telling) >= 3 else Grade.INDICATED
    return Hit(
        region.item, grade, "smokeloader.strings", offset=one.offset, family=FAMILY, techniques=("T1140",),
        fields=_said(fields),
    )  # fmt: skip


def _said(fields: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


# Opcodes that carry a dword, and how far behind them it may begin: push, mov to a register, arithmetic with eax; then
# mov and arithmetic with a register or memory, whose address takes one to six bytes.
_CARRIED = {**dict.fromkeys((0x68, *range(0xB8, 0xC0), 0x05, 0x2D, 0x35, 0x3D), (1,)),
            **dict.fromkeys((0xC7, 0x81), (2, 3, 4, 6, 7))}  # fmt: skip
_MOST_CANDIDATES = 16_384


def _candidates(region: Region) -> Hit:
    """Dwords that instructions in the region carry: one may be the request key; they feed the join only."""
    data, texts = region.bytes, set[str]()
    for at, byte in enumerate(data):
        for behind in _CARRIED.get(byte, ()):
            dword = data[at + behind : at + behind + 4]
            if len(dword) == 4 and len(set(dword)) > 2:
                texts.add(dword.hex())
    fields = {"candidates": " ".join(sorted(texts)[:_MOST_CANDIDATES])}
    return Hit(region.item, Grade.WEAK, CANDIDATES, offset=region.offset, family=FAMILY, fields=fields)
