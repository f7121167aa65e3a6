# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hikeshi.errors import LedgerError
from hikeshi.ledger import queries, say
from hikeshi.ledger.load import load
from hikeshi.ledger.model import Words
from hikeshi.ledger.policy import BANDS
from hikeshi.ledger.say_lint import Kind, Sentence, forbidden, lint
from hikeshi.ledger.say_tables import as_json, details, page
from hikeshi.ledger.weigh import weigh
from ledger.small import FINDING, loaded, shared, small
from ledger.test_gate import strong


@pytest.mark.parametrize(
    ("ja", "en"),
    [
        ("甲組と断定した。", ""),
        ("甲組と判明した。", ""),
        ("甲組の犯行である。", ""),
        ("犯人は甲組だ。", ""),
        ("", "It is Confirmed."),
        ("", "This proves it."),
        ("", "It was carried out by A."),
        ("", "A is responsible for it."),
    ],
)
def test_words_of_certainty_are_found(ja: str, en: str) -> None:
    assert len(forbidden(ja, en)) == 1
    assert forbidden("甲組の可能性が高い。", "A is likely.") == []


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        (Sentence(Kind.CLAIM, "甲組だという。", "It was A."), "a claim without its speaker"),
        (Sentence(Kind.CLAIM, "乙によると甲組だ。", "It was A."), "a claim without its speaker"),
        (
            Sentence(Kind.NOTE, "確信度は低いが可能性が高い。", "Likely."),
            "confidence and likelihood in one sentence",
        ),
        (
            Sentence(Kind.NOTE, "可。", "Likely, with low confidence."),
            "confidence and likelihood in one sentence",
        ),
        (Sentence(Kind.NOTE, "3件ある。", "There are 3."), "typed number: 3"),
        (Sentence(Kind.NOTE, "3件ある。", "There are 4.", ("3",)), "the languages give different numbers"),
        (Sentence(Kind.NOTE, "確認した事実と評価。", "x"), "two labels in one sentence"),
    ],
)
def test_the_lint_refuses(sentence: Sentence, wrong: str) -> None:
    assert wrong in lint(sentence)


def test_what_the_lint_lets_pass() -> None:
    assert lint(Sentence(Kind.CLAIM, "乙によると「甲2組」だ。", "According to B, it was “A2”.")) == []
    assert lint(Sentence(Kind.NOTE, "3件ある。", "There are 3.", ("3",))) == []


@pytest.mark.parametrize(
    ("low", "middle", "high", "word"),
    [
        (0.01, 0.02, 0.05, "almost no chance"),
        (0.06, 0.1, 0.2, "very unlikely"),
        (0.46, 0.5, 0.54, "roughly even chance"),
        (0.5, 0.6, 0.8, "likely"),
        (0.81, 0.9, 0.95, "very likely"),
        (0.9, 0.96, 0.98, "almost certain"),
        (0.3, 0.5, 0.7, None),
        (0.01, 0.4, 0.9, None),
    ],
)
def test_one_row_of_words_and_none_across_more_than_two_bands(
    low: float, middle: float, high: float, word: str | None
) -> None:
    found = queries.likelihood_word(low, middle, high)
    assert (found[1] if found else None) == word


def test_bands_of_icd_203() -> None:
    assert [top for top, _, _ in BANDS] == [0.05, 0.20, 0.45, 0.55, 0.80, 0.95, 1.00]


def test_the_levels_of_a_strong_ledger() -> None:
    plain = strong()
    texts = say.text(say.sentences(weigh(loaded(plain), findings=[FINDING])), "ja")
    assert "評価: 「甲組」の可能性が非常に高い。" in texts
    assert "Judgement: “Group A” is very likely." in say.text(
        say.sentences(weigh(loaded(plain), findings=[FINDING])), "en"
    )
    for entry in plain["evidence"]:
        entry.pop("findings")
    texts = say.text(say.sentences(weigh(loaded(plain))), "ja")
    assert "評価: わずかに「甲組」に傾くが、判断の根拠としては足りない。" in texts


def test_assertions_alone_name_who_asserts_and_that_the_ground_is_not_public() -> None:
    plain = strong()
    for entry in plain["evidence"]:
        entry["type"] = "official-assertion"
    for told in plain["claims"]:
        told["kind"] = "official-assertion"
    found = say.text(say.sentences(weigh(loaded(plain), findings=[FINDING])), "en")
    assert "Judgement: The evidence does not allow a judgement." in found
    assert "Claim: According to “A laboratory”, it was “Group A”; the ground is not public." in found


def test_a_label_with_a_forbidden_word_gives_way_to_its_id() -> None:
    plain = strong()
    plain["hypotheses"][0] |= {"ja": "甲組の犯行である", "en": "confirmed A"}
    ledger = loaded(plain)
    assert say.hypothesis(ledger, "H1") == Words("H1", "H1")
    weighing = weigh(ledger, findings=[FINDING])
    assert weighing.level == 0
    assert not any(forbidden(sentence.ja, sentence.en) for sentence in say.sentences(weighing))


def test_a_sentence_the_lint_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(say, "LEVELS", dict.fromkeys(range(4), ("犯人は不明。", "Unknown.")))
    with pytest.raises(LedgerError, match="refused"):
        say.sentences(weigh(loaded(small()), draws=500))


def test_the_text_of_the_real_case() -> None:
    weighing = weigh(load(shared()), "2021-02-28")
    ja, en = say.text(say.sentences(weighing), "ja"), say.text(say.sentences(weighing), "en")
    assert len(ja) == len(en)
    assert "評価: 手元の根拠からは判断できない。" in ja
    assert "確信度: この評価の確信度は低い。" in ja
    assert any("発言は10件あり、出どころをたどると1群になる" in line for line in ja)
    assert any("One independent clue worth 3 to 5 in favour of" in line for line in en)
    assert not any("H1" in line or "H2" in line for line in ja)


def test_the_page_shows_level_range_and_hull() -> None:
    weighing = weigh(load(shared()), "2021-02-28")
    lines = page(weighing, "en")
    assert lines[0] == "level: 0 (R2, R5, R9)"
    assert [line.split()[0] for line in lines[2:]] == ["H1", "H2", "H3", "H4"]
    assert "0.02-0.97" in lines[3]
    assert any("hikeshi.ledger-policy" in line for line in details(weighing, "ja"))


def test_no_judgement_has_low_confidence() -> None:
    plain = strong()
    plain["claims"][0]["en"] = ""
    verdict = weigh(loaded(plain), findings=[FINDING], draws=2000).verdict
    assert (verdict.level, verdict.reached, verdict.confidence) == (0, 3, "low")


def test_the_json_is_complete_and_reproducible() -> None:
    import json

    weighing = weigh(load(shared()), "2021-02-28")
    one = json.dumps(as_json(weighing), ensure_ascii=False)
    assert one == json.dumps(as_json(weigh(load(shared()), "2021-02-28")), ensure_ascii=False)
    assert {"seed", "draws", "policy", "ledger", "hull", "drivers", "flips", "missing", "priors"} <= set(
        json.loads(one)
    )
