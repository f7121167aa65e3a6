# SPDX-License-Identifier: Apache-2.0
"""Several analysts on one ledger: ranges entered blind, pooled by geometric mean, the spread shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hikeshi.errors import LedgerError
from hikeshi.ledger.fields import Complaints, identifier, mapped, one_of, record, span, text, truth, when
from hikeshi.ledger.findings import Finding
from hikeshi.ledger.model import Joint, Ledger, Range, Ranges, When
from hikeshi.ledger.text import parse
from hikeshi.ledger.view import last_date, look
from hikeshi.ledger.weigh import Weighing, day_of, weigh

SCHEMA = "hikeshi.ranges/1"


@dataclass(frozen=True, slots=True)
class Opinion:
    """One analyst's ranges for groups; `blind` when entered before the leading hypothesis was shown."""

    by: str
    date: When
    ranges: Mapping[str, Ranges]
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Pooled:
    """The pooled weighing, and each analyst's own."""

    together: Weighing
    each: Mapping[str, Weighing]

    @property
    def spread(self) -> Mapping[str, Range]:
        """The lowest and highest median of each hypothesis over the analysts."""
        tables = [one.shared for one in self.each.values()]
        return {h: (min(t[h].median for t in tables), max(t[h].median for t in tables)) for h in tables[0]}


def load_opinion(data: str | bytes, name: str = "ranges.yaml") -> Opinion:
    """One analyst's file of ranges."""
    to = Complaints(name)
    spec = {
        "schema": one_of(SCHEMA),
        "by": text,
        "date": when,
        "blind": truth,
        "ranges": mapped(mapped(span)),
    }
    values = record({**spec, "case": identifier}, ("schema", "by", "date", "ranges"))(to, parse(data, name))
    to.stop()
    return Opinion(values["by"], values["date"], values["ranges"], values.get("blind", False))


def geometric(ranges: Sequence[Ranges]) -> dict[str, Range]:
    """The geometric mean of ranges, end by end, scaled so that the largest upper end is 1."""
    mean = {h: (_mean(r[h][0] for r in ranges), _mean(r[h][1] for r in ranges)) for h in ranges[0]}
    top = max(hi for _, hi in mean.values())
    return {h: (lo / top, hi / top) for h, (lo, hi) in mean.items()}


def _mean(values: Iterable[float]) -> float:
    logs = [math.log(value) for value in values]
    return math.exp(math.fsum(logs) / len(logs))


def pool(
    ledger: Ledger,
    opinions: Sequence[Opinion],
    as_of: str | None = None,
    *,
    findings: Iterable[Finding] = (),
    **settings: Any,
) -> Pooled:
    """The ledger's own ranges and the opinions, weighed together and one by one."""
    at = day_of(as_of) or last_date(ledger)
    held = list(findings)
    counted = {group.id: group.ranges for group in look(ledger, at).groups}
    names = [h.id for h in ledger.hypotheses]
    for opinion in opinions:
        for group, ranges in opinion.ranges.items():
            if group in counted and set(ranges) != set(names):
                raise LedgerError(f"{opinion.by}: {group} needs a range for each of {', '.join(names)}")
            if not all(0 < lo <= hi <= 1 for lo, hi in ranges.values()):
                raise LedgerError(f"{opinion.by}: {group} has a range outside (0, 1]")
    pooled = {
        group: geometric([own, *(o.ranges[group] for o in opinions if group in o.ranges)])
        for group, own in counted.items()
    }
    each = {"ledger": weigh(ledger, at.text, findings=held, **settings)}
    for opinion in opinions:
        mine = {group: geometric([opinion.ranges[group]]) for group in counted if group in opinion.ranges}
        each[opinion.by] = weigh(_with(ledger, mine, at), at.text, findings=held, **settings)
    return Pooled(weigh(_with(ledger, pooled, at), at.text, findings=held, **settings), each)


def _with(ledger: Ledger, ranges: Mapping[str, Ranges], at: When) -> Ledger:
    groups = {
        name: replace(group, as_of=(*group.as_of, Joint(at, _exact(ranges[name]))))
        if name in ranges
        else group
        for name, group in ledger.groups.items()
    }
    return replace(ledger, groups=groups)


def _exact(ranges: Ranges) -> dict[str, Range]:
    """Ranges whose largest upper end is exactly 1 in spite of rounding."""
    top = max(hi for _, hi in ranges.values())
    return {h: (lo, 1.0 if hi == top else hi) for h, (lo, hi) in ranges.items()}
