# SPDX-License-Identifier: Apache-2.0
"""Local clocks as UTC, in a zone as machines name theirs: IANA's name, Windows' key name, an offset, or "+09:00 name".

Windows' names and the IANA zone of each: Unicode CLDR, windowsZones.xml (territory 001); the common ones of it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from hikeshi.codecs.times import EPOCH

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?")
_WINDOWS = {
    "AUS Eastern Standard Time": "Australia/Sydney",
    "Arabian Standard Time": "Asia/Dubai",
    "Arab Standard Time": "Asia/Riyadh",
    "Central Europe Standard Time": "Europe/Budapest",
    "Central European Standard Time": "Europe/Warsaw",
    "Central Standard Time": "America/Chicago",
    "China Standard Time": "Asia/Shanghai",
    "E. Europe Standard Time": "Europe/Chisinau",
    "E. South America Standard Time": "America/Sao_Paulo",
    "Eastern Standard Time": "America/New_York",
    "FLE Standard Time": "Europe/Kiev",
    "GMT Standard Time": "Europe/London",
    "GTB Standard Time": "Europe/Bucharest",
    "Greenwich Standard Time": "Atlantic/Reykjavik",
    "Hawaiian Standard Time": "Pacific/Honolulu",
    "India Standard Time": "Asia/Calcutta",
    "Israel Standard Time": "Asia/Jerusalem",
    "Korea Standard Time": "Asia/Seoul",
    "Mountain Standard Time": "America/Denver",
    "New Zealand Standard Time": "Pacific/Auckland",
    "Pacific Standard Time": "America/Los_Angeles",
    "Romance Standard Time": "Europe/Paris",
    "Russian Standard Time": "Europe/Moscow",
    "SE Asia Standard Time": "Asia/Bangkok",
    "Singapore Standard Time": "Asia/Singapore",
    "South Africa Standard Time": "Africa/Johannesburg",
    "Taipei Standard Time": "Asia/Taipei",
    "Tokyo Standard Time": "Asia/Tokyo",
    "Turkey Standard Time": "Europe/Istanbul",
    "UTC": "UTC",
    "W. Europe Standard Time": "Europe/Berlin",
    "West Asia Standard Time": "Asia/Tashkent",
}


def in_utc(clock: datetime, zone: str) -> int | None:
    """Microseconds since 1970 of a local clock in a zone; None for a zone not known here.

    A clock that the zone showed twice is the first of the two. An offset before a name counts where that is not known.
    """
    offset, _, name = zone.partition(" ")
    found = (_zone(name) if _OFFSET.fullmatch(offset) and name else None) or _zone(zone) or _zone(offset)
    return None if found is None else (clock.replace(tzinfo=found) - EPOCH) // timedelta(microseconds=1)


def _zone(name: str) -> tzinfo | None:
    if met := _OFFSET.fullmatch(name):
        span = timedelta(hours=int(met[2]), minutes=int(met[3] or 0))
        return timezone(-span if met[1] == "-" else span) if span < timedelta(hours=24) else None
    try:
        return ZoneInfo(_WINDOWS.get(name, name))
    except (ValueError, OSError, KeyError):
        return None
