# SPDX-License-Identifier: Apache-2.0
"""Hostile text in every output kind. The hostile strings are written by hand from what each reader obeys."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikeshi.codecs.escape import csv_cell, csv_line, markdown, plain, terminal, visible, whole

HOSTILE = [
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "a\r\nforged line",
    "name\u202egpj.exe",
    "zero\u200bwidth\u2066\ufeff",
    "nul\x00",
    "\ud800 lone \udfff",
    "\u3164\u2800",
    "a" + "\u0301" * 50,
    "\ue000\U000f0000",
]
ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_gets_only_what_shows(text: str) -> None:
    assert terminal(text).isprintable()


@given(ANY)
def test_a_terminal_never_gets_a_control(text: str) -> None:
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn") for char in terminal(text))


def test_nothing_disappears_without_a_trace() -> None:
    assert visible("a\u202eb") == "a⟨U+202E⟩b"
    assert terminal("\x1b[31m") == "⟨U+001B⟩[31m"
    assert visible("line\r\nline\tend") == "line\nline\tend"
    assert visible("か\u3099 経理　部") == "か\u3099 経理　部"
    assert whole("x\ud83dy") == "x⟨U+D83D⟩y"


@pytest.mark.parametrize("start", [*"=+-@\t\r\n＝＋－＠", " =", "\u3000＝"])
def test_no_cell_is_a_formula(start: str) -> None:
    (row,) = csv.reader(io.StringIO(csv_line([start + "cmd|' /C calc'!A0", "plain"])))
    assert row[0][0] == "'"
    assert row[1] == "plain"


@given(st.lists(ANY, min_size=1, max_size=4))
def test_csv_reads_back_as_one_record_without_formulas(cells: list[str]) -> None:
    rows = list(csv.reader(io.StringIO(csv_line(cells), newline="")))
    assert len(rows) == 1
    assert len(rows[0]) == len(cells)
    assert not any(cell.startswith(tuple("=+-@\t\r＝＋－＠")) for cell in rows[0])


def test_csv_keeps_ordinary_text() -> None:
    assert csv_cell('say "hi", 経理') == '"say ""hi"", 経理"'


@given(ANY, st.integers(40, 300))
def test_plain_text_fits_and_is_one_line(text: str, limit: int) -> None:
    assert len(plain(text, limit)) <= limit
    assert plain(text, limit).isprintable() or "\u3000" in text or "\xa0" in text


def test_what_is_cut_is_counted() -> None:
    assert plain("x" * 500, 40) == "x" * 23 + "…(500 characters)"


def test_markdown_shows_markup_as_text() -> None:
    assert markdown("[x](javascript:alert)") == r"\[x\]\(javascript\:alert\)"
    assert markdown("<script>") == r"\<script\>"
    assert markdown("http://a.example") == r"http\:\/\/a\.example"
    assert "\n" not in markdown("a\n# b")
