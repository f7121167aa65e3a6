# SPDX-License-Identifier: Apache-2.0
"""What changed since the report before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hikeshi.report.found import STRENGTH, WEAKEST
from hikeshi.report.stage.snapshot import Host, Snapshot


@dataclass(frozen=True)
class Change:
    """One change: `what` is a key of the labels, `values` fill it."""

    what: str
    values: Mapping[str, str] = field(default_factory=dict)


def changes(before: Snapshot, after: Snapshot) -> list[Change]:
    """Machines, functions, states, indicators, losses and findings that are new, other or gone."""
    found: list[Change] = []
    for name in sorted(before.hosts.keys() | after.hosts.keys()):
        was, now = before.hosts.get(name), after.hosts.get(name)
        if was is None or now is None:
            found.append(Change("host-new" if was is None else "host-gone", {"host": name}))
        if now is not None:
            found += _host(name, was or Host(), now)
    was_seen = {(one.kind, one.value) for one in before.indicators}
    new = [one for one in after.indicators if (one.kind, one.value) not in was_seen]
    if new:
        found.append(Change("indicators-new", {"n": str(len(new))}))
    for key, label in (("findings", "findings-new"), ("findings", "findings-gone")):
        one, other = set(getattr(after, key)), set(getattr(before, key))
        many = len(one - other if label.endswith("new") else other - one)
        if many:
            found.append(Change(label, {"n": str(many)}))
    if before.lost != after.lost:
        found.append(
            Change("lost-now", {"old": str(sum(before.lost.values())), "new": str(sum(after.lost.values()))})
        )
    return found


def _host(name: str, was: Host, now: Host) -> Iterator[Change]:
    if was.grade != now.grade and now.grade:
        up = STRENGTH.get(now.grade, WEAKEST) < STRENGTH.get(was.grade, WEAKEST)
        yield Change("grade-up" if up else "grade-down", {"host": name, "grade": now.grade})
    for function in sorted(now.functions.keys() - was.functions.keys()):
        yield Change("function-new", {"host": name, "function": function})
    for function in sorted(was.functions.keys() - now.functions.keys()):
        yield Change("function-gone", {"host": name, "function": function})
    for key in ("stealing", "contact"):
        old, new = getattr(was, key), getattr(now, key)
        if old != new:
            yield Change(f"{key}-now", {"host": name, "old": old, "new": new})
