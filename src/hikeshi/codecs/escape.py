# SPDX-License-Identifier: Apache-2.0
"""The one place where text of the evidence is made fit for an output.

Nothing is removed without a trace: characters that a reader would not see, or that would be obeyed or
reorder the line (controls, escape sequences, bidi overrides, zero-width and private-use characters, lone
surrogates, blank letters) are written out as ⟨U+202E⟩, and a text that is cut says how long it was.
"""

from __future__ import annotations

import re
import unicodedata

MARKS = 4
# Excel holds 32,767 characters in a cell.
CELL = 32_000
# Letters without ink (Unicode, chapters 18.6 and 21.1): Hangul fillers and the blank Braille cell.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_LINE = frozenset("\u00a0\u3000")
_BLOCK = frozenset("\n\t\u00a0\u3000")
_SURROGATE = re.compile("[\ud800-\udfff]")
# What spreadsheets take for the start of a formula (OWASP, CSV Injection), and their full-width twins.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def visible(text: str, kept: frozenset[str] = _BLOCK) -> str:
    """The text with every character that would not show, or would reorder the line, written as ⟨U+…⟩.

    Of a run of combining marks the first four stay. `kept` are the blanks that may stand as they are.
    """
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.isprintable():
        return text
    written, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        shows = char in kept or (char.isprintable() and char not in _BLANK)
        written.append(char if shows and marks <= MARKS else _named(char))
    return "".join(written)


def _named(char: str) -> str:
    return f"⟨U+{ord(char):04X}⟩"


def whole(text: str) -> str:
    """The text with lone surrogates written as ⟨U+…⟩, so that it can be encoded."""
    return text if text.isascii() else _SURROGATE.sub(lambda found: _named(found[0]), text)


def terminal(text: str) -> str:
    """One line for a terminal: no control or escape sequence, no line end."""
    return visible(text, _LINE)


def plain(text: str, limit: int) -> str:
    """One line of at most `limit` characters for STIX and MISP, what is left out counted at its end."""
    line = visible(text[: limit + 1], _LINE)
    if len(line) <= limit and len(text) <= limit:
        return line
    end = f"…({len(text)} characters)"
    return line[: limit - len(end)] + end


def csv_cell(text: str) -> str:
    """One quoted CSV cell on one line that a spreadsheet can hold and takes for no formula."""
    line = plain(text, CELL)
    guard = "'" if text.lstrip("\u00a0\u3000 ").startswith(_FORMULA) else ""
    return '"' + guard + line.replace('"', '""') + '"'


def csv_line(cells: list[str]) -> str:
    """One CSV record (RFC 4180) with its line end."""
    return ",".join(map(csv_cell, cells)) + "\r\n"


def markdown(text: str) -> str:
    """One line that Markdown shows as it is: no markup, link or HTML (CommonMark 0.31, section 2.4)."""
    return _PUNCTUATION.sub(r"\\\1", visible(text, _LINE))
