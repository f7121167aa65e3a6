# SPDX-License-Identifier: Apache-2.0
"""Random rules over random events: the judge finds what a literal reading of the specification finds."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detect import cases, plain

FIELDS = ["A", "B", "C"]
TEXT = st.text(alphabet="aAbB*?\\-/ .1\u00e9\u03a3\n\x00", max_size=6)
WORD = st.text(alphabet="aAbB\\-/.1\u00e9", min_size=1, max_size=4)
CLEAN = st.text(alphabet="aAbB\\-/.1", min_size=1, max_size=4)
NUMBER = st.integers(-20, 20)
CIDR = st.sampled_from(["10.0.0.0/8", "192.0.2.0/30", "0.0.0.0/0", "2001:db8::/32", "::/0"])
VALUE = st.one_of(
    st.none(),
    TEXT,
    WORD,
    NUMBER.map(str),
    st.sampled_from(
        ["10.1.2.3", "192.0.2.1", "::ffff:10.0.0.1", "2001:db8::1", "0x0A", "1.5", "2024-02-29T23:59:01Z"]
    ),
)
TEXT_MODIFIERS = st.sampled_from(
    [
        "|",
        "|contains",
        "|startswith",
        "|endswith",
        "|contains|all",
        "|all",
        "|cased",
        "|contains|cased",
        "|neq",
        "|windash",
        "|contains|windash",
        "|contains|all|windash",
    ]
).map(lambda modifiers: "" if modifiers == "|" else modifiers)
REGEX = st.sampled_from(
    ["a", "^a.b$", "[ab]+1", "(?:a|b)", "a\\.b", "^$", "\\\\", "b$", "A\\b", "(?i)A", "[$]", "\\w\\W"]
)


def one_or_more(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.lists(values, min_size=1, max_size=3))


def named(
    modifiers: st.SearchStrategy[str], values: st.SearchStrategy[Any]
) -> st.SearchStrategy[tuple[str, Any]]:
    return st.tuples(st.builds(str.__add__, st.sampled_from(FIELDS), modifiers), values)


def keyed(modifiers: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, Any]]:
    return named(st.sampled_from(modifiers), values)


ITEM = st.one_of(
    named(TEXT_MODIFIERS, one_or_more(st.one_of(TEXT, WORD))),
    keyed([""], one_or_more(st.one_of(st.none(), NUMBER, st.booleans(), st.sampled_from(["", "*", "?"])))),
    keyed(["|re", "|re|i", "|re|m", "|re|s", "|re|i|m|s"], one_or_more(REGEX)),
    keyed(["|cidr"], one_or_more(CIDR)),
    keyed(["|lt", "|lte", "|gt", "|gte"], NUMBER),
    keyed(["|exists"], st.booleans()),
    keyed(
        ["|fieldref", "|fieldref|contains", "|fieldref|startswith", "|fieldref|endswith"],
        st.sampled_from(FIELDS),
    ),
    keyed(["|base64", "|base64offset|contains", "|wide|base64offset|contains"], CLEAN),
    keyed(["|minute", "|hour", "|year"], st.sampled_from([23, 59, 2024])),
)
SEARCH = st.one_of(
    st.lists(ITEM, min_size=1, max_size=3).map(dict),
    st.lists(st.lists(ITEM, min_size=1, max_size=2).map(dict), min_size=1, max_size=3),
    st.lists(st.one_of(TEXT, WORD), min_size=1, max_size=3),
    st.builds(lambda words: {"|all": words}, st.lists(WORD, min_size=1, max_size=3)),
)
CONDITION = st.recursive(
    st.sampled_from(["s1", "s2", "s3", "1 of s*", "all of s*", "1 of them"]),
    lambda inner: st.one_of(
        inner.map(lambda c: f"not ({c})"),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
        st.builds("{} and not {}".format, inner, st.sampled_from(["s1", "s2", "s3"])),
    ),
    max_leaves=5,
)
EVENTS = st.lists(st.dictionaries(st.sampled_from(FIELDS), VALUE), min_size=1, max_size=8)


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(s1=SEARCH, s2=SEARCH, s3=SEARCH, condition=CONDITION, events=EVENTS)
def test_random_rules(s1: Any, s2: Any, s3: Any, condition: str, events: list[dict[str, str | None]]) -> None:
    detection = {"s1": s1, "s2": s2, "s3": s3, "condition": condition}
    rule = cases.rule(detection)

    # The columns Channel and EventID are values of an event too, so keywords see them on both sides.
    system = {"Channel": "Test", "EventID": "1"}
    expected = [row for row, fields in enumerate(events) if plain.fires(rule, {**fields, **system})]
    found = cases.matches(cases.compiled(rule), [cases.event(fields) for fields in events])

    assert expected == [match.row for match in found]
