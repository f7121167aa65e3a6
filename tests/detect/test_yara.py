# SPDX-License-Identifier: Apache-2.0
"""YARA rules: what is compiled, what is refused, what a match says, and that one scanner serves all items."""

from __future__ import annotations

import pytest

from hikeshi.detect import yara
from hikeshi.detect.yara import YaraSet, compile_yara, scan

RULE = """
rule marker : tag {
  meta:
    author = "A. Author"
    license = "DRL 1.1"
    score = 80
  strings:
    $a = "marker-one"
    $b = "marker-two"
  condition: any of them
}
"""


def compiled(*sources: str) -> YaraSet:
    return YaraSet.from_bytes(
        compile_yara((f"{n}.yar", text.encode()) for n, text in enumerate(sources)).to_bytes()
    )


def found(data: bytes, *sources: str) -> list[tuple[str, int | None, dict[str, str]]]:
    return [(match.rule.id, match.offset, dict(match.strings)) for match in scan(data, compiled(*sources))]


def test_a_match_says_where_how_often_and_by_whom() -> None:
    (match,) = scan(b"xx marker-two marker-one marker-one", compiled(RULE))
    assert (3, {"$a": "2", "$b": "1"}) == (match.offset, dict(match.strings))
    rule = match.rule
    assert ("0.yar:marker", "yara", "high", "A. Author", "DRL 1.1", "marker") == (
        rule.id, rule.kind, rule.level, rule.author, rule.licence, rule.title
    )  # fmt: skip
    assert [] == found(b"nothing", RULE)


@pytest.mark.parametrize(
    ("meta", "level"),
    [
        ("score = 75", "high"),
        ("score = 74", "medium"),
        ("score = 49", "low"),
        ('severity = "Critical"', "critical"),
        ('level = "low" score = 90', "low"),
        ('x = "y"', None),
    ],
)
def test_level(meta: str, level: str | None) -> None:
    (match,) = scan(b"", compiled(f"rule r {{ meta: {meta} condition: true }}"))
    assert level == match.rule.level


def test_a_rule_without_strings_has_no_offset() -> None:
    assert [("0.yar:r", None, {})] == found(b"abc", "rule r { condition: filesize == 3 }")


def test_private_rules_are_not_reported() -> None:
    source = "private rule p { condition: true } rule r { condition: p }"
    assert ["0.yar:r"] == [rule for rule, _, _ in found(b"", source)]


def test_equal_names_in_two_files_are_two_rules_in_order() -> None:
    assert ["0.yar:r", "1.yar:r"] == [rule for rule, _, _ in found(b"", *["rule r { condition: true }"] * 2)]


@pytest.mark.parametrize(
    "bad",
    [
        b"rule {",
        b"rule r { condition: unknown_variable }",
        b'include "other.yar"',
        b'import "no_such_module" rule r { condition: true }',
        b"\xff\xfe",
    ],
)
def test_a_file_that_does_not_compile_is_named_and_the_others_stay(bad: bytes) -> None:
    rules = compile_yara([("bad.yar", bad), ("good.yar", RULE.encode())])
    assert ["bad.yar"] == [path for path, _ in rules.refused]
    assert all(reason for _, reason in rules.refused)
    again = YaraSet.from_bytes(rules.to_bytes())
    assert rules.refused == again.refused
    assert ["good.yar:marker"] == [match.rule.id for match in scan(b"marker-one", again)]


def test_order_of_files_changes_nothing() -> None:
    files = [("b.yar", b"rule b { condition: true }"), ("a.yar", RULE.encode()), ("c.yar", b"rule {")]
    assert compile_yara(files).to_bytes() == compile_yara(files[::-1]).to_bytes()


def test_one_scanner_for_all_items() -> None:
    rules = compiled(RULE)
    scanner = rules.scanner
    assert [1, 0, 1] == [len(list(scan(data, rules))) for data in (b"marker-one", b"no", b"marker-two")]
    assert scanner is rules.scanner


def test_counts_beyond_what_is_counted_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yara, "MOST", 5)
    assert [("0.yar:marker", 0, {"$a": "5 or more"})] == found(b"marker-one" * 9, RULE)


def test_a_scan_that_takes_too_long_ends_and_the_scanner_stays_usable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(yara, "SECONDS", 1)
    slow = 'rule slow { strings: $s = "slow" condition: $s and for all i in (0..9000000000): (i >= 0) }'
    rules = compiled(slow, RULE)
    with pytest.raises(TimeoutError):
        list(scan(b"slow", rules))
    assert ["1.yar:marker"] == [match.rule.id for match in scan(b"marker-one", rules)]
