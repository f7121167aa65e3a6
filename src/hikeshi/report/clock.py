# SPDX-License-Identifier: Apache-2.0
"""Times of a case in its own zone with UTC beside them; no clock and no locale is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hikeshi.errors import UsageError


@dataclass(frozen=True)
class Stamp:
    """One moment: `local` and `utc` to the second, `clock` the local time of day, `iso` with microseconds."""

    local: str
    utc: str
    clock: str
    iso: str
    day: date


class Clock:
    """The zone of a case; UsageError when there is no such zone."""

    def __init__(self, zone: str) -> None:
        try:
            self._zone = ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise UsageError(f"{zone!r} is no time zone; give --tz a name such as Asia/Tokyo.") from error
        self.name = zone

    def at(self, moment: datetime | None) -> Stamp | None:
        """A moment as the report prints it; None stays None."""
        if moment is None:
            return None
        utc = moment.astimezone(UTC)
        try:
            local = utc.astimezone(self._zone)
        except OverflowError:
            local = utc
        fraction = _fraction(utc)
        return Stamp(
            local=_seconds(local) + fraction,
            utc=_seconds(utc) + fraction,
            clock=_seconds(local)[11:],
            iso=utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z",
            day=local.date(),
        )

    def day(self, moment: datetime) -> date:
        """The day of a moment in the zone."""
        try:
            return moment.astimezone(self._zone).date()
        except OverflowError:
            return moment.date()

    def offset(self, moment: datetime) -> str:
        """Distance of the zone from UTC at a moment: ``+09:00``."""
        distance = moment.astimezone(self._zone).utcoffset() or timedelta()
        minutes = int(distance.total_seconds()) // 60
        return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _seconds(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def _fraction(moment: datetime) -> str:
    return f".{moment.microsecond:06}".rstrip("0") if moment.microsecond else ""


def moment(text: str | None) -> datetime | None:
    """The moment a saved time stands for; None when it is none."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def span(start: datetime, end: datetime) -> tuple[int, int, int]:
    """Days, hours and minutes between two moments."""
    minutes = int((end - start).total_seconds()) // 60
    return minutes // 1440, minutes // 60 % 24, minutes % 60
