# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest

from hikeshi.codecs.codepage import CODE_PAGES, read_text


@pytest.mark.parametrize(
    ("text", "code_page"),
    [
        ("受信トレイ - ブラウザー", "cp932"),
        ("口座番号を入力してください", "cp932"),
        ("ﾛｸﾞｲﾝ ﾍﾟｰｼﾞ", "cp932"),
        ("Übersicht über Konten für Müller", "cp1252"),
        ("Kvæsthusgade på Fyn, smørrebrød", "cp1252"),
        ("Входящие сообщения", "cp1251"),
        ("Новая папка (2)", "cp1251"),
        ("受信トレイ - 株式会社", "utf-8"),
        ("Konten für Müller", "utf-8"),
    ],
)
def test_the_code_page_a_title_was_written_in(text: str, code_page: str) -> None:
    found = read_text(text.encode(code_page))
    assert (text, code_page) == (found.text, found.code_page)
    assert found.confidence > 0


def test_ascii_reads_alike_in_all() -> None:
    assert ("Inbox", "ascii", 1.0) == tuple(vars(read_text(b"Inbox")).values())
    assert "cp932" == read_text(b"Inbox", "cp932").code_page


def test_any_bytes_are_read_and_confidence_stays_in_its_bounds() -> None:
    chance = random.Random(1)
    for size in range(200):
        found = read_text(chance.randbytes(size))
        assert 0 <= found.confidence <= 1
        assert found.code_page in (*CODE_PAGES, "ascii")
