# SPDX-License-Identifier: Apache-2.0
"""Names of SmokeLoader on a machine, against published vectors: a write-up's bot id and a tool's screenshots."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from hikeshi.families.smokeloader import identity, lines
from hikeshi.families.smokeloader.identity import bot_id, digits, letters, names

LINE = lines.named("2020b-2022")
# "smokeloader-analysis" (2026-03-30): computer, constant, serial, and the names on that machine.
PUBLISHED = ("WIN-PF2LPO0V4UO", 0xC7E12AF6, "1CE38C10")
BOT_ID = "25948A1110D2E646A6133895C5DDF6371CE38C10"
# ThreatLabz/smokebuster, screenshots: mutex, task and program of another machine.
SCREEN = "3F85C0FCCEF4B8D40F451A23C9FC317D40056638"


def test_the_published_bot_id_is_computed_to_the_letter() -> None:
    assert bot_id(*PUBLISHED) == BOT_ID


def test_the_published_names_follow_from_the_bot_id() -> None:
    found = names(BOT_ID, LINE)
    assert found is not None
    assert (found.program, found.store) == ("dhbtvdi", "cfjeirb")
    assert found.task == "Firefox Default Browser Agent 25948A1110D2E646"


def test_the_names_on_the_published_screenshots_follow_from_the_mutex() -> None:
    found = names(SCREEN, LINE)
    assert found is not None
    assert found.task == "Firefox Default Browser Agent 3F85C0FCCEF4B8D4"
    assert found.program == "hueaafg"
    assert (found.mutex, found.mapping) == (SCREEN, SCREEN + "FF")


def test_the_name_of_2018_is_spelled_in_the_same_letters() -> None:
    assert digits("ditereah") == "38C4A407"
    assert letters("38C4A407") == "ditereah"


@pytest.mark.parametrize(
    "computer", ["win-pf2lpo0v4uo", "WIN-PF2LPO0V4UO\0", "Win-PF2LPO0V4UO", "WIN-PF2LPO0V4U"]
)
def test_wrong_case_a_terminating_zero_and_another_name_give_other_hashes(computer: str) -> None:
    _, constant, serial = PUBLISHED
    assert bot_id(computer, constant, serial)[:32] != BOT_ID[:32]


def test_a_serial_in_small_letters_gives_another_hash() -> None:
    computer, constant, serial = PUBLISHED
    assert bot_id(computer, constant, serial.lower())[:32] != BOT_ID[:32]


@pytest.mark.parametrize("spelled", ["", "ditereak", "Ditereah", "ditere h", "9itereah", "ｄitereah"])
def test_what_is_not_in_the_alphabet_has_no_digits(spelled: str) -> None:
    assert digits(spelled) is None


def test_letters_and_digits_are_each_others_inverse() -> None:
    assert digits(letters(identity.HEX)) == identity.HEX
    assert letters(identity.HEX) == "abcdefghijrstuvw"


@pytest.mark.parametrize("line", [line for line in lines.lines() if line.name != "2020b-2022"])
def test_no_names_are_made_up_for_lines_that_nobody_documented(line: lines.Line) -> None:
    assert names(BOT_ID, line) is None


@pytest.mark.parametrize("wrong", ["", BOT_ID[:-1], BOT_ID.lower(), BOT_ID + "0"])
def test_what_is_no_bot_id_has_no_names(wrong: str) -> None:
    assert names(wrong, LINE) is None


@pytest.mark.parametrize(
    ("host", "computer"),
    [
        ("ws-07.aoba.example", "WS-07"),
        ("WIN-PF2LPO0V4UO", "WIN-PF2LPO0V4UO"),
        ("a-name-longer-than-15.example", "A-NAME-LONGER-T"),
        ("", None),
        ("端末", None),
    ],
)
def test_the_computer_name_is_the_first_label_as_windows_stores_it(host: str, computer: str | None) -> None:
    assert identity.computer_name(host) == computer


def test_what_nobody_published_says_so_in_both_languages() -> None:
    last = lines.named("2025")
    assert lines.shown("name_slice", last.name_slice, "en") == "not publicly documented"
    assert lines.shown("name_slice", last.name_slice, "ja") == "公開資料なし"
    assert "公開資料なし" in lines.table("ja")
    assert lines.undocumented() == ("2011-2013", "2014-2016", "2017", "2018", "2019-2020", "2025")


def test_every_row_of_the_table_has_the_columns_of_the_sheet_and_its_source() -> None:
    known = {field.name for field in fields(lines.Line)}
    text = Path(lines.__file__).with_name("lines.toml").read_text(encoding="utf-8")
    for row in tomllib.loads(text)["lines"]:
        assert set(row) <= known
        assert row["source"]
        assert row["sureness"]
