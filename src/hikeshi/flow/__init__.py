# SPDX-License-Identifier: Apache-2.0
"""The story of a run: evidence, readers, tables, judges, findings, reconstruction, case, report."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from hikeshi import __version__
from hikeshi.case import evidence as case_evidence
from hikeshi.case import intake
from hikeshi.case import write as case_write
from hikeshi.case.logs import logged
from hikeshi.case.state import Done, State
from hikeshi.detect.suppress import Suppressions
from hikeshi.detect.suppress import load as load_suppressions
from hikeshi.engine.local import Pool
from hikeshi.evidence import discover
from hikeshi.families import rule_files
from hikeshi.flow import rules as rule_sets
from hikeshi.flow import searching
from hikeshi.flow.correlating import Correlating
from hikeshi.flow.hashing import Hashing
from hikeshi.flow.judging import Judging
from hikeshi.flow.keyasking import Keyasking
from hikeshi.flow.keysearching import Pace
from hikeshi.flow.opening import Opening
from hikeshi.flow.options import Options
from hikeshi.flow.reading import Reading
from hikeshi.flow.saving import merge, save
from hikeshi.flow.sets import judges_of
from hikeshi.schema import Reason

PRELOAD = (
    "hikeshi.flow.tasks", "hikeshi.flow.judges", "hikeshi.flow.searches", "hikeshi.flow.scans",
    "pyarrow", "numpy", "orjson",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """How a run ended: what was new or reused, whether all evidence was fully read, which key searches are left."""

    case: Path
    read: int
    judged: int
    reused: int
    complete: bool
    totals: dict[str, Any]
    unconfined: tuple[str, ...] = ()
    keys_left: int = 0


@dataclass
class Progress:
    """Counters of a run at work, for whoever shows them."""

    step: str = "reading"
    done: int = 0
    met: int = 0
    unit: str = "B"
    left: float | None = None
    tell: Callable[[Progress], None] = field(default=lambda _: None)


@dataclass(frozen=True)
class Given:
    """What the analyst gave beside the evidence: sets judged row by row, YARA rules, suppressions."""

    rules: tuple[rule_sets.RuleFiles, ...]
    yara: rule_sets.RuleFiles | None
    suppressions: Suppressions


def run(
    evidence: Sequence[str], out: Path, options: Options, jobs: int, progress: Progress | None = None
) -> Outcome:
    """Examine evidence into the case at `out`, new or begun earlier."""
    discover.check(evidence)
    given = Given(
        (*rule_sets.given(options.rules, "sigma"), *rule_sets.given(options.indicators, "indicators")),
        rule_sets.joined(rule_sets.given(options.yara, "yara")),
        load_suppressions(options.suppress, options.timezone),
    )
    case_write.prepare(out)
    with logged(out, _arguments(evidence, options, jobs)) as log:
        outcome = _examine(evidence, out, options, jobs, given, progress or Progress())
        log |= {"outcome": "complete" if outcome.complete else "partial", "totals": outcome.totals}
        log |= {"read": outcome.read, "judged": outcome.judged, "reused": outcome.reused}
        log["missing"] = list(outcome.unconfined)
    return outcome


def _examine(
    evidence: Sequence[str],
    out: Path,
    options: Options,
    jobs: int,
    given: Given,
    progress: Progress,
) -> Outcome:
    state = State(out)
    state.prepare()
    if (out / intake.NAME).is_file():
        intake.load(out / intake.NAME)
    with Pool(jobs, PRELOAD) as pool:
        rules = [rule_sets.compiled(files, pool) for files in (_own_rules(), *given.rules)]
        judges = [judge for compiled in rules for judge in judges_of(compiled)]
        scanner = rule_sets.compiled(given.yara, pool) if given.yara else None
        asked = searching.asked()
        patterns = rule_sets.compiled(asked, pool) if asked else None
        reading = Reading(state, pool, options.passwords, scanner, patterns, options.deep)
        judging = Judging(state, pool, judges)
        with Hashing(evidence, jobs) as hashing:
            reading.run(hashing, judging.offer, judging.take, lambda: _tell_reading(progress, reading))
        reading.compare()
        tree = case_evidence.gather(state.listings(), reading.result)
        results = _results(tree, reading)
        for item, done in results.items():
            judging.offer(item, done)
        judging.flush()
        for reply in pool.replies():
            judging.take(reply)
            _tell_judging(progress, judging)
        correlating = Correlating(state, pool)
        correlating.offer(judging, results)
        for reply in pool.replies():
            correlating.take(reply)
        merged = merge(out, state, tree, results)
        opening = Opening(state, pool, options.passwords)
        known = [*judging.hits(results), *reading.searching.hits(results)]
        opening.judge(results, known)
        asking = Keyasking(state, options.search_keys, jobs, partial(_tell_keys, progress))
        keys = asking.offer([*known, *opening.hits()], merged.places, merged.machines)
        if keys:
            opening.judge(results, [*known, *keys])
    progress.step = "saving"
    progress.tell(progress)
    hits = [
        *judging.hits(results),
        *correlating.hits(),
        *opening.hits(),
        *reading.scanning.hits(tree.places),
        *reading.searching.hits(results),
        *keys,
    ]
    losses = [
        *judging.losses(results, tree.places),
        *correlating.losses(tree.places),
        *opening.losses(tree.places),
        *reading.scanning.losses(results, tree.places),
        *reading.searching.losses(results, tree.places),
        *asking.losses,
    ]
    account = save(
        out,
        options,
        tree,
        merged,
        hits,
        losses,
        [*rules, *([scanner] if scanner else [])],
        given.suppressions,
    )
    return Outcome(
        out,
        read=reading.read,
        judged=sum(
            (
                judging.judged,
                correlating.judged,
                opening.judged,
                reading.scanning.scanned,
                reading.searching.searched,
                asking.searched,
            )
        ),
        reused=sum(
            (
                len(reading.reused),
                len(reading.scanning.reused),
                reading.searching.reused,
                judging.reused,
                correlating.reused,
                opening.reused,
            )
        ),
        complete=case_evidence.complete(tree.tree)
        and all(loss["reason"] == Reason.NOT_ASKED for loss in losses),
        totals=account["totals"],
        unconfined=tuple(sorted(pool.missing)),
        keys_left=asking.left,
    )


def _arguments(evidence: Sequence[str], options: Options, jobs: int) -> dict[str, Any]:
    """What run.log says was asked for; passwords are counted."""
    asked = dataclasses.asdict(options) | {"passwords": f"{len(options.passwords)} given"}
    return {"version": __version__, "evidence": list(map(os.path.abspath, evidence)), "jobs": jobs, **asked}


def _own_rules() -> rule_sets.RuleFiles:
    return rule_sets.RuleFiles("packs", tuple(sorted(rule_files())))


def _results(tree: case_evidence.Evidence, reading: Reading) -> dict[str, Done]:
    found = {item: reading.result(item) for item in sorted(tree.accounts)}
    return {item: done for item, done in found.items() if done is not None}


def _tell_reading(progress: Progress, reading: Reading) -> None:
    progress.done, progress.met = reading.done_bytes, reading.met_bytes
    progress.tell(progress)


def _tell_judging(progress: Progress, judging: Judging) -> None:
    progress.step, progress.unit = "judging", "logs"
    progress.done, progress.met = judging.judged, judging.offered
    progress.tell(progress)


def _tell_keys(progress: Progress, pace: Pace) -> None:
    progress.step, progress.unit = "keys", "shards"
    progress.done, progress.met, progress.left = pace.done, pace.met, pace.left
    progress.tell(progress)


__all__ = ["Options", "Outcome", "Progress", "run"]
