# SPDX-License-Identifier: Apache-2.0
"""The gate against an oracle written from the rules alone, and each cap by itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from hikeshi.ledger.load import load
from hikeshi.ledger.weigh import Weighing, weigh
from ledger import oracle, worlds
from ledger.small import FINDING, FINDING_HASH, claim, item, loaded, small

DAYS = ("2019-12-31", "2022-01-01")
AMBIGUOUS = 0.15


def agree(seeds: range) -> None:
    """Every level is one the oracle permits, and it seldom permits two."""
    undecided = 0
    for seed in seeds:
        plain, findings = worlds.split(worlds.ledger(seed))
        ledger = load(worlds.text(plain))
        for day in DAYS:
            permitted = oracle.levels(plain, day)
            assert weigh(ledger, day, findings=findings, draws=20_000).level in permitted, (seed, day)
            undecided += len(permitted) > 1
    assert undecided <= 1 + AMBIGUOUS * len(seeds) * len(DAYS)


def test_the_level_is_the_oracles_on_random_ledgers() -> None:
    agree(range(16))


@pytest.mark.campaign
@pytest.mark.parametrize("start", range(0, 500, 25))
def test_the_level_is_the_oracles_on_500_random_ledgers(start: int) -> None:
    agree(range(start, start + 25))


def test_random_ledgers_reach_every_level() -> None:
    reached = set()
    for seed in range(40):
        plain, findings = worlds.split(worlds.ledger(seed))
        reached.add(weigh(load(worlds.text(plain)), findings=findings, draws=2000).level)
    assert reached == {0, 1, 2, 3}


def permuted(plain: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same ledger with hypotheses, items, groups, claims and keys in another order."""
    rng = random.Random(seed)
    mixed = dict(plain)
    for key in ("hypotheses", "evidence", "claims"):
        mixed[key] = rng.sample(plain[key], len(plain[key]))
    mixed["groups"] = dict(rng.sample(list(plain["groups"].items()), len(plain["groups"])))
    mixed["evidence"] = [
        {**entry, "lik": dict(rng.sample(list(entry["lik"].items()), len(entry["lik"])))}
        for entry in mixed["evidence"]
    ]
    return mixed


def numbers(weighing: Weighing) -> tuple[Any, ...]:
    verdict = weighing.verdict
    settings = {key: dict(sorted(table.items())) for key, table in weighing.settings.items()}
    return (settings, dict(weighing.hull), verdict, sorted(map(repr, weighing.flips)), weighing.drivers)


@pytest.mark.campaign
@pytest.mark.parametrize("start", range(0, 500, 50))
def test_permuting_and_renaming_500_random_ledgers(start: int) -> None:
    for seed in range(start, start + 50):
        test_order_of_anything_changes_nothing(seed)
        test_renaming_hypotheses_renames_the_output(seed)


# 20 and 36: two rivals whose rounded medians are equal.
@pytest.mark.parametrize("seed", [*range(12), 20, 36])
def test_order_of_anything_changes_nothing(seed: int) -> None:
    plain, findings = worlds.split(worlds.ledger(seed))
    one = weigh(load(worlds.text(plain)), findings=findings, draws=5000)
    other = weigh(load(worlds.text(permuted(plain, seed))), findings=findings, draws=5000)
    assert numbers(one) == numbers(other)


@pytest.mark.parametrize("seed", range(12))
def test_renaming_hypotheses_renames_the_output(seed: int) -> None:
    plain, findings = worlds.split(worlds.ledger(seed))
    names = [h["id"] for h in plain["hypotheses"]]
    to = dict(
        zip(names, random.Random(seed).sample([f"X{n}" for n in range(len(names))], len(names)), strict=True)
    )
    text = worlds.text(plain)
    for name in names:
        text = text.replace(f'"{name}"', f'"{to[name]}"')
    one = weigh(load(worlds.text(plain)), findings=findings, draws=5000)
    other = weigh(load(text), findings=findings, draws=5000)
    assert {to[h]: spread for h, spread in one.shared.items()} == other.shared
    assert (one.level, to[one.verdict.leader]) == (other.level, other.verdict.leader)
    assert [to[h] for h in one.verdict.order] == list(other.verdict.order)


Plain = dict[str, Any]
STRONG = {"H1": [0.9, 1], "H2": [0.01, 0.02], "H3": [0.01, 0.02]}


def strong() -> Plain:
    """Three costly groups with findings, infrastructure and capability: level 3 for a group of people."""
    plain = small()
    plain["groups"]["G3"] = {"why": {"ja": "三", "en": "three"}}
    plain["origins"]["O4"] = {"ja": "四", "en": "four"}
    plain["claims"].append(claim("c3", "O4"))
    plain["evidence"].append(item("E3", "G3", ["c3"]))
    for entry in plain["evidence"]:
        entry |= {"lik": STRONG, "class": "hard", "vertex": ["infrastructure", "capability"]}
        entry["findings"] = [{"id": "f-1", "sha256": FINDING_HASH}]
    return plain


def caps(plain: Plain, findings: list[Plain] | None = None) -> dict[str, int]:
    weighing = weigh(loaded(plain), findings=[FINDING] if findings is None else findings, draws=5000)
    return {cap.rule: cap.limit for cap in weighing.verdict.caps}


def each(**values: Any) -> Callable[[Plain], None]:
    def edit(plain: Plain) -> None:
        for entry in plain["evidence"]:
            entry.update(values)

    return edit


def names_state(plain: Plain) -> None:
    plain["hypotheses"][0]["names"] = "state"


def contradicted(plain: Plain) -> None:
    plain["claims"][0]["check"] = {"status": "contradicted"}


def test_level_3_without_caps() -> None:
    weighing = weigh(loaded(strong()), findings=[FINDING])
    assert (weighing.level, weighing.verdict.caps) == (3, ())
    assert weighing.verdict.order[0] == "H1"
    assert weighing.verdict.confidence == "high"


@pytest.mark.parametrize(
    ("edit", "rule", "limit"),
    [
        (each(findings=[]), "R2", 1),
        (each(**{"class": "easy", "lik": {"H1": [0.9, 1], "H2": [0.2, 0.3], "H3": [0.2, 0.3]}}), "R3", 1),
        (names_state, "R4", 0),
        (each(vertex=["infrastructure"]), "R5", 1),
        (each(type="official-assertion"), "R6", 0),
        (contradicted, "R7", 0),
    ],
)
def test_each_cap(edit: Callable[[Plain], None], rule: str, limit: int) -> None:
    plain = strong()
    edit(plain)
    assert caps(plain).get(rule) == limit
    assert rule not in caps(strong())
    assert weigh(loaded(plain), findings=[FINDING], draws=5000).level <= limit


def test_a_stale_finding_stops_everything_until_reviewed() -> None:
    changed = {**FINDING, "grade": "weak"}
    assert caps(strong(), [changed]) == {"check": 0, "R7": 0}
    assert caps(strong(), []) == {"check": 0, "R7": 0}


def test_a_state_needs_its_own_evidence() -> None:
    plain = strong()
    names_state(plain)
    plain["evidence"][0]["type"] = "money-trail"
    assert "R4" not in caps(plain)
    plain["evidence"][0] |= {"type": "intelligence", "findings": []}
    assert caps(plain)["R4"] == 0
    plain["claims"][0]["grounds"] = ["paper"]
    assert "R4" not in caps(plain)


def test_a_cluster_needs_no_diamond() -> None:
    plain = strong()
    each(vertex=[])(plain)
    assert caps(plain) == {"R5": 1}
    plain["hypotheses"][0]["names"] = "cluster"
    assert caps(plain) == {}


def test_no_leader_that_the_priors_decide() -> None:
    plain = small()
    for entry in plain["evidence"]:
        entry["lik"] = {"H1": [0.9, 1], "H2": [0.7, 0.9], "H3": [0.7, 0.9]}
    assert caps(plain)["R9"] == 0


def test_a_contradiction_counts_from_the_day_it_was_known() -> None:
    plain = strong()
    plain["claims"].append(claim("c9", "O1", "2021-05"))
    plain["claims"][0]["check"] = {"status": "contradicted", "by": ["c9"]}
    ledger = loaded(plain)
    assert weigh(ledger, "2021-05-30", findings=[FINDING], draws=5000).level == 3
    assert weigh(ledger, "2021-05-31", findings=[FINDING], draws=5000).level == 0


def test_no_level_for_a_ledger_that_fails_its_checks() -> None:
    plain = strong()
    plain["claims"][0]["en"] = ""
    assert caps(plain) == {"check": 0}


def test_a_stub_is_inert_until_a_signed_revision_accepts_it() -> None:
    plain = strong()
    for entry in plain["evidence"]:
        entry["stub"] = "S-1"
    assert weigh(loaded(plain), findings=[FINDING], draws=5000).view.inert == ("E1", "E2", "E3")
    plain["revisions"] = [{"date": "2020-03", "by": "", "what": "accepted", "accepts": ["S-1"]}]
    assert weigh(loaded(plain), findings=[FINDING], draws=5000).view.items == ()
    plain["revisions"][0]["by"] = "an analyst"
    assert weigh(loaded(plain), findings=[FINDING], draws=5000).level == 3
