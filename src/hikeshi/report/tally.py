# SPDX-License-Identifier: Apache-2.0
"""One pass over the findings of a case: what is counted, what is grouped, and which of them are shown."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hikeshi.report.clock import Clock
from hikeshi.report.found import LEVELS, WEAKEST, FoundRow, RuleCredit, contact, read
from hikeshi.words import attack

SHOWN = 500
SUSPECTS = 10_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)


def at(microseconds: int | None) -> datetime | None:
    """Microseconds as a moment; what lies outside the years 1 to 9999 has none."""
    try:
        return None if microseconds is None else EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None


@dataclass
class Use:
    """How often something was seen, from when to when, and the strongest grade; `example` is the first finding."""

    strength: int = WEAKEST
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    example: str = ""
    machines: set[str | None] = field(default_factory=set)

    def add(self, found: FoundRow) -> None:
        """Count one more."""
        self.strength = min(self.strength, found.strength)
        self.count += 1
        self.example = self.example or found.id
        self.machines.add(found.machine)
        if found.moment:
            self.first = found.moment if self.first is None else min(self.first, found.moment)
            self.last = found.moment if self.last is None else max(self.last, found.moment)

    @property
    def machine_count(self) -> int:
        """How many machines are named; one where none is."""
        return len(self.machines - {None}) or len(self.machines)


@dataclass
class Technique:
    """One ATT&CK technique: hits of the packs' own rules and of third-party rules apart."""

    id: str
    all: Use = field(default_factory=Use)
    own: int = 0
    others: int = 0


@dataclass
class Tally:
    """Everything that is counted over findings; `own` are the packs' findings, `others` third-party rule hits."""

    clock: Clock
    packs: frozenset[str]
    machines: Mapping[str, str]
    grades: Counter[str] = field(default_factory=Counter)
    own_grades: Counter[str] = field(default_factory=Counter)
    own: Use = field(default_factory=Use)
    others: Use = field(default_factory=Use)
    families: dict[str, Use] = field(default_factory=dict)
    messages: dict[tuple[str | None, str], Use] = field(default_factory=dict)
    by_machine: dict[str | None, Use] = field(default_factory=dict)
    rules: dict[tuple[str, str | None], Use] = field(default_factory=dict)
    kinds: dict[str, Use] = field(default_factory=dict)
    daily: dict[tuple[date, str, str | None], Use] = field(default_factory=dict)
    undated: dict[tuple[str, str | None], Use] = field(default_factory=dict)
    credits: dict[str, RuleCredit] = field(default_factory=dict)
    techniques: dict[str, Technique] = field(default_factory=dict)
    entry: dict[str, FoundRow] = field(default_factory=dict)
    entry_rules: dict[str, Use] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)
    own_times: array[int] = field(default_factory=lambda: array("q"))
    other_times: array[int] = field(default_factory=lambda: array("q"))
    shown: list[FoundRow] = field(default_factory=list)

    def take(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Count every finding and keep the packs' strongest and earliest."""
        self.shown = heapq.nsmallest(SHOWN, self._own(lines), key=_rank)

    def _own(self, lines: Iterable[Mapping[str, Any]]) -> Iterator[FoundRow]:
        for line in lines:
            found = read(line, self.machines)
            self.grades[found.grade] += 1
            self._technique(found, others := self.third_party(found))
            if found.moment:
                times = self.other_times if others else self.own_times
                times.append((found.moment - EPOCH) // timedelta(microseconds=1))
            if others:
                self._rule(found)
            else:
                self._pack(found)
                yield found

    def third_party(self, found: FoundRow) -> bool:
        """Whether a finding is the hit of a rule that no pack brought."""
        return found.rule is not None and found.family is None and found.pack not in self.packs

    def _suspect(self, found: FoundRow) -> None:
        """Keep the addresses and names that a pack or a given indicator takes for an attacker's."""
        for key, text in found.fields.items():
            if contact(key) and len(self.suspects) < SUSPECTS:
                self.suspects.add(text.lower())

    def _pack(self, found: FoundRow) -> None:
        self._suspect(found)
        self.own_grades[found.grade] += 1
        self.own.add(found)
        self.messages.setdefault((found.family, found.message), Use()).add(found)
        self.by_machine.setdefault(found.machine, Use()).add(found)
        if found.family:
            self.families.setdefault(found.family, Use()).add(found)
        if any(map(enters, found.techniques)):
            earlier = self.entry.setdefault(found.message, found)
            if (found.moment or LAST) < (earlier.moment or LAST):
                self.entry[found.message] = found

    def _rule(self, found: FoundRow) -> None:
        if found.rule is None:
            return
        rule = found.rule.id
        if found.rule.kind == "indicator" and len(self.suspects) < SUSPECTS:
            self.suspects.add(found.rule.title.lower())
        self.others.add(found)
        self.kinds.setdefault(found.rule.kind, Use()).add(found)
        self.credits.setdefault(rule, found.rule)
        self.rules.setdefault((rule, found.machine), Use()).add(found)
        if any(map(initial, found.techniques)):
            self.entry_rules.setdefault(rule, Use()).add(found)
        if found.moment is None:
            self.undated.setdefault((rule, found.machine), Use()).add(found)
        else:
            self.daily.setdefault((self.clock.day(found.moment), rule, found.machine), Use()).add(found)

    def _technique(self, found: FoundRow, others: bool) -> None:
        for id_ in sorted(set(found.techniques)):
            technique = self.techniques.setdefault(id_, Technique(id_))
            technique.all.add(found)
            technique.others += others
            technique.own += not others

    def rule_rank(self, rule: str, use: Use) -> tuple[int, int, str, str]:
        """Strongest first, then by the rule's own level and title."""
        credit = self.credits[rule]
        level = LEVELS.index(credit.level) if credit.level in LEVELS else len(LEVELS)
        return (use.strength, level, credit.title, rule)


def _rank(found: FoundRow) -> tuple[int, bool, datetime, str]:
    return (found.strength, found.family is None, found.moment or LAST, found.id)


def enters(technique: str) -> bool:
    """Whether a technique tells how an attacker came in: initial access and nothing else, or a user opening a file."""
    return technique.startswith("T1204") or initial(technique)


def initial(technique: str) -> bool:
    """Whether a technique is initial access and nothing else."""
    known = attack.technique(technique)
    return known is not None and known.tactics == ("initial-access",)
