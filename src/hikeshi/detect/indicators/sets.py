# SPDX-License-Identifier: Apache-2.0
"""A set of indicators with what each source says of it, and the lines that could not be used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass

import orjson

from hikeshi.detect.indicators.values import Unusable, typed
from hikeshi.schema import Grade, Rule

VERSION = 1
NOTE = 300
# STIX 2.1, appendix A: the scale "None / Low / Med / High" of confidence.
HIGH, LOW = 70, 30
_TELLING = frozenset(("domain", "url", "email", "md5", "sha1", "sha256", "registry", "mutex", "pipe", "path"))


@dataclass(frozen=True, slots=True)
class Indicator:
    """One value to look for; `written` is how the source spells it, `source` its file and line or object.

    `confidence` is the source's, 0 to 100; `until` when it says the value stops to count.
    """

    kind: str
    value: str
    written: str
    source: str
    confidence: int | None = None
    note: str | None = None
    author: str | None = None
    marking: str | None = None
    until: str | None = None

    @property
    def grade(self) -> Grade:
        """By the source's confidence where it states one that is high or low, else by what the value can tell."""
        if self.confidence is not None and not LOW <= self.confidence < HIGH:
            return Grade.INDICATED if self.confidence >= HIGH else Grade.WEAK
        return Grade.INDICATED if self.kind in _TELLING else Grade.WEAK

    def credit(self) -> Rule:
        """The indicator as a finding names it."""
        name = f"{self.kind}:{self.value}"
        return Rule(name, "indicator", None, self.author, self.marking, self.written)


@dataclass(frozen=True, slots=True, order=True)
class Refused:
    """A line or object that cannot be used, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class IndicatorSet:
    """Indicators by kind and value, each value once, and what was refused."""

    indicators: tuple[Indicator, ...]
    refused: tuple[Refused, ...]

    def to_bytes(self) -> bytes:
        """The set as JSON; equal sets give equal bytes."""
        indicators = [astuple(each) for each in self.indicators]
        refused = [astuple(each) for each in self.refused]
        return orjson.dumps({"version": VERSION, "indicators": indicators, "refused": refused})

    @classmethod
    def from_bytes(cls, data: bytes) -> IndicatorSet:
        """The set that to_bytes() wrote; ValueError when another version wrote it."""
        read = orjson.loads(data)
        if read.get("version") != VERSION:
            raise ValueError("indicators of another version")
        indicators = tuple(Indicator(*row) for row in read["indicators"])
        return cls(indicators, tuple(Refused(*row) for row in read["refused"]))


@dataclass(frozen=True, slots=True)
class Said:
    """What a source says: a value as written, its kind where stated, and the rest of an Indicator."""

    source: str
    text: str
    kind: str | None = None
    confidence: int | None = None
    note: str | None = None
    author: str | None = None
    marking: str | None = None
    until: str | None = None


def collected(said: Iterable[Said | Refused]) -> IndicatorSet:
    """The set of what sources say; of equal values the first is kept."""
    kept: dict[tuple[str, str], Indicator] = {}
    refused = []
    for each in said:
        if isinstance(each, Refused):
            refused.append(each)
            continue
        try:
            kind, value = typed(each.text, each.kind)
        except Unusable as error:
            refused.append(Refused(each.source, f"{error}: {_short(each.text)!r}"))
            continue
        kept.setdefault(
            (kind, value),
            Indicator(
                kind,
                value,
                _short(each.text.strip()) or value,
                each.source,
                each.confidence,
                _short(each.note),
                _short(each.author),
                _short(each.marking),
                _short(each.until),
            ),
        )
    return IndicatorSet(tuple(kept[key] for key in sorted(kept)), tuple(sorted(refused)))


def _short(text: str | None) -> str | None:
    text = " ".join((text or "").split())
    return (text if len(text) <= NOTE else text[:NOTE] + "…") or None
