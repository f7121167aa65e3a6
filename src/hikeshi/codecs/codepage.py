# SPDX-License-Identifier: Apache-2.0
"""Which ANSI code page a line of text was written in: UTF-8, cp932, cp1252 or cp1251.

Every candidate that decodes without error is scored by how its characters stand together: letters of one
script in runs speak for it, marks and rare characters do not. The mapping tables are Python's, which follow
those the Unicode Consortium publishes for the Windows code pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

CODE_PAGES = ("utf-8", "cp932", "cp1252", "cp1251")
_KANA = re.compile("[\u3041-\u30ff]")
_KANJI = re.compile("[\u4e00-\u9fff]")
_WIDE = re.compile("[\u3000-\u3040\uff01-\uff60]")
_HALF_RUN = re.compile("[\uff61-\uff9f]{2,}")
_VOICED = re.compile("[\uff73\uff76-\uff84\uff8a-\uff8e]\uff9e|[\uff8a-\uff8e]\uff9f")
_VOICE_MARK = re.compile("[\uff9e\uff9f]")
_CYRILLIC_RUN = re.compile("[\u0401\u0451\u0410-\u044f]{2,}")
_CYRILLIC = re.compile("[\u0401\u0451\u0410-\u044f]")
_MIXED_CASE = re.compile("[\u0430-\u044f\u0451][\u0410-\u042f]")
_ACCENTED = re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0152\u0153\u0160\u0161\u017d\u017e\u0178]+")
_MARK = re.compile("[\u20ac\u2018-\u201d\u2013\u2014\u2026\u00a3\u00a7\u00b0\u00ab\u00bb]")


@dataclass(frozen=True)
class Reading:
    """Text in the code page that fits best; `confidence` is 0 to 1, its lead over the next."""

    text: str
    code_page: str
    confidence: float


def read_text(data: bytes, preferred: str | None = None) -> Reading:
    """The bytes as text. Pure ASCII reads alike everywhere; `preferred` (what other lines say) decides near ties."""
    high = sum(byte >= 0x80 for byte in data)
    if not high:
        return Reading(data.decode("ascii"), preferred or "ascii", 1.0)
    found = []
    for order, name in enumerate(CODE_PAGES):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        score = min(_SCORES[name](text) / high, 1.0) + (0.15 if name == preferred else 0.0)
        found.append((score, -order, name, text))
    if not found:
        return Reading(data.decode("cp1252", "replace"), "cp1252", 0.0)
    found.sort(reverse=True)
    best, second = found[0], found[1][0] if len(found) > 1 else 0.0
    return Reading(best[3], best[2], round(min(max(best[0] - second, 0.0), 1.0), 2))


def _utf8(text: str) -> float:
    return float(sum(len(char.encode()) for char in text if char > "\x7f"))


def _cp932(text: str) -> float:
    score = 0.0
    for char in _KANJI.findall(text):
        score += 1.8 if char.encode("cp932", "replace")[0] < 0x98 else 0.7
    score += 2.0 * len(_KANA.findall(text)) + 1.6 * len(_WIDE.findall(text))
    voiced, marks = len(_VOICED.findall(text)), len(_VOICE_MARK.findall(text))
    half = 0.95 if voiced and voiced == marks else 0.6 if not marks else 0.3
    return score + half * sum(map(len, _HALF_RUN.findall(text)))


def _cp1252(text: str) -> float:
    score = 0.5 * len(_MARK.findall(text))
    for match in _ACCENTED.finditer(text):
        start, end = match.span()
        beside = (start > 0 and text[start - 1].isalpha()) or (end < len(text) and text[end].isalpha())
        score += (1.0 if beside else 0.7) if end - start == 1 else 0.3 * (end - start)
    return score


def _cp1251(text: str) -> float:
    runs = sum(map(len, _CYRILLIC_RUN.findall(text)))
    alone = len(_CYRILLIC.findall(text)) - runs
    return runs - 0.6 * len(_MIXED_CASE.findall(text)) + 0.4 * alone + 0.3 * len(_MARK.findall(text))


_SCORES: dict[str, Callable[[str], float]] = {
    "utf-8": _utf8,
    "cp932": _cp932,
    "cp1252": _cp1252,
    "cp1251": _cp1251,
}
