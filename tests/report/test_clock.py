# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, date, datetime, timedelta

import pytest

from hikeshi.errors import UsageError
from hikeshi.report.clock import Clock, moment, span


def test_a_time_in_the_zone_with_utc_beside():
    at = Clock("Asia/Tokyo").at(moment("2018-01-25T15:40:00.120000Z"))
    assert ("2018-01-26 00:40:00.12", "2018-01-25 15:40:00.12", "00:40:00") == (at.local, at.utc, at.clock)
    assert (date(2018, 1, 26), "2018-01-25T15:40:00.120000Z") == (at.day, at.iso)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"])
def test_the_ends_of_the_calendar_do_not_stop_a_report(text):
    for zone in ("Asia/Tokyo", "America/New_York"):
        assert text == Clock(zone).at(moment(text)).iso


@pytest.mark.parametrize("text", [None, "", "yesterday", "2018-13-01T00:00:00Z"])
def test_what_is_no_time_is_none(text):
    assert moment(text) is None


def test_offset_of_the_zone():
    assert Clock("Asia/Tokyo").offset(datetime(2018, 1, 1, tzinfo=UTC)) == "+09:00"
    assert Clock("America/St_Johns").offset(datetime(2018, 1, 1, tzinfo=UTC)) == "-03:30"


def test_length_of_a_span():
    start = datetime(2018, 1, 1, tzinfo=UTC)
    assert span(start, start + timedelta(days=1, hours=6, minutes=40, seconds=59)) == (1, 6, 40)


@pytest.mark.parametrize("zone", ["Nowhere/Town", "../../etc/passwd", ""])
def test_a_wrong_zone_is_refused(zone):
    with pytest.raises(UsageError, match="time zone"):
        Clock(zone)
