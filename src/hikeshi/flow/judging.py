# SPDX-License-Identifier: Apache-2.0
"""Judges parts with rule sets and packs: from rows to hits, each part and each judge once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hikeshi.case.state import Done, Part, State, task_id
from hikeshi.engine import Limits, Reply, Task, Unit
from hikeshi.engine.local import Pool
from hikeshi.flow.rules import file_opener

JUDGE = "hikeshi.flow.judges:judge"
BATCH_UNITS, BATCH_ROWS = 32, 5_000


@dataclass(frozen=True)
class Judge:
    """One rule set that judges rows of `table`; `version` is the hash of its compiled form, in the file `rules`."""

    name: str
    version: str
    table: str
    rules: str


class Judging:
    """The judging tasks of one run."""

    def __init__(self, state: State, pool: Pool, judges: Sequence[Judge]) -> None:
        self._state, self._pool, self._judges = state, pool, judges
        self._work: dict[str, tuple[str, Part]] = {}
        self._pending: dict[tuple[str, str], list[tuple[str, str, int]]] = {}
        self._given: set[str] = set()
        self.reused = 0
        self.judged = 0
        self.offered = 0
        self.lost = 0

    def task(self, judge: Judge, item: str, part: str) -> str:
        """Id of the task of one judge on one part."""
        return task_id("judge", judge.name, judge.version, item, part)

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
            earlier = self._state.done(task)
            if earlier is not None and "lost" not in earlier and self._state.intact([earlier["hits"]]):
                self.reused += 1
                continue
            self.offered += 1
            pending = self._pending.setdefault((judge.name, judge.version), [])
            pending.append((item, part, done["rows"][judge.table]))
            if len(pending) >= BATCH_UNITS or sum(rows for _, _, rows in pending) >= BATCH_ROWS:
                self._submit(judge)

    def flush(self) -> None:
        """Queue what is left of the batches."""
        for judge in self._judges:
            self._submit(judge)

    def _submit(self, judge: Judge) -> None:
        pending = self._pending.pop((judge.name, judge.version), [])
        if not pending:
            return
        units = []
        for item, part, _ in pending:
            files = [file_opener(str(self._state.part(part))), file_opener(judge.rules)]
            units.append(Unit(self.task(judge, item, part), {"item": item}, files))
        rows = sum(rows for _, _, rows in pending)
        arguments = {"judge": judge.name, "version": judge.version, "table": judge.table}
        limits = Limits(silence=300 + rows / 500, wall=3600 + rows / 100)
        self._pool.submit(Task(JUDGE, units, arguments, limits, priority=(rows >> 14, 0)))

    def take(self, reply: Reply) -> None:
        """Keep what a judge says."""
        task = reply.unit.key
        if task not in self._work:
            self._work[task] = (reply.unit.arguments["item"], self._state.new_part())
        item, part = self._work[task]
        if reply.message:
            part.write(reply.message.blob)
        elif reply.again:
            part.drop()
            del self._work[task]
        else:
            del self._work[task]
            result: dict[str, Any] = {"item": item}
            if reply.lost:
                part.drop()
                part = self._state.new_part()
                self.lost += 1
                result |= {
                    "lost": reply.lost.value,
                    "detail": reply.detail,
                    "judge": reply.task.arguments["judge"],
                }
            self._state.finish(task, result | {"hits": part.keep()})
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
        """What could not be judged, as issues."""
        for judge, item, done in self.results(results):
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
            with open(self._state.part(done["hits"]), "rb") as file:
                for line in file:
                    yield json.loads(line)
