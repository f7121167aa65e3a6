# SPDX-License-Identifier: Apache-2.0
"""The two clocks as a drawing: above the day a claim was said, below the day from which it could be used."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from hikeshi.ledger.model import Claim
from hikeshi.ledger.origins import known_on

LEFT, WIDTH = 20, 960
YEARS = 12


@dataclass(frozen=True)
class Tie:
    """One claim: where it stands on both clocks; `late` when it could be used only later."""

    id: str
    said: int
    known: int
    late: bool


@dataclass(frozen=True)
class Clocks:
    """The drawing: years along both rails, and a line a claim."""

    ticks: list[tuple[int, str]]
    ties: list[Tie]


def clocks(claims: Sequence[Claim]) -> Clocks | None:
    """The drawing of claims that have a date; nothing without two different days."""
    days = [(claim.id, claim.date.day, known_on(claim)) for claim in claims if claim.date]
    every = [day for _, said, known in days for day in (said, known)]
    if not every or min(every) == max(every):
        return None
    first, last = min(every), max(every)

    def x(day: datetime.date) -> int:
        return LEFT + WIDTH * (day - first).days // (last - first).days

    step = -(-(last.year - first.year + 1) // YEARS)
    years = [datetime.date(year, 1, 1) for year in range(first.year + 1, last.year + 1, step)]
    ticks = [(x(day), str(day.year)) for day in years] or [(LEFT, str(first.year))]
    return Clocks(ticks, [Tie(name, x(said), x(known), known > said) for name, said, known in days])
