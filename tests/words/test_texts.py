# SPDX-License-Identifier: Apache-2.0
"""Both languages say the same things, and every value that can be shown has words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import hikeshi.words
from hikeshi import words
from hikeshi.schema import Grade, Reason, Status
from hikeshi.words import texts

FOLDER = Path(hikeshi.words.__file__).parent
PLACE = re.compile(r"\{[^}]*\}")
HIRAGANA = re.compile(r"[぀-ヿ一-鿿]")


def test_both_languages_have_the_same_files_and_keys() -> None:
    japanese, english = (
        {p.name.split(".")[0] for p in FOLDER.glob(f"*.{lang}.toml")} for lang in ("ja", "en")
    )
    assert japanese == english
    assert sorted(texts.own("ja")) == sorted(texts.own("en"))


def test_no_key_is_defined_by_two_files() -> None:
    for lang in words.LANGS:
        keys = [
            key
            for path in FOLDER.glob(f"*.{lang}.toml")
            for key, _ in texts._flat("", tomllib.loads(path.read_text(encoding="utf-8")))
        ]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize("key", sorted(texts.own("en")))
def test_places_are_the_same_and_japanese_is_japanese(key: str) -> None:
    japanese, english = texts.own("ja")[key], texts.own("en")[key]
    assert sorted(PLACE.findall(japanese)) == sorted(PLACE.findall(english))
    assert japanese.strip() == japanese != ""
    assert english.strip() == english != ""
    assert HIRAGANA.search(japanese)
    assert not HIRAGANA.search(english)


@pytest.mark.parametrize("lang", words.LANGS)
def test_every_value_has_a_name_and_a_meaning(lang: str) -> None:
    kinds = {"grade": Grade, "status": Status, "reason": Reason, "function": words.FUNCTIONS}
    for kind, values in kinds.items():
        for value in values:
            assert not words.name(kind, str(value), lang).startswith("["), (kind, value)
            assert words.meaning(f"{kind}.{value}", lang), (kind, value)


@pytest.mark.parametrize("lang", words.LANGS)
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_says_what_to_do_next(reason: Reason, lang: str) -> None:
    assert words.next_step(f"reason.{reason}", lang)


@pytest.mark.parametrize("lang", words.LANGS)
def test_nothing_is_worded_that_cannot_occur(lang: str) -> None:
    kinds = {"grade": Grade, "status": Status, "reason": Reason, "function": words.FUNCTIONS}
    for key in texts.own(lang):
        kind, _, rest = key.partition(".")
        if kind in kinds:
            assert rest.partition(".")[0] in {str(v) for v in kinds[kind]}, key


@pytest.mark.parametrize("lang", words.LANGS)
def test_every_tactic_is_named(lang: str) -> None:
    for tactic in words.attack.tactics():
        assert not words.name("tactic", tactic, lang).startswith("[")


def test_the_sentences_the_design_fixes() -> None:
    assert "痕跡なしは漏えいなしを意味しない" in words.meaning("cell.no-evidence", "ja")
    assert "No trace does not mean no leak" in words.meaning("cell.no-evidence", "en")
    assert words.text("notice.no-contact", "ja").startswith("接続・ログインしないこと")
    assert words.text("notice.no-contact", "en").startswith("Do not connect, do not log in")
    assert words.text("grade.proven.decoded", "ja") == "復号により確認"
    assert words.text("grade.proven.agree", "ja") == "二点一致"
    assert [words.name("sentence", s, "ja") for s in ("finding", "claim", "judgement")] == [
        "確認した事実",
        "誰かの主張",
        "評価",
    ]


def test_a_place_is_filled_once_and_never_read_as_a_place() -> None:
    hostile = "{title} {0} %s"
    assert words.text("rule.sigma", "en", {"title": hostile}) == f"Matched the Sigma rule “{hostile}”."


def test_an_absent_field_says_so() -> None:
    assert words.text("rule.sigma", "en") == "Matched the Sigma rule “(not recorded)”."
    assert words.text("rule.sigma", "ja", {"title": ""}) == "Sigma 規則「（記録なし）」に一致した。"


def test_an_unknown_id_comes_back_with_its_fields_sorted() -> None:
    assert words.text("nobody.knows", "ja", {"b": "2", "a": "1"}) == "[nobody.knows] a=1 b=2"
    assert not words.knows("nobody.knows")
    assert words.meaning("nobody.knows", "en") == ""


@pytest.mark.parametrize("id_", ["", ".", "../x.y", "a/b.c", "netwire\x00.x", "x" * 5000])
def test_a_hostile_id_reads_no_file(id_: str) -> None:
    assert words.text(id_, "en") == f"[{id_}]"


def test_a_pack_text_is_taken_apart_at_its_headings() -> None:
    head, found = texts.sections("# Title\n\nAbout.\n\n## x.one\n\nSays {a}.\n\nMeans.\n\nNext.\n")
    assert head == "# Title\n\nAbout."
    assert found == {"x.one": ["Says {a}.", "Means.", "Next."]}
