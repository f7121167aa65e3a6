# SPDX-License-Identifier: Apache-2.0
"""The search through raw bytes: images, memory and files of unknown kind, range by range, each range once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hikeshi.case.state import Done, State, task_id
from hikeshi.engine import Limits, Reply, Task, Unit
from hikeshi.evidence.media import BLOCK, MEMORY, RAW
from hikeshi.evidence.source import Source, SpoolSource
from hikeshi.families import fingerprint, packs
from hikeshi.flow.rules import Compiled, RuleFiles, file_opener
from hikeshi.schema import Reason

SEARCH, SWEEP = "hikeshi.flow.searches:search", "hikeshi.flow.searches:sweep"
RANGE = 256 << 20
IMAGES = (RAW, MEMORY)


def asked() -> RuleFiles | None:
    """What the packs ask of raw bytes, as files to compile; None when they ask nothing."""
    files = [
        (f"{pack.name}/pack.toml", (pack.folder / "pack.toml").read_bytes()) for pack in packs() if pack.raw
    ]
    return RuleFiles("packs-raw", tuple(files), "raw") if files else None


class Searching:
    """The search tasks of one run."""

    def __init__(
        self, state: State, patterns: Compiled | None, yara: Compiled | None = None, deep: bool = False
    ) -> None:
        self._state, self._patterns, self._yara, self._deep = state, patterns, yara, deep
        asking = [fingerprint(pack) for pack in packs() if pack.raw or "program" in pack.entry]
        self._version = task_id(patterns.version if patterns else None, asking, deep)
        self.searched = self.reused = 0

    def task(self, item: str, kind: str, number: int) -> str:
        """Id of the search of one range of an item; rules count where they judge regions, which is in images."""
        yara = self._judging(kind)
        return task_id("raw", item, self._version, yara.version if yara else None, number)

    def _judging(self, kind: str) -> Compiled | None:
        return self._yara if kind in IMAGES else None

    def ranges(self, done: Done) -> int:
        """How many ranges of an item are searched, from what reading it left."""
        image = done["item_kind"] in IMAGES and done.get("blocks")
        if self._patterns is None or not (image or done.get("whole") or "lost" in done):
            return 0
        size = int(done["records_in"]) * BLOCK if image else int(done["bytes"])
        return -(-size // RANGE)

    def pending(self, item: str, done: Done) -> set[int]:
        """The ranges of an item that were not searched yet."""
        return {
            number
            for number in range(self.ranges(done))
            if self._good(item, done["item_kind"], number) is None
        }

    def tasks(self, item: str, name: str, source: Source, kind: str, ranges: Iterable[int]) -> Iterator[Task]:
        """Tasks over ranges: one each for files of the evidence; one for all where opening costs a copy."""
        numbers = sorted(ranges)
        if self._patterns is None or not numbers:
            return
        shares = [numbers] if isinstance(source, SpoolSource) else [[number] for number in numbers]
        for share in shares:
            arguments = {"id": item, "name": name, "size": source.size, "kind": kind}
            arguments |= {"ranges": share, "step": RANGE}
            yara = self._judging(kind)
            rules = [file_opener(compiled.path) for compiled in (yara, self._patterns) if compiled]
            about = {"version": self._patterns.version, "yara": yara and yara.version, "deep": self._deep}
            limits = Limits(silence=900, cpu=3600 * len(share), wall=3600 * len(share))
            yield Task(
                SEARCH,
                [Unit(item, arguments, [*source.openers(), *rules])],
                about,
                limits,
                priority=(min(source.size, RANGE) >> 20, 0),
            )

    def ahead(self, path: str, source: Source, number: int) -> Iterator[Task]:
        """The task over a range of a file that is being hashed; its worker finds out whether it is an image."""
        if self._patterns is None:
            return
        for task in self.tasks("", path, source, RAW, [number]):
            yield replace(task, function=SWEEP, units=[replace(unit, key=path) for unit in task.units])

    def keep(self, item: str, kind: str, number: int, issues: list[Any], hits: bytes) -> None:
        """Keep what was found in a range."""
        self._finish(item, kind, number, {"item": item, "issues": issues}, hits)

    def take(self, reply: Reply) -> set[int]:
        """Keep what a worker says; gives the ranges that are thereby over."""
        item, kind = reply.unit.key, reply.unit.arguments["kind"]
        ranges = set(reply.unit.arguments["ranges"])
        if reply.message:
            head = reply.message.head
            self.keep(item, kind, int(head["number"]), head["issues"], reply.message.blob)
            return set()
        if reply.lost:
            for number in sorted(number for number in ranges if self._good(item, kind, number) is None):
                lost = {"item": item, "issues": [], "lost": reply.lost.value, "detail": reply.detail}
                self._finish(item, kind, number, lost, b"")
        return set() if reply.again else ranges

    def reuse(self, item: str, done: Done) -> None:
        """Count the ranges of an item that an earlier run searched."""
        self.reused += self.ranges(done) - len(self.pending(item, done))

    def hits(self, results: Mapping[str, Done]) -> Iterator[dict[str, Any]]:
        """All hits in these items, in a fixed order."""
        for _, _, found in self._found(results):
            if "lost" not in found:
                with open(self._state.part(found["parts"]["hits"]), "rb") as file:
                    yield from map(json.loads, file)

    def losses(
        self, results: Mapping[str, Done], places: Mapping[str, Sequence[str]]
    ) -> Iterator[dict[str, Any]]:
        """What was not searched, and the limits that were reached, as issues."""
        for item in sorted(results):
            for number in range(self.ranges(results[item])):
                found = self._state.done(self.task(item, results[item]["item_kind"], number))
                where = {"item": item, "path": places[item][0]}
                yield from (where | _unplaced(issue) for issue in (found["issues"] if found else ()))
                if found is None or "lost" in found:
                    fields = {"judge": "raw"} | ({"detail": found["detail"][-400:]} if found else {})
                    yield where | {
                        "offset": number * RANGE,
                        "reason": found["lost"] if found else Reason.NOT_AT_HAND.value,
                        "records": 0,
                        "fields": fields,
                        "unknown": "unknown.not-judged",
                    }

    def _found(self, results: Mapping[str, Done]) -> Iterator[tuple[str, int, Done]]:
        for item in sorted(results):
            for number in range(self.ranges(results[item])):
                found = self._state.done(self.task(item, results[item]["item_kind"], number))
                if found is not None:
                    yield item, number, found

    def _good(self, item: str, kind: str, number: int) -> Done | None:
        found = self._state.done(self.task(item, kind, number))
        return (
            found
            if found is not None and "lost" not in found and self._state.intact([found["parts"]["hits"]])
            else None
        )

    def _finish(self, item: str, kind: str, number: int, result: dict[str, Any], hits: bytes) -> None:
        part = self._state.new_part()
        part.write(hits)
        self._state.finish(self.task(item, kind, number), result | {"parts": {"hits": part.keep()}})
        self.searched += 1


def _unplaced(issue: Mapping[str, Any]) -> dict[str, Any]:
    return {name: issue[name] for name in ("offset", "reason", "records", "fields", "unknown")}
