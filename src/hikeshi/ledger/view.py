# SPDX-License-Identifier: Apache-2.0
"""The part of a ledger that counted on a day: claims said, items in force, each group once."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hikeshi.ledger import ratios
from hikeshi.ledger.model import Claim, Evidence, Ledger, Range, Ranges, When
from hikeshi.ledger.origins import counts, grounded
from hikeshi.ledger.policy import ASSERTION_TYPES, SOURCE_CEILING


@dataclass(frozen=True, slots=True)
class Counted:
    """A group as it counts: its items in force, its range, and the range after re-centring."""

    id: str
    items: tuple[Evidence, ...]
    ranges: Ranges
    centred: Ranges
    straddles: bool
    limited: bool

    @property
    def silent(self) -> tuple[tuple[str, str], ...]:
        """The pairs of hypotheses the group does not tell apart."""
        return ratios.silent_pairs(self.ranges)


@dataclass(frozen=True, slots=True)
class View:
    """What a ledger holds on a day."""

    ledger: Ledger
    as_of: When
    claims: Mapping[str, Claim]
    items: tuple[Evidence, ...]
    groups: tuple[Counted, ...]
    hindsight: tuple[str, ...]
    inert: tuple[str, ...]


def last_date(ledger: Ledger) -> When:
    """The latest date the ledger speaks of; everything in it counts then."""
    dates = [claim.known or claim.date for claim in ledger.claims] + [item.date for item in ledger.evidence]
    dates += [joint.since for group in ledger.groups.values() for joint in group.as_of]
    return max(
        (date for date in dates if date), key=lambda date: date.day, default=When("", datetime.date.max)
    )


def accepted(ledger: Ledger) -> frozenset[str]:
    """The stubs a signed revision took into the ledger."""
    return frozenset(stub for revision in ledger.revisions if revision.by for stub in revision.accepts)


def look(
    ledger: Ledger,
    as_of: When | None = None,
    *,
    naive: bool = False,
    strict_dates: bool = False,
    without: Collection[str] = (),
) -> View:
    """The ledger on a day. `naive` lets every item count by itself; `without` leaves groups out."""
    at = as_of or last_date(ledger)
    claims = {claim.id: claim for claim in ledger.claims if counts(claim, at.day)}
    later = {claim.id for claim in ledger.claims if claim.status != "withdrawn"}
    taken = accepted(ledger)
    items, hindsight, inert = [], [], []
    for item in ledger.evidence:
        if item.date.day > at.day or item.group in without:
            continue
        if item.stub and item.stub not in taken:
            inert.append(item.id)
            continue
        if not item.findings and not any(name in claims for name in item.claims):
            if strict_dates or not any(name in later for name in item.claims):
                continue
            hindsight.append(item.id)
        items.append(item)
    named = [(item.id, [item]) for item in items] if naive else _grouped(items)
    groups = tuple(_counted(ledger, name, members, claims, at, naive) for name, members in named)
    return View(ledger, at, claims, tuple(items), groups, tuple(hindsight), tuple(inert))


def _grouped(items: list[Evidence]) -> list[tuple[str, list[Evidence]]]:
    groups: dict[str, list[Evidence]] = {}
    for item in items:
        groups.setdefault(item.group, []).append(item)
    return sorted(groups.items())


def _counted(
    ledger: Ledger, name: str, items: list[Evidence], claims: Mapping[str, Claim], at: When, naive: bool
) -> Counted:
    group = None if naive else ledger.groups.get(name)
    given = [joint for joint in group.as_of if joint.since.day <= at.day] if group else []
    given.sort(key=lambda joint: joint.since.day)
    raw: Mapping[str, Range] = given[-1].ranges if given else ratios.hull([item.lik for item in items])
    order = [h.id for h in ledger.hypotheses]
    ranges = {h: raw[h] for h in order}
    bare = all(is_bare(item, claims, at.day) for item in items)
    limited = bare and ratios.largest(ranges) > SOURCE_CEILING
    if limited:
        ranges = ratios.limit(ranges, SOURCE_CEILING)
    wide = ratios.straddles(ranges)
    return Counted(name, tuple(items), ranges, ratios.recentre(ranges) if wide else ranges, wide, limited)


def is_bare(item: Evidence, claims: Mapping[str, Claim], day: datetime.date) -> bool:
    """Whether an item is an assertion whose ground nobody states."""
    stated = item.findings or item.ground or grounded(item.claims, claims, day)
    return item.type in ASSERTION_TYPES and not stated
