# SPDX-License-Identifier: Apache-2.0
"""Correlates over the whole case: the steps that judging left in all parts, joined into one task for each rule set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hikeshi.case.state import Done, Parts, State, task_id
from hikeshi.engine import Limits, Reply, Task, Unit
from hikeshi.engine.local import Pool
from hikeshi.flow.judging import FORM, Judge, Judging, lines
from hikeshi.flow.rules import file_opener
from hikeshi.schema import Reason

CORRELATE = "hikeshi.flow.judges:correlate"


class Correlating:
    """The correlation tasks of one run."""

    def __init__(self, state: State, pool: Pool) -> None:
        self._state, self._pool = state, pool
        self._work: dict[str, Parts] = {}
        self._tasks: dict[str, Judge] = {}
        self._undated: dict[str, int] = {}
        self.reused = 0
        self.judged = 0

    def offer(self, judging: Judging, results: Mapping[str, Done]) -> None:
        """Queue a task for each rule set whose rules left steps; the same steps are correlated once."""
        steps: dict[Judge, list[str]] = {}
        for judge, item, done in judging.results(results):
            if "steps" in done["parts"]:
                steps.setdefault(judge, []).append(done["parts"]["steps"])
            if "undated" in done["parts"]:
                count = sum(1 for _ in lines(self._state, done["parts"]["undated"]))
                self._undated[item] = self._undated.get(item, 0) + count
        for judge, parts in steps.items():
            size = sum(self._state.part(part).stat().st_size for part in parts)
            if size:
                self._submit(judge, self._joined(parts), size)

    def _joined(self, parts: Sequence[str]) -> str:
        whole = self._state.new_part()
        for part in parts:
            whole.write(self._state.part(part).read_bytes())
        return whole.keep()

    def _submit(self, judge: Judge, steps: str, size: int) -> None:
        task = task_id("correlate", FORM, judge.version, steps)
        if task in self._tasks:
            return
        self._tasks[task] = judge
        if self._state.usable(task):
            self.reused += 1
            return
        files = [file_opener(str(self._state.part(steps))), file_opener(judge.rules)]
        limits = Limits(silence=600 + size / 100_000, wall=3600 + size / 10_000)
        self._pool.submit(Task(CORRELATE, [Unit(task, {}, files)], {"version": judge.version}, limits))

    def take(self, reply: Reply) -> None:
        """Keep what a correlation task says."""
        task = reply.unit.key
        parts = self._work.setdefault(task, Parts(self._state, "hits"))
        if reply.message:
            parts.write(reply.message.head["kind"], reply.message.blob)
            return
        result: dict[str, Any] = {}
        if reply.lost:
            parts.drop()
            result = {"lost": reply.lost.value, "detail": reply.detail}
        self._state.finish(task, result | {"parts": parts.keep()})
        self.judged += 1

    def hits(self) -> Iterator[dict[str, Any]]:
        """All hits of all correlations, in a fixed order."""
        for task in self._tasks:
            done = self._state.done(task)
            if done is not None:
                yield from lines(self._state, done["parts"]["hits"])

    def losses(self, places: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
        """What could not be correlated, as issues: a task that was lost, and matches without a time."""
        for task, judge in self._tasks.items():
            done = self._state.done(task)
            if done is not None and "lost" in done:
                fields = {"judge": judge.name, "detail": done["detail"][-400:]}
                yield _issue(None, judge.name, done["lost"], fields)
        for item, count in sorted(self._undated.items()):
            yield _issue(item, places[item][0], Reason.UNDATED.value, {"matches": str(count)})


def _issue(item: str | None, path: str, reason: str, fields: Mapping[str, str]) -> dict[str, Any]:
    where = {"item": item, "path": path, "offset": None}
    return {**where, "reason": reason, "records": 0, "fields": dict(fields), "unknown": "unknown.not-judged"}
