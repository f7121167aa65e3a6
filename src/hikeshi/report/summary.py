# SPDX-License-Identifier: Apache-2.0
"""Five lines on what happened, taken from what is counted and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hikeshi.report.examined import Examined
from hikeshi.report.found import STRENGTH, WEAKEST, FoundRow
from hikeshi.report.matrix import NOT_EXAMINABLE, used
from hikeshi.report.tally import LAST, Tally, Use

WEAK = STRENGTH["weak"]
MACHINES = 8
ENTRIES = 3


@dataclass(frozen=True)
class Machine:
    """A machine with the packs' findings: their strongest grade."""

    name: str | None
    grade: str
    use: Use


@dataclass(frozen=True)
class Summary:
    """`basis` says what the first two lines rest on: pack findings, only weak ones, third-party rules, or nothing."""

    basis: str
    families: list[tuple[str, Use]]
    machines: list[Machine]
    more_machines: int
    unnamed: int
    since: datetime | None
    until: datetime | None
    entry: list[FoundRow]
    entry_rules: list[tuple[str, Use]]
    messages: int
    functions: list[tuple[str, str, int]]
    not_examinable: int
    not_examinable_functions: int
    unread_items: int
    encrypted_items: int
    refused_records: int
    losses: int
    gaps: int

    @staticmethod
    def grade_of(use: Use) -> str:
        """The strongest grade of what was counted."""
        return _grade(use.strength)


def summary(
    tally: Tally,
    examined: Examined,
    functions: Sequence[Mapping[str, Any]],
    losses: int,
    gaps: int,
    messages: int,
) -> Summary:
    """The five lines; `losses`, `gaps` and `messages` are how many of them there are."""
    machines = sorted(
        tally.by_machine.items(), key=lambda pair: (pair[1].strength, pair[1].first or LAST, pair[0] or "")
    )
    firm = [(name, use) for name, use in machines if use.strength < WEAK]
    basis = "firm" if firm else "weak" if machines else "rules" if tally.others.count else "none"
    met = firm or machines
    named = [pair for pair in met if pair[0] is not None] or met
    unnamed = sum(use.count for name, use in met if name is None) if named != met else 0
    uses = [use for _, use in met] if met else [tally.others]
    hidden = [row for row in functions if row["grade"] == NOT_EXAMINABLE]
    statuses = examined.statuses
    return Summary(
        basis=basis,
        families=sorted(tally.families.items(), key=lambda pair: (pair[1].strength, pair[0])),
        machines=[Machine(name, _grade(use.strength), use) for name, use in named[:MACHINES]],
        more_machines=max(len(named) - MACHINES, 0),
        unnamed=unnamed,
        since=min((use.first for use in uses if use.first), default=None),
        until=max((use.last for use in uses if use.last), default=None),
        entry=sorted(tally.entry.values(), key=lambda f: (f.strength, f.moment or LAST, f.id))[:ENTRIES],
        entry_rules=_entry_rules(tally),
        messages=messages,
        functions=used(functions),
        not_examinable=len(hidden),
        not_examinable_functions=len({row["function"] for row in hidden}),
        unread_items=statuses["refused"] + statuses["partial"] + statuses["bytes-only"],
        encrypted_items=statuses["encrypted"],
        refused_records=examined.totals["refused"],
        losses=losses,
        gaps=gaps,
    )


def _entry_rules(tally: Tally) -> list[tuple[str, Use]]:
    ranked = sorted(tally.entry_rules.items(), key=lambda pair: tally.rule_rank(*pair))
    return [(tally.credits[rule].title, use) for rule, use in ranked[:ENTRIES]]


def _grade(strength: int) -> str:
    return list(STRENGTH)[strength] if strength < WEAKEST else ""
