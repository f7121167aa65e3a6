# SPDX-License-Identifier: Apache-2.0
"""The one place where text of the evidence is made fit for HTML.

Nothing is removed without a trace: characters that a browser would hide, obey or reorder (controls, NUL, bidi
overrides, zero-width and private-use characters, lone surrogates, blank letters) are written out as ⟨U+202E⟩,
and a text over the limit ends with how many characters are left out. Markup is escaped after that, by Jinja's
autoescape, on every value that a template prints.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from markupsafe import Markup

LIMIT = 600
VALUE = 300
MARKS = 4
_KEPT = frozenset("\n\t\u00a0\u3000")
# Letters and symbols that have no ink (Unicode, chapters 18.6 and 21.1): Hangul fillers and the blank Braille cell.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_CUT = {"ja": "…⟨以下 {n} 文字を省略⟩", "en": "…⟨{n} more characters⟩"}


def visible(text: str) -> str:
    """The text with every character that would not show, or would reorder the line, written as ⟨U+…⟩."""
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.isprintable():
        return text
    written, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        written.append(char if marks <= MARKS and _shows(char) else f"⟨U+{ord(char):04X}⟩")
    return "".join(written)


def _shows(char: str) -> bool:
    return char in _KEPT or (char.isprintable() and char not in _BLANK)


def short(text: str, lang: str, limit: int = VALUE) -> str:
    """The text made visible; what is over the limit is left out and counted."""
    over = len(text) - limit
    if over <= 0:
        return visible(text)
    return visible(text[:limit]) + _CUT[lang].format(n=f"{over:,}")


def shown(value: Any, lang: str) -> Any:
    """What a template may print of a value: markup it made itself, numbers with separators, text made visible."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else short(str(value), lang, LIMIT)
