# SPDX-License-Identifier: Apache-2.0
"""What changed between two versions of a ledger, and what that did to the conclusion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hikeshi.ledger.findings import Finding
from hikeshi.ledger.load import ids
from hikeshi.ledger.model import NOWHERE, Claim, Evidence, Ledger, Ranges
from hikeshi.ledger.view import look
from hikeshi.ledger.weigh import Weighing, weigh


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `what` is an id worded by `say`."""

    what: str
    subject: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shift:
    """A conclusion before and after."""

    before: Weighing
    after: Weighing

    @property
    def moved(self) -> Mapping[str, tuple[float, float]]:
        """The median of each hypothesis before and after, shared errors."""
        old, new = self.before.shared, self.after.shared
        return {h: (old[h].median, new[h].median) for h in new if h in old}

    @property
    def lifted(self) -> tuple[str, ...]:
        """Caps that held before and no longer do."""
        return _only(self.before, self.after)

    @property
    def imposed(self) -> tuple[str, ...]:
        """Caps that hold now and did not before."""
        return _only(self.after, self.before)


def _only(one: Weighing, other: Weighing) -> tuple[str, ...]:
    rest = {cap.rule for cap in other.verdict.caps}
    return tuple(cap.rule for cap in one.verdict.caps if cap.rule not in rest)


@dataclass(frozen=True, slots=True)
class Diff:
    """Two versions of a ledger compared by meaning."""

    changes: tuple[Change, ...]
    conclusion: Shift


def diff(
    old: Ledger,
    new: Ledger,
    as_of: str | None = None,
    *,
    findings: Iterable[Finding] = (),
    **settings: Any,
) -> Diff:
    """What was added, withdrawn, graded anew or moved, and the conclusion before and after."""
    held = list(findings)
    before = weigh(old, as_of, findings=held, **settings)
    after = weigh(new, as_of, findings=held, **settings)
    found = [*_claims(old, new), *_items(old, new), *_groups(old, new), *_rest(old, new)]
    return Diff(tuple(found), Shift(before, after))


def _claims(old: Ledger, new: Ledger) -> Iterator[Change]:
    before, after = ids(old.claims), ids(new.claims)
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None or now is None:
            yield Change("claim-added" if was is None else "claim-removed", name)
        else:
            yield from _claim(was, now)


def _claim(was: Claim, now: Claim) -> Iterator[Change]:
    if was.status != now.status:
        yield Change("claim-withdrawn" if now.status else "claim-restored", now.id)
    if was.check.status != now.check.status or was.credibility != now.credibility:
        yield Change("claim-regraded", now.id, {"old": _grade(was), "new": _grade(now)})
    if was.origin != now.origin:
        yield Change("claim-origin", now.id, {"old": was.origin, "new": now.origin})
    blank: dict[str, Any] = {
        "status": "",
        "check": now.check,
        "credibility": 0,
        "origin": "",
        "place": NOWHERE,
    }
    if replace(was, **blank) != replace(now, **blank):
        yield Change("claim-reworded", now.id)


def _grade(claim: Claim) -> str:
    digit = str(claim.credibility) if claim.credibility else ""
    return " ".join(part for part in (claim.check.status, digit) if part) or "-"


def _items(old: Ledger, new: Ledger) -> Iterator[Change]:
    before, after = ids(old.evidence), ids(new.evidence)
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None or now is None:
            yield Change("item-added" if was is None else "item-removed", name)
            continue
        yield from _moved(name, was.lik, now.lik)
        if was.group != now.group:
            yield Change("item-group", name, {"old": was.group, "new": now.group})
        if _cited(was) != _cited(now):
            yield Change("item-cites", name)


def _cited(item: Evidence) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(item.claims), frozenset(ref.sha256 for ref in item.findings)


def _groups(old: Ledger, new: Ledger) -> Iterator[Change]:
    before = {group.id: group.ranges for group in look(old).groups}
    after = {group.id: group.ranges for group in look(new).groups}
    for name in sorted(before.keys() & after.keys()):
        yield from _moved(name, before[name], after[name])


def _moved(name: str, was: Ranges, now: Ranges) -> Iterator[Change]:
    for h in now:
        if h in was and was[h] != now[h]:
            yield Change("range-moved", name, {"hypothesis": h, "old": _range(was[h]), "new": _range(now[h])})


def _range(pair: tuple[float, float]) -> str:
    return f"{pair[0]:g}-{pair[1]:g}"


def _rest(old: Ledger, new: Ledger) -> Iterator[Change]:
    before, after = ids(old.hypotheses), ids(new.hypotheses)
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None or now is None:
            yield Change("hypothesis-added" if was is None else "hypothesis-removed", name)
        elif was.prior != now.prior:
            yield Change("prior-moved", name, {"old": _range(was.prior), "new": _range(now.prior)})
    was_origins = {name: origin.derives_from for name, origin in old.origins.items()}
    for name, origin in sorted(new.origins.items()):
        if name in was_origins and was_origins[name] != origin.derives_from:
            yield Change("origin-rests-on", name, {"new": ", ".join(origin.derives_from) or "-"})
