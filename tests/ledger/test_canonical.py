# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hikeshi.errors import LedgerError
from hikeshi.ledger.canonical import fmt, scalar
from hikeshi.ledger.load import load
from hikeshi.ledger.text import parse
from ledger import worlds
from ledger.small import shared, small
from ledger.test_text import plain

COMMENT = re.compile(r"(?m)(?:^|\s)(#.*)$")


def test_the_shared_ledger_keeps_its_meaning_and_every_comment() -> None:
    before = shared().decode()
    after = fmt(before)
    assert plain(parse(after)) == plain(parse(before))
    assert sorted(COMMENT.findall(before)) == sorted(COMMENT.findall(after))
    assert fmt(after) == after


def test_one_claim_a_block_in_one_key_order() -> None:
    text = fmt(json.dumps(small(), ensure_ascii=False))
    claims = text[text.index("claims:") : text.index("groups:")]
    keys = re.findall(r"(?m)^  [- ] (\w+):", claims)
    one = ["id", "layer", "who", "date", "kind", "origin", "about", "ja", "en", "source"]
    assert keys == one * 2


def test_the_order_of_keys_in_the_file_does_not_matter() -> None:
    def turned(value: object) -> object:
        if isinstance(value, dict) and not set(value) & {"O1", "paper", "G1", "lab", "yes"}:
            return {key: turned(value[key]) for key in reversed(list(value))}
        if isinstance(value, dict):
            return {key: turned(child) for key, child in value.items()}
        return [turned(child) for child in value] if isinstance(value, list) else value

    assert fmt(json.dumps(turned(small()))) == fmt(json.dumps(small()))


def test_comments_stay_above_what_they_speak_of() -> None:
    text = """# about the file
schema: hikeshi.ledger/1   # the first
case: small
claims:   # all of them
# about a
- {id: a, en: "x # no comment", ja: あ#い}
- id: b
  # inside b
  en: c   # after c
  ja: "\\u3044"
  # end of b
groups:
  G1: {why: {ja: あ, en: a}}
  # last words
"""
    assert (
        fmt(text)
        == """# about the file
# the first
schema: hikeshi.ledger/1
case: small

# all of them
claims:
  # about a
  - id: a
    ja: あ#い
    en: "x # no comment"
  # inside b
  # after c
  - id: b
    ja: い
    en: c

# end of b
groups:
  G1: {why: {ja: あ, en: a}}
# last words
"""
    )


@pytest.mark.parametrize("seed", range(5))
def test_formatting_again_changes_nothing(seed: int) -> None:
    text = worlds.text(worlds.split(worlds.ledger(seed))[0])
    once = fmt(text)
    assert fmt(once) == once
    assert load(once).evidence == load(once).evidence
    assert plain(parse(once)) == plain(parse(text))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=30)
    | st.from_regex(r"[-:?#,\[\]{}&*!|>'\"%@` ]{1,6}a?\Z")
)
def test_any_text_survives(text: str) -> None:
    for form in (f"k: {scalar(text)}\n", f"k: {{a: {scalar(text)}, b: c}}\n", f"{scalar('k' + text)}: v\n"):
        root = parse(form)
        values = json.dumps(plain(root), ensure_ascii=False)
        assert json.dumps(text, ensure_ascii=False)[1:-1] in values


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "Yes",
        "off",
        "null",
        "~",
        "",
        "a: b",
        "0:?",
        "- a",
        "a #b",
        "#a",
        "[a",
        "a]",
        "x,y",
        "\u2028",
        "\x85",
    ],
)
def test_other_readers_see_text_too(word: str) -> None:
    assert yaml.safe_load(f"k: {scalar(word)}") == {"k": word}


def test_what_is_no_ledger_is_refused_with_its_place() -> None:
    with pytest.raises(LedgerError, match=r"^x\.yaml:2:1"):
        fmt("a: 1\na: 2\n", "x.yaml")


def test_a_comment_after_any_line_is_kept_and_stays() -> None:
    lines = fmt(json.dumps(small(), ensure_ascii=False)).splitlines()
    for at in range(len(lines) + 1):
        text = "\n".join([*lines[:at], "# here", *lines[at:]]) + "\n"
        once = fmt(text)
        assert once.count("# here") == 1, at
        assert fmt(once) == once
        assert plain(parse(once)) == plain(parse(text))
