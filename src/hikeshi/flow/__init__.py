# SPDX-License-Identifier: Apache-2.0
"""The story of a run: evidence, readers, tables, judges, findings, reconstruction, case, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hikeshi import __version__
from hikeshi.case import evidence as case_evidence
from hikeshi.case import findings as case_findings
from hikeshi.case import write as case_write
from hikeshi.case.state import Done, State
from hikeshi.engine import Reply
from hikeshi.engine.local import Pool
from hikeshi.evidence import discover
from hikeshi.flow.judging import Judge, Judging
from hikeshi.flow.reading import Reading
from hikeshi.schema import SCHEMA

PRELOAD = ("hikeshi.flow.tasks", "pyarrow", "numpy", "orjson")


@dataclass(frozen=True)
class Options:
    """What decides the result of a run, beside the evidence."""

    rules: tuple[str, ...] = ()
    timezone: str = "Asia/Tokyo"
    languages: tuple[str, ...] = ("ja", "en")


@dataclass
class Outcome:
    """How a run ended: what was new, what was reused, and whether all evidence was fully read."""

    case: Path
    read: int = 0
    judged: int = 0
    reused: int = 0
    complete: bool = True
    totals: dict[str, int] = field(default_factory=dict)
    unconfined: tuple[str, ...] = ()
    grades: dict[str, int] = field(default_factory=dict)


Progress = Callable[[Reading, Judging], None]


def run(
    evidence: Sequence[str], out: Path, options: Options, jobs: int, progress: Progress = lambda *_: None
) -> Outcome:
    """Examine evidence into the case at `out`, new or begun earlier."""
    discover.check(evidence)
    case_write.prepare(out)
    state = State(out)
    state.prepare()
    judges: list[Judge] = []
    with Pool(jobs, PRELOAD) as pool:
        reading = Reading(state, pool)
        judging = Judging(state, pool, judges)
        for argument in sorted(evidence):
            reading.meet(argument, discover.walk(argument), jobs)

        def judge(reply: Reply) -> None:
            judging.take(reply)
            progress(reading, judging)

        reading.run(judging.offer, judge)
        tree = case_evidence.gather(state.listings(), reading.result)
        results = _results(tree, reading)
        for item, done in results.items():
            judging.offer(item, done)
        judging.flush()
        for reply in pool.replies():
            judge(reply)
    totals = _save(out, state, options, tree, results, judging)
    return Outcome(
        out,
        read=reading.read,
        judged=judging.judged,
        reused=len(reading.reused) + judging.reused,
        totals=totals,
        complete=all(account.status in ("read", "bytes-only") for account in tree.accounts.values()),
        unconfined=tuple(sorted(pool.missing)),
    )


def _results(tree: case_evidence.Evidence, reading: Reading) -> dict[str, Done]:
    found = {item: reading.result(item) for item in sorted(tree.accounts)}
    return {item: done for item, done in found.items() if done is not None}


def _save(
    out: Path,
    state: State,
    options: Options,
    tree: case_evidence.Evidence,
    results: dict[str, Done],
    judging: Judging,
) -> dict[str, int]:
    from hikeshi.case import tables

    tables.merge(out, state, {item: done["parts"] for item, done in results.items()})
    places = {item: [(path, None) for path in paths] for item, paths in tree.places.items()}
    found = case_findings.findings(judging.hits(results), places)
    totals = case_write.totals(tree)
    case_write.write_lines(out / "findings.jsonl", found)
    case_write.write_lines(out / "issues.jsonl", tree.issues)
    case_write.write_json(out / "case.json", _account(options, tree, totals))
    case_write.write_manifest(out)
    return totals


def _account(options: Options, tree: case_evidence.Evidence, totals: dict[str, int]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "tool": {"name": "hikeshi", "version": __version__, "packs": [], "rules": []},
        "options": {"timezone": options.timezone},
        "evidence": tree.tree,
        "totals": totals,
    }


__all__ = ["Options", "Outcome", "run"]
