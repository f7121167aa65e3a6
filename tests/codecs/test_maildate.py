# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikeshi.codecs.maildate import mail_time


def utc(*fields: int) -> int:
    return int(datetime(*fields, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fri, 26 Jan 2018 02:57:12 +0900", utc(2018, 1, 25, 17, 57, 12)),
        ("Fri, 26 Jan 2018 02:57:12 +0900 (JST)", utc(2018, 1, 25, 17, 57, 12)),
        ("26 Jan 2018 02:57 +0900", utc(2018, 1, 25, 17, 57)),
        ("Fri,26 Jan 2018 02:57:12 GMT", utc(2018, 1, 26, 2, 57, 12)),
        ("Fri, 26 Jan 2018 02:57:12 -0000", utc(2018, 1, 26, 2, 57, 12)),
        ("Fri, 26 Jan 2018 02:57:12 JST", utc(2018, 1, 25, 17, 57, 12)),
        ("Fri, 26 Jan 18 02:57:12 EST", utc(2018, 1, 26, 7, 57, 12)),  # RFC 5322 section 4.3
        ("21 Nov 97 09:55:06 -0600", utc(1997, 11, 21, 15, 55, 6)),  # RFC 5322 appendix A.6.2
        ("Thu,\r\n 13\r\n Feb\r\n 1969\r\n 23:32\r\n -0330", None),  # appendix A.5: before 1980
        ("Fri, 26 January 2018 02:57:12 +09:00", utc(2018, 1, 25, 17, 57, 12)),
        ("Sat, 31 Dec 2016 23:59:60 +0000", utc(2017, 1, 1)),  # the leap second
        ("Fri, 26 Jan 2018 02:57:12", None),  # no zone: no moment
        ("Fri, 26 Jan 2018 02:57:12 XYZ", None),
        ("Thu, 1 Jan 1970 00:00:00 +0000", None),
        ("Fri, 26 Jan 2180 02:57:12 +0000", None),
        ("Fri, 30 Feb 2018 02:57:12 +0000", None),
        ("Fri, 26 Jan 2018 25:57:12 +0000", None),
        ("Fri, 26 Jan 2018 02:57:12 +9900", None),
        ("Fri, 26 Foo 2018 02:57:12 +0000", None),
        ("2018-01-26", None),
        ("", None),
    ],
)
def test_dates(text: str, expected: int | None) -> None:
    assert expected == mail_time(text)


@given(st.datetimes(datetime(1980, 1, 2), datetime(2099, 12, 30), timezones=st.timezones()))
def test_what_the_standard_library_writes_is_read_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    offset = moment.utcoffset()
    if offset is not None and offset.seconds % 60 == 0:
        assert int(moment.timestamp()) * 1_000_000 == mail_time(format_datetime(moment))


@given(st.text(max_size=80))
def test_no_text_is_an_error(text: str) -> None:
    assert isinstance(mail_time(text), int | None)
