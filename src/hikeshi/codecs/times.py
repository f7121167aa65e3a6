# SPDX-License-Identifier: Apache-2.0
"""Times as text: ISO 8601 in UTC with microseconds. Times of Windows: FILETIME."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(microseconds: int | None) -> str | None:
    """``2018-01-26T03:04:05.000006Z`` of microseconds since 1970; None when out of the years 1 to 9999."""
    if microseconds is None:
        return None
    try:
        moment = EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None
    return (
        moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if moment.year >= 1000
        else moment.isoformat().replace("+00:00", "Z")
    )


def filetime(ticks: int) -> int | None:
    """Microseconds since 1970 of a FILETIME (100 ns since 1601); None when out of the years 1601 to 9999."""
    moment = ticks // 10 - 11_644_473_600_000_000
    return moment if ticks >= 0 and moment < 253_402_300_800_000_000 else None


def moment(text: str, zone: str, last: bool = False) -> int:
    """Microseconds since 1970 of an ISO 8601 date or time, in `zone` unless it names its own; ValueError otherwise.

    A date is its first moment, or its last.
    """
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            read = datetime.fromisoformat(text) + timedelta(days=1 if last else 0)
            whole = (read.replace(tzinfo=ZoneInfo(zone)) - EPOCH) // timedelta(microseconds=1)
            return whole - 1 if last else whole
        read = datetime.fromisoformat(text)
        read = read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))
        return (read - EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"{text!r} is no time; write 2018-01-26, 2018-01-26T09:30 or 2018-01-26T00:30:00Z"
        ) from error


def zoned(text: str) -> int | None:
    """Microseconds since 1970 of an ISO 8601 time that names its own zone; None for any other text."""
    try:
        read = datetime.fromisoformat(text.strip()[:40])
        return (read - EPOCH) // timedelta(microseconds=1) if read.tzinfo else None
    except (ValueError, OverflowError):
        return None
