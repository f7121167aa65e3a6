# SPDX-License-Identifier: Apache-2.0
"""Dates of mail headers to UTC microseconds (RFC 5322 section 3.3 and 4.3).

A date without a zone, outside 1980 to 2099, or that no calendar has, is no time: null, the text is kept
elsewhere.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONES = {
    "ut": 0,
    "utc": 0,
    "gmt": 0,
    "z": 0,
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
}
_ZONES |= {"pst": -8, "pdt": -7, "jst": 9}
_DATE = re.compile(
    r"(?:[a-z]{3,9}\.?,?\s{0,9})?(\d{1,2})[\s-]{1,9}([a-z]{3})[a-z]{0,6}\.?,?[\s-]{1,9}(\d{4}|\d{2})\s{1,9}"
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\.\d{1,9})?\s{0,9}(?:([+-])(\d{2}):?(\d{2})|([a-z]{1,4}))",
    re.IGNORECASE | re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def mail_time(text: str) -> int | None:
    """UTC microseconds of the first date in the text, or null."""
    match = _DATE.search(text[:200])
    if match is None:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes, zone = match.groups()
    offset = _offset(sign, hours, minutes, zone)
    if offset is None or month.lower() not in _MONTHS:
        return None
    full = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 50 else 1900)
    try:
        local = datetime(full, _MONTHS.index(month.lower()) + 1, int(day), int(hour), int(minute), tzinfo=UTC)
        time = local + timedelta(seconds=int(second or 0)) - offset
    except (ValueError, OverflowError):
        return None
    if int(second or 0) > 60 or not 1980 <= time.year < 2100:
        return None
    return (time - _EPOCH) // timedelta(microseconds=1)


def _offset(sign: str | None, hours: str | None, minutes: str | None, zone: str | None) -> timedelta | None:
    if zone is not None:
        return timedelta(hours=_ZONES[zone.lower()]) if zone.lower() in _ZONES else None
    if int(hours or 0) > 14 or int(minutes or 0) > 59:
        return None
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return -offset if sign == "-" else offset
