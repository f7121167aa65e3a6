# SPDX-License-Identifier: Apache-2.0
"""The YARA scans of items: each item once under one set of rules, while its bytes are at hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hikeshi.case.state import Done, Parts, State, task_id
from hikeshi.engine import Limits, Lost, Reply, Task, Unit
from hikeshi.evidence.source import Source
from hikeshi.flow.rules import Compiled, file_opener
from hikeshi.schema import Reason

SCAN = "hikeshi.flow.scans:scan"
LARGEST = 1 << 30
LATE = "YARA rules took longer than ten minutes"
UNSCANNED = ("late", "large", "image")
ASKED = {"option": "--deep"}
# Bumped when a scan leaves something else for the same bytes and rules.
SCANNED = "3"


class Scanning:
    """The scan tasks of one run."""

    def __init__(self, state: State, yara: Compiled | None, deep: bool = False) -> None:
        self._state, self._yara, self._deep = state, yara, deep
        self._parts: dict[str, Parts] = {}
        self._unscanned: dict[str, str] = {}
        self.scanned = 0
        self.reused: set[str] = set()

    def task(self, item: str) -> str:
        """Id of the scan of an item by the YARA rules of this run."""
        return task_id("scan", SCANNED, item, self._yara.version if self._yara else None, self._deep)

    def result(self, item: str) -> Done | None:
        """What scanning an item left, or None."""
        return self._state.done(self.task(item)) if self._yara else None

    def pending(self, item: str) -> bool:
        """Whether an item is still to be scanned."""
        return self._yara is not None and self._state.usable(self.task(item)) is None

    def tasks(self, items: Sequence[tuple[str, str, Source]], depth: int) -> Iterator[Task]:
        """The task over a batch of items, each with its name and bytes, of which the deepest lies at `depth`."""
        if self._yara is None or not items:
            return
        units = []
        for item, name, source in items:
            about = {"id": item, "name": name, "size": source.size, "whole": source.size <= LARGEST}
            units.append(Unit(item, about, [*source.openers(), file_opener(self._yara.path)]))
        size = sum(source.size for _, _, source in items)
        most = 900 * len(items) + size // 100_000
        limits = Limits(cpu=most, silence=most, wall=most)
        arguments = {"version": self._yara.version, "deep": self._deep}
        yield Task(SCAN, units, arguments, limits, priority=(size >> 20, -depth))

    def take(self, reply: Reply) -> bool:
        """Keep what a worker says; whether the scan of the item is thereby over."""
        item = reply.unit.key
        parts = self._parts.setdefault(item, Parts(self._state, "hits"))
        if reply.message and reply.message.head["kind"] in UNSCANNED:
            self._unscanned[item] = reply.message.head["kind"]
        elif reply.message:
            parts.write(reply.message.head["kind"], reply.message.blob)
        elif reply.again:
            parts.drop()
            self._unscanned.pop(item, None)
        else:
            self._finish(reply, self._parts.pop(item), self._unscanned.pop(item, None))
            return True
        return False

    def reuse(self, item: str) -> None:
        """Count an item that is not pending, as an earlier run scanned it."""
        if self._yara:
            self.reused.add(item)

    def hits(self, items: Iterable[str]) -> Iterator[dict[str, Any]]:
        """All hits in these items, in a fixed order."""
        for item in sorted(items):
            done = self.result(item)
            if done is not None:
                with open(self._state.part(done["parts"]["hits"]), "rb") as file:
                    yield from map(json.loads, file)

    def losses(
        self, results: Mapping[str, Done], places: Mapping[str, Sequence[str]]
    ) -> Iterator[dict[str, Any]]:
        """What was not scanned, as issues: the scan was lost, or the bytes were not at hand in this run."""
        for item in sorted(places) if self._yara else ():
            unmet = Reason.NOT_AT_HAND if item in results else Reason.TOO_DEEP
            done = self.result(item)
            lost = (done.get("lost") or done.get("refused")) if done else unmet
            if lost:
                about = done or {}
                fields = {"judge": "yara", **about.get("fields", {})}
                fields |= {"detail": about["detail"][-400:]} if "detail" in about else {}
                unknown = "unknown.raw-search" if lost == Reason.SEARCH_LIMIT else "unknown.not-judged"
                where = {"item": item, "path": places[item][0], "offset": None}
                yield {**where, "reason": lost, "records": 0, "fields": fields, "unknown": unknown}

    def _finish(self, reply: Reply, parts: Parts, unscanned: str | None) -> None:
        item = reply.unit.key
        result: dict[str, Any] = {"item": item}
        if reply.lost or unscanned:
            parts.drop()
        if reply.lost:
            result |= {"lost": reply.lost.value, "detail": reply.detail}
        elif unscanned == "late":
            result |= {"lost": Lost.HUNG.value, "detail": LATE}
        elif unscanned == "large":
            size = f"{reply.unit.arguments['size']} bytes"
            result |= {"refused": Reason.TOO_LARGE.value, "fields": {"detail": size, **ASKED}}
        elif unscanned == "image" and not self._deep:
            fields = {"what": "the image outside of regions", **ASKED}
            result |= {"refused": Reason.SEARCH_LIMIT.value, "fields": fields}
        self._state.finish(self.task(item), result | {"parts": parts.keep()})
        self.scanned += 1
