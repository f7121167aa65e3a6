# SPDX-License-Identifier: Apache-2.0
"""Shortcuts: what LnkParse3 reads of the same bytes, and damage."""

from __future__ import annotations

import io
import warnings
from datetime import UTC, datetime
from typing import Any

import pytest

from hikeshi.codecs import shell_link
from hikeshi.readers import pick, shortcut
from hikeshi.synth import shortcut as synth
from readers.evidence import members
from readers.reading import run

WHEN = int(datetime(2018, 1, 26, 0, 2, 13, tzinfo=UTC).timestamp()) * 1_000_000


def test_what_synth_writes() -> None:
    content = synth.shortcut(
        r"C:\Users\太郎\a.exe",
        arguments="/b",
        working_folder=r"C:\Users",
        label="OS",
        machine="pc-taro",
        times=(WHEN, 0, WHEN),
    )
    outcome = run(shortcut, content)
    (row,) = outcome.rows["shortcuts"]
    assert (r"C:\Users\太郎\a.exe", "/b", r"C:\Users") == (
        row["target"],
        row["arguments"],
        row["working_folder"],
    )
    assert ("A4F05C1E", "OS", "pc-taro") == (row["volume_serial"], row["volume_label"], row["machine"])
    assert ("2018-01-26T00:02:13+00:00", None) == (row["created"].isoformat(), row["accessed"])
    assert [("volume-serial", "A4F05C1E"), ("tracker-name", "pc-taro")] == [
        (mark["kind"], mark["value"]) for mark in outcome.rows["machines"]
    ]


@pytest.mark.parametrize("drive_type", [0, 2, 4, 5, 6])
def test_the_serial_of_a_drive_that_moves_is_no_mark_of_a_machine(drive_type: int) -> None:
    outcome = run(shortcut, synth.shortcut(r"E:\a.exe", drive_type=drive_type))
    assert "A4F05C1E" == outcome.rows["shortcuts"][0]["volume_serial"]
    assert "machines" not in outcome.rows


def theirs(content: bytes) -> Any:
    library = pytest.importorskip("LnkParse3", reason="LnkParse3 is not installed")
    with warnings.catch_warnings(action="ignore"):
        return library.lnk_file(io.BytesIO(content)).get_json()


def test_lnkparse3_reads_the_same_from_real_and_written_shortcuts() -> None:
    real = [content for _, content in members("triage/plaso-test-data.tar.xz", ".lnk")]
    assert len(real) >= 3
    ours = synth.shortcut(
        r"C:\a.exe", arguments="/b", label="OS", machine="pc-taro", times=(WHEN, WHEN, WHEN)
    )
    for content in (*real, ours):
        assert pick(content, "") is shortcut
        row, other = run(shortcut, content).rows["shortcuts"][0], theirs(content)
        place = other["link_info"].get("location_info") or {}
        if "drive_serial_number" in place:
            assert f"{int(str(place['drive_serial_number']), 16):08X}" == row["volume_serial"]
        assert other["link_info"].get("local_base_path", "").replace("?", "\ufffd") in (row["target"] or "")
        assert other["data"].get("command_line_arguments") == row["arguments"]
        tracker = other["extra"].get("DISTRIBUTED_LINK_TRACKER_BLOCK") or {}
        assert (tracker.get("machine_identifier") or None) == row["machine"]


def test_every_cut_is_survived_and_named() -> None:
    content = synth.shortcut(r"C:\Users\taro\a.exe", arguments="/b", label="OS", machine="pc-taro")
    for length in range(76, len(content) - 4):
        link = shell_link.parse(content[:length])
        assert link
        assert link.damage or length == len(content) - 0x64
    assert shell_link.parse(content[:75]) is None
