# SPDX-License-Identifier: Apache-2.0
"""The two JSON forms of Windows events."""

from __future__ import annotations

import json

from hikeshi.pack import LogRecord
from hikeshi.synth import events

TIME = 1_710_204_060_697_000  # 2024-03-12 00:41:00.697 UTC
CHANNEL = "Microsoft-Windows-Sysmon/Operational"
SYSMON = LogRecord(TIME, "ws.example", CHANNEL, "Microsoft-Windows-Sysmon", 1, {"Image": "a"})
AUDIT = LogRecord(TIME - 1000, "ws.example", "Security", "Example", 4688, {"資料": "b", "Channel": "inner"})


def test_numbers_run_in_order_of_time_in_each_log() -> None:
    found = events.numbered([SYSMON, AUDIT, SYSMON])
    assert [(one.record_id, one.event.event_id) for one in found] == [(1000, 4688), (1000, 1), (1001, 1)]


def test_what_is_taken_out_leaves_its_number_unused() -> None:
    found = list(events.without(events.numbered([SYSMON, AUDIT]), "Security", 0, TIME))
    assert [one.event for one in found] == [SYSMON]


def test_flat_form() -> None:
    audit, sysmon = (json.loads(line) for line in events.flat(events.numbered([SYSMON, AUDIT])).splitlines())
    assert sysmon["UtcTime"] == "2024-03-12 00:41:00.697"
    assert sysmon["@timestamp"] == "2024-03-12T00:41:00.697Z"
    assert sysmon["EventTime"] == "2024-03-12 09:41:00"
    assert (sysmon["Image"], sysmon["EventID"], sysmon["RecordNumber"]) == ("a", 1, 1000)
    assert "UtcTime" not in audit
    assert (audit["Channel"], audit["資料"]) == ("Security", "b")


def test_winlogbeat_form() -> None:
    audit, _ = (json.loads(line) for line in events.winlogbeat(events.numbered([SYSMON, AUDIT])).splitlines())
    assert audit["@timestamp"] == "2024-03-12T00:41:00.696Z"
    assert audit["winlog"]["event_data"] == {"資料": "b", "Channel": "inner"}
    assert audit["winlog"]["channel"] == "Security"
    assert audit["winlog"]["event_id"] == "4688"
