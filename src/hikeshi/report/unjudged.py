# SPDX-License-Identifier: Apache-2.0
"""Rules that could not match: by rule set and state, and the logs they would need, as `hikeshi explain` counts them."""

from __future__ import annotations

from dataclasses import dataclass

from hikeshi.case.explain import explain
from hikeshi.case.saved import Saved

STATES = ("judged", "no-source", "unmapped", "refused")
NEEDS = 30


@dataclass(frozen=True)
class RuleSet:
    """How many rules of a set are in each of STATES."""

    name: str
    rules: dict[str, int]


@dataclass(frozen=True)
class Unjudged:
    """`needs` are the first missing log sources with the number of rules that need them, of `sources` in all."""

    sets: list[RuleSet]
    needs: list[tuple[str, int]]
    sources: int


def unjudged(saved: Saved) -> Unjudged:
    """The rules of a case by set and state."""
    said = explain(saved)
    sets: dict[str, RuleSet] = {}
    for row in said["rules"]:
        entry = sets.setdefault(row["set"], RuleSet(row["set"], dict.fromkeys(STATES, 0)))
        entry.rules[row["state"]] = entry.rules.get(row["state"], 0) + row["rules"]
    missing = [(row["needs"], row["rules"]) for row in said["missing_logs"]]
    return Unjudged(list(sets.values()), missing[:NEEDS], len(missing))
