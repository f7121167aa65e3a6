# SPDX-License-Identifier: Apache-2.0
"""One Windows event, in whichever form a log gives it, as a row of the table `events`.

Names follow the event schema of Windows (MS-EVEN6): system values keep their element name (`EventID`,
`Channel`, `Computer`), attributes are joined to it (`Provider_Name`, `Execution_ProcessID`), event data keep
the name the provider gave them, without spaces; a leaf met twice has one line for each value. Where the
event's own data and its system values share a name, `fields` holds the event's own; the columns of the
table (`channel`, `provider`, …) always come from the system values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hikeshi.schema import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

Fields = dict[str, str]

# System values that rules and columns need: elements (the text of some is an attribute in some forms), and
# attributes with the name they get among the fields.
ELEMENTS = frozenset(("EventID", "Version", "Level", "Task", "Opcode", "Keywords", "Channel", "Computer"))
ATTRIBUTES = {
    "Provider": {"Name": "Provider_Name", "Guid": "Provider_Guid"},
    "Execution": {"ProcessID": "Execution_ProcessID", "ThreadID": "Execution_ThreadID"},
    "Correlation": {"ActivityID": "Correlation_ActivityID"},
    "Security": {"UserID": "Security_UserID"},
}

# Who acted: the account an event names as its subject, Sysmon's user, the account of a logon without a
# subject, the account that wrote the event. Windows writes "-" for none.
USERS = ("SubjectUserName", "User", "TargetUserName", "Security_UserID", "UserID")

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,6})\d*)?(?: ?(?:Z|UTC|Z UTC|([+-]\d\d):?(\d\d)))?",
    re.ASCII,
)
_NUMBER = re.compile(r"(\d{1,19})(?:\.(\d{1,6})\d*)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FILETIME_EPOCH = 116_444_736_000_000_000
_YEAR_10000 = 253_402_300_800_000_000


def microseconds(text: str) -> int | None:
    """UTC microseconds of a time as event logs write it (no offset means UTC); what is finer is cut off."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    day, clock, fraction, hours, minutes = match.groups()
    zone = f"{hours or '+00'}:{minutes or '00'}"
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}.{fraction or '':0<6}{zone}")
    except ValueError:
        return None
    return (moment - _EPOCH) // _MICROSECOND


def when(times: Iterable[Any]) -> tuple[int | None, str | None]:
    """The first time that can be read, with its text; else none, with the first text."""
    first = None
    for given in times:
        if given is None or isinstance(given, (dict, list)):
            continue
        text = spell(given)
        time = moment(text)
        if time is not None:
            return time, text
        first = first or text
    return None, first


def moment(text: str) -> int | None:
    """UTC microseconds of a time: text, or a number (seconds or milliseconds since 1970, FILETIME)."""
    number = _NUMBER.fullmatch(text)
    if number is None:
        return microseconds(text)
    count, fraction = int(number[1]), number[2] or ""
    if count < 100_000_000_000:
        return count * 1_000_000 + int(f"{fraction:0<6}")
    if count < 100_000_000_000_000:
        return count * 1000
    return filetime(count)


def filetime(ticks: int) -> int | None:
    """UTC microseconds of a FILETIME (100 ns since 1601), or nothing beyond the year 9999."""
    since = (ticks - _FILETIME_EPOCH) // 10
    return since if since < _YEAR_10000 else None


def whole(value: object, bits: int) -> int | None:
    """A number, perhaps written as digits; nothing when it is none or does not fit so many bits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        value = int(value)
    return value if type(value) is int and 0 <= value < 1 << bits else None


def spell(value: object) -> str:
    """A JSON scalar as Windows writes it in an event."""
    if value is True or value is False:
        return "true" if value else "false"
    return str(value)


def system(element: Mapping[str, Any]) -> Fields:
    """The values of a `System` element that rules and columns need."""
    fields: Fields = {}
    for name, value in element.items():
        if isinstance(value, dict):
            if name in ATTRIBUTES:
                wanted = ATTRIBUTES[name]
                for attribute, part in attributes(value).items():
                    if attribute in wanted and part is not None:
                        fields[wanted[attribute]] = part if part.__class__ is str else spell(part)
                continue
            value = value.get("#text", value.get("Value"))
        if name in ELEMENTS and value is not None and not isinstance(value, (dict, list)):
            fields[name] = value if value.__class__ is str else spell(value)
    return fields


def attributes(element: object) -> Mapping[str, Any]:
    """The attributes of an element, under `#attributes` or directly."""
    if not isinstance(element, dict):
        return {}
    inner = element.get("#attributes", element)
    return inner if isinstance(inner, dict) else {}


def data(event: Mapping[str, Any]) -> Fields:
    """What an event carries beside its `System` element."""
    fields: Fields = {}
    for section, content in event.items():
        if section not in ("System", "#attributes"):
            leaves(fields, section, content if isinstance(content, dict) else {"#text": content})
    return fields


def leaves(fields: Fields, name: str, element: Mapping[str, Any]) -> None:
    """Add the leaves below the element of this name in the order of the document; null adds nothing."""
    stack: list[tuple[str, Mapping[str, Any], Iterator[tuple[str, Any]]]]
    stack = [(name, element, iter(element.items()))]
    while stack:
        name, element, children = stack[-1]
        for key, value in children:
            if value.__class__ is str and key.isalnum() and key not in fields:
                fields[key] = value
                continue
            if key == "#text":
                key = name
            elif key == "#attributes":
                given = attributes(element).items()
                value = {f"{name}_{a}": part for a, part in given if not a.startswith("xmlns")}
            elif "_" in key:
                key = _unnumbered(key, element)
            if isinstance(value, dict):
                stack.append((key, value, iter(value.items())))
                break
            if isinstance(value, list):
                stack.append((key, {}, iter([("#text", part) for part in value])))
                break
            if value is not None:
                if " " in key:
                    key = key.replace(" ", "")
                text = value if isinstance(value, str) else spell(value)
                fields[key] = f"{fields[key]}\n{text}" if key in fields else text
        else:
            stack.pop()


def _unnumbered(key: str, siblings: Mapping[str, Any]) -> str:
    """The name an element had before its repetitions were numbered (`Header`, `Header_1`, …)."""
    stem, _, number = key.rpartition("_")
    return stem if number.isdigit() and stem in siblings else key


class Rows:
    """Rows of the table `events`, gathered from one item."""

    def __init__(self, item: str) -> None:
        self.item = item
        self.rows: list[tuple[Any, ...]] = []
        self.hosts: dict[str, list[Any]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def add(
        self,
        record: int,
        offset: int,
        time: int | None,
        time_text: str | None,
        record_id: int | None,
        system: Fields,
        data: Fields,
    ) -> None:
        """One event, from its system values and its own data."""
        fields = system | data
        for name in USERS:
            user = fields.get(name)
            if user and user != "-":
                break
        else:
            user = None
        get = system.get
        host = get("Computer")
        self.rows.append(
            (
                *(self.item, record, offset, time, time_text, host, user),
                *(get("Channel"), get("Provider_Name"), whole(get("EventID"), 63), record_id, fields),
            )
        )
        if host:
            seen = self.hosts.setdefault(host, [time, time, 0])
            seen[2] += 1
            if time is not None:
                seen[0] = time if seen[0] is None else min(time, seen[0])
                seen[1] = time if seen[1] is None else max(time, seen[1])

    def take(self) -> pa.Table:
        """The rows gathered so far as a table; gathering starts again."""
        import pyarrow as pa

        schema = arrow_schema("events")
        *columns, maps = zip(*self.rows, strict=True)
        arrays = [pa.array(column, type=schema.field(i).type) for i, column in enumerate(columns)]
        self.rows = []
        return pa.Table.from_arrays([*arrays, _maps(maps)], schema=schema)

    def machines(self) -> list[dict[str, Any]]:
        """Rows of the table `machines`: every host name met, when first and last, how often."""
        return [
            {"item": self.item, "kind": "name", "value": host, "first": first, "last": last, "count": count}
            for host, (first, last, count) in sorted(self.hosts.items())
        ]


def _maps(rows: Sequence[Fields]) -> pa.Array:
    """Dictionaries as one Arrow array of maps."""
    import pyarrow as pa

    names: list[str] = []
    values: list[str] = []
    offsets = [0]
    for fields in rows:
        names += fields
        values += fields.values()
        offsets.append(len(names))
    return pa.MapArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.array(names, pa.string()), pa.array(values, pa.string())
    )
