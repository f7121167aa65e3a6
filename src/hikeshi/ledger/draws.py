# SPDX-License-Identifier: Apache-2.0
"""Monte-Carlo draws of a view: log-uniform in every range, fixed seed, the same on every machine.

Every hypothesis and every group has its own stream of PCG64, so that reordering changes nothing and leaving a
group out leaves the others' draws alone. Re-centring a group only shifts its logarithms, so one set of draws
serves both settings.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hikeshi.ledger.model import Hypothesis, Ledger, Ranges
from hikeshi.ledger.policy import DECIMALS, RESIDUAL_FLOOR
from hikeshi.ledger.view import Counted, View

Array = NDArray[np.float64]
Model = Literal["shared", "independent"]
MODELS: tuple[Model, ...] = ("shared", "independent")
_PRIOR, _SHARED, _GROUP = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Spread:
    """A hypothesis in the draws: 5 %, median and 95 %, and how often it is first."""

    low: float
    median: float
    high: float
    first: float


@dataclass(frozen=True, slots=True)
class Draws:
    """Log-weights drawn for a view: one row a hypothesis, in an order that does not depend on the file's."""

    view: View
    order: tuple[str, ...]
    prior: Array
    likelihood: Mapping[Model, Array]
    shift: Array
    seed: int

    @property
    def residual(self) -> int:
        """The row of the residual hypothesis."""
        return next(self.order.index(h.id) for h in self.view.ledger.hypotheses if h.residual)


def _order(ledger: Ledger) -> tuple[str, ...]:
    """Hypotheses by what they hold, not by name or place, so that renaming them renames the result."""
    ranges = [joint.ranges for _, group in sorted(ledger.groups.items()) for joint in group.as_of]
    ranges += [item.lik for item in sorted(ledger.evidence, key=lambda item: item.id)]

    def key(h: Hypothesis) -> tuple[object, ...]:
        return (h.prior, h.residual, tuple(r[h.id] for r in ranges), h.id)

    return tuple(h.id for h in sorted(ledger.hypotheses, key=key))


def _stream(seed: int, *path: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, *path))))


def _logs(ranges: Ranges, order: Sequence[str]) -> tuple[Array, Array]:
    low = np.array([math.log(ranges[h][0]) for h in order])
    high = np.array([math.log(ranges[h][1]) for h in order])
    return low[:, None], (high - low)[:, None]


def _own(name: str) -> int:
    """The number of a group's stream, from its name alone."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])


def draw(view: View, seed: int, count: int) -> Draws:
    """Draws of both error models for a view."""
    order = _order(view.ledger)
    priors = {h.id: h.prior for h in view.ledger.hypotheses}
    low, width = _logs(priors, order)
    prior = low + width * np.stack([_stream(seed, _PRIOR, row).random(count) for row in range(len(order))])
    shape = (len(order), count)
    total_low, total_width = np.zeros((len(order), 1)), np.zeros((len(order), 1))
    shift, independent = np.zeros((len(order), 1)), np.zeros(shape)
    for group in view.groups:
        low, width = _logs(group.ranges, order)
        total_low, total_width = total_low + low, total_width + width
        shift += _logs(group.centred, order)[0] - low
        independent += low + width * _stream(seed, _GROUP, _own(group.id)).random(shape)
    place = np.stack([_stream(seed, _SHARED, row).random(count) for row in range(len(order))])
    shared = total_low + total_width * place
    return Draws(view, order, prior, {"shared": shared, "independent": independent}, shift, seed)


def posterior(
    draws: Draws, model: Model, *, centred: bool, prior: Mapping[str, float] | None = None
) -> Array:
    """Normalised draws under one error model; a `prior` of points replaces the drawn one. R1 holds."""
    if prior is None:
        start = draws.prior
    else:
        start = np.array([[math.log(prior[h])] for h in draws.order])
    weights = draws.likelihood[model] + start
    if centred:
        weights = weights + draws.shift
    weights = np.exp(weights - weights.max(axis=0))
    odds: Array = weights / weights.sum(axis=0)
    rest = odds[draws.residual]
    kept = np.maximum(rest, RESIDUAL_FLOOR)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds *= np.where(rest < kept, (1 - kept) / (1 - rest), 1.0)
    odds[draws.residual] = kept
    return odds


def spreads(draws: Draws, odds: Array) -> dict[str, Spread]:
    """Each hypothesis in normalised draws, rounded so that every machine prints the same."""
    low, median, high = np.quantile(odds, (0.05, 0.5, 0.95), axis=1)
    first = np.bincount(odds.argmax(axis=0), minlength=len(draws.order)) / odds.shape[1]
    table = np.round(np.stack([low, median, high, first]), DECIMALS)
    rows = {h: Spread(*(float(value) for value in table[:, row])) for row, h in enumerate(draws.order)}
    return {h.id: rows[h.id] for h in draws.view.ledger.hypotheses}


def medians(draws: Draws, odds: Array) -> dict[str, float]:
    """The median of each hypothesis, rounded."""
    middle = np.round(np.median(odds, axis=1), DECIMALS)
    rows = {h: float(middle[row]) for row, h in enumerate(draws.order)}
    return {h.id: rows[h.id] for h in draws.view.ledger.hypotheses}


def log_odds(draws: Draws, one: str, other: str, *, centred: bool, without: Counted | None = None) -> float:
    """The median log-odds of two hypotheses under independent errors, with one group left out if asked."""
    a, b = draws.order.index(one), draws.order.index(other)
    likelihood = draws.likelihood["independent"]
    difference = draws.prior[a] - draws.prior[b] + likelihood[a] - likelihood[b]
    if without is not None:
        low, width = _logs(without.ranges, draws.order)
        place = _stream(draws.seed, _GROUP, _own(without.id)).random(draws.prior.shape)
        difference -= low[a] - low[b] + width[a] * place[a] - width[b] * place[b]
    shift = float(draws.shift[a, 0] - draws.shift[b, 0])
    return round(float(np.median(difference)) + (shift if centred else 0.0), DECIMALS)
