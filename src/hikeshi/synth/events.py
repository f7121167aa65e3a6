# SPDX-License-Identifier: Apache-2.0
"""Windows events as JSON lines, in the two forms collectors leave behind.

`flat` is the form of the OTRF Security-Datasets, as NXLog and Logstash write it: event data beside the
header, times as `UtcTime` (Sysmon) and `@timestamp`, and `EventTime` as local text. `winlogbeat` is the form
of the Elastic agent: event data below `winlog.event_data` (elastic.co, "Winlogbeat: exported fields").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hikeshi.pack import LogRecord

JST = timezone(timedelta(hours=9))


@dataclass(frozen=True)
class Numbered:
    """An event with the number its log gave it."""

    record_id: int
    event: LogRecord


def numbered(events: Iterable[LogRecord], first: int = 1000) -> list[Numbered]:
    """Events in order of time, numbered one after the other in each log of each machine."""
    last: dict[tuple[str, str], int] = {}
    found = []
    for event in sorted(events, key=lambda e: (e.time, e.host, e.channel)):
        log = (event.host, event.channel)
        last[log] = last.get(log, first - 1) + 1
        found.append(Numbered(last[log], event))
    return found


def without(events: Iterable[Numbered], channel: str, start: int, end: int) -> Iterator[Numbered]:
    """The events but for those of one log in a span of time; the missing numbers are not reused."""
    for one in events:
        if one.event.channel != channel or not start <= one.event.time < end:
            yield one


def flat(events: Iterable[Numbered]) -> bytes:
    """JSON lines with the event data beside the header."""
    return _lines(_flat(one) for one in events)


def winlogbeat(events: Iterable[Numbered]) -> bytes:
    """JSON lines with the event data below winlog.event_data."""
    return _lines(_winlogbeat(one) for one in events)


def _flat(one: Numbered) -> dict[str, Any]:
    event = one.event
    moment = _moment(event.time)
    sysmon = event.channel.startswith("Microsoft-Windows-Sysmon")
    return {
        **({"UtcTime": _milliseconds(moment, " ")} if sysmon else {}),
        **event.fields,
        "@timestamp": _milliseconds(moment, "T") + "Z",
        "EventTime": f"{moment.astimezone(JST):%Y-%m-%d %H:%M:%S}",
        "Hostname": event.host,
        "Channel": event.channel,
        "SourceName": event.provider,
        "EventID": event.event_id,
        "RecordNumber": one.record_id,
        "SourceModuleType": "im_msvistalog",
    }


def _winlogbeat(one: Numbered) -> dict[str, Any]:
    event = one.event
    return {
        "@timestamp": _milliseconds(_moment(event.time), "T") + "Z",
        "host": {"name": event.host},
        "event": {"code": str(event.event_id), "kind": "event", "provider": event.provider},
        "winlog": {
            "api": "wineventlog",
            "channel": event.channel,
            "computer_name": event.host,
            "event_data": dict(event.fields),
            "event_id": str(event.event_id),
            "provider_name": event.provider,
            "record_id": one.record_id,
        },
    }


def _lines(values: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values)


def _moment(time: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)


def _milliseconds(moment: datetime, between: str) -> str:
    return moment.strftime(f"%Y-%m-%d{between}%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
