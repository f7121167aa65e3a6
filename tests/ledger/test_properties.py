# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
import re
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hikeshi.ledger import queries, say
from hikeshi.ledger.fields import parse_when
from hikeshi.ledger.load import load
from hikeshi.ledger.say_lint import QUOTED, Kind, forbidden, lint
from hikeshi.ledger.view import look
from hikeshi.ledger.weigh import Weighing, weigh
from ledger import worlds

FEW = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
SEEDS = st.integers(0, 10_000)
DAYS = st.sampled_from(["2018-12", "2019-06-30", "2020", "2022-01-01"])


def weighed(
    plain: dict[str, Any], findings: list[dict[str, Any]], day: str | None = None, **more: Any
) -> Weighing:
    return weigh(load(worlds.text(plain)), day, findings=findings, draws=4000, **more)


@FEW
@given(SEEDS, st.integers(1, 5))
def test_a_duplicate_claim_never_raises_the_level(seed: int, copies: int) -> None:
    plain, findings = worlds.split(worlds.ledger(seed))
    more = copy.deepcopy(plain)
    for entry in more["evidence"][:2]:
        told = next(one for one in more["claims"] if one["id"] == entry["claims"][0])
        for number in range(copies):
            again = {**told, "id": f"{told['id']}-again{number}", "who": "lab"}
            more["claims"].append(again)
            entry["claims"].append(again["id"])
    assert weighed(more, findings).level <= weighed(plain, findings).level


@FEW
@given(SEEDS, st.booleans())
def test_a_duplicate_item_never_raises_the_level(seed: int, own_group: bool) -> None:
    """In its group it counts once; in a group of its own the shared origin is an error."""
    plain, findings = worlds.split(worlds.ledger(seed))
    more = copy.deepcopy(plain)
    told = more["evidence"][0]
    again = {**copy.deepcopy(told), "id": "E-again"}
    if own_group:
        again["group"] = "G-again"
        more["groups"]["G-again"] = {"why": {"ja": "同じ", "en": "same"}}
    more["evidence"].append(again)
    assert weighed(more, findings).level <= weighed(plain, findings).level


@FEW
@given(SEEDS)
def test_removing_the_only_own_finding_lowers_the_cap(seed: int) -> None:
    plain, findings = worlds.split(worlds.ledger(seed))
    for entry in plain["evidence"]:
        entry.pop("findings", None)
    weighing = weighed(plain, findings)
    assert "R2" in [cap.rule for cap in weighing.verdict.caps]
    assert weighing.level <= 1


@FEW
@given(SEEDS, DAYS)
def test_what_is_said_passes_the_lint_and_gives_the_same_level_in_both_languages(seed: int, day: str) -> None:
    plain, findings = worlds.split(worlds.ledger(seed))
    weighing = weighed(plain, findings, day)
    found = say.sentences(weighing)
    assert [lint(sentence) for sentence in found] == [[]] * len(found)
    assert not any(forbidden(sentence.ja, sentence.en) for sentence in found)
    judged = [sentence for sentence in found if sentence.kind is Kind.JUDGEMENT]
    leader = say.hypothesis(weighing.view.ledger, weighing.verdict.leader)
    ja, en = say.LEVELS[weighing.level]
    assert (judged[0].ja, judged[0].en) == (ja.format(ja=leader.ja), en.format(en=leader.en))
    assert sum(sentence.kind is Kind.CONFIDENCE for sentence in found) == 1
    if weighing.level == 0:
        assert leader.ja not in judged[0].ja
        assert leader.en not in judged[0].en


@FEW
@given(SEEDS, DAYS)
def test_every_number_in_the_text_equals_a_query(seed: int, day: str) -> None:
    plain, findings = worlds.split(worlds.ledger(seed))
    weighing = weighed(plain, findings, day)
    flip = queries.overturning(weighing)
    allowed = set(re.findall(r"\d+", day))
    allowed |= {f"{flip.low:.0f}", f"{flip.high:.0f}"} if flip else set()
    for h in weighing.shared:
        allowed.add(str(len(queries.asserting_claims(weighing.view, h))))
        allowed.add(str(queries.asserting_groups(weighing.view, h)))
    for sentence in say.sentences(weighing):
        for text in (sentence.ja, sentence.en):
            assert set(re.findall(r"\d+", QUOTED.sub("", text))) <= allowed, text


@FEW
@given(SEEDS, DAYS)
def test_the_hull_contains_the_shared_range(seed: int, day: str) -> None:
    plain, findings = worlds.split(worlds.ledger(seed))
    weighing = weighed(plain, findings, day)
    for table in (weighing.settings["shared", False], weighing.settings["independent", False]):
        for h, spread in table.items():
            low, high = weighing.hull[h]
            assert low - 1e-4 <= spread.low <= spread.median <= spread.high <= high + 1e-4


@FEW
@given(SEEDS, DAYS)
def test_a_day_never_reads_what_came_later(seed: int, day: str) -> None:
    end = parse_when(day).day
    plain, findings = worlds.split(worlds.ledger(seed))
    past = copy.deepcopy(plain)
    past["claims"] = [one for one in past["claims"] if parse_when(one["date"]).day <= end]
    past["evidence"] = [one for one in past["evidence"] if parse_when(one["date"]).day <= end]
    for group in past["groups"].values():
        group["as_of"] = [one for one in group.get("as_of", []) if parse_when(one["from"]).day <= end]
    now, then = weighed(plain, findings, day), weighed(past, findings, day)
    assert now.settings == then.settings
    assert now.hull == then.hull
    assert [cap for cap in now.verdict.caps if cap.rule != "check"] == [
        cap for cap in then.verdict.caps if cap.rule != "check"
    ]


@FEW
@given(SEEDS)
def test_more_days_read_more(seed: int) -> None:
    plain, _ = worlds.split(worlds.ledger(seed))
    read = [
        set(look(load(worlds.text(plain)), parse_when(day)).claims)
        for day in ("2018-12", "2019-06-30", "2020", "2022")
    ]
    assert all(one <= other for one, other in pairwise(read))


@FEW
@given(SEEDS)
def test_the_same_ledger_gives_the_same_bytes(seed: int) -> None:
    plain, findings = worlds.split(worlds.ledger(seed))
    assert weighed(plain, findings).settings == weighed(plain, findings).settings
