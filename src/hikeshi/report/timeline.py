# SPDX-License-Identifier: Apache-2.0
"""Findings in the order of time, day by day, with the silences of the logs between them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hikeshi.report.found import FoundRow, RuleCredit
from hikeshi.report.tally import LAST, Tally, Use

ROWS = 500
GAPS = 100


@dataclass(frozen=True)
class Gap:
    """A silence of one log."""

    host: str | None
    channel: str
    start: datetime
    end: datetime
    missing: int | None
    kind: str


@dataclass(frozen=True)
class Entry:
    """One row: a finding, the hits of a third-party rule on one machine in one day, or a gap."""

    moment: datetime | None
    found: FoundRow | None = None
    rule: RuleCredit | None = None
    machine: str | None = None
    use: Use | None = None
    gap: Gap | None = None


@dataclass
class Day:
    """The rows of one day of the case's zone; None: findings without a time."""

    day: date | None
    entries: list[Entry] = field(default_factory=list)


@dataclass
class Timeline:
    """`rows` is how many rows there would be without the cut; `gaps` how many silences there are."""

    days: list[Day]
    rows: int
    shown: int
    gaps: int
    gaps_shown: int


def timeline(tally: Tally, gaps: Sequence[Gap]) -> Timeline:
    """The strongest ROWS rows and the longest GAPS gaps, in the order of time."""
    rows = tally.own.count + len(tally.daily) + len(tally.undated)
    kept = [entry for _, _, entry in heapq.nsmallest(ROWS, _ranked(tally), key=lambda ranked: ranked[:2])]
    longest = sorted(gaps, key=lambda gap: (gap.start - gap.end, gap.start, gap.host or "", gap.channel))[
        :GAPS
    ]
    shown = len(kept)
    kept += [Entry(gap.start, machine=gap.host, gap=gap) for gap in longest]
    days: dict[date | None, Day] = {}
    for entry in sorted(kept, key=_order):
        stamp = tally.clock.at(entry.moment)
        day = stamp.day if stamp else None
        days.setdefault(day, Day(day)).entries.append(entry)
    return Timeline(list(days.values()), rows, shown, len(gaps), len(longest))


def _ranked(tally: Tally) -> Iterator[tuple[int, tuple[Any, ...], Entry]]:
    """Candidates with their rank: the packs' findings before third-party rules, the stronger before the weaker."""
    for found in tally.shown:
        yield (
            0,
            (found.strength, found.moment or LAST, found.id),
            Entry(found.moment, found=found, machine=found.machine),
        )
    for (day, rule, machine), use in tally.daily.items():
        key = (*tally.rule_rank(rule, use)[:2], day.isoformat(), rule, machine or "")
        yield 1, key, Entry(use.first, rule=tally.credits[rule], machine=machine, use=use)
    for (rule, machine), use in tally.undated.items():
        key = (*tally.rule_rank(rule, use)[:2], "9999", rule, machine or "")
        yield 1, key, Entry(None, rule=tally.credits[rule], machine=machine, use=use)


def _order(entry: Entry) -> tuple[datetime, int, str, str]:
    name = (
        entry.found.id
        if entry.found
        else entry.rule.id
        if entry.rule
        else entry.gap.channel
        if entry.gap
        else ""
    )
    return (entry.moment or LAST, 0 if entry.gap else 1, entry.machine or "", name)


def gaps(rows: Iterable[Mapping[str, Any]]) -> list[Gap]:
    """The table `gaps` as values."""
    return [Gap(r["host"], r["channel"], r["start"], r["end"], r["missing"], r["kind"]) for r in rows]
