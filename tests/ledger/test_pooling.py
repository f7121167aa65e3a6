# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest

from hikeshi.errors import LedgerError
from hikeshi.ledger.load import load
from hikeshi.ledger.pooling import geometric, load_opinion, pool
from hikeshi.ledger.weigh import weigh
from ledger.small import loaded, shared, small

OTHER = """schema: hikeshi.ranges/1
by: second analyst
date: 2026-11-24
blind: true
ranges:
  G1: {H1: [0.2, 0.4], H2: [0.8, 1], H3: [0.2, 0.4]}
"""


def test_geometric_mean_of_ranges() -> None:
    found = geometric([{"a": (0.1, 1.0), "b": (0.4, 0.4)}, {"a": (0.4, 1.0), "b": (0.1, 0.9)}])
    assert found["a"] == pytest.approx((0.2, 1.0))
    assert found["b"] == pytest.approx((0.2, 0.6))
    assert geometric([{"a": (0.1, 0.5), "b": (0.2, 0.25)}])["b"] == pytest.approx((0.4, 0.5))


def test_one_who_agrees_changes_nothing() -> None:
    same = OTHER.replace("[0.2, 0.4]", "[0.8, 1]", 1).replace("H2: [0.8, 1]", "H2: [0.2, 0.4]")
    ledger = loaded(small())
    pooled = pool(ledger, [load_opinion(same)])
    for h, spread in weigh(ledger).shared.items():
        assert pooled.together.shared[h].median == pytest.approx(spread.median, abs=0.001)
        assert pooled.spread[h] == pytest.approx((spread.median, spread.median), abs=0.001)


def test_one_who_differs_pulls_and_the_spread_is_kept() -> None:
    ledger = loaded(small())
    pooled = pool(ledger, [load_opinion(OTHER)])
    assert set(pooled.each) == {"ledger", "second analyst"}
    low, high = pooled.spread["H1"]
    assert low < pooled.together.shared["H1"].median < high
    assert math.isclose(high, weigh(ledger).shared["H1"].median, abs_tol=0.001)


def test_pooling_on_the_real_case() -> None:
    opinion = load_opinion(
        "schema: hikeshi.ranges/1\nby: b\ndate: 2026\n"
        "ranges:\n  G-TOOLS: {H1: [1, 1], H2: [1, 1], H3: [1, 1], H4: [1, 1]}\n"
    )
    pooled = pool(load(shared()), [opinion], "2021-02-28")
    assert pooled.together.level == 0
    assert pooled.spread["H2"][0] < pooled.together.shared["H2"].median < pooled.spread["H2"][1]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("H3: [0.2, 0.4]", "H9: [0.2, 0.4]"), "needs a range for each"),
        (("[0.8, 1]", "[0, 1]"), r"outside \(0, 1\]"),
        (("by:", "from:"), "is not known here"),
    ],
)
def test_wrong_opinions_are_one_sentence(change: tuple[str, str], why: str) -> None:
    with pytest.raises(LedgerError, match=why):
        pool(loaded(small()), [load_opinion(OTHER.replace(*change))])
