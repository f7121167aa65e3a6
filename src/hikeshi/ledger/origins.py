# SPDX-License-Identifier: Apache-2.0
"""Where information was born: what an origin rests on, which groups meet in it, how a claim is graded."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from hikeshi.ledger.model import Claim, Ledger, Origin
from hikeshi.ledger.policy import NO_EVIDENCE

MAX_PAIRED = 60


def reach(origins: Mapping[str, Origin], start: str) -> frozenset[str]:
    """An origin and everything it derives from, stated or possible; a circle ends where it closes."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(origins[name].derives_from if name in origins else ())
    return frozenset(seen)


def known_on(claim: Claim) -> datetime.date:
    """The day from which a claim could be used: when it was learned, else when it was said."""
    dated = claim.known or claim.date
    return dated.day if dated else datetime.date.min


def counts(claim: Claim, day: datetime.date) -> bool:
    """Whether a claim stood on a day: known by then, and not yet withdrawn."""
    gone = claim.status == "withdrawn" and (claim.withdrawn is None or claim.withdrawn.day <= day)
    return known_on(claim) <= day and not gone


def feeds(claim: Claim) -> bool:
    """Whether a claim is of a kind that may feed evidence."""
    return claim.kind not in NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class Meeting:
    """Groups that meet in the same origins, and whether the ledger explains why they count apart."""

    groups: tuple[str, ...]
    origins: tuple[str, ...]
    explained: bool


def meetings(ledger: Ledger) -> tuple[Meeting, ...]:
    """Every set of groups that share origins, with the origins they share."""
    claims = {claim.id: claim for claim in ledger.claims}
    reached: dict[str, frozenset[str]] = {}
    groups_of: dict[str, set[str]] = {}
    for item in ledger.evidence:
        for name in item.claims:
            claim = claims.get(name)
            if claim is None or not feeds(claim) or claim.status == "withdrawn" or not claim.origin:
                continue
            if claim.origin not in reached:
                reached[claim.origin] = reach(ledger.origins, claim.origin)
            for origin in reached[claim.origin]:
                groups_of.setdefault(origin, set()).add(item.group)
    shared: dict[tuple[str, ...], list[str]] = {}
    for origin in sorted(groups_of):
        if len(groups_of[origin]) > 1:
            shared.setdefault(tuple(sorted(groups_of[origin])), []).append(origin)
    return tuple(
        Meeting(groups, tuple(origins), all(_explained(ledger, groups, origin) for origin in origins))
        for groups, origins in sorted(shared.items())
    )


def _explained(ledger: Ledger, groups: tuple[str, ...], origin: str) -> bool:
    entries = [set(o.groups) for o in ledger.overlaps if origin in o.origins and (o.why.ja or o.why.en)]
    if any(entry.issuperset(groups) for entry in entries):
        return True
    if len(groups) > MAX_PAIRED:
        return False
    return all(any(entry.issuperset(pair) for entry in entries) for pair in combinations(groups, 2))


def standing(claim: Claim, claims: Mapping[str, Claim], day: datetime.date) -> str:
    """What other material said about a claim by a day; a later contradiction is not yet known."""
    by = [claims[name] for name in claim.check.by if name in claims]
    if by and not any(known_on(other) <= day for other in by):
        return ""
    return claim.check.status


def digit(claim: Claim, ledger: Ledger, claims: Mapping[str, Claim], day: datetime.date) -> int:
    """The information digit 1 to 6, derived from what independent origins said by a day."""
    status = standing(claim, claims, day)
    if status in ("contradicted", "qualified"):
        return 5 if status == "contradicted" else 4
    mine = reach(ledger.origins, claim.origin)
    others = [claims[name] for name in claim.check.by if name in claims]
    if status == "agrees" and any(
        counts(other, day) and mine.isdisjoint(reach(ledger.origins, other.origin)) for other in others
    ):
        return 1
    if status == "not-checkable":
        return 6
    source = ledger.sources.get(claim.source.doc)
    carried = source is not None and source.admiralty in ("A", "B")
    return 2 if carried and claim.grounds else 3


def grounded(names: Iterable[str], claims: Mapping[str, Claim], day: datetime.date) -> bool:
    """Whether any of these claims states what it rests on."""
    return any(claims[name].grounds for name in names if name in claims and counts(claims[name], day))
