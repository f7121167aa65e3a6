# SPDX-License-Identifier: Apache-2.0
"""Large files searched while they are hashed: each range when its bytes were just read, so that they are read once.

Their identity is not known yet, so what is found waits here; it becomes the result of a range once the file is hashed
and its reader says that it is an image whose bytes lie in it as they are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from hikeshi.engine import Reply
from hikeshi.engine.local import Pool
from hikeshi.evidence.source import FileSource, SegmentSource, Source
from hikeshi.flow import searching
from hikeshi.flow.searching import Searching

Listed = Collection[tuple[str, int]]


@dataclass
class _Sweep:
    """One file: which ranges were given to workers, which are over, and what was found in each."""

    source: FileSource | SegmentSource
    given: set[int] = field(default_factory=set)
    over: set[int] = field(default_factory=set)
    found: dict[int, tuple[list[Any], bytes]] = field(default_factory=dict)
    item: str | None = None
    vain: bool = False


class Ahead:
    """The searches of files without a hash; files that an earlier run listed wait for theirs."""

    def __init__(self, pool: Pool, searches: Searching, listed: Listed) -> None:
        self._pool, self._searches, self._listed = pool, searches, listed
        self._sweeps: dict[str, _Sweep] = {}

    def offer(self, path: str, source: FileSource | SegmentSource, hashed: int) -> None:
        """Search what was hashed of a file so far."""
        if source.size < searching.RANGE or (path, source.size) in self._listed:
            return
        sweep = self._sweeps.setdefault(path, _Sweep(source))
        for number in range(len(sweep.given), hashed // searching.RANGE):
            if sweep.vain:
                return
            sweep.given.add(number)
            for task in self._searches.ahead(path, source, number):
                self._pool.submit(task)

    def take(self, reply: Reply) -> tuple[str, int] | None:
        """Hear a worker; gives item and number of a range that is over and whose file is known."""
        number = int(reply.unit.arguments["ranges"][0])
        sweep = self._sweeps.get(reply.unit.key)
        if sweep is None:
            return None
        if reply.message:
            sweep.found[number] = (reply.message.head["issues"], reply.message.blob)
            return None
        if reply.lost:
            sweep.found.pop(number, None)
        sweep.over.add(number)
        sweep.vain |= not reply.lost and number not in sweep.found
        return (sweep.item, number) if sweep.item else None

    def name(self, path: str, item: str | None) -> None:
        """Say which item a file is; None when it is not to be read."""
        if item is None:
            self._sweeps.pop(path, None)
        elif path in self._sweeps:
            self._sweeps[path].item = item

    def keep(self, item: str, source: Source, kind: str) -> set[int]:
        """Make what was found so far the results of an item; gives the ranges that are still being searched."""
        for path, sweep in self._sweeps.items():
            if sweep.item == item and sweep.source is source:
                if kind not in searching.IMAGES:
                    del self._sweeps[path]
                    return set()
                for number in sorted(sweep.over & set(sweep.found)):
                    issues, hits = sweep.found.pop(number)
                    self._searches.keep(item, kind, number, issues, _owned(hits, item))
                return sweep.given - sweep.over
        return set()


def _owned(hits: bytes, item: str) -> bytes:
    """The same hits, of this item."""
    lines: list[Mapping[str, Any]] = [json.loads(line) for line in hits.splitlines()]
    named = (json.dumps({**line, "item": item}, ensure_ascii=False) for line in lines)
    return "".join(line + "\n" for line in named).encode()
