# SPDX-License-Identifier: Apache-2.0
"""Local clocks in the zones that machines name."""

from __future__ import annotations

from datetime import datetime

import pytest

from hikeshi.codecs.zones import in_utc

NOON = datetime(2024, 7, 1, 12, 0)
UTC_NOON = 1_719_835_200_000_000
HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("UTC", 0), ("Asia/Tokyo", 9), ("Tokyo Standard Time", 9), ("+09:00", 9), ("UTC+9", 9), ("GMT-0330", -3.5),
        ("Europe/Berlin", 2), ("W. Europe Standard Time", 2), ("Pacific Standard Time", -7),
        ("+01:00 W. Europe Standard Time", 2), ("+09:00 Tokyo Standard Time", 9), ("-03:30 Nowhere Time", -3.5),
    ],
)  # fmt: skip
def test_noon(zone: str, hours: float) -> None:
    assert UTC_NOON - hours * HOUR == in_utc(NOON, zone)


@pytest.mark.parametrize(
    "zone",
    [
        "",
        "Nowhere/Land",
        "../../etc/passwd",
        "/etc/localtime",
        "+99:00",
        "JST?",
        "a\0b",
        "+09:00x",
        "Nowhere +09:00",
    ],
)
def test_a_zone_that_is_not_known(zone: str) -> None:
    assert in_utc(NOON, zone) is None


def test_a_clock_shown_twice_is_the_first_of_the_two() -> None:
    """Berlin's clocks went from 03:00 back to 02:00 at 01:00 UTC on 27 October 2024."""
    assert in_utc(datetime(2024, 10, 27, 2, 30), "Europe/Berlin") == 1_729_989_000_000_000
