# SPDX-License-Identifier: Apache-2.0
"""The real case, weighed: expected values are those worked out by hand for the shared ledger."""

from __future__ import annotations

from functools import cache

import pytest

from hikeshi.ledger import queries
from hikeshi.ledger.load import load
from hikeshi.ledger.model import Ledger
from hikeshi.ledger.ratios import silent_pairs
from hikeshi.ledger.weigh import Weighing, weigh
from ledger.small import shared

NEAR = 0.01
MARCH, SEED, LAC, LAST = "2019-03-31", "2019-06-18", "2019-06-20", "2021-02-28"

# Medians and 90 % ranges, groups counted once, one shared error a hypothesis, nothing re-centred.
SHARED = {
    MARCH: {"H1": (0.35, 0.19, 0.55), "H2": (0.24, 0.11, 0.44), "H3": (0.07,), "H4": (0.29, 0.15, 0.50)},
    SEED: {"H1": (0.18, 0.04, 0.58), "H2": (0.30, 0.09, 0.66), "H3": (0.05,), "H4": (0.33, 0.10, 0.70)},
    LAC: {"H1": (0.14, 0.02, 0.51), "H2": (0.37, 0.12, 0.74), "H3": (0.06,), "H4": (0.30, 0.08, 0.70)},
    LAST: {"H1": (0.09, 0.01, 0.48), "H2": (0.40, 0.12, 0.78), "H3": (0.04,), "H4": (0.32, 0.08, 0.74)},
}
CENTRED = {
    MARCH: (0.39, 0.22, 0.27),
    SEED: (0.32, 0.22, 0.27),
    LAC: (0.17, 0.34, 0.28),
    LAST: (0.12, 0.37, 0.30),
}
NAIVE = {
    MARCH: ("H1", 0.64, 0.99),
    SEED: ("H1", 0.41, 0.65),
    LAC: ("H2", 0.31, 0.41),
    LAST: ("H2", 0.36, 0.53),
}
DATES = tuple(SHARED)


@cache
def ledger() -> Ledger:
    return load(shared())


@cache
def weighed(date: str, naive: bool = False) -> Weighing:
    return weigh(ledger(), date, naive=naive)


@pytest.mark.parametrize("date", DATES)
def test_medians_and_ranges_under_shared_errors(date: str) -> None:
    for name, (median, *ends) in SHARED[date].items():
        spread = weighed(date).shared[name]
        assert median == pytest.approx(spread.median, abs=NEAR), name
        if ends:
            assert ends == pytest.approx([spread.low, spread.high], abs=NEAR), name


@pytest.mark.parametrize("date", DATES)
def test_medians_with_re_centring(date: str) -> None:
    table = weighed(date).settings["shared", True]
    assert CENTRED[date] == pytest.approx([table[h].median for h in ("H1", "H2", "H4")], abs=NEAR)


@pytest.mark.parametrize("date", DATES)
def test_every_item_multiplied(date: str) -> None:
    name, median, first = NAIVE[date]
    spread = weighed(date, naive=True).settings["independent", False][name]
    assert (median, first) == pytest.approx((spread.median, spread.first), abs=NEAR)


def test_the_prior_alone() -> None:
    weighing = weigh(ledger(), LAST, without=list(ledger().groups))
    table = weighing.settings["independent", False]
    assert pytest.approx((table["H1"].median, table["H1"].low, table["H1"].high), abs=NEAR) == (
        0.28,
        0.18,
        0.42,
    )
    assert pytest.approx((table["H4"].median, table["H4"].low, table["H4"].high), abs=NEAR) == (
        0.35,
        0.23,
        0.48,
    )
    assert table["H3"].median == pytest.approx(0.06, abs=NEAR)


@pytest.mark.parametrize("date", DATES)
def test_level_0_at_every_date_even_before_caps(date: str) -> None:
    verdict = weighed(date).verdict
    assert (verdict.level, verdict.reached) == (0, 0)
    assert verdict.confidence == "low"
    assert verdict.order == ()


def test_naive_counting_in_march_2019_reaches_level_1_and_r6_takes_it_back() -> None:
    verdict = weighed(MARCH, naive=True).verdict
    assert (verdict.level, verdict.reached, verdict.leader) == (0, 1, "H1")
    assert {cap.rule: cap.limit for cap in verdict.caps}["R6"] == 0
    assert [cap.rule for cap in verdict.caps if cap.limit < 1] == ["R6"]


def test_shared_errors_under_naive_counting_still_put_h1_first_in_nine_of_ten() -> None:
    assert weighed(MARCH, naive=True).shared["H1"].first == pytest.approx(0.90, abs=NEAR)


def test_five_copies_multiplied_against_one_group() -> None:
    assert weighed(MARCH).settings["independent", False]["H1"].first == pytest.approx(0.52, abs=NEAR)


def test_no_group_tells_north_korea_and_the_crime_group_apart() -> None:
    groups = weighed(LAST).view.groups
    assert len(groups) == 5
    assert all(("H1", "H2") in silent_pairs(group.ranges) for group in groups)


def test_two_groups_are_re_centred_and_three_on_the_seed_date() -> None:
    assert [group.id for group in weighed(LAST).view.groups if group.straddles] == ["G-CASHOUT", "G-MAIL"]
    assert [g.id for g in weighed(SEED).view.groups if g.straddles] == ["G-CASHOUT", "G-MAIL", "G-TOOLS"]


def test_hull() -> None:
    assert weighed(LAST).hull["H2"] == pytest.approx((0.02, 0.97), abs=0.005)


def test_drivers() -> None:
    weighing = weighed(LAST)
    expected = {
        "G-TOOLS": 0.41,
        "G-NONNAMING": 0.99,
        "G-CASHOUT": 1.24,
        "G-MAIL": 1.35,
        "G-DPRK-ASSERT": 1.79,
    }
    assert weighing.log_odds == pytest.approx(1.45, abs=NEAR)
    assert expected == pytest.approx({d.group: d.without for d in weighing.drivers}, abs=NEAR)


def test_a_clue_of_four_to_five_would_turn_it() -> None:
    flip = next(flip for flip in weighed(LAST).flips if flip.hypothesis == "H1")
    assert 4 <= flip.high <= 5
    assert flip.low == pytest.approx(3, abs=0.5)


def test_value_of_missing_evidence() -> None:
    expected = {"M4": 0.20, "M2": 0.19, "M3": 0.17, "M1": 0.07}
    assert expected == pytest.approx({gap.id: gap.bits for gap in weighed(LAST).gaps}, abs=0.005)
    assert list(expected) == [gap.id for gap in weighed(LAST).gaps]


def test_flat_prior() -> None:
    row = weighed(LAST).priors["flat"]
    assert pytest.approx((row["H1"], row["H2"]), abs=NEAR) == (0.09, 0.39)


def test_audit_view_ties_the_crime_group_with_somebody_else() -> None:
    columns = weighed(LAST).matrix.columns
    assert {h: column.items for h, column in columns.items()} == {"H1": 3, "H2": 0, "H3": 1, "H4": 0}
    assert {h: column.groups for h, column in columns.items()} == {"H1": 2, "H2": 0, "H3": 1, "H4": 0}


def test_without_the_non_naming_group() -> None:
    table = weigh(ledger(), LAST, without=["G-NONNAMING"]).settings["independent", False]
    assert pytest.approx([table[h].median for h in ("H1", "H2", "H4")], abs=NEAR) == (0.15, 0.40, 0.32)


def test_ten_claims_assert_north_korea_in_one_group() -> None:
    view = weighed(LAST).view
    assert len(queries.asserting_claims(view, "H1")) == 10
    assert queries.asserting_groups(view, "H1") == 1
    cited = {name for item in view.items if item.id in ("E01", "E02", "E03", "E04") for name in item.claims}
    assert len(cited) == 12


def test_items_dated_before_what_they_cite_are_named_and_can_be_left_out() -> None:
    assert weighed(MARCH).view.hindsight == ("E04", "E10")
    strict = weigh(ledger(), MARCH, strict_dates=True)
    assert [group.id for group in strict.view.groups] == ["G-DPRK-ASSERT"]
    assert strict.verdict.reached == 0
