# SPDX-License-Identifier: Apache-2.0
"""The density strip above the timeline: how many events and findings fall into each part of the span, as rectangles."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from hikeshi.case.saved import Saved
from hikeshi.report.tally import EPOCH, Tally
from hikeshi.report.timeline import Gap

BINS = 144
WIDTH = 1440
LANE = 48
HOUR = 3_600_000_000


@dataclass(frozen=True)
class Bar:
    """A rectangle of the drawing."""

    x: str
    width: str
    y: str
    height: str


@dataclass(frozen=True)
class Strip:
    """Three lanes over one span: events of the logs, third-party hits, the packs' findings; gaps lie behind them."""

    start: datetime
    middle: datetime
    end: datetime
    events: list[Bar]
    others: list[Bar]
    own: list[Bar]
    gaps: list[Bar]
    most: tuple[int, int, int]


def strip(saved: Saved, tally: Tally, gaps: Sequence[Gap]) -> Strip | None:
    """The drawing over the span of the findings; None when no finding has a time."""
    times = [
        time
        for column in (tally.own_times, tally.other_times)
        if column
        for time in (min(column), max(column))
    ]
    if not times:
        return None
    low, high = min(times), max(times)
    margin = max((high - low) // 50, HOUR)
    low, step = low - margin, (high - low + 2 * margin) // BINS + 1
    events = _logged(saved, low, step)
    own, others = _bins(tally.own_times, low, step), _bins(tally.other_times, low, step)
    return Strip(
        start=_moment(low),
        middle=_moment(low + step * BINS // 2),
        end=_moment(low + step * BINS),
        events=_bars(events, 0),
        others=_bars(others, 1),
        own=_bars(own, 2),
        gaps=[bar for gap in gaps if (bar := _band(gap, low, step))],
        most=(max(events), max(others), max(own)),
    )


def _moment(time: int) -> datetime:
    return EPOCH + timedelta(microseconds=time)


def _bins(times: array[int], low: int, step: int) -> list[int]:
    bins = [0] * BINS
    for time in times:
        bins[(time - low) // step] += 1
    return bins


def _logged(saved: Saved, low: int, step: int) -> list[int]:
    sql = (
        "SELECT ((epoch_us(time) - $1) // $2)::BIGINT AS bin, count(*) AS events FROM events"
        " WHERE epoch_us(time) >= $1 AND epoch_us(time) < $3 GROUP BY bin ORDER BY bin"
    )
    bins = [0] * BINS
    for row in saved.rows(sql, [low, step, low + step * BINS]):
        bins[row["bin"]] = row["events"]
    return bins


def _bars(bins: Sequence[int], lane: int) -> list[Bar]:
    """Heights grow with the square root, so that one event beside ten thousand still shows."""
    most, slot = max(bins), WIDTH / BINS
    bars = []
    for place, count in enumerate(bins):
        if count:
            height = max(LANE * 0.9 * sqrt(count / most), 3)
            bars.append(_bar(place * slot + 1, slot - 2, LANE * (lane + 1) - height, height))
    return bars


def _band(gap: Gap, low: int, step: int) -> Bar | None:
    left, right = (
        min(max(((time - EPOCH) // timedelta(microseconds=1) - low) / (step * BINS), 0), 1) * WIDTH
        for time in (gap.start, gap.end)
    )
    return _bar(left, max(right - left, 2), 0, LANE * 3) if right > 0 and left < WIDTH else None


def _bar(x: float, width: float, y: float, height: float) -> Bar:
    return Bar(*(f"{value:.1f}" for value in (x, width, y, height)))
