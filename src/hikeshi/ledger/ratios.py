# SPDX-License-Identifier: Apache-2.0
"""Likelihood ranges and their ratios: what discriminates, what straddles, what a reported clue is worth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import combinations

from hikeshi.ledger.model import Range, Ranges


def hull(ranges: Sequence[Ranges]) -> dict[str, Range]:
    """The smallest ranges that contain all of these."""
    return {h: (min(r[h][0] for r in ranges), max(r[h][1] for r in ranges)) for h in ranges[0]}


def ratio(ranges: Ranges, one: str, other: str) -> Range:
    """The range of the likelihood ratio of one hypothesis to another."""
    return ranges[one][0] / ranges[other][1], ranges[one][1] / ranges[other][0]


def favours(ranges: Ranges, hypothesis: str) -> bool:
    """Whether the ratio of a hypothesis to at least one other lies wholly above 1."""
    return any(ranges[hypothesis][0] > ranges[h][1] for h in ranges if h != hypothesis)


def silent_pairs(ranges: Ranges) -> tuple[tuple[str, str], ...]:
    """The pairs whose ratio includes 1: the evidence does not discriminate between them."""
    return tuple(
        (a, b)
        for a, b in combinations(ranges, 2)
        if ranges[a][0] <= ranges[b][1] and ranges[b][0] <= ranges[a][1]
    )


def straddles(ranges: Ranges) -> bool:
    """Whether 1 lies strictly inside the ratio of every pair."""
    pairs = combinations(ranges.values(), 2)
    return all(a[0] < b[1] and b[0] < a[1] for a, b in pairs)


def recentre(ranges: Ranges) -> dict[str, Range]:
    """The same widths around one common centre, in the logarithm."""
    logs = {h: (math.log(lo), math.log(hi)) for h, (lo, hi) in ranges.items()}
    centre = math.fsum((lo + hi) / 2 for lo, hi in logs.values()) / len(logs)
    return {
        h: (math.exp(centre - (hi - lo) / 2), math.exp(centre + (hi - lo) / 2))
        for h, (lo, hi) in logs.items()
    }


def limit(ranges: Ranges, ceiling: float) -> dict[str, Range]:
    """Ranges whose ratios exceed the ceiling nowhere: the low ends are raised."""
    floor = max(hi for _, hi in ranges.values()) / ceiling
    return {h: (max(lo, floor), max(hi, floor)) for h, (lo, hi) in ranges.items()}


def largest(ranges: Ranges) -> float:
    """The largest likelihood ratio the ranges allow between any two hypotheses."""
    return max(hi for _, hi in ranges.values()) / min(lo for lo, _ in ranges.values())


def attenuated(clue: tuple[float, float], hit: float, false: float) -> float:
    """What a report of a clue is worth when its source reports it with these hit and false-report rates."""
    seen = [p * hit + (1 - p) * false for p in clue]
    return seen[0] / seen[1]


def rarity(seen: int, of: int) -> float:
    """How common a value is after meeting it `seen` times in `of` unrelated configurations."""
    return (seen + 1) / (of + 2)


def rare_ratio(hit: float, phi: float, common: float) -> float:
    """The likelihood ratio of a reused value, below the forging ceiling 1/φ."""
    return hit / (phi + (1 - phi) * common)


def bits(prior: Sequence[float], outcomes: Iterable[Sequence[float]]) -> float:
    """The expected information, in bits, of learning which outcome is true."""
    gain = _entropy(prior)
    for likelihoods in outcomes:
        joint = [p * q for p, q in zip(prior, likelihoods, strict=True)]
        total = math.fsum(joint)
        if total > 0:
            gain -= total * _entropy([p / total for p in joint])
    return gain


def _entropy(values: Sequence[float]) -> float:
    return -math.fsum(p * math.log2(p) for p in values if p > 0)
