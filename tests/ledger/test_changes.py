# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hikeshi.errors import LedgerError
from hikeshi.ledger.changes import diff
from hikeshi.ledger.load import load
from hikeshi.ledger.say_tables import CHANGES, conclusion, difference
from hikeshi.ledger.scenario import what_if
from ledger.small import FINDING, claim, item, loaded, shared, small
from ledger.test_gate import strong

Plain = dict[str, Any]


def added(plain: Plain) -> None:
    plain["claims"].append(claim("c3", "O1"))


def item_added(plain: Plain) -> None:
    added(plain)
    plain["groups"]["G3"] = {"why": {"ja": "三", "en": "three"}}
    plain["evidence"].append(item("E3", "G3", ["c3"]))


@pytest.mark.parametrize(
    ("edit", "what", "subject"),
    [
        (added, "claim-added", "c3"),
        (lambda p: p["claims"][0].update(status="withdrawn"), "claim-withdrawn", "c1"),
        (lambda p: p["claims"][0].update(check={"status": "qualified"}), "claim-regraded", "c1"),
        (lambda p: p["claims"][0].update(origin="O3"), "claim-origin", "c1"),
        (lambda p: p["claims"][0].update(en="other"), "claim-reworded", "c1"),
        (item_added, "item-added", "E3"),
        (lambda p: p["evidence"][0]["lik"].update(H2=[0.3, 0.4]), "range-moved", "E1"),
        (lambda p: p["evidence"][0].update(claims=["c1", "c2"]), "item-cites", "E1"),
        (lambda p: p["hypotheses"][0].update(prior=[0.1, 0.5]), "prior-moved", "H1"),
        (lambda p: p["origins"]["O1"].update(derives_from=["O2"]), "origin-rests-on", "O1"),
    ],
)
def test_each_change_is_named(edit: Callable[[Plain], None], what: str, subject: str) -> None:
    after = small()
    edit(after)
    found = diff(loaded(small()), loaded(after))
    assert (what, subject) in [(one.what, one.subject) for one in found.changes]
    for lang in ("ja", "en"):
        assert all("{" not in line for line in difference(found, lang))


def test_rewriting_the_file_changes_nothing() -> None:
    from hikeshi.ledger.canonical import fmt

    found = diff(load(shared()), load(fmt(shared())))
    assert found.changes == ()
    assert found.conclusion.before.settings == found.conclusion.after.settings
    assert "no change of meaning" in difference(found, "en")[0]


def test_the_change_in_the_conclusion_is_stated() -> None:
    before, after = strong(), strong()
    for entry in after["evidence"]:
        entry.pop("findings")
    found = diff(loaded(before), loaded(after), findings=[FINDING])
    assert (found.conclusion.before.level, found.conclusion.after.level) == (3, 1)
    assert found.conclusion.imposed == ("R2",)
    assert diff(loaded(after), loaded(before), findings=[FINDING]).conclusion.lifted == ("R2",)
    assert "level of the judgement: 3 → 1 (changed)" in conclusion(found.conclusion, "en")
    assert "評価の水準: 3 → 1(変わった)" in conclusion(found.conclusion, "ja")


def test_every_kind_of_change_is_worded() -> None:
    assert all(ja and en for ja, en in CHANGES.values())


def test_leaving_the_tools_out_of_the_real_case() -> None:
    found = what_if(load(shared()), ["without=G-TOOLS"], "2021-02-28").conclusion
    table = found.after.settings["independent", False]
    assert found.after.view.ledger is found.before.view.ledger
    assert table["H1"].median > found.before.settings["independent", False]["H1"].median + 0.1


def test_a_clue_above_the_flip_turns_the_real_case_and_one_below_does_not() -> None:
    ledger = load(shared())
    for ratio, leader in ((2, "H2"), (6, "H1")):
        found = what_if(ledger, [f"+H1={ratio}"], "2021-02-28").conclusion
        table = found.after.settings["independent", False]
        assert max(table, key=lambda h: table[h].median) == leader
        assert found.after.level == 0


def test_missing_evidence_found_agrees_with_its_value() -> None:
    found = what_if(load(shared()), ["M2=match"], "2021-02-28").conclusion
    gap = next(gap for gap in found.before.gaps if gap.id == "M2")
    after = found.after.settings["independent", False]
    for h, chance in gap.outcomes["match"].items():
        assert chance == pytest.approx(after[h].median, abs=0.03)


def test_moved_ranges_and_priors() -> None:
    ledger = loaded(small())
    assert what_if(ledger, ["G1.H1=0.1,0.1"]).conclusion.after.shared["H1"].median < 0.5
    assert what_if(ledger, ["H1=0.05,0.1", "H2=0.4,0.6"]).conclusion.after.shared["H1"].median < 0.6
    assert loaded(small()).evidence == ledger.evidence


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("nonsense", "no change"),
        ("without=G9", "no group"),
        ("G9.H1=0.1,0.2", "no group"),
        ("G1.H9=0.1,0.2", "no hypothesis"),
        ("G1.H1=0.5,0.2", "a range runs"),
        ("G1.H1=0,0.2", "a range runs"),
        ("+H9=3", "no hypothesis"),
        ("+H1=0", "above 0"),
        ("+H1=1.2.3", "no number"),
        ("M1=perhaps", "M1: yes, no"),
        ("H1=0.9,1", "prior"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(asked: str, why: str) -> None:
    asks = [asked] if asked != "H1=0.9,1" else ["H1=0.9,1", "H2=0.3,1"]
    with pytest.raises(LedgerError, match=why):
        what_if(loaded(small()), asks)
