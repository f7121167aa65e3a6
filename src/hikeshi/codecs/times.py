# SPDX-License-Identifier: Apache-2.0
"""Times as text: ISO 8601 in UTC with microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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
