# SPDX-License-Identifier: Apache-2.0
import sys
import unicodedata

import pytest
from markupsafe import Markup

from hikeshi.codecs.escape import visible
from hikeshi.report.escape import LIMIT, VALUE, short, shown
from hikeshi.report.wording import Wording

# Categories of characters with no shape of their own (Unicode, chapter 4.5) and the two separators that break lines.
INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def test_ordinary_text_stays_as_it_is():
    text = "C:\\Users\\山田\\採用　通知.exe – “é” 한국어 – 2018年"
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("invoice\u202egnp.exe", "invoice⟨U+202E⟩gnp.exe"),
        ("a\x00b", "a⟨U+0000⟩b"),
        ("\x1b[31m", "⟨U+001B⟩[31m"),
        ("half \ud800", "half ⟨U+D800⟩"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("line\r\nline\nend\r", "line\nline\nend⟨U+000D⟩"),
    ],
)
def test_what_would_not_show_is_written_out(text, expected):
    assert expected == visible(text)


def test_no_character_without_a_shape_gets_through():
    through = [
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in INVISIBLE and chr(code) in visible(chr(code))
    ]
    assert through == [0x09, 0x0A]


def test_stacked_marks_are_written_out():
    assert visible("Z" + "\u0300" * 6) == "Z" + "\u0300" * 4 + "⟨U+0300⟩" * 2


def test_long_text_says_how_much_is_left_out():
    assert short("x" * 100_000, "en") == "x" * VALUE + "…⟨99,700 more characters⟩"
    assert short("x" * 100_000, "ja") == "x" * VALUE + "…⟨以下 99,700 文字を省略⟩"
    assert short("x" * VALUE, "en") == "x" * VALUE
    assert len(shown("\u202e" * 10_000, "en")) < 20 * LIMIT


def test_printed_values():
    assert shown(1234567, "en") == "1,234,567"
    assert shown(None, "en") == ""
    assert shown(Markup("<b>"), "en") == "<b>"


def test_fields_are_set_apart_from_the_sentence():
    said = Wording("en").sentence("netwire.key", {"registry_path": "<b>\u202e", "program": "{registry_path}"})
    assert "<code>&lt;b&gt;⟨U+202E⟩</code>" in said
    assert "<code>{registry_path}</code>" in said


def test_a_message_nobody_words_is_still_escaped():
    said = Wording("en").sentence("<i>.\ue0000\ue001", {"<u>": "<s>"})
    assert "<code>[&lt;i&gt;.⟨U+E000⟩0⟨U+E001⟩]</code> <code>&lt;u&gt;=&lt;s&gt;</code>" == said
