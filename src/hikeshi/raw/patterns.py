# SPDX-License-Identifier: Apache-2.0
"""Byte patterns of packs, checked and compiled into one hyperscan database that can be kept in a file.

A pattern is a row of \\xHH, letters, digits, classes and dots, each perhaps with {n} or {n,m}: so its greatest width is
known, and a block needs to overlap the last one by no more than that.
"""

from __future__ import annotations

import dataclasses
import json
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import hyperscan

from hikeshi.errors import PackError
from hikeshi.schema import Search

WIDEST, SHORTEST_ANCHOR = 256, 4
_STEP = re.compile(
    r"(\\x[0-9A-Fa-f]{2}|\\[dDsSwW]|\[\^?(?:\\x[0-9A-Fa-f]{2}|[A-Za-z0-9_-])+\]|\.|[A-Za-z0-9 _])"
    r"(?:\{(\d{1,3})(?:,(\d{1,3}))?\})?"
)
_HEAD = struct.Struct("<III")

Hit = Callable[[int, int, int], None]


def width(pattern: str) -> tuple[int, int]:
    """Least and greatest number of bytes a pattern matches; PackError when it is not of the simple kind."""
    at = least = most = 0
    while at < len(pattern):
        step = _STEP.match(pattern, at)
        if step is None:
            raise PackError(f"{pattern!r} is no byte pattern; write \\xHH, letters, [..] or . with {{n}}")
        low = int(step[2] or 1)
        least, most, at = least + low, most + int(step[3] or low), step.end()
    if not 0 < most <= WIDEST:
        raise PackError(f"{pattern!r} matches {most} bytes; a byte pattern matches 1 to {WIDEST}")
    return least, most


def literal(text: str) -> str:
    """The pattern of bytes written as hexadecimal digits."""
    try:
        data = bytes.fromhex(text)
    except ValueError as error:
        raise PackError(f"{text!r} is no row of hexadecimal bytes") from error
    return "".join(f"\\x{byte:02X}" for byte in data)


def check(search: Search) -> Search:
    """The same search; PackError when one of its patterns cannot be used."""
    for pattern in search.anchors:
        least, _ = width(pattern)
        if least < SHORTEST_ANCHOR:
            raise PackError(
                f"{search.pack}: the anchor {pattern!r} of {search.name} is shorter than {SHORTEST_ANCHOR} bytes;"
                " make it a score"
            )
    for pattern in search.scores:
        width(pattern)
    return search


@dataclass(frozen=True)
class Patterns:
    """All searches of all packs, ready: one database of anchors, one of everything for regions."""

    searches: tuple[Search, ...]
    anchors: Any
    everything: Any

    @property
    def overlap(self) -> int:
        """How many bytes of the last block a block must begin with."""
        widest = [width(pattern)[1] for search in self.searches for pattern in search.anchors]
        return max(widest, default=1) - 1

    def find(self, view: memoryview, hit: Hit) -> None:
        """Calls hit(search, begin, end) for each anchor that ends in the view, in order of ends.

        The begin is that of the widest match the pattern allows.
        """
        if self.anchors is not None and len(view):
            self.anchors.scan(view, match_event_handler=_told(hit, self._anchors))

    def within(self, view: memoryview, search: int) -> list[tuple[str, int]]:
        """Every pattern of one search in a view, as (pattern, begin), in order of begins."""
        if self.everything is None or not len(view):
            return []
        known, found = self._everything, set()

        def hit(number: int, begin: int, end: int, flags: int, context: object) -> None:
            owner, pattern = known[number]
            if owner == search:
                found.add((begin, pattern))

        self.everything.scan(view, match_event_handler=hit)
        return [(pattern, begin) for begin, pattern in sorted(found)]

    @cached_property
    def _anchors(self) -> list[tuple[int, int]]:
        return [(owner, width(pattern)[1]) for owner, pattern in _numbered(self.searches, anchors=True)]

    @cached_property
    def _everything(self) -> list[tuple[int, str]]:
        return _numbered(self.searches, anchors=False)


def _told(hit: Hit, known: Sequence[tuple[int, int]]) -> Callable[..., None]:
    def told(number: int, begin: int, end: int, flags: int, context: object) -> None:
        owner, widest = known[number]
        hit(owner, end - widest, end)

    return told


def _numbered(searches: Sequence[Search], anchors: bool) -> list[tuple[int, str]]:
    return [
        (owner, pattern)
        for owner, search in enumerate(searches)
        for pattern in (search.anchors if anchors else (*search.anchors, *search.scores))
    ]


def compiled(searches: Sequence[Search]) -> bytes:
    """The searches with their databases as bytes, readable on the same kind of machine."""
    head = json.dumps([_plain(search) for search in searches]).encode()
    parts = [
        _database([pattern for _, pattern in _numbered(searches, anchors)], begins=not anchors)
        for anchors in (True, False)
    ]
    return _HEAD.pack(len(head), *map(len, parts)) + head + b"".join(parts)


def loaded(data: bytes) -> Patterns:
    """What compiled() wrote, ready to search."""
    head, first, second = _HEAD.unpack_from(data)
    start = _HEAD.size + head
    searches = tuple(_search(plain) for plain in json.loads(data[_HEAD.size : start]))
    anchors, everything = data[start : start + first], data[start + first : start + first + second]
    return Patterns(searches, _loaded(anchors), _loaded(everything))


def _database(patterns: Sequence[str], begins: bool) -> bytes:
    if not patterns:
        return b""
    flags = hyperscan.HS_FLAG_DOTALL | (hyperscan.HS_FLAG_SOM_LEFTMOST if begins else 0)
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[pattern.encode("ascii") for pattern in patterns],
        ids=list(range(len(patterns))),
        elements=len(patterns),
        flags=[flags] * len(patterns),
    )
    return bytes(hyperscan.dumpb(database))


def _loaded(data: bytes) -> Any:
    if not data:
        return None
    database = hyperscan.loadb(data, hyperscan.HS_MODE_BLOCK)
    database.scratch = hyperscan.Scratch(database)
    return database


def _plain(search: Search) -> dict[str, Any]:
    plain = dataclasses.asdict(search)
    return plain | {"alphabet": search.alphabet.hex() if search.alphabet is not None else None}


def _search(plain: dict[str, Any]) -> Search:
    alphabet = plain.pop("alphabet")
    return Search(**plain, alphabet=None if alphabet is None else bytes.fromhex(alphabet))
