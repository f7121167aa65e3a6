# SPDX-License-Identifier: Apache-2.0
"""Binary values of tasks: values that Windows wrote, published with winreg-tasks (G DATA, MIT), and what they mean."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta

import pytest

from hikeshi.codecs.task_cache import actions, security_id, times, triggers
from hikeshi.codecs.task_xml import Action
from hikeshi.codecs.times import iso

COM_HANDLER = bytes.fromhex(
    "03000a00000055007300650072007300777714000000" + "comhandler".encode("utf-16-le").hex()
    + "b9d1bc610c34ec409d41d7f1c0632f0524000000" + "MissingCredentials".encode("utf-16-le").hex()
)  # fmt: skip
DYNAMIC = bytes.fromhex(
    "03000000e9792df1311cd801b44a8b8d3e1cd801000000000200078 0e470d567341cd801".replace(" ", "")
)
HEADER = bytes.fromhex(
    "1700000000000000010704000000080080 5f6907764bd8010007040000000800ffffffffffffffff"
    "3821414348484848 7f746ec648484848 0e00000048484848".replace(" ", "")
    + "Author\0".encode("utf-16-le").hex() + "48480000000048484848"
    "0048484848484848004848484848484801000000484848481c00000048484848"
    "010500000000000515000000c96b75c2edfb838de8be10fee803000048484848"
    "1a00000048484848" + "CASE-PC\\case".encode("utf-16-le").hex() + "0000484848484848"
    "2c0000004848484800000000ffffffff80f40300ffffffff07000000" + "00" * 24 + "48484848"
)  # fmt: skip
ONCE = bytes.fromhex(
    "dddd0000000000000107040000000800805f6907764bd801" + "00" * 32 + "0000000000000000ffffffff00000000"
    "0000000000000000000104150100000000000000d9280000"  "0000000048484848"
)  # fmt: skip
EVERY_THIRD_DAY = bytes.fromhex(
    "dddd000000000000010704000000080000233309764bd801" + "00" * 32 + "100e0000c0a8000080f4030001000000"
    "0300000000000000010104150100000000000000d9280000"  "0000000048484848"
)  # fmt: skip
PADDING = 4


def test_a_com_handler() -> None:
    wanted = Action("ComHandler", "{61BCD1B9-340C-40EC-9D41-D7F1C0632F05}", "MissingCredentials")
    assert ([wanted], True) == actions(COM_HANDLER)


def moment(ticks: int) -> str:
    """A FILETIME as UTC text to the second."""
    return (datetime(1601, 1, 1) + timedelta(seconds=ticks // 10_000_000)).isoformat()


def test_when_a_task_was_made_and_ran() -> None:
    """The ticks are those that the publisher's own test states."""
    wanted = [moment(0x01D81C31F12D79E9), moment(0x01D81C3E8D8B4AB4)]
    assert wanted == [(iso(time) or "")[:19] for time in times(DYNAMIC)]


def test_the_triggers_of_a_value() -> None:
    lines, said, whole = triggers(HEADER + ONCE + EVERY_THIRD_DAY)
    assert whole
    assert [
        f"TimeTrigger {moment(0x01D84B7607695F80)}",
        f"CalendarTrigger {moment(0x01D84B7609332300)} repeat PT1H for PT12H every-days 3",
    ] == lines
    assert ("CASE-PC\\case", "true", "false") == (said["user"], said["enabled"], said["hidden"])


def test_what_is_cut_or_unknown_is_said_to_be() -> None:
    value = HEADER + ONCE + EVERY_THIRD_DAY
    for length in range(len(value)):
        lines, _, whole = triggers(value[:length])
        assert whole == any(
            end - PADDING <= length <= end for end in (len(HEADER), len(HEADER + ONCE), len(value))
        )
        assert len(lines) == sum(length >= end - PADDING for end in (len(HEADER + ONCE), len(value)))
    for length in range(len(COM_HANDLER)):
        assert actions(COM_HANDLER[:length]) == ([], length == 16)
    assert ([], False) == actions(b"\3\0\0\0\0\0\x55\x55\0\0\0\0")
    assert ([], {}, False) == triggers(b"\xff" * 40)[:2] + (False,)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (bytes.fromhex("010100000000000512000000"), "S-1-5-18"),
        (b"\1\5" + bytes(6), ""),
        (b"", ""),
        (bytes(12), ""),
    ],
)
def test_security_ids(data: bytes, wanted: str) -> None:
    assert wanted == security_id(data)


def test_version_1_has_no_context() -> None:
    raw = "cmd.exe".encode("utf-16-le")
    value = b"\1\0\x66\x66" + bytes(4) + struct.pack("<I", len(raw)) + raw + bytes(8)
    assert ([Action("Exec", "cmd.exe")], True) == actions(value)
