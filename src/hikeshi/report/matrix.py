# SPDX-License-Identifier: Apache-2.0
"""Hosts × functions, one table per family: grades, no evidence and not examinable, never merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hikeshi.report.found import STRENGTH, WEAKEST
from hikeshi.words import FUNCTIONS

NO_EVIDENCE, NOT_EXAMINABLE = "no-evidence", "not-examinable"
ACROSS = 6
HOSTS = 24
SOURCES = 200


@dataclass(frozen=True)
class Cell:
    """What is known of one function on one machine."""

    grade: str
    count: int
    first: datetime | None
    last: datetime | None


@dataclass
class Block:
    """Up to ACROSS machines side by side; `rest` of the last block counts those without a column of their own."""

    hosts: list[str]
    rows: list[tuple[str, list[Cell | None]]]
    rest: int = 0
    rest_rows: list[Mapping[str, int]] = field(default_factory=list)


@dataclass
class FamilyMatrix:
    """The matrix of one family (None: traces that name no family)."""

    family: str | None
    machines: int
    blocks: list[Block]

    @property
    def shown(self) -> int:
        """How many machines have a column of their own."""
        return sum(len(block.hosts) for block in self.blocks)


@dataclass
class Function:
    """One function over all machines and families: how many machines have which result."""

    name: str
    family: str | None
    grades: Counter[str] = field(default_factory=Counter)


def matrices(rows: Iterable[Mapping[str, Any]]) -> list[FamilyMatrix]:
    """One matrix per family from the rows of the table `functions`, the strongest first."""
    families: dict[str, dict[str, dict[str, Cell]]] = {}
    for row in rows:
        cell = Cell(row["grade"], row["count"], row["first"], row["last"])
        hosts = families.setdefault(row["family"] or "", {})
        hosts.setdefault(row["host"] or "", {})[row["function"]] = cell
    made = [(_best(hosts), family, _matrix(family, hosts)) for family, hosts in families.items()]
    return [matrix for _, _, matrix in sorted(made, key=lambda entry: (entry[0], entry[1] == "", entry[1]))]


def _best(hosts: Mapping[str, Mapping[str, Cell]]) -> int:
    return min((strength(cell.grade) for cells in hosts.values() for cell in cells.values()), default=WEAKEST)


def strength(grade: str) -> int:
    """0 for proven; no evidence and not examinable come after the weakest grade."""
    return STRENGTH.get(grade, WEAKEST)


def _matrix(family: str, hosts: Mapping[str, Mapping[str, Cell]]) -> FamilyMatrix:
    order = sorted(hosts, key=lambda host: (*_profile(hosts[host]), host))
    with_traces = sum(1 for host in order if _profile(hosts[host])[0] < WEAKEST)
    own = len(order) if len(order) <= ACROSS else min(with_traces, HOSTS)
    met = {function for cells in hosts.values() for function in cells}
    functions = [f for f in FUNCTIONS if f in met] + sorted(met - set(FUNCTIONS))
    blocks = []
    for start in range(0, max(own, 1), ACROSS):
        columns = order[start : min(start + ACROSS, own)]
        rows = [(function, [hosts[host].get(function) for host in columns]) for function in functions]
        blocks.append(Block(columns, rows))
    rest = order[own:]
    if rest:
        blocks[-1].rest = len(rest)
        blocks[-1].rest_rows = [_grades(f, [hosts[host] for host in rest]) for f in functions]
    return FamilyMatrix(family or None, len(order), blocks)


def _profile(cells: Mapping[str, Cell]) -> tuple[int, int]:
    """Machines with the strongest grade first, then those with the most functions."""
    grades = [strength(cell.grade) for cell in cells.values()]
    return (min(grades, default=WEAKEST), -sum(1 for grade in grades if grade < WEAKEST))


def _grades(function: str, hosts: Iterable[Mapping[str, Cell]]) -> Mapping[str, int]:
    counted = Counter(cells[function].grade for cells in hosts if function in cells)
    return {grade: counted[grade] for grade in sorted(counted, key=lambda grade: (strength(grade), grade))}


def used(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    """Functions with a grade on some machine: function, strongest grade, machines; strongest first."""
    machines: dict[str, dict[str, int]] = {}
    for row in rows:
        if strength(row["grade"]) < WEAKEST:
            hosts = machines.setdefault(row["function"], {})
            host = row["host"] or ""
            hosts[host] = min(hosts.get(host, WEAKEST), strength(row["grade"]))
    names = list(STRENGTH)
    made = [(min(hosts.values()), function, len(hosts)) for function, hosts in machines.items()]
    return [
        (function, names[best], count)
        for best, function, count in sorted(made, key=lambda m: (m[0], _place(m[1])))
    ]


def _place(function: str) -> tuple[int, str]:
    return (FUNCTIONS.index(function) if function in FUNCTIONS else len(FUNCTIONS), function)


@dataclass
class Absent:
    """A kind of evidence that was not among what we got: what it could show, and on how many machines it is missing."""

    source: str
    functions: list[str]
    machines: int
    examples: list[str]


def absent(rows: Iterable[Mapping[str, Any]], machines: int) -> list[Absent]:
    """Kinds of evidence whose absence made a function not examinable, the most missed first."""
    missed: dict[str, tuple[set[str], set[str]]] = {}
    for row in rows:
        if row["grade"] == NOT_EXAMINABLE:
            for source in row["seen_in"]:
                functions, hosts = missed.setdefault(source, (set(), set()))
                functions.add(row["function"])
                hosts.add(row["host"] or "")
    made = [
        Absent(source, sorted(functions, key=_place), len(hosts), sorted(hosts)[:8])
        for source, (functions, hosts) in missed.items()
    ]
    return sorted(made, key=lambda entry: (-entry.machines, -len(entry.functions), entry.source))[:SOURCES]
