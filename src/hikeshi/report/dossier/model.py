# SPDX-License-Identifier: Apache-2.0
"""A ledger as the dossier prints it; no sentence and no language but the ledger's own words."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hikeshi.ledger.load import ids
from hikeshi.ledger.model import Claim, Group, Ledger, Source
from hikeshi.ledger.origins import digit, known_on
from hikeshi.ledger.policy import POLICY
from hikeshi.ledger.view import Counted
from hikeshi.report.dossier.graph import Graph, graph, marks
from hikeshi.report.dossier.steps import Step, steps


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
    contradictions: list[Contradiction]
    aliases: list[tuple[str, list[tuple[str, Said | None]]]]

    @property
    def now(self) -> Step:
        """The state the dossier is about."""
        return self.steps[-1]


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
        contradictions=_contradictions(ledger, said),
        aliases=sorted(aliases.items()),
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
