# SPDX-License-Identifier: Apache-2.0
"""Answers worked out by hand from the Sigma specification's rules and modifiers appendices."""

from __future__ import annotations

from typing import Any

import pytest

from detect import cases, plain

# field|modifiers, value, event, answer
ITEMS: list[tuple[str, Any, dict[str, str | None], bool]] = [
    # Plain values: the whole value, whatever the case; numbers and booleans by their text.
    ("A", "Value", {"A": "vALUE"}, True),
    ("A", "Value", {"A": "value "}, False),
    ("A", "val", {"A": "value"}, False),
    ("A", ["x", "y"], {"A": "Y"}, True),
    ("A", 4688, {"A": "4688"}, True),
    ("A", 4688, {"A": "46880"}, False),
    ("A", True, {"A": "True"}, True),
    ("A", "ÉCOLE", {"A": "école"}, True),
    ("A", "ログイン失敗", {"A": "ログイン失敗"}, True),
    # Wildcards and their escapes.
    ("A", "a*c", {"A": "abbbc"}, True),
    ("A", "a*c", {"A": "ac"}, True),
    ("A", "a*c", {"A": "acd"}, False),
    ("A", "a?c", {"A": "abc"}, True),
    ("A", "a?c", {"A": "ac"}, False),
    ("A", "a?c", {"A": "a\nc"}, True),
    ("A", "a\\*c", {"A": "a*c"}, True),
    ("A", "a\\*c", {"A": "abc"}, False),
    ("A", "a\\?c", {"A": "a?c"}, True),
    ("A", "a\\\\*", {"A": "a\\bc"}, True),
    ("A", "a\\\\*", {"A": "a*"}, False),
    ("A", "C:\\Windows\\x.exe", {"A": "c:\\windows\\X.EXE"}, True),
    ("A", "\\\\server", {"A": "\\server"}, True),
    ("A", "\\\\\\\\server", {"A": "\\\\server"}, True),
    ("A", "*", {"A": ""}, True),
    ("A", "*", {}, False),
    ("A", "?*", {"A": ""}, False),
    ("A", "*ab*ab*", {"A": "xabx"}, False),
    ("A", "*ab*ab*", {"A": "abab"}, True),
    ("A", "ab*ba", {"A": "aba"}, False),
    # Empty, null and absent are three things.
    ("A", "", {"A": ""}, True),
    ("A", "", {"A": None}, False),
    ("A", "", {}, False),
    ("A", None, {"A": ""}, False),
    ("A", None, {"A": None}, True),
    ("A", None, {}, True),
    ("A|exists", True, {"A": ""}, True),
    ("A|exists", True, {"B": ""}, False),
    ("A|exists", False, {"B": ""}, True),
    # contains, startswith, endswith, all.
    ("A|contains", "B", {"A": "abc"}, True),
    ("A|contains", "b*d", {"A": "abcde"}, True),
    ("A|contains", "b*d", {"A": "adcbe"}, False),
    ("A|startswith", "AB", {"A": "abc"}, True),
    ("A|startswith", "bc", {"A": "abc"}, False),
    ("A|endswith", "BC", {"A": "abc"}, True),
    ("A|endswith", "\\a.exe", {"A": "C:\\a.exe"}, True),
    ("A|endswith", "ab", {"A": "abc"}, False),
    ("A|contains|all", ["a", "c"], {"A": "abc"}, True),
    ("A|contains|all", ["a", "d"], {"A": "abc"}, False),
    ("A|contains", ["a", "d"], {"A": "abc"}, True),
    # cased.
    ("A|cased", "abc", {"A": "abc"}, True),
    ("A|cased", "abc", {"A": "aBc"}, False),
    ("A|contains|cased", "Bc", {"A": "aBc"}, True),
    ("A|contains|cased", "bc", {"A": "aBc"}, False),
    ("A|cased", "a*C", {"A": "abC"}, True),
    ("A|cased", "a*C", {"A": "abc"}, False),
    # re is unanchored and case-sensitive until told otherwise; dot stops at line ends until told otherwise.
    ("A|re", "b.d", {"A": "abcde"}, True),
    ("A|re", "^b", {"A": "abc"}, False),
    ("A|re", "B", {"A": "abc"}, False),
    ("A|re|i", "B", {"A": "abc"}, True),
    ("A|re", "a.b", {"A": "a\nb"}, False),
    ("A|re|s", "a.b", {"A": "a\nb"}, True),
    ("A|re", "^b", {"A": "a\nb"}, False),
    ("A|re|m", "^b", {"A": "a\nb"}, True),
    ("A|re", "a\\*b", {"A": "a*b"}, True),
    ("A|re", "a\\*b", {"A": "aab"}, False),
    ("A|re", "\\\\x", {"A": "\\x"}, True),
    ("A|re", "b$", {"A": "ab\n"}, True),
    ("A|re", "b$", {"A": "ab\n\n"}, False),
    ("A|re", "[$]", {"A": "a$b"}, True),
    ("A|re", "[]$]", {"A": "a]b"}, True),
    ("A|re", "\\$b", {"A": "a$b"}, True),
    ("A|re|m", "b$", {"A": "ab\nc"}, True),
    ("A|re", "a\\b", {"A": "aé"}, True),
    # cidr.
    ("A|cidr", "10.0.0.0/8", {"A": "10.9.8.7"}, True),
    ("A|cidr", "10.0.0.0/8", {"A": "11.0.0.1"}, False),
    ("A|cidr", "10.0.0.0/8", {"A": "10.evil.example"}, False),
    ("A|cidr", "192.0.2.0/31", {"A": "192.0.2.1"}, True),
    ("A|cidr", "192.0.2.0/31", {"A": "192.0.2.2"}, False),
    ("A|cidr", "10.0.0.0/8", {"A": "::ffff:10.1.1.1"}, True),
    ("A|cidr", "2001:db8::/32", {"A": "2001:0DB8:0::1"}, True),
    ("A|cidr", "fe80::/10", {"A": "fe80::1%4"}, True),
    ("A|cidr", "fc00::/7", {"A": "fcuk.example"}, False),
    ("A|cidr", "10.0.0.0/8", {}, False),
    # Numbers.
    ("A|lt", 10, {"A": "9"}, True),
    ("A|lt", 10, {"A": "10"}, False),
    ("A|lte", 10, {"A": "10"}, True),
    ("A|gt", 10, {"A": "9.5"}, False),
    ("A|gt", 9, {"A": "9.5"}, True),
    ("A|gte", 10, {"A": "0x0a"}, True),
    ("A|gt", 10, {"A": "100x"}, False),
    ("A|lt", 10, {"A": ""}, False),
    ("A|lt", 10, {}, False),
    ("A|neq", "x", {"A": "y"}, True),
    ("A|neq", "x", {"A": "X"}, False),
    ("A|neq", ["x", "y"], {"A": "y"}, False),
    ("A|neq", "x", {}, True),
    # windash: the five dashes, only where a dash begins a word.
    *[("A|windash", "-a", {"A": dash + "a"}, True) for dash in "-/\u2013\u2014\u2015"],
    ("A|windash", "a-b", {"A": "a/b"}, False),
    ("A|windash", "a-b", {"A": "a-b"}, True),
    ("A|contains|windash", " -s ", {"A": "x /S y"}, True),
    ("A|contains|all|windash", ["-a", "-b"], {"A": "x /b \u2013a"}, True),
    ("A|contains|all|windash", ["-a", "-b"], {"A": "x /b a"}, False),
    # Encodings: RFC 4648 test vectors, and "foo" at the three places it can have in a longer text.
    ("A|base64", "foobar", {"A": "Zm9vYmFy"}, True),
    ("A|base64|contains", "foobar", {"A": "xxZm9vYmFyxx"}, True),
    ("A|base64offset|contains", "foobar", {"A": "xx Zm9vYmFy"}, True),  # foobar
    ("A|base64offset|contains", "foobar", {"A": "eGZvb2Jhcg=="}, True),  # xfoobar
    ("A|base64offset|contains", "foobar", {"A": "eHhmb29iYXI="}, True),  # xxfoobar
    ("A|base64offset|contains", "foobar", {"A": "eHh4Zm9vYmF6"}, False),  # xxxfoobaz
    ("A|wide|base64offset|contains", "ab", {"A": "YQBiAA=="}, True),  # 61 00 62 00
    ("A|utf16le|base64offset|contains", "ab", {"A": "YQBiAA=="}, True),
    ("A|utf16be|base64|contains", "ab", {"A": "AGEAYg=="}, True),  # 00 61 00 62
    ("A|utf16|base64|contains", "ab", {"A": "//5hAGIA"}, True),  # ff fe 61 00 62 00
    # fieldref.
    ("A|fieldref", "B", {"A": "x", "B": "X"}, True),
    ("A|fieldref", "B", {"A": "x", "B": "y"}, False),
    ("A|fieldref", "B", {"A": "x"}, False),
    ("A|fieldref", "B", {"B": "x"}, False),
    ("A|fieldref|contains", "B", {"A": "axb", "B": "X"}, True),
    ("A|fieldref|startswith", "B", {"A": "xab", "B": "x"}, True),
    ("A|fieldref|startswith", "B", {"A": "axb", "B": "x"}, False),
    ("A|fieldref|endswith", "B", {"A": "abx", "B": "x"}, True),
    ("A|fieldref|endswith", "B", {"A": "axb", "B": "x"}, False),
    # Parts of a time.
    ("A|hour", 23, {"A": "2024-02-29T23:59:01Z"}, True),
    ("A|minute", 59, {"A": "2024-02-29 23:59:01.123"}, True),
    ("A|day", 29, {"A": "2024-02-29"}, True),
    ("A|month", 3, {"A": "2024-02-29"}, False),
    ("A|year", 2024, {"A": "2024-02-29"}, True),
    ("A|year", 2024, {"A": "soon"}, False),
    # Keywords: anywhere in any value.
    ("", "needle", {"A": "hay", "B": "a NEEDLE here"}, True),
    ("", "needle", {"A": "hay"}, False),
    ("", ["x1", "x2"], {"A": "has x2"}, True),
    ("|all", ["x1", "x2"], {"A": "has x2"}, False),
    ("|all", ["x1", "x2"], {"A": "has x2", "B": "x1"}, True),
    ("", "a*b", {"A": "xaxbx"}, True),
    ("", "a*b", {"A": "xa", "B": "b"}, False),
    ("|re", "n.e", {"B": "nee"}, True),
]


@pytest.mark.parametrize(("key", "value", "fields", "answer"), ITEMS)
def test_item(key: str, value: Any, fields: dict[str, str | None], answer: bool) -> None:
    selection = {key: value} if key else (value if isinstance(value, list) else [value])
    detection = {"selection": selection, "condition": "selection"}

    assert answer == cases.fires(detection, fields)
    assert answer == plain.fires(cases.rule(detection), fields)


# condition, which of a, b, c hold, answer; `_hidden` never belongs to `them`.
CONDITIONS: list[tuple[str | list[str], str, bool]] = [
    ("a and b", "ab", True),
    ("a and b", "a", False),
    ("a or b", "b", True),
    ("not a", "", True),
    ("a and not b", "a", True),
    ("a and not (b or c)", "ac", False),
    ("a or b and c", "a", True),
    ("(a or b) and c", "a", False),
    ("not a or b", "", True),
    ("1 of them", "", False),
    ("1 of them", "c", True),
    ("all of them", "abc", True),
    ("all of them", "ab", False),
    ("1 of a*", "b", False),
    ("any of b*", "b", True),
    ("all of a* and not 1 of b*", "a", True),
    (["a and b", "c"], "c", True),
    (["a and b", "c"], "a", False),
]


@pytest.mark.parametrize(("condition", "holding", "answer"), CONDITIONS)
def test_condition(condition: str | list[str], holding: str, answer: bool) -> None:
    searches = {name: {name: "yes"} for name in "abc"}
    detection = {**searches, "_hidden": {"hidden": "yes"}, "condition": condition}
    fields = dict.fromkeys(holding, "yes")

    assert answer == cases.fires(detection, fields)
    assert answer == plain.fires(cases.rule(detection), fields)
