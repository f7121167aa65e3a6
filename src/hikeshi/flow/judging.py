# SPDX-License-Identifier: Apache-2.0
"""Judges parts with rule sets and packs: from rows to hits, each part and each judge once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hikeshi.case.state import Done, Parts, State, task_id
from hikeshi.engine import Limits, Reply, Task, Unit
from hikeshi.engine.local import Pool
from hikeshi.flow.rules import file_opener

# Bumped when judges leave something else for the same rows and rules.
FORM = "2"
BATCH_UNITS, BATCH_ROWS = 32, 5_000


@dataclass(frozen=True)
class Judge:
    """What judges rows of `table`: the worker function `work` with the rules in a file, `version` being their hash.

    Its messages are of kind `hits`, or of another kind for what is kept for a later task; each kind becomes a part.
    """

    name: str
    work: str
    version: str
    table: str
    rules: str


class Judging:
    """The judging tasks of one run."""

    def __init__(self, state: State, pool: Pool, judges: Sequence[Judge]) -> None:
        self._state, self._pool, self._judges = state, pool, judges
        self._work: dict[str, Parts] = {}
        self._pending: dict[Judge, list[tuple[str, str, int]]] = {}
        self._given: set[str] = set()
        self.reused = 0
        self.judged = 0
        self.offered = 0
        self.lost = 0

    def task(self, judge: Judge, item: str, part: str) -> str:
        """Id of the task of one judge on one part."""
        return task_id("judge", FORM, judge.name, judge.version, item, part)

    def offer(self, item: str, done: Done) -> None:
        """Queue what has not judged the rows of an item yet."""
        for judge in self._judges:
            part = done["parts"].get(judge.table)
            if part is None:
                continue
            task = self.task(judge, item, part)
            if task in self._given:
                continue
            self._given.add(task)
            if self._state.usable(task):
                self.reused += 1
                continue
            self.offered += 1
            pending = self._pending.setdefault(judge, [])
            pending.append((item, part, done["rows"][judge.table]))
            if len(pending) >= BATCH_UNITS or sum(rows for _, _, rows in pending) >= BATCH_ROWS:
                self._submit(judge)

    def flush(self) -> None:
        """Queue what is left of the batches."""
        for judge in self._judges:
            self._submit(judge)

    def _submit(self, judge: Judge) -> None:
        pending = self._pending.pop(judge, [])
        if not pending:
            return
        units = []
        for item, part, _ in pending:
            files = [file_opener(str(self._state.part(part))), file_opener(judge.rules)]
            units.append(Unit(self.task(judge, item, part), {"item": item}, files))
        rows = sum(rows for _, _, rows in pending)
        arguments = {"judge": judge.name, "version": judge.version, "table": judge.table}
        limits = Limits(silence=300 + rows / 500, wall=3600 + rows / 100)
        self._pool.submit(Task(judge.work, units, arguments, limits, priority=(rows >> 14, 0)))

    def take(self, reply: Reply) -> None:
        """Keep what a judge says."""
        task = reply.unit.key
        parts = self._work.setdefault(task, Parts(self._state, "hits"))
        if reply.message:
            parts.write(reply.message.head["kind"], reply.message.blob)
            return
        del self._work[task]
        if reply.again:
            parts.drop()
            return
        result: dict[str, Any] = {"item": reply.unit.arguments["item"]}
        if reply.lost:
            parts.drop()
            self.lost += 1
            name = reply.task.arguments["judge"]
            result |= {"lost": reply.lost.value, "detail": reply.detail, "judge": name}
        self._state.finish(task, result | {"parts": parts.keep()})
        self.judged += 1

    def results(self, results: Mapping[str, Done]) -> Iterator[tuple[Judge, str, Done]]:
        """What each judge left about each item; `results` holds what reading the items left."""
        for item in sorted(results):
            for judge in self._judges:
                part = results[item]["parts"].get(judge.table)
                done = self._state.done(self.task(judge, item, part)) if part else None
                if done is not None:
                    yield judge, item, done

    def losses(
        self, results: Mapping[str, Done], places: Mapping[str, Sequence[str]]
    ) -> Iterator[dict[str, Any]]:
        """What could not be judged, and what judges could not read, as issues."""
        for judge, item, done in self.results(results):
            for said in lines(self._state, done["parts"]["issues"]) if "issues" in done["parts"] else ():
                yield {**said, "path": said.pop("place") or places[item][0]}
            if "lost" in done:
                fields = {"judge": judge.name, "detail": done["detail"][-400:]}
                where = {"item": item, "path": places[item][0], "offset": None}
                yield {
                    **where,
                    "reason": done["lost"],
                    "records": 0,
                    "fields": fields,
                    "unknown": "unknown.not-judged",
                }

    def hits(self, results: Mapping[str, Done]) -> Iterator[dict[str, Any]]:
        """All hits of the case, in a fixed order."""
        for _, _, done in self.results(results):
            yield from lines(self._state, done["parts"]["hits"])


def lines(state: State, part: str) -> Iterator[dict[str, Any]]:
    """The JSON lines of a part."""
    with open(state.part(part), "rb") as file:
        yield from map(json.loads, file)
