# SPDX-License-Identifier: Apache-2.0
"""Each rule with a ledger that fails it and one that passes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hikeshi.errors import LedgerError
from hikeshi.ledger.check import check
from hikeshi.ledger.findings import fingerprint
from hikeshi.ledger.load import load
from hikeshi.ledger.say_problems import MESSAGES, line
from hikeshi.ledger.weigh import weigh
from ledger import worlds
from ledger.small import FINDING, FINDING_HASH, claim, item, rules, shared, small

Plain = dict[str, Any]
Edit = Callable[[Plain], object]


def joint(**ranges: list[float]) -> list[Plain]:
    lik = {"H1": [0.8, 1], "H2": [0.2, 0.4], "H3": [0.2, 0.4], **ranges}
    return [{"from": "2020-01-10", "joint": lik}]


def twice(plain: Plain) -> None:
    plain["claims"].append(claim("c1", "O1"))


def second_item(plain: Plain) -> None:
    plain["evidence"].append(item("E3", "G1", ["c1"]))


def second_item_with_joint(plain: Plain) -> None:
    second_item(plain)
    plain["groups"]["G1"]["as_of"] = joint()


def same_origin(plain: Plain) -> None:
    plain["claims"][0]["origin"] = "O3"


def same_origin_explained(plain: Plain) -> None:
    same_origin(plain)
    why = {"ja": "別の事柄", "en": "different facts"}
    plain["overlaps"] = [{"groups": ["G1", "G2"], "origins": ["O2"], "why": why}]


def same_group(plain: Plain) -> None:
    same_origin(plain)
    plain["evidence"][1]["group"] = "G1"
    plain["groups"]["G1"]["as_of"] = joint()


def lik(**ranges: list[float]) -> Edit:
    return lambda plain: plain["evidence"][0]["lik"].update(ranges)


def first(**values: Any) -> Edit:
    return lambda plain: plain["evidence"][0].update(values)


def said(**values: Any) -> Edit:
    return lambda plain: plain["claims"][0].update(values)


def priors(*pairs: list[float]) -> Edit:
    def edit(plain: Plain) -> None:
        for h, pair in zip(plain["hypotheses"], pairs, strict=True):
            h["prior"] = pair

    return edit


def graded(own: int, grounds: str) -> Edit:
    """c1 asserts on the ground of c2, which other material judges as given."""

    def edit(plain: Plain) -> None:
        plain["claims"][0] |= {"kind": "official-assertion", "grounds": ["c2"], "credibility": own}
        plain["claims"][1]["check"] = {"status": grounds}

    return edit


def on_ground(weak: bool) -> Edit:
    """E1 asserts on the ground of E2."""

    def edit(plain: Plain) -> None:
        plain["evidence"][0] |= {"type": "official-assertion", "ground": "E2"}
        if weak:
            plain["evidence"][1]["lik"] = {"H1": [0.9, 1], "H2": [0.6, 0.8], "H3": [0.6, 0.8]}

    return edit


def assertion(low: float) -> Edit:
    def edit(plain: Plain) -> None:
        plain["evidence"][0] |= {"type": "official-assertion"}
        plain["evidence"][0]["lik"]["H2"] = [low, 0.4]

    return edit


def capped(low: float, signed: bool = False) -> Edit:
    def edit(plain: Plain) -> None:
        plain["evidence"][0]["class"] = "commodity"
        plain["evidence"][0]["lik"] = {"H1": [low, 1], "H2": [low, 1], "H3": [low, 1]}
        if signed:
            why = {"by": "an analyst", "date": "2020-02-01", "why": "private build"}
            plain["evidence"][0]["override"] = why

    return edit


def motive(basis: Any) -> Edit:
    def edit(plain: Plain) -> None:
        plain["evidence"][0]["type"] = "motive"
        plain["prior_basis"] = [basis]

    return edit


def logged(*did: str) -> Edit:
    return lambda plain: plain.update(
        log=[{"by": "an analyst", "did": what, "items": ["E1"]} for what in did]
    )


def nothing(plain: Plain) -> None:
    pass


SEED = {"doc": "seed"}
REF = [{"id": "f-1", "sha256": FINDING_HASH}]
OLD = [{"id": "f-1", "sha256": "0" * 64}]

CASES: list[tuple[str, bool, Edit, Edit]] = [
    ("V01", False, twice, nothing),
    ("V02", False, said(who=""), nothing),
    ("V02", False, said(en=""), said(en="said")),
    ("V02", False, said(origin="O9"), said(origin="O1")),
    ("V02", False, said(source={}), nothing),
    ("V02", False, lambda plain: plain["claims"][0].pop("date"), nothing),
    ("V03", False, lambda plain: plain["hypotheses"][0].update(residual="true"), nothing),
    ("V03", False, lambda plain: plain["hypotheses"][2].pop("residual"), nothing),
    ("V03", False, priors([0.5, 0.6], [0.4, 0.5], [0.2, 0.3]), priors([0.5, 0.6], [0.3, 0.5], [0.2, 0.3])),
    ("V03", False, priors([0.1, 0.3], [0.1, 0.3], [0.1, 0.3]), priors([0.1, 0.4], [0.1, 0.3], [0.1, 0.3])),
    ("V03", False, priors([0, 0.5], [0.2, 0.5], [0.2, 0.5]), priors([0.01, 0.5], [0.2, 0.5], [0.2, 0.5])),
    ("V04", False, said(layer="seed"), said(layer="seed", source=SEED)),
    ("V05", False, first(findings=OLD), first(findings=REF)),
    ("V05", False, first(findings=[{"id": "f-9", "sha256": FINDING_HASH}]), first(findings=REF)),
    ("V06", False, second_item, second_item_with_joint),
    ("V07", False, same_origin, same_group),
    ("V07", False, same_origin, nothing),
    ("V08", False, lik(H2=[0, 0.4]), nothing),
    ("V08", False, lik(H1=[0.8, 1.2]), nothing),
    ("V08", False, lik(H1=[0.8, 0.9]), nothing),
    ("V08", False, lambda plain: plain["evidence"][0]["lik"].pop("H3"), nothing),
    ("V09", True, lik(H2=[0.2, 0.9]), lik(H1=[1, 1], H2=[0.5, 0.6], H3=[0.2, 0.4])),
    ("V10", True, assertion(0.1), assertion(0.2)),
    ("V11", False, graded(2, "contradicted"), graded(5, "contradicted")),
    ("V11", False, on_ground(weak=True), on_ground(weak=False)),
    ("V12", True, said(check={"status": "contradicted"}), said(check={"status": "agrees"})),
    ("V13", False, capped(0.4), capped(0.5)),
    ("V13", False, capped(0.4), capped(0.4, signed=True)),
    ("V14", True, motive({"text": "table", "uses": ["motive"]}), motive({"text": "table"})),
    ("V14", True, motive("the motive of earlier thefts"), motive("counts of earlier thefts")),
    ("V14", True, motive({"text": "table", "claims": ["c1"]}), motive({"text": "table", "claims": ["c9"]})),
    ("V15", True, logged("displayed", "entered"), logged("entered", "displayed")),
]


@pytest.mark.parametrize(("rule", "warning", "failing", "passing"), CASES)
def test_rule(rule: str, warning: bool, failing: Edit, passing: Edit) -> None:
    good, bad = small(), small()
    passing(good)
    failing(bad)
    if rule == "V09":
        good["evidence"][1]["lik"] = good["evidence"][0]["lik"]
    assert rule not in [problem.rule for problem in rules(good, [FINDING])]
    assert (rule, warning) in [(problem.rule, problem.warning) for problem in rules(bad, [FINDING])]


@pytest.mark.parametrize("rule", ["V01", "V03", "V08"])
def test_what_cannot_be_weighed_says_where_and_why(rule: str) -> None:
    plain = small()
    next(case[2] for case in CASES if case[0] == rule)(plain)
    with pytest.raises(LedgerError, match=rule):
        weigh(load(worlds.text(plain)))


def test_every_rule_has_its_cases() -> None:
    assert {case[0] for case in CASES} == {f"V{number:02d}" for number in range(1, 16)}


def test_the_small_ledger_has_no_fault_but_pairs_it_cannot_tell_apart() -> None:
    assert {problem.message for problem in rules(small())} == {"not-discriminating"}


def test_explained_overlaps_are_still_reported() -> None:
    plain = small()
    same_origin_explained(plain)
    assert [(problem.message, problem.warning) for problem in rules(plain) if problem.rule == "V07"] == [
        ("overlap-explained", True)
    ]
    plain["overlaps"][0]["why"] = {}
    assert "overlap" in [problem.message for problem in rules(plain)]
    plain["overlaps"][0] |= {"why": {"ja": "別", "en": "other"}, "origins": ["O1"]}
    assert "overlap" in [problem.message for problem in rules(plain)]


def test_a_circle_of_origins_ends() -> None:
    plain = small()
    plain["origins"]["O2"]["derives_from"] = ["O3"]
    assert "V07" not in [problem.rule for problem in rules(plain)]


def test_v01_against_an_earlier_version() -> None:
    before, after = small(), small()
    after["claims"].pop()
    after["evidence"].pop()
    assert [(p.rule, p.message) for p in rules(after, previous=before) if p.rule == "V01"] == [
        ("V01", "claim-gone")
    ]
    after = small()
    after["claims"][1]["status"] = "withdrawn"
    assert "V01" not in [problem.rule for problem in rules(after, previous=before)]
    after["parties"]["other"] = {"ja": "他", "en": "other"}
    after["claims"][1] |= {"who": "other", "ja": "別の話", "en": "another thing"}
    assert "id-reused" in [problem.message for problem in rules(after, previous=before)]


def test_a_finding_is_hashed_in_one_canonical_form() -> None:
    # sha256sum of {"fields":{"password":"example"},"grade":"strong","id":"f-1","message":"invented"}
    assert fingerprint(FINDING) == FINDING_HASH
    assert fingerprint(dict(reversed(FINDING.items()))) == FINDING_HASH
    assert fingerprint({**FINDING, "grade": "weak"}) != FINDING_HASH


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (first(claims=["c9"]), "no-such"),
        (first(claims=[]), "cites-nothing"),
        (said(kind="meta"), "kind-feeds-nothing"),
        (said(date="2021"), "hindsight"),
        (first(stub="S-1"), "not-accepted"),
        (lambda plain: plain["hypotheses"][0].update(ja="犯人は甲組"), "label-forbidden"),
        (lambda plain: plain["hypotheses"][0].update(en="Confirmed: A"), "label-forbidden"),
    ],
)
def test_what_no_rule_number_covers(edit: Edit, message: str) -> None:
    plain = small()
    edit(plain)
    assert message not in [problem.message for problem in rules(small())]
    assert message in [problem.message for problem in rules(plain)]


def test_places_and_words_of_every_problem() -> None:
    plain = small()
    for edit in (
        twice,
        said(who=""),
        lik(H1=[0.8, 0.9]),
        first(findings=OLD),
        same_origin,
        logged("displayed"),
    ):
        edit(plain)
    for problem in rules(plain):
        for lang in ("ja", "en"):
            assert problem.rule in line(problem, "small.yaml", lang)
            assert "{" not in line(problem, "small.yaml", lang)
    assert all(ja and en for ja, en in MESSAGES.values())


def test_what_the_checks_find_in_the_shared_ledger() -> None:
    problems = check(load(shared()))
    assert [problem for problem in problems if not problem.warning] == []
    shared_origins = [set(p.fields["origins"].split(", ")) for p in problems if p.rule == "V07"]
    assert sorted(map(sorted, shared_origins)) == [["O-GIB", "O-NIS", "O-UN"], ["O-INV"], ["O-POL"]]
    # The ledger holds an unquoted comma in `origins`, cites a claim of a kind that feeds nothing, dates two
    # items before everything they cite, and has its one commodity item above the cap of that class.
    assert [(p.rule, p.subject) for p in problems if p.rule in ("text", "kind", "dates", "V13")] == [
        ("V13", "E05"),
        ("dates", "E04"),
        ("dates", "E10"),
        ("kind", "E05"),
        ("text", "vendors)"),
    ]
