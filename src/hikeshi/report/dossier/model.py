# SPDX-License-Identifier: Apache-2.0
"""A ledger as the dossier prints it; no sentence and no language but the ledger's own words."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hikeshi.ledger.load import ids
from hikeshi.ledger.model import Claim, Group, Ledger, Source
from hikeshi.ledger.origins import digit, known_on
from hikeshi.ledger.policy import PHI, POLICY, RESIDUAL_FLOOR, SOURCE_CEILING
from hikeshi.ledger.view import Counted
from hikeshi.report.dossier.clocks import Clocks, clocks
from hikeshi.report.dossier.graph import Graph, graph, marks
from hikeshi.report.dossier.steps import Step, steps
from hikeshi.report.found import FoundRow
from hikeshi.report.tally import LAST

if TYPE_CHECKING:
    from hikeshi.report.dossier.case import Facts

# Kinds of claims that tell what was taken and how much; figures that conflict stand side by side.
IMPACT = frozenset({"victim-statement", "police-statement", "press-error"})


@dataclass(frozen=True)
class Said:
    """A claim with what stands beside it: speaker, carrier, grade, mark of its origin."""

    claim: Claim
    grade: str
    mark: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Contradiction:
    """A claim and what other material says about it."""

    said: Said
    by: tuple[Said, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Dossier:
    """Everything the template prints; `steps` ends with the state the dossier is about."""

    ledger: Ledger
    policy: str
    steps: list[Step]
    parties: list[tuple[str, list[Said]]]
    timeline: list[Said]
    groups: list[tuple[Counted, Group]]
    graph: Graph
    clocks: Clocks | None
    contradictions: list[Contradiction]
    aliases: list[tuple[str, list[tuple[str, Said | None]]]]
    impact: list[Said]
    marks: Mapping[str, str]

    @property
    def now(self) -> Step:
        """The state the dossier is about."""
        return self.steps[-1]

    @property
    def names(self) -> dict[str, list[tuple[str, Said | None]]]:
        """What a family is called, and who says so."""
        return dict(self.aliases)

    @property
    def numbers(self) -> Mapping[str, str]:
        """The policy numbers that a reader needs to argue with the result."""
        phi = ", ".join(f"{name} {value:g}" for name, value in PHI.items())
        return {"floor": f"{RESIDUAL_FLOOR:g}", "ceiling": f"{SOURCE_CEILING:.2f}", "phi": phi}

    def families(self, facts: Facts | None) -> list[str]:
        """The families the ledger names and the case shows."""
        shown = set(facts.malware) if facts else set()
        return sorted({family for family, _ in self.aliases} | shown)

    @staticmethod
    def in_time(found: Iterable[FoundRow]) -> list[FoundRow]:
        """The findings that are shown, in the order of time."""
        return sorted(found, key=lambda one: (one.moment or LAST, one.id))


def dossier(ledger: Ledger, findings: Iterable[Mapping[str, Any]] = (), as_of: str | None = None) -> Dossier:
    """The dossier of a ledger on a day."""
    made = steps(ledger, findings, as_of)
    day = made[-1].weighing.view.as_of.day
    said = _said(ledger, day)
    view = made[-1].weighing.view
    parties: dict[str, list[Said]] = {}
    for one in said.values():
        parties.setdefault(one.claim.who, []).append(one)
    aliases: dict[str, list[tuple[str, Said | None]]] = {}
    for alias in ledger.aliases:
        aliases.setdefault(alias.family, []).append((alias.label, said.get(alias.claim)))
    return Dossier(
        ledger=ledger,
        policy=POLICY,
        steps=made,
        parties=[(name, parties[name]) for name in ledger.parties if name in parties],
        timeline=sorted(said.values(), key=lambda one: (known_on(one.claim), one.claim.id)),
        groups=[(group, ledger.groups[group.id]) for group in view.groups],
        graph=graph(ledger),
        clocks=clocks([one.claim for one in said.values()]),
        contradictions=_contradictions(ledger, said),
        aliases=sorted(aliases.items()),
        impact=[one for one in said.values() if one.claim.kind in IMPACT],
        marks=marks(ledger),
    )


def _said(ledger: Ledger, day: datetime.date) -> dict[str, Said]:
    sign = marks(ledger)
    claims = ids(ledger.claims)
    cited: dict[str, list[str]] = {}
    for item in ledger.evidence:
        for name in item.claims:
            cited.setdefault(name, []).append(item.id)
    found = {}
    for claim in ledger.claims:
        if known_on(claim) <= day:
            source = ledger.sources.get(claim.source.doc)
            grade = f"{source.admiralty if source else ''}{digit(claim, ledger, claims, day)}"
            items = tuple(cited.get(claim.id, ()))
            found[claim.id] = Said(claim, grade, sign.get(claim.origin, ""), items)
    return found


def _contradictions(ledger: Ledger, said: Mapping[str, Said]) -> list[Contradiction]:
    found = []
    for one in said.values():
        if one.claim.check.status in ("qualified", "contradicted"):
            by = tuple(said[name] for name in one.claim.check.by if name in said)
            sources = tuple(ledger.sources[name] for name in one.claim.check.by if name in ledger.sources)
            found.append(Contradiction(one, by, sources))
    return found
