# SPDX-License-Identifier: Apache-2.0
"""What could be said on each day on which the ledger's evidence changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hikeshi.ledger.model import Ledger
from hikeshi.ledger.say import sentences
from hikeshi.ledger.say_lint import Sentence
from hikeshi.ledger.weigh import Weighing, weigh

MOST = 12


@dataclass(frozen=True)
class Step:
    """One day: the weighing of what was known, and its sentences."""

    date: str
    weighing: Weighing
    sentences: tuple[Sentence, ...]


def days(ledger: Ledger) -> list[str]:
    """The days on which an item or a joint range began to count, at most MOST of them, the last included."""
    items = {item.date.day for item in ledger.evidence}
    joints = {joint.since.day for group in ledger.groups.values() for joint in group.as_of}
    found = sorted(items | joints)
    if len(found) > MOST:
        found = [found[round(n * (len(found) - 1) / (MOST - 1))] for n in range(MOST)]
    return [day.isoformat() for day in found]


def steps(
    ledger: Ledger,
    findings: Iterable[Mapping[str, Any]],
    as_of: str | None,
    dates: Sequence[str] | None = None,
) -> list[Step]:
    """What could be said on each day up to `as_of`, oldest first; the last one is the state of the dossier."""
    held = list(findings)
    made = []
    for date in dates or days(ledger):
        if as_of is None or date < as_of:
            made.append(_step(date, weigh(ledger, date, findings=held)))
    last = weigh(ledger, as_of, findings=held)
    if made and made[-1].weighing.view.groups == last.view.groups:
        made.pop()
    return [*made, _step(last.view.as_of.text, last)]


def _step(date: str, weighing: Weighing) -> Step:
    return Step(date, weighing, sentences(weighing))
