# SPDX-License-Identifier: Apache-2.0
"""Worlds with a known truth and copied reports: counting each origin once stays calibrated.

Each of four origins has a signal that is right 45 % of the time, otherwise one of the other three; copies are
Poisson. The truth follows the middle of the shared ledger's priors, which reproduces the figures on record.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from hikeshi.ledger import draws
from hikeshi.ledger.view import look
from ledger.small import claim, item, loaded, small

RIGHT = 0.45
PRIOR = np.array([0.28, 0.28, 0.06, 0.35]) / 0.97


class Score(NamedTuple):
    brier: float
    log_loss: float
    sure: float
    right: float
    calibration: float


def worlds(copies: float, count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, signal of each origin, and how many reports carry it."""
    rng = np.random.Generator(np.random.PCG64(seed))
    truth = rng.choice(4, count, p=PRIOR)
    wrong = (truth[:, None] + rng.integers(1, 4, (count, 4))) % 4
    signal = np.where(rng.random((count, 4)) < RIGHT, truth[:, None], wrong)
    return truth, signal, 1 + rng.poisson(copies, (count, 4))


def posterior(signal: np.ndarray, reports: np.ndarray) -> np.ndarray:
    votes = np.stack([np.where(signal == h, reports, 0).sum(axis=1) for h in range(4)], axis=1)
    weights = np.log(PRIOR) + votes * np.log(RIGHT / ((1 - RIGHT) / 3))
    odds = np.exp(weights - weights.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def score(truth: np.ndarray, odds: np.ndarray) -> Score:
    hit = np.eye(4)[truth]
    top, guess = odds.max(axis=1), odds.argmax(axis=1)
    sure = top > 0.9
    bins = np.clip((top * 10).astype(int), 0, 9)
    gaps = [
        abs((guess == truth)[bins == b].mean() - top[bins == b].mean())
        for b in range(10)
        if (bins == b).sum() > 200
    ]
    loss = -np.log(np.maximum(odds[np.arange(len(truth)), truth], 1e-300)).mean()
    right = float((guess == truth)[sure].mean())
    return Score(
        float(((odds - hit) ** 2).sum(axis=1).mean()),
        float(loss),
        float(sure.mean()),
        right,
        float(max(gaps)),
    )


FIGURES = {0: (0.52, 0.95, 0.04, 0.94), 2: (0.69, 1.69, 0.55, 0.68), 5: (0.77, 2.99, 0.75, 0.62)}


@pytest.mark.parametrize("copies", [0, 2, 5])
def test_multiplying_copies_gets_surer_and_wronger(copies: int) -> None:
    truth, signal, reports = worlds(copies, 200_000, 7)
    naive = score(truth, posterior(signal, reports))
    brier, loss, sure, right = FIGURES[copies]
    assert brier == pytest.approx(naive.brier, abs=0.01)
    assert loss == pytest.approx(naive.log_loss, abs=0.04)
    assert sure == pytest.approx(naive.sure, abs=0.01)
    assert right == pytest.approx(naive.right, abs=0.02)


@pytest.mark.parametrize("copies", [0, 2, 5])
def test_counting_each_origin_once_stays_calibrated(copies: int) -> None:
    truth, signal, reports = worlds(copies, 200_000, 7)
    once = score(truth, posterior(signal, np.ones_like(reports)))
    assert 0.505 <= once.brier <= 0.525
    assert once.log_loss == pytest.approx(0.95, abs=0.01)
    assert once.sure == pytest.approx(0.04, abs=0.01)
    assert once.right == pytest.approx(0.935, abs=0.02)
    assert once.calibration < 0.03


@pytest.mark.parametrize("world", range(6))
def test_the_ledger_counts_as_the_simulation_does(world: int) -> None:
    """The same worlds as ledgers with point ranges: grouped and naive medians are the two posteriors."""
    _, signals, reports = worlds(2, 6, 3)
    signal, copies = signals[world], reports[world]
    plain = small()
    names = ["H1", "H2", "H3", "H4"]
    plain["hypotheses"] = [
        {"id": h, "ja": h, "en": h, "prior": [round(p, 6)] * 2} | ({"residual": "true"} if h == "H4" else {})
        for h, p in zip(names, PRIOR, strict=True)
    ]
    other = round((1 - RIGHT) / 3 / RIGHT, 9)
    plain |= {"claims": [], "evidence": [], "groups": {}, "missing_evidence": []}
    for origin in range(4):
        lik = {h: [1, 1] if n == signal[origin] else [other, other] for n, h in enumerate(names)}
        plain["origins"][f"P{origin}"] = {"ja": "元", "en": "origin"}
        plain["groups"][f"G{origin}"] = {"as_of": [{"from": "2020", "joint": lik}]}
        for copy in range(copies[origin]):
            name = f"{origin}-{copy}"
            plain["claims"].append(claim(f"c{name}", f"P{origin}"))
            plain["evidence"].append(
                item(f"E{name}", f"G{origin}", [f"c{name}"], lik=lik, ach={}, date="2020")
            )
    ledger = loaded(plain)
    for naive, counted in ((False, np.ones_like(copies)), (True, copies)):
        drawn = draws.draw(look(ledger, naive=naive), 1, 10)
        found = draws.medians(drawn, draws.posterior(drawn, "shared", centred=False))
        expected = posterior(signal[None, :], counted[None, :])[0]
        if expected[3] >= 0.02:
            assert [found[h] for h in names] == pytest.approx(list(expected), abs=2e-4)
