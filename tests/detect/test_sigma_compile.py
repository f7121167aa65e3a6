# SPDX-License-Identifier: Apache-2.0
"""What compiling keeps, names and refuses."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import yaml

from detect import cases
from hikeshi.detect.sigma.compile import compile_rules
from hikeshi.detect.sigma.rules import RuleSet

GOOD = """\
title: 日本語の題
id: 0e95725d-7320-415d-80f7-004da920fc11
status: test
level: high
author: 山田 太郎
license: MIT
tags: [attack.t1059.001, attack.execution, attack.T1003, cve.2020-0001]
logsource: {product: windows, category: process_creation}
detection:
  s: {Image: x}
  condition: s
"""


def text(document: Any) -> bytes:
    return yaml.safe_dump(document).encode()


def test_credits() -> None:
    data = GOOD.encode()
    (rule,) = compile_rules([("a/b.yml", data)], licence="DRL-1.1").rules

    assert (rule.title, rule.author, rule.level, rule.status) == ("日本語の題", "山田 太郎", "high", "test")
    assert (rule.id, rule.path) == ("0e95725d-7320-415d-80f7-004da920fc11", "a/b.yml")
    assert rule.sha256 == hashlib.sha256(data).hexdigest()
    assert rule.techniques == ("T1003", "T1059.001")
    assert (rule.product, rule.category, rule.service) == ("windows", "process_creation", None)
    assert rule.licence == "MIT"
    assert rule.credit().kind == "sigma"


@pytest.mark.parametrize(("given", "expected"), [(None, None), ("DRL-1.1", "DRL-1.1")])
def test_licence_of_the_set(given: str | None, expected: str | None) -> None:
    (rule,) = compile_rules([("a.yml", GOOD.replace("license: MIT\n", "").encode())], licence=given).rules

    assert rule.licence == expected


def test_rule_without_id_is_named_by_its_hash() -> None:
    data = text(cases.rule({"s": {"A": 1}, "condition": "s"}))
    (rule,) = compile_rules([("a.yml", data)]).rules

    assert rule.id == hashlib.sha256(data).hexdigest()


def test_several_documents() -> None:
    first, last = GOOD, GOOD.replace("日本語の題", "other")
    rules = compile_rules([("a.yml", f"---\n{first}---\n# nothing\n---\nnonsense\n---\n{last}".encode())])

    assert [rule.title for rule in rules.rules] == ["日本語の題", "other"]
    assert [refused.path for refused in rules.refused] == ["a.yml"]
    assert rules.rules[1].sha256 == hashlib.sha256(f"\n{last}".encode()).hexdigest()


def test_mistakes_in_what_a_rule_says_about_itself() -> None:
    document = cases.rule(
        {"s": {"A": 1}, "condition": "s"}, level="enormous", date="someday", id=7, author=["x"]
    )
    (rule,) = compile_rules([("a.yml", text(document))]).rules

    assert (rule.level, rule.author) == (None, None)


@pytest.mark.parametrize(
    ("detection", "reason"),
    [
        ({"s": {"A|expand": "%users%"}, "condition": "s"}, "no values given for the placeholder %users%"),
        ({"s": {"A|nonsense": "x"}, "condition": "s"}, "Unknown modifier 'nonsense'"),
        ({"s": {"A|re": "("}, "condition": "s"}, "Regular expression '(' is invalid"),
        ({"s": {"A|re": "a(?=b)"}, "condition": "s"}, "invalid perl operator: (?="),
        ({"s": {"A|cidr": "10.0.0.0/99"}, "condition": "s"}, "Invalid CIDR expression"),
        ({"s": {"A": "x"}, "condition": "t"}, "Detection 't' not defined"),
        ({"s": {"A": "x"}, "condition": "1 of t*"}, "doesn't match any detection"),
        ({"s": {"A": "x"}, "condition": "s | count() > 5"}, "pipe syntax"),
        ({"s": {"A": "x"}}, "at least one condition"),
        ({"s": {"A|lt": "x"}, "condition": "s"}, "incompatible to value type"),
        ({"s": {"A|base64": "x*"}, "condition": "s"}, "wildcards is not allowed"),
        ({"s": [None], "condition": "s"}, "SigmaNull without a field"),
        ({"s": {}, "condition": "s"}, "Detection is empty"),
        (["s"], "no detection section"),
    ],
)
def test_refused(detection: Any, reason: str) -> None:
    document = {"title": "t", "logsource": {"product": "windows"}, "detection": detection}
    rules = compile_rules([("bad.yml", text(document)), ("good.yml", GOOD.encode())])

    assert len(rules.rules) == 1
    (refused,) = rules.refused
    assert refused.path == "bad.yml"
    assert reason in refused.reason


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\x00",
        b"a: b: c",
        b"- 1\n- 2",
        b"text",
        b"{" * 50_000,
        b"a: &a [*a]",
        b"title: t\ntitle: u",
        b"\x00",
    ],
)
def test_not_rules(data: bytes) -> None:
    rules = compile_rules([("x.yml", data)])

    assert rules.rules == ()
    assert [refused.path for refused in rules.refused] == ["x.yml"]


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    body = "\n".join("  " + line for line in lines)
    data = f"title: t\nlogsource: {{product: windows}}\ndetection:\n{body}\n  condition: a8\n".encode()

    (refused,) = compile_rules([("x.yml", data)]).refused
    assert "too many nodes" in refused.reason


def test_placeholders_with_values() -> None:
    document = cases.rule({"s": {"A|contains|expand": "-%users%-"}, "condition": "s"})
    rules = compile_rules([("a.yml", text(document))], placeholders={"users": ["ann", "bob"]})

    found = cases.matches(rules, [cases.event({"A": f"x-{name}-x"}) for name in ("ann", "eve", "bob")])
    assert [match.row for match in found] == [0, 2]


@pytest.mark.parametrize(
    ("named", "source", "left"),
    [
        ("any", {"product": "windows"}, [[1], [1]]),
        (["one"], {"product": "windows"}, [[1], [0, 1]]),
        (["one"], {"product": "windows", "category": "process_creation"}, None),
        (["nobody"], {"product": "windows"}, None),
    ],
)
def test_filters(named: str | list[str], source: dict[str, str], left: list[list[int]] | None) -> None:
    rules = [cases.rule({"s": {"A": "x"}, "condition": "s"}, name=name) for name in ("one", "two")]
    narrow = {"rules": named, "selection": {"User": "admin"}, "condition": "not selection"}
    document = {"title": "f", "logsource": source, "filter": narrow}
    found = compile_rules(
        [("f.yml", text(document)), *((f"{n}.yml", text(rule)) for n, rule in enumerate(rules))]
    )

    if left is None:
        assert [refused.reason for refused in found.refused] == ["a filter that concerns none of the rules"]
        left = [[0, 1], [0, 1]]
    matches = cases.matches(found, [cases.event({"A": "x", "User": user}) for user in ("admin", "eve")])
    assert [[match.row for match in matches if match.rule == number] for number in (0, 1)] == left


def test_same_bytes_whatever_the_order() -> None:
    sources = [(f"{n}.yml", GOOD.replace("Image: x", f"Image: [x, y{n}]").encode()) for n in range(5)]
    rules = compile_rules(sources)

    assert compile_rules(reversed(sources)).to_bytes() == rules.to_bytes()
    assert RuleSet.from_bytes(rules.to_bytes()) == rules


def test_another_version() -> None:
    with pytest.raises(ValueError, match="another version"):
        RuleSet.from_bytes(b'{"version":0}')
