# SPDX-License-Identifier: Apache-2.0
"""One bounded pass over a stretch of raw bytes: anchors, the regions around them, each region once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from hikeshi.raw.growth import Grower
from hikeshi.raw.patterns import Patterns
from hikeshi.raw.windows import read_at, windows
from hikeshi.schema import Issue, Reason, Region

GROWN, SHOWN = 20_000, 1_000
CHEAP = 64 << 20
TEST_OVERLAP = 4096

Test = Callable[["np.ndarray"], "np.ndarray"]


@dataclass(frozen=True)
class Stretch:
    """Which bytes to search: `start` to `end` of a file of `size` bytes that holds the item."""

    item: str
    file: BinaryIO
    size: int
    start: int
    end: int


@dataclass
class _Run:
    """A region before its bytes are read again: where it lies and where else the same bytes do."""

    search: int
    begin: int
    end: int
    copies: list[int] = field(default_factory=list)


def regions(
    stretch: Stretch, patterns: Patterns, tests: Mapping[int, Test] | None = None
) -> Iterator[tuple[int, Region] | Issue]:
    """(number of the search, region) for every region whose first anchor ends in the stretch, and limits reached."""
    finder = _Finder(stretch, patterns)
    yield from finder.look(tests or {})
    for run in finder.runs():
        data = read_at(stretch.file, run.begin, run.end - run.begin)
        found = finder.inside(run.search, run.begin, data)
        yield run.search, Region(stretch.item, run.begin, len(data), data, found[:SHOWN], tuple(run.copies))


class _Finder:
    """What was found in one stretch so far."""

    def __init__(self, stretch: Stretch, patterns: Patterns) -> None:
        self._stretch, self._patterns = stretch, patterns
        self._growers = [Grower(search, stretch.file, stretch.size) for search in patterns.searches]
        self._covered = [-1] * len(patterns.searches)
        self._given: list[set[int]] = [set() for _ in patterns.searches]
        self._grown = 0
        self._runs: dict[tuple[int, bytes], _Run] = {}

    def runs(self) -> list[_Run]:
        """The regions found, by offset."""
        return sorted(self._runs.values(), key=lambda run: (run.begin, run.end, run.search))

    def look(self, tests: Mapping[int, Test]) -> Iterator[Issue]:
        """Pass over the stretch once."""
        stretch = self._stretch
        overlap = max(self._patterns.overlap, TEST_OVERLAP if tests else 0)
        last = min(stretch.size, stretch.end + TEST_OVERLAP) if tests else stretch.end
        seen = stretch.start
        for base, view in windows(stretch.file, stretch.start, last, overlap):
            for search, begin, end in [*self._anchors(view, base, seen), *self._tested(view, base, tests)]:
                yield from self._hit(search, max(0, begin), end)
            seen = base + len(view)
            if self._grown > GROWN:
                fields = {"limit": str(GROWN), "what": "regions", "end": str(stretch.end)}
                yield Issue(
                    stretch.item, Reason.SEARCH_LIMIT, seen, fields=fields, unknown="unknown.raw-search"
                )
                return

    def _anchors(self, view: memoryview, base: int, seen: int) -> list[tuple[int, int, int]]:
        """Anchors that end in a view and did not end in the one before."""
        hits: list[tuple[int, int, int]] = []
        self._patterns.find(view, lambda search, begin, end: hits.append((search, base + begin, base + end)))
        return [hit for hit in hits if seen < hit[2] <= self._stretch.end]

    def _tested(
        self, view: memoryview, base: int, tests: Mapping[int, Test]
    ) -> Iterator[tuple[int, int, int]]:
        """Offsets that tests give for a view; what two views share is tested twice, so that no border hides it."""
        for search, test in tests.items():
            given = {place for place in self._given[search] if place >= base}
            for at in np.sort(test(np.frombuffer(view, dtype=np.uint8)))[: GROWN + 1]:
                place = base + int(at)
                if self._stretch.start <= place < self._stretch.end and place not in given:
                    given.add(place)
                    yield search, place, place + 1
            self._given[search] = given

    def inside(self, search: int, begin: int, data: bytes) -> list[tuple[str, int]]:
        """The patterns of a search in the bytes of a region, with their offsets in the item."""
        return [(name, begin + at) for name, at in self._patterns.within(memoryview(data), search)]

    def _hit(self, search: int, begin: int, end: int) -> Iterator[Issue]:
        """Grow a region around an anchor, unless it lies in the last one."""
        asked, stretch = self._patterns.searches[search], self._stretch
        if (asked.alphabet is not None and end <= self._covered[search]) or self._grown > GROWN:
            return
        self._grown += 1
        begin, stop, cut = self._growers[search].grow(begin, end)
        if cut:
            fields = {"limit": str(stop - begin), "what": "bytes of a region", "search": asked.name}
            yield Issue(stretch.item, Reason.SEARCH_LIMIT, begin, fields=fields, unknown="unknown.raw-search")
            begin = max(begin, self._covered[search])
        self._covered[search] = stop
        data = read_at(stretch.file, begin, stop - begin)
        found = self.inside(search, begin, data)
        earlier = asked.alphabet is not None and any(
            begin + at <= stretch.start for at in self._ends(search, data)
        )
        if (earlier and not cut) or (asked.test is None and len(found) < asked.least):
            return
        run = self._runs.setdefault(
            (search, hashlib.sha256(data).digest()), _Run(search, begin, begin + len(data))
        )
        if (run.begin, run.end) != (begin, begin + len(data)):
            run.copies.append(begin)

    def _ends(self, search: int, data: bytes) -> list[int]:
        """Where anchors of a search end in the bytes of a region."""
        ends: list[int] = []

        def hit(owner: int, number: int, end: int) -> None:
            if owner == search:
                ends.append(end)

        self._patterns.find(memoryview(data), hit)
        return ends
