# SPDX-License-Identifier: Apache-2.0
"""Correlations: event sets made by hand whose answers follow from the specification's words."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from detect import cases
from hikeshi.detect.sigma.compile import compile_rules
from hikeshi.detect.sigma.correlate import Correlated, Found, asked_fields, correlate
from hikeshi.detect.sigma.gather import gather
from hikeshi.detect.sigma.judge import judge
from hikeshi.detect.sigma.rules import RuleSet

MINUTE = 60_000_000


def named(name: str, event_id: int) -> dict[str, Any]:
    return cases.rule({"s": {"EventID": event_id}, "condition": "s"}, name=name, title=name)


def correlation(kind: str, rules: list[str], **said: Any) -> dict[str, Any]:
    wanted = {"type": kind, "rules": rules, "timespan": "10m"} | {
        k.replace("_", "-"): v for k, v in said.items()
    }
    return {"title": "c", "name": "c", "correlation": wanted}


A, B, C = named("a", 1), named("b", 2), named("c_", 3)


def hits(rules: RuleSet, *matched: tuple[str, float, str | None]) -> list[tuple[float, float, str, int, int]]:
    """Hits as (first minute, last minute, group, matches, count) for matches (rule letter, minute, user)."""
    letters = {"a": 0, "b": 1, "c": 2}
    found = [
        Found(letters[name], int(minute * MINUTE), ("item", n), {"User": user})
        for n, (name, minute, user) in enumerate(matched)
    ]
    return [
        (h.first / MINUTE, h.last / MINUTE, "/".join(value for _, value in h.group), len(h.rows), h.count)
        for h in correlate(rules, found)
    ]


def test_event_count() -> None:
    rules = cases.compiled(A, correlation("event_count", ["a"], group_by=["User"], condition={"gte": 3}))

    assert hits(rules) == []
    assert hits(rules, ("a", 0, "x"), ("a", 1, "x")) == []
    assert hits(rules, ("a", 0, "x"), ("a", 5, "x"), ("a", 10, "x")) == [(0, 10, "x", 3, 3)]
    assert hits(rules, ("a", 0, "x"), ("a", 5, "x"), ("a", 10.1, "x")) == []
    assert hits(rules, ("a", 0, "x"), ("a", 5, "y"), ("a", 9, "x")) == []
    assert hits(rules, ("a", 0, "x"), ("a", 5, "X"), ("a", 9, "x")) == [(0, 9, "X", 3, 3)]
    assert hits(rules, ("a", 0, None), ("a", 1, None), ("a", 2, None)) == []


def test_event_count_slides_and_merges() -> None:
    rules = cases.compiled(A, correlation("event_count", ["a"], group_by=["User"], condition={"gte": 3}))
    steady = [("a", minute, "x") for minute in range(0, 31, 5)]
    two_bursts = [("a", minute, "x") for minute in (0, 1, 2, 100, 101, 102, 103)]

    assert hits(rules, *steady) == [(0, 30, "x", 7, 3)]
    assert hits(rules, *two_bursts) == [(0, 2, "x", 3, 3), (100, 103, "x", 4, 4)]
    # A fixed grid of ten minutes would miss this one.
    assert hits(rules, ("a", 8, "x"), ("a", 9, "x"), ("a", 11, "x")) == [(8, 11, "x", 3, 3)]


def test_event_counts_once() -> None:
    rules = cases.compiled(A, B, correlation("event_count", ["a", "b"], condition={"gte": 2}))
    same = [Found(0, 0, ("item", 7), {}), Found(1, 0, ("item", 7), {})]

    assert correlate(rules, same) == []
    assert correlate(rules, [*same, Found(1, 1, ("item", 8), {})]) == [
        Correlated(0, 0, 1, (), (("item", 7), ("item", 8)), 2)
    ]


@pytest.mark.parametrize(
    ("condition", "last"),
    [
        ({"gt": 2}, [3, 4]),
        ({"gte": 2}, [2, 3, 4]),
        ({"lt": 2}, [1]),
        ({"lte": 2}, [1, 2]),
        ({"eq": 3}, [3]),
        ({"gt": 1, "lt": 4}, [2, 3]),
    ],
)
def test_bounds(condition: dict[str, int], last: list[int]) -> None:
    rules = cases.compiled(A, correlation("event_count", ["a"], condition=condition))
    matched = [("a", minute, None) for minute in range(1, 5)]

    # One burst of four: the windows end at minutes 1 to 4 and hold 1 to 4 events.
    assert hits(rules, *matched) == [(1, last[-1], "", last[-1], last[-1])]


def test_value_count() -> None:
    rules = cases.compiled(
        A, correlation("value_count", ["a"], group_by=["Host"], condition={"gte": 3, "field": "User"})
    )

    def run(*users: str | None) -> list[tuple[int, int]]:
        found = [Found(0, n * MINUTE, ("i", n), {"Host": "h", "User": user}) for n, user in enumerate(users)]
        return [(len(hit.rows), hit.count) for hit in correlate(rules, found)]

    assert asked_fields(rules) == {0: ("Host", "User")}
    assert run("x", "y", "z") == [(3, 3)]
    assert run("x", "y", "X") == []
    assert run("x", "y", None, "y") == []
    assert run("x", "y", None, "z") == [(4, 3)]


def test_temporal() -> None:
    rules = cases.compiled(A, B, C, correlation("temporal", ["a", "b"], group_by=["User"]))

    assert hits(rules, ("b", 0, "x"), ("a", 9, "x")) == [(0, 9, "x", 2, 2)]
    assert hits(rules, ("b", 0, "x"), ("a", 11, "x")) == []
    assert hits(rules, ("b", 0, "x"), ("a", 1, "y")) == []
    assert hits(rules, ("a", 0, "x"), ("a", 1, "x")) == []
    assert hits(rules, ("a", 0, "x"), ("c", 1, "x")) == []


def test_temporal_ordered() -> None:
    rules = cases.compiled(A, B, C, correlation("temporal_ordered", ["a", "b", "c_"], group_by=["User"]))

    assert hits(rules, ("a", 0, "x"), ("b", 1, "x"), ("c", 2, "x")) == [(0, 2, "x", 3, 3)]
    assert hits(rules, ("b", 0, "x"), ("a", 1, "x"), ("c", 2, "x")) == []
    assert hits(rules, ("a", 0, "x"), ("b", 0, "x"), ("c", 2, "x")) == []
    assert hits(rules, ("a", 0, "x"), ("b", 5, "x"), ("c", 11, "x")) == []
    assert hits(rules, ("a", 0, "x"), ("b", 1, "y"), ("c", 2, "x")) == []
    # The first `a` is too old, the second is not.
    assert hits(rules, ("a", 0, "x"), ("a", 3, "x"), ("b", 4, "x"), ("c", 12, "x")) == [(3, 12, "x", 3, 3)]
    # Steps may repeat and mix as long as some choice is in order.
    mixed = [("c", 0, "x"), ("a", 1, "x"), ("c", 2, "x"), ("b", 3, "x"), ("a", 4, "x"), ("c", 5, "x")]
    assert hits(rules, *mixed) == [(0, 5, "x", 6, 3)]


def test_temporal_ordered_with_fewer_steps() -> None:
    rules = cases.compiled(A, B, C, correlation("temporal_ordered", ["a", "b", "c_"], condition={"gte": 2}))

    assert hits(rules, ("a", 0, None), ("c", 2, None)) == [(0, 2, "", 2, 2)]
    assert hits(rules, ("c", 0, None), ("a", 2, None)) == []


def test_extended_condition() -> None:
    rules = cases.compiled(
        A, B, C, correlation("temporal", ["a", "b", "c_"], condition="a and not (b or c_)")
    )

    assert [hit[:2] for hit in hits(rules, ("a", 0, None))] == [(0, 0)]
    assert hits(rules, ("b", 0, None), ("a", 1, None)) == []
    assert [hit[:2] for hit in hits(rules, ("b", 0, None), ("a", 11, None))] == [(11, 11)]


def test_aliases_and_events() -> None:
    rules = cases.compiled(
        A,
        B,
        correlation(
            "temporal",
            ["a", "b"],
            group_by=["ip"],
            aliases={"ip": {"a": "SourceIp", "b": "DestinationIp"}},
        ),
    )
    rows = [
        cases.event(
            {"SourceIp": "192.0.2.1", "DestinationIp": "192.0.2.9"}, event_id=1, item="i", record=0, time=0
        ),
        cases.event(
            {"SourceIp": "192.0.2.9", "DestinationIp": "192.0.2.1"}, event_id=2, item="i", record=1, time=9
        ),
        cases.event(
            {"SourceIp": "192.0.2.1", "DestinationIp": "192.0.2.7"}, event_id=2, item="i", record=2, time=9
        ),
        cases.event({"SourceIp": "192.0.2.1"}, event_id=1, item="i", record=3),
    ]
    table = cases.events(rows)
    found = gather(table, judge(table, rules), rules)

    assert asked_fields(rules) == {0: ("SourceIp",), 1: ("DestinationIp",)}
    assert [(each.rule, each.row[1]) for each in found] == [(0, 0), (1, 1), (1, 2)]
    assert correlate(rules, found) == [
        Correlated(0, 0, 9, (("ip", "192.0.2.1"),), (("i", 0), ("i", 1)), 2),
    ]


def test_group_by_translated_field() -> None:
    process = cases.rule(
        {"s": {"Image|endswith": ".exe"}, "condition": "s"},
        {"product": "windows", "category": "process_creation"},
        name="p",
    )
    rules = cases.compiled(
        process, correlation("event_count", ["p"], group_by=["Image", "Computer"], condition={"gte": 2})
    )
    rows = [
        cases.event({"NewProcessName": "C:\\a.exe"}, "Security", 4688, item="i", record=n, time=n, host="h")
        for n in range(2)
    ]
    table = cases.events(rows)

    (hit,) = correlate(rules, gather(table, judge(table, rules), rules))
    assert hit.group == (("Image", "C:\\a.exe"), ("Computer", "h"))


def test_correlation_over_correlation() -> None:
    many = correlation("event_count", ["a"], group_by=["User"], condition={"gte": 3})
    many["name"] = many["title"] = "many"
    then = correlation("temporal_ordered", ["many", "b"], group_by=["User"], timespan="60m")
    rules = cases.compiled(A, B, then, many)
    by_name = {each.name: n for n, each in enumerate(rules.correlations)}

    def run(*matched: tuple[str, float, str]) -> list[tuple[float, float, int]]:
        letters = {"a": 0, "b": 1}
        found = [
            Found(letters[r], int(t * MINUTE), ("i", n), {"User": u}) for n, (r, t, u) in enumerate(matched)
        ]
        wanted = [hit for hit in correlate(rules, found) if hit.correlation == by_name["c"]]
        return [(hit.first / MINUTE, hit.last / MINUTE, len(hit.rows)) for hit in wanted]

    fails = [("a", minute, "x") for minute in (0, 1, 2)]
    assert run(*fails, ("b", 3, "x")) == [(0, 3, 4)]
    assert run(*fails, ("b", 3, "y")) == []
    assert run(*fails[:2], ("b", 3, "x")) == []
    assert run(("b", 1.5, "x"), *fails) == []
    # The burst goes on after the success: the third failure already made it a burst.
    assert run(*fails, ("b", 2.5, "x"), ("a", 3, "x")) == [(0, 3, 5)]
    assert [each.reported for each in rules.correlations if each.name == "many"] == [False]


@pytest.mark.parametrize(("generate", "reported"), [(None, False), (False, False), (True, True)])
def test_generate(generate: bool | None, reported: bool) -> None:
    said = {} if generate is None else {"generate": generate}
    rules = cases.compiled(A, B, correlation("event_count", ["a"], condition={"gte": 2}, **said))

    assert [rule.reported for rule in rules.rules] == [reported, True]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (correlation("event_count", ["nobody"], condition={"gte": 2}), "refers to nobody"),
        (correlation("temporal", ["a", "c"]), "refers to c,"),
        (correlation("value_avg", ["a"], condition={"gte": 2, "field": "X"}), "correlation type value_avg"),
        (correlation("event_count", ["a"]), "without condition"),
        (correlation("value_count", ["a"], condition={"gte": 2}), "without field reference"),
        (correlation("temporal_ordered", ["a"], condition="a"), "extended condition on temporal_ordered"),
        (
            correlation("event_count", ["a"], condition={"gte": 2}, timespan="soon"),
            "Timespan 'soon' is invalid",
        ),
        ({"title": "c", "correlation": "x"}, "not a mapping"),
    ],
)
def test_refused(document: dict[str, Any], reason: str) -> None:
    rules = compile_rules([("a.yml", yaml.safe_dump_all([A, document]).encode())])

    assert [rule.name for rule in rules.rules] == ["a"]
    assert rules.rules[0].reported
    (refused,) = rules.refused
    assert reason in refused.reason
