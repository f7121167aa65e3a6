# SPDX-License-Identifier: Apache-2.0
"""One Windows event, in whichever form a log gives it, as a row of the table `events`.

Names follow the event schema of Windows (MS-EVEN6, section 2.2 and the `Event` element it carries): system values keep
their element name (`EventID`, `Channel`, `Computer`), attributes are joined to it (`Provider_Name`,
`Execution_ProcessID`), event data keep the name the provider gave them without spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hikeshi.schema import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

Fields = dict[str, str]

# Attributes of system elements, with the name they get among the fields.
ATTRIBUTES = (
    ("Provider", "Name", "Provider_Name"),
    ("Provider", "Guid", "Provider_Guid"),
    ("Execution", "ProcessID", "Execution_ProcessID"),
    ("Execution", "ThreadID", "Execution_ThreadID"),
    ("Correlation", "ActivityID", "Correlation_ActivityID"),
    ("Security", "UserID", "Security_UserID"),
)
PLAIN = ("EventID", "Version", "Level", "Task", "Opcode", "Keywords", "Channel", "Computer")

# Who acted: the account an event names as its subject, Sysmon's user, the account of a logon without a subject, the
# account that wrote the event. Windows writes "-" for none.
USERS = ("SubjectUserName", "User", "TargetUserName", "Security_UserID")

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)? ?(Z|UTC|[+-]\d\d:?\d\d)?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FILETIME_EPOCH = 116_444_736_000_000_000


def microseconds(text: str) -> int | None:
    """UTC microseconds of a time as event logs write it (no offset means UTC); what is finer is cut off."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in (None, "Z", "UTC") else zone
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{zone}")
    except ValueError:
        return None
    return (moment - _EPOCH) // _MICROSECOND


def filetime(ticks: int) -> int | None:
    """UTC microseconds of a FILETIME (100 ns since 1601), or nothing beyond the year 9999."""
    since = (ticks - _FILETIME_EPOCH) // 10
    return since if since < 253_402_300_800_000_000 else None


def whole(text: str | None, bits: int) -> int | None:
    """A number written as digits, or nothing when it is none or has more bits."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 20):
        return None
    number = int(text)
    return number if number < 1 << bits else None


def spell(value: object) -> str:
    """A JSON scalar as Windows writes it in an event."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value)


def flatten(fields: Fields, children: Iterable[tuple[str, Any]]) -> None:
    """Add the leaves below an element to fields; a name met again adds a line to its value."""
    stack = [*children]
    stack.reverse()
    while stack:
        name, value = stack.pop()
        if value is None:
            continue
        if isinstance(value, dict):
            stack += reversed(_named(name, value))
            continue
        if isinstance(value, list):
            stack += [(name, part) for part in reversed(value)]
            continue
        text = value if isinstance(value, str) else spell(value)
        name = name.replace(" ", "")
        fields[name] = f"{fields[name]}\n{text}" if name in fields else text


def _named(name: str, element: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The parts of an element: its text under its own name, its attributes joined to it, its children."""
    parts: list[tuple[str, Any]] = []
    for key, value in element.items():
        if key == "#text":
            parts.append((name, value))
        elif key == "#attributes":
            if isinstance(value, dict):
                parts += [(f"{name}_{k}", v) for k, v in value.items() if not k.startswith("xmlns")]
        else:
            parts.append((_original(key, element), value))
    return parts


def _original(key: str, siblings: Mapping[str, Any]) -> str:
    """The name an element had before a converter numbered its repetitions (`Header`, `Header_1`, …)."""
    stem, _, number = key.rpartition("_")
    return stem if number.isdigit() and stem in siblings else key


def system(element: Mapping[str, Any]) -> Fields:
    """The values of a `System` element that rules and columns need."""
    fields: Fields = {}
    for name, attribute, joined in ATTRIBUTES:
        value = attributes(element.get(name)).get(attribute)
        if value is not None:
            fields[joined] = value if isinstance(value, str) else spell(value)
    for name in PLAIN:
        value = element.get(name)
        if isinstance(value, dict):
            value = value.get("#text")
        if value is not None and not isinstance(value, (dict, list)):
            fields[name] = value if isinstance(value, str) else spell(value)
    return fields


def attributes(element: object) -> Mapping[str, Any]:
    """The attributes of an element, `#attributes` apart or not."""
    if not isinstance(element, dict):
        return {}
    inner = element.get("#attributes", element)
    return inner if isinstance(inner, dict) else {}


def data(event: Mapping[str, Any]) -> Fields:
    """What an event carries beside its `System` element."""
    fields: Fields = {}
    for section, content in event.items():
        if section not in ("System", "#attributes") and isinstance(content, dict):
            flatten(fields, _named(section, content))
    return fields


class Rows:
    """Rows of the table `events`, gathered from one item."""

    def __init__(self, item: str) -> None:
        self.item = item
        self.rows: list[tuple[Any, ...]] = []
        self.hosts: dict[str, list[Any]] = {}

    def add(
        self, record: int, offset: int, time: int | None, time_text: str | None, record_id: int | None,
        system: Fields, data: Fields,
    ) -> None:
        """One event; where both name a field, the event's own data are kept under that name."""
        fields = {**system, **data}
        host = system.get("Computer")
        user = next((v for v in map(fields.get, USERS) if v and v != "-"), None)
        self.rows.append((
            self.item, record, offset, time, time_text, host, user, system.get("Channel"),
            system.get("Provider_Name"), whole(system.get("EventID"), 63), record_id, fields,
        ))
        if host:
            seen = self.hosts.setdefault(host, [time, time, 0])
            seen[2] += 1
            if time is not None:
                seen[0] = time if seen[0] is None else min(time, seen[0])
                seen[1] = time if seen[1] is None else max(time, seen[1])

    def __len__(self) -> int:
        return len(self.rows)

    def take(self) -> pa.Table:
        """The rows gathered so far as a table; gathering starts again."""
        import pyarrow as pa

        schema = arrow_schema("events")
        *plain, maps = zip(*self.rows, strict=True)
        columns = [pa.array(column, type=field.type) for column, field in zip(plain, schema, strict=False)]
        columns.append(_map_array(maps))
        self.rows = []
        return pa.Table.from_arrays(columns, schema=schema)


    def machines(self) -> list[dict[str, Any]]:
        """Rows of the table `machines`: every host name met, when first and last, how often."""
        return [
            {"item": self.item, "kind": "name", "value": host, "first": first, "last": last, "count": count}
            for host, (first, last, count) in sorted(self.hosts.items())
        ]


def _map_array(maps: Iterable[Fields]) -> pa.Array:
    import pyarrow as pa

    names: list[str] = []
    values: list[str] = []
    offsets = [0]
    for fields in maps:
        names += fields
        values += fields.values()
        offsets.append(len(names))
    return pa.MapArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.array(names, pa.string()), pa.array(values, pa.string())
    )
