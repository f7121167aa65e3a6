# SPDX-License-Identifier: Apache-2.0
"""The one place where text of the evidence is made fit for HTML.

Characters that a browser would hide, obey or reorder are written out (codecs/escape.py), and a text over the limit
ends with how many characters are left out. Markup is escaped after that, by Jinja's autoescape, on every value that
a template prints.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from hikeshi.codecs.escape import visible

LIMIT = 600
VALUE = 300
_CUT = {"ja": "…⟨以下 {n} 文字を省略⟩", "en": "…⟨{n} more characters⟩"}


def short(text: str, lang: str, limit: int = VALUE) -> str:
    """The text made visible; what is over the limit is left out and counted."""
    over = len(text) - limit
    if over <= 0:
        return visible(text)
    return visible(text[:limit]) + _CUT[lang].format(n=f"{over:,}")


def shown(value: Any, lang: str) -> Any:
    """What a template may print: its own markup, numbers with separators, text made visible."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else short(str(value), lang, LIMIT)
