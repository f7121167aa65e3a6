# SPDX-License-Identifier: Apache-2.0
"""What generated text may never say, in either language."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from hikeshi.ledger.policy import BANDS, FORBIDDEN_EN, FORBIDDEN_JA

QUOTED = re.compile("「[^」]*」|“[^”]*”")
LABELS_JA = ("確認した事実", "誰かの主張", "評価")
LABELS_EN = ("finding", "claim", "judgement")


class Kind(enum.StrEnum):
    """What a sentence is; the three labels are never mixed in one."""

    FINDING = "finding"
    CLAIM = "claim"
    JUDGEMENT = "judgement"
    CONFIDENCE = "confidence"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in both languages; `numbers` are all the numbers in it, each from a query."""

    kind: Kind
    ja: str
    en: str
    numbers: tuple[str, ...] = ()


def forbidden(ja: str, en: str) -> list[str]:
    """The words of certainty in a pair of texts."""
    lower = en.casefold()
    return [word for word in FORBIDDEN_JA if word in ja] + [word for word in FORBIDDEN_EN if word in lower]


def lint(sentence: Sentence) -> list[str]:
    """What is wrong with a sentence; nothing, or it is not printed."""
    wrong = [f"forbidden: {word}" for word in forbidden(sentence.ja, sentence.en)]
    ja, en = QUOTED.sub("", sentence.ja), QUOTED.sub("", sentence.en).casefold()
    if sentence.kind is Kind.CLAIM and not ("によると" in ja and "according to" in en):
        wrong.append("a claim without its speaker")
    words = [(word_ja in ja, word_en in en) for _, word_ja, word_en in BANDS]
    if ("確信度" in ja and any(a for a, _ in words)) or ("confidence" in en and any(b for _, b in words)):
        wrong.append("confidence and likelihood in one sentence")
    if sum(label in ja for label in LABELS_JA) > 1 or sum(label in en for label in LABELS_EN) > 1:
        wrong.append("two labels in one sentence")
    digits = re.findall(r"\d+(?:\.\d+)?", re.sub(r"H\d+|R\d+|V\d+", "", ja))
    if sorted(digits) != sorted(re.findall(r"\d+(?:\.\d+)?", re.sub(r"h\d+|r\d+|v\d+", "", en))):
        wrong.append("the languages give different numbers")
    wrong += [f"typed number: {digit}" for digit in digits if digit not in _known(sentence)]
    return wrong


def _known(sentence: Sentence) -> set[str]:
    return {part for number in sentence.numbers for part in re.findall(r"\d+(?:\.\d+)?", number)}
