# SPDX-License-Identifier: Apache-2.0
"""Weighing a ledger on a day: hull, draws, drivers, flip, value of missing evidence, priors, verdict."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from hikeshi.errors import LedgerError
from hikeshi.ledger import policy, ratios
from hikeshi.ledger.check import check
from hikeshi.ledger.draws import MODELS, Draws, Spread, draw, log_odds, medians, posterior, spreads
from hikeshi.ledger.fields import parse_when
from hikeshi.ledger.findings import Finding
from hikeshi.ledger.gate import Settings, Verdict, judge, leader_of, prior_ends
from hikeshi.ledger.matrix import Matrix, matrix
from hikeshi.ledger.model import Ledger, Range, When
from hikeshi.ledger.problems import Problem
from hikeshi.ledger.say_problems import line
from hikeshi.ledger.view import View, look


@dataclass(frozen=True, slots=True)
class Driver:
    """What the median log-odds of leader and rival would be without one group."""

    group: str
    without: float


@dataclass(frozen=True, slots=True)
class Flip:
    """How large an independent clue would have to be to put a hypothesis first, over both settings."""

    hypothesis: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing evidence: what learning it is worth, and where each outcome would lead."""

    id: str
    bits: float
    outcomes: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Weighing:
    """Everything computed for one day; `view` holds what was counted."""

    view: View
    naive: bool
    seed: int
    draws: int
    hull: Mapping[str, Range]
    settings: Settings
    verdict: Verdict
    rival: str
    log_odds: float
    drivers: tuple[Driver, ...]
    flips: tuple[Flip, ...]
    gaps: tuple[Gap, ...]
    priors: Mapping[str, Mapping[str, float]]
    matrix: Matrix
    problems: tuple[Problem, ...]

    @property
    def level(self) -> int:
        """The level of the sentence that may be said, 0 to 3."""
        return self.verdict.level

    @property
    def shared(self) -> Mapping[str, Spread]:
        """The range for display: one shared error per hypothesis, nothing re-centred."""
        return self.settings["shared", False]


def weigh(
    ledger: Ledger,
    as_of: str | None = None,
    *,
    findings: Iterable[Finding] = (),
    naive: bool = False,
    strict_dates: bool = False,
    without: Collection[str] = (),
    seed: int = policy.SEED,
    draws: int = policy.DRAWS,
) -> Weighing:
    """A ledger weighed with what was known on a day (all of it, if none is given)."""
    problems = sound(ledger, findings)
    view = look(ledger, day_of(as_of), naive=naive, strict_dates=strict_dates, without=without)
    return compute(view, problems, naive=naive, seed=seed, draws=draws)


def sound(ledger: Ledger, findings: Iterable[Finding] = ()) -> tuple[Problem, ...]:
    """What the checks found; LedgerError if it keeps the ledger from being weighed."""
    problems = check(ledger, findings)
    broken = [problem for problem in problems if problem.fatal]
    if broken:
        more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        raise LedgerError(
            f"{line(broken[0], ledger.name, 'en')}{more}; a ledger cannot be weighed like this: run "
            "`hikeshi ledger check` and mend it first"
        )
    return problems


def compute(
    view: View,
    problems: tuple[Problem, ...],
    *,
    naive: bool = False,
    seed: int = policy.SEED,
    draws: int = policy.DRAWS,
) -> Weighing:
    """A view weighed."""
    ledger = view.ledger
    drawn = draw(view, seed, draws)
    settings = {(m, c): spreads(drawn, posterior(drawn, m, centred=c)) for m in MODELS for c in (False, True)}
    leader = leader_of(drawn, settings)
    rival = _rival(drawn, settings, leader)
    flips = _flips(drawn, leader)
    return Weighing(
        view=view,
        naive=naive,
        seed=seed,
        draws=draws,
        hull=hull(view),
        settings=settings,
        verdict=judge(drawn, settings, problems, min(flip.low for flip in flips)),
        rival=rival,
        log_odds=log_odds(drawn, leader, rival, centred=False),
        drivers=_drivers(drawn, leader, rival),
        flips=flips,
        gaps=_gaps(ledger, settings),
        priors=_priors(drawn),
        matrix=matrix(view),
        problems=problems,
    )


def day_of(as_of: str | None) -> When | None:
    if as_of is None:
        return None
    try:
        return parse_when(as_of)
    except ValueError:
        raise LedgerError(f"{as_of!r} is no date; write YYYY-MM-DD, YYYY-MM or YYYY") from None


def hull(view: View) -> dict[str, Range]:
    """The exact bounds of each hypothesis: its lower values against the others' upper ones, and reversed."""
    hypotheses = view.ledger.hypotheses
    ends = {h.id: _ends(view, h.id, h.prior) for h in hypotheses}
    residual = next(h.id for h in hypotheses if h.residual)
    return {h.id: (_bound(ends, h.id, residual, 0), _bound(ends, h.id, residual, 1)) for h in hypotheses}


def _ends(view: View, name: str, prior: Range) -> Range:
    low, high = ([prior[end], *(group.ranges[name][end] for group in view.groups)] for end in (0, 1))
    return math.prod(low), math.prod(high)


def _bound(ends: Mapping[str, Range], name: str, residual: str, end: int) -> float:
    weights = {h: pair[end if h == name else 1 - end] for h, pair in ends.items()}
    floor = policy.RESIDUAL_FLOOR / (1 - policy.RESIDUAL_FLOOR)
    rest = math.fsum(weight for h, weight in weights.items() if h != residual)
    weights[residual] = max(weights[residual], floor * rest)
    return round(weights[name] / math.fsum(weights.values()), 6)


def _rival(drawn: Draws, settings: Settings, leader: str) -> str:
    """The strongest named hypothesis beside the leader, whatever the file's order; the residual only alone."""
    table = settings["independent", False]
    others = [h for h in drawn.order if h != leader]
    named = [h for h in others if h != drawn.order[drawn.residual]] or others
    return max(named, key=lambda h: (table[h].median, table[h].high))


def _drivers(drawn: Draws, leader: str, rival: str) -> tuple[Driver, ...]:
    return tuple(
        Driver(group.id, log_odds(drawn, leader, rival, centred=False, without=group))
        for group in drawn.view.groups
    )


def _flips(drawn: Draws, leader: str) -> tuple[Flip, ...]:
    flips = []
    for h in (h.id for h in drawn.view.ledger.hypotheses if h.id != leader):
        needed = [math.exp(max(log_odds(drawn, leader, h, centred=c), 0.0)) for c in (False, True)]
        flips.append(Flip(h, round(min(needed), 2), round(max(needed), 2)))
    return tuple(flips)


def _gaps(ledger: Ledger, settings: Settings) -> tuple[Gap, ...]:
    names = [h.id for h in ledger.hypotheses]
    table = settings["independent", False]
    total = math.fsum(table[h].median for h in names)
    now = [table[h].median / total for h in names]
    gaps = []
    for missing in ledger.missing:
        chances = {outcome: [p[h] for h in names] for outcome, p in missing.outcomes.items()}
        outcomes = {outcome: _after(names, now, row) for outcome, row in chances.items()}
        gaps.append(Gap(missing.id, round(ratios.bits(now, chances.values()), policy.DECIMALS), outcomes))
    return tuple(sorted(gaps, key=lambda gap: (-gap.bits, gap.id)))


def _after(names: list[str], now: list[float], row: list[float]) -> dict[str, float]:
    joint = [p * q for p, q in zip(now, row, strict=True)]
    total = math.fsum(joint) or 1.0
    return {h: round(value / total, policy.DECIMALS) for h, value in zip(names, joint, strict=True)}


def _priors(drawn: Draws) -> dict[str, dict[str, float]]:
    hypotheses = drawn.view.ledger.hypotheses
    choices = {"flat": {h.id: 1.0 for h in hypotheses}, **dict(prior_ends(hypotheses))}
    return {
        name: medians(drawn, posterior(drawn, "independent", centred=False, prior=prior))
        for name, prior in choices.items()
    }
