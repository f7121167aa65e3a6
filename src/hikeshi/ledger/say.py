# SPDX-License-Identifier: Apache-2.0
"""What a weighing says, in both languages from one model: the level, never more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hikeshi.errors import LedgerError
from hikeshi.ledger import queries
from hikeshi.ledger.load import ids
from hikeshi.ledger.model import Ledger, Words
from hikeshi.ledger.say_lint import Kind, Sentence, forbidden, lint
from hikeshi.ledger.weigh import Weighing

MAX_PARTIES = 5
# Quotation marks inside a quoted label.
INNER = str.maketrans("「」“”", "『』''")
MAX_GAPS = 3

LEVELS: Mapping[int, tuple[str, str]] = {
    0: ("手元の根拠からは判断できない。", "The evidence does not allow a judgement."),
    1: (
        "わずかに「{ja}」に傾くが、判断の根拠としては足りない。",
        "Leans slightly to “{en}”; not enough to rest a decision on.",
    ),
    2: ("「{ja}」の可能性が高い。", "“{en}” is likely."),
    3: ("「{ja}」の可能性が非常に高い。", "“{en}” is very likely."),
}
CONFIDENCE: Mapping[str, tuple[str, str]] = {
    "low": ("この評価の確信度は低い。", "Confidence in this judgement is low."),
    "moderate": ("この評価の確信度は中程度である。", "Confidence in this judgement is moderate."),
    "high": ("この評価の確信度は高い。", "Confidence in this judgement is high."),
}
CAPS: Mapping[str, tuple[str, str]] = {
    "check": ("台帳に検査の誤りが残っている。", "The ledger still fails checks."),
    "R2": (
        "この事案自身の所見が根拠に含まれていない。",
        "No finding of this case itself is among the evidence.",
    ),
    "R3": (
        "一つの仮説に有利で、かつ買うことも真似ることもできない根拠がない。",
        "Nothing that favours one hypothesis is beyond buying or copying.",
    ),
    "R4": (
        "手口や設定の一致は他の事案との関係を示すだけで、国を示さない。",
        "Matches of methods or settings speak of other cases only; they do not point to a state.",
    ),
    "R5": (
        "行為者を述べるには、攻撃基盤と能力の両方の裏付けが要る。",
        "Wording about an actor needs support from both infrastructure and capability.",
    ),
    "R7": (
        "根拠にした所見が変わったか、要となる情報が他の資料と食い違うため、見直しが要る。",
        "A finding has changed, or a key statement is contradicted; a review is needed.",
    ),
    "R9": (
        "どの仮説が先に立つかが計算の前提によって変わるため、順序は示さない。",
        "Which hypothesis comes first depends on the assumptions of the calculation, so no order is given.",
    ),
}


def label(words: Words, fallback: str) -> Words:
    """A label of the ledger as it may be quoted; one with forbidden words gives way to its id."""
    if not words.ja or not words.en or forbidden(words.ja, words.en):
        return Words(fallback, fallback)
    return Words(words.ja.strip("「」。").translate(INNER), words.en.strip("“”.").translate(INNER))


def hypothesis(ledger: Ledger, name: str) -> Words:
    """A hypothesis as it may be quoted."""
    return label(ids(ledger.hypotheses)[name].words, name)


def sentences(weighing: Weighing) -> tuple[Sentence, ...]:
    """Everything that may be said, in order; a sentence the lint refuses is an error, never printed."""
    found = tuple(_all(weighing))
    for sentence in found:
        if wrong := lint(sentence):
            raise LedgerError(
                f"a sentence was refused ({wrong[0]}): {sentence.en!r}; reword the label it quotes"
            )
    return found


def _all(weighing: Weighing) -> Iterator[Sentence]:
    ledger, verdict = weighing.view.ledger, weighing.verdict
    date = weighing.view.as_of.text
    yield Sentence(
        Kind.NOTE,
        f"{date}時点で分かっていたことに基づく。",
        f"Based on what was known as of {date}.",
        (date,),
    )
    leader = hypothesis(ledger, verdict.leader)
    ja, en = LEVELS[verdict.level]
    yield Sentence(Kind.JUDGEMENT, ja.format(ja=leader.ja), en.format(en=leader.en))
    if verdict.level == 0:
        yield from _open(weighing)
    yield Sentence(Kind.CONFIDENCE, *CONFIDENCE[verdict.confidence])
    for cap in verdict.caps:
        if cap.rule in CAPS and cap.rule != "R9":
            yield Sentence(Kind.NOTE, *CAPS[cap.rule])
    if not verdict.order:
        yield Sentence(Kind.NOTE, *CAPS["R9"])
    yield from _asserted(weighing)
    yield from _hindsight(weighing)
    yield from _changing(weighing)


def _open(weighing: Weighing) -> Iterator[Sentence]:
    names = [hypothesis(weighing.view.ledger, h) for h in queries.open_hypotheses(weighing)]
    if len(names) > 1:
        ja = "".join(f"「{name.ja}」" for name in names)
        en = ", ".join(f"“{name.en}”" for name in names)
        yield Sentence(Kind.JUDGEMENT, f"{ja}のいずれも排除できない。", f"None of {en} can be excluded.")


def _asserted(weighing: Weighing) -> Iterator[Sentence]:
    view = weighing.view
    bare = any(cap.rule == "R6" for cap in weighing.verdict.caps)
    for h in view.ledger.hypotheses:
        claims = queries.asserting_claims(view, h.id)
        if not claims:
            continue
        name = hypothesis(view.ledger, h.id)
        groups = queries.asserting_groups(view, h.id)
        numbers = (str(len(claims)), str(groups))
        ja = f"台帳の資料によると「{name.ja}」とする発言は{numbers[0]}件あり、"
        ja += f"出どころをたどると{numbers[1]}群になる。"
        en = (
            f"According to the sources on file, “{name.en}” was put forward {numbers[0]} "
            f"{'time' if len(claims) == 1 else 'times'}; by origin that is {numbers[1]} "
            f"{'group' if groups == 1 else 'groups'}."
        )
        yield Sentence(Kind.CLAIM, ja, en, numbers)
        if bare and h.id == weighing.verdict.leader:
            yield _ground(weighing, h.id, name)


def _ground(weighing: Weighing, name: str, words: Words) -> Sentence:
    parties = weighing.view.ledger.parties
    who = queries.asserting_parties(weighing.view, name)[:MAX_PARTIES]
    labels = [
        label(parties[party].words, party) if party in parties else Words(party, party) for party in who
    ]
    ja = "、".join(f"「{one.ja}」" for one in labels)
    en = ", ".join(f"“{one.en}”" for one in labels)
    return Sentence(
        Kind.CLAIM,
        f"{ja}によると「{words.ja}」だが、その根拠は公開されていない。",
        f"According to {en}, it was “{words.en}”; the ground is not public.",
    )


def _hindsight(weighing: Weighing) -> Iterator[Sentence]:
    if weighing.view.hindsight:
        items = ", ".join(weighing.view.hindsight)
        yield Sentence(
            Kind.NOTE,
            f"「{items}」は、この日より後の資料だけを挙げている(後知恵)。",
            f"“{items}” cites only material later than this day (hindsight).",
        )


def _changing(weighing: Weighing) -> Iterator[Sentence]:
    ledger = weighing.view.ledger
    missing = ids(ledger.missing)
    found = [label(missing[gap.id].words, gap.id) for gap in weighing.gaps[:MAX_GAPS] if gap.bits > 0]
    if found:
        ja = "".join(f"「{one.ja}」" for one in found)
        en = ", ".join(f"“{one.en}”" for one in found)
        yield Sentence(Kind.NOTE, f"見方を変えうるもの: {ja}。", f"What could change this: {en}.")
    flip = queries.overturning(weighing)
    if flip:
        rival = hypothesis(ledger, flip.hypothesis)
        low, high = f"{flip.low:.0f}", f"{flip.high:.0f}"
        alone = low in ("1", high)
        span_ja, span_en = (high, high) if alone else (f"{low}〜{high}", f"{low} to {high}")
        numbers = (high,) if alone else (low, high)
        yield Sentence(
            Kind.NOTE,
            f"「{rival.ja}」に{span_ja}倍有利な独立の手がかりが一つあれば、見方は入れ替わりうる。",
            f"One independent clue worth {span_en} in favour of “{rival.en}” could reverse the picture.",
            numbers,
        )


def text(lines: Iterable[Sentence], lang: str) -> list[str]:
    """Sentences as lines of text with their labels."""
    return [
        f"{LABELS[one.kind][0 if lang == 'ja' else 1]}: {one.ja if lang == 'ja' else one.en}" for one in lines
    ]


LABELS: Mapping[Kind, tuple[str, str]] = {
    Kind.FINDING: ("確認した事実", "Finding"),
    Kind.CLAIM: ("誰かの主張", "Claim"),
    Kind.JUDGEMENT: ("評価", "Judgement"),
    Kind.CONFIDENCE: ("確信度", "Confidence"),
    Kind.NOTE: ("付記", "Note"),
}
