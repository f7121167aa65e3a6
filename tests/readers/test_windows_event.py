# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikeshi.readers import windows_event


def micros(*moment: int) -> int:
    return (datetime(*moment, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-07-10T10:20:34.910334Z", micros(2020, 7, 10, 10, 20, 34, 910334)),
        ("2020-07-10 10:20:34.877", micros(2020, 7, 10, 10, 20, 34, 877000)),
        ("2020-07-10T10:20:34.9999999Z", micros(2020, 7, 10, 10, 20, 34, 999999)),
        ("2020-07-10T10:20:34.123456789+09:00", micros(2020, 7, 10, 1, 20, 34, 123456)),
        ("2020-07-10T10:20:34-0330", micros(2020, 7, 10, 13, 50, 34)),
        ("2018-01-26 00:02:13,5 +09:00", micros(2018, 1, 25, 15, 2, 13, 500000)),
        ("2019-03-18T22:15:49.5674355Z UTC", micros(2019, 3, 18, 22, 15, 49, 567435)),
        ("0001-01-01T00:00:00Z", micros(1, 1, 1)),
        ("1594376434", micros(2020, 7, 10, 10, 20, 34)),
        ("1594376434.9103341", micros(2020, 7, 10, 10, 20, 34, 910334)),
        ("1594376434910", micros(2020, 7, 10, 10, 20, 34, 910000)),
        ("132388500349103349", micros(2020, 7, 10, 10, 20, 34, 910334)),
        ("9223372036854775807", None),
        ("12345-01-01T00:00:00Z", None),
        ("2020-02-30T00:00:00Z", None),
        ("2020-07-10T25:20:34Z", None),
        ("2020-07-10T10:20:34+99:99", None),
        ("2020-07-10", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_as_logs_write_them(text: str, expected: int | None) -> None:
    assert expected == windows_event.moment(text)


@given(st.text())
def test_no_text_is_more_than_no_time(text: str) -> None:
    time = windows_event.moment(text)
    assert time is None or -(2**63) <= time < 2**63


def test_the_first_readable_time_counts_and_else_the_first_text_stays() -> None:
    assert (micros(2020, 1, 1), "2020-01-01T00:00:00Z") == windows_event.when(
        [None, "", "-", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"]
    )
    assert (None, "-") == windows_event.when([None, "-", "later"])
    assert (None, None) == windows_event.when([None, {}, []])


def leaves(element: dict[str, Any]) -> dict[str, str]:
    fields: dict[str, str] = {}
    windows_event.leaves(fields, "EventData", element)
    return fields


def test_names_lose_their_spaces_and_values_stay_as_logged() -> None:
    assert {"ThreatName": "Example", "Initiated": "false", "Port": "443", "RuleName": ""} == leaves(
        {"Threat Name": "Example", "Initiated": False, "Port": 443, "RuleName": "", "Binary": None}
    )


def test_data_without_a_name_is_joined_by_line_feeds() -> None:
    assert {"Data": "first\nsecond"} == leaves({"Data": {"#text": ["first", "second"]}})
    assert {"Data": "only"} == leaves({"Data": {"#text": "only"}})


def test_leaves_of_user_data_come_up_and_repetitions_get_their_name_back() -> None:
    element = {
        "RmRestartEvent": {
            "#attributes": {"xmlns": "http://www.example.com/", "level": 2},
            "Applications": {"Application": "a", "Application_1": "b", "Application_2": "c"},
            "Index_1": "7",
        }
    }
    expected = {"RmRestartEvent_level": "2", "Application": "a\nb\nc", "Index_1": "7"}
    assert expected == leaves(element)


def test_depth_is_no_limit() -> None:
    element: dict[str, Any] = {"Deep": "x"}
    for _ in range(50_000):
        element = {"Inner": element}
    assert {"Deep": "x"} == leaves(element)


def test_system_values_in_the_forms_of_evtx_dump_and_velociraptor() -> None:
    expected = {"Provider_Name": "P", "EventID": "4624", "Channel": "Security"}
    one = {
        "Provider": {"#attributes": {"Name": "P"}},
        "EventID": {"#attributes": {"Qualifiers": 0}, "#text": 4624},
    }
    two = {"Provider": {"Name": "P"}, "EventID": {"Value": 4624}, "Correlation": None, "Security": {}}
    assert expected == windows_event.system(one | {"Channel": "Security"})
    assert expected == windows_event.system(two | {"Channel": "Security"})


@pytest.mark.parametrize(
    ("data", "user"),
    [
        ({"SubjectUserName": "alice", "TargetUserName": "bob"}, "alice"),
        ({"SubjectUserName": "-", "TargetUserName": "bob"}, "bob"),
        ({"User": "CORP\\carol", "TargetUserName": "bob"}, "CORP\\carol"),
        ({}, "S-1-5-18"),
    ],
)
def test_who_acted(data: dict[str, str], user: str) -> None:
    rows = windows_event.Rows("0" * 64)
    rows.add(0, 0, None, None, None, {"Security_UserID": "S-1-5-18"}, data)
    assert [user] == rows.take()["user"].to_pylist()


def test_the_events_own_data_keep_a_name_they_share_with_a_system_value() -> None:
    rows = windows_event.Rows("0" * 64)
    rows.add(0, 0, None, None, None, {"Channel": "System", "EventID": "104"}, {"Channel": "Security"})
    (row,) = rows.take().to_pylist()
    assert ("System", "Security") == (row["channel"], dict(row["fields"])["Channel"])


@pytest.mark.parametrize("given_id", ["-1", "1" * 30, "9223372036854775808", "0x10", "٤", "4624.0"])
def test_numbers_that_do_not_fit_are_no_event_id(given_id: str) -> None:
    rows = windows_event.Rows("0" * 64)
    rows.add(0, 0, None, None, None, {"EventID": given_id}, {})
    assert [None] == rows.take()["event_id"].to_pylist()


def test_host_names_with_their_first_and_last_time() -> None:
    rows = windows_event.Rows("i")
    for time, host in ((5, "b"), (3, "a"), (None, "b"), (9, "b"), (None, "c")):
        rows.add(0, 0, time, None, None, {"Computer": host}, {})
    assert [("a", 3, 3, 1), ("b", 5, 9, 3), ("c", None, None, 1)] == [
        (row["value"], row["first"], row["last"], row["count"]) for row in rows.machines()
    ]
