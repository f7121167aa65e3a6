# SPDX-License-Identifier: Apache-2.0
"""Windows events as JSON: one object a line, an array, or objects printed over many lines.

Forms, told apart object by object:
- `Event`, or `System` beside `EventData`: evtx_dump (omerbenamram/evtx), Velociraptor's parse_evtx();
- `winlog` with `event_data`: Elastic Winlogbeat, also inside an export's `_source` or with dotted keys;
- anything else: one flat object, as NXLog's im_msvistalog writes it (`SourceName`, `Hostname`).

The time of an event is its UtcTime (Sysmon), else TimeCreated, else @timestamp. NXLog's EventTime is local
time and counts only where it states its offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hikeshi.readers import windows_event
from hikeshi.readers.json_elements import Broken, Element, elements
from hikeshi.readers.windows_event import Fields
from hikeshi.schema import Batch, Count, Found, Issue, Item, Reason, table

KIND = "json-events"
VERSION = "1"

ROWS = 5000
BYTES = 16 << 20

_BEGIN = re.compile(rb"[ \t\r\n]*(?:\[[ \t\r\n]*)?\{")
_MARK = re.compile(rb'"EventID"[ \t\r\n]*:|"winlog"[ \t\r\n]*:|"winlog\.|"event_data"[ \t\r\n]*:')

# Names that NXLog, Velociraptor and Winlogbeat give to system values, with the name Windows gives them.
FLAT = {
    "SourceName": "Provider_Name",
    "ProviderName": "Provider_Name",
    "Provider": "Provider_Name",
    "ProviderGuid": "Provider_Guid",
    "ExecutionProcessID": "Execution_ProcessID",
    "Hostname": "Computer",
    "UserSID": "Security_UserID",
}
WINLOG = {
    "provider_name": "Provider_Name",
    "source_name": "Provider_Name",
    "provider_guid": "Provider_Guid",
    "event_id": "EventID",
    "version": "Version",
    "task": "Task",
    "opcode": "Opcode",
    "keywords": "Keywords",
    "channel": "Channel",
    "log_name": "Channel",
    "computer_name": "Computer",
    "activity_id": "Correlation_ActivityID",
}
RECORD_IDS = ("EventRecordID", "RecordNumber", "record_id", "record_number")


def sniff(head: bytes, name: str) -> bool:
    """Whether this begins as JSON objects and names what Windows events have."""
    if head.startswith(b"\xff\xfe"):
        head = head[2:].decode("utf-16-le", "replace").encode()
    head = head.removeprefix(b"\xef\xbb\xbf")
    return _BEGIN.match(head) is not None and _MARK.search(head) is not None


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """Events and host names of each file."""
    for item in items:
        yield from _read(item)


def _read(item: Item) -> Iterator[Batch | Issue | Count]:
    rows = windows_event.Rows(item.id)
    records = duplicate = size = 0
    seen: set[int] = set()
    repaired: list[int] = []
    broken: list[Broken] = []
    for element in elements(item.file):
        if isinstance(element, Element) and not isinstance(element.value, dict):
            element = Broken(element.offset, Reason.DAMAGED_RECORD, "not an object")
        if broken and (isinstance(element, Element) or element.reason != broken[0].reason):
            yield _issue(item.id, broken)
            broken = []
        record, records = records, records + 1
        if isinstance(element, Broken):
            broken.append(element)
            continue
        event = parts(element.value)
        if event.record_id is not None:
            fingerprint = hash(element.raw)
            if fingerprint in seen:
                duplicate += 1
                continue
            seen.add(fingerprint)
        if element.repaired:
            repaired.append(element.offset)
        time, text = windows_event.when(event.times)
        text = text or event.local
        rows.add(record, element.offset, time, text, event.record_id, event.system, event.data)
        size += len(element.raw)
        if len(rows) >= ROWS or size >= BYTES:
            yield Batch(item.id, "events", rows.take())
            size = 0
    if len(rows):
        yield Batch(item.id, "events", rows.take())
    if broken:
        yield _issue(item.id, broken)
    if repaired:
        fields = {"detail": "characters that are no text were replaced", "records": str(len(repaired))}
        yield Issue(item.id, Reason.DAMAGED_RECORD, offset=repaired[0], fields=fields)
    if rows.hosts:
        yield Batch(item.id, "machines", table("machines", rows.machines()))
    yield Count(item.id, KIND, records, duplicate)


def _issue(item: str, broken: Sequence[Broken]) -> Issue:
    """One loss for neighbours that could not be read for the same reason."""
    first = broken[0]
    return Issue(item, first.reason, first.offset, records=len(broken), fields={"detail": first.why})


class Parts(NamedTuple):
    """An event taken apart: system values, its own data, its times from best to last, its record id.

    `local` is a time that does not say which zone it means: kept as text, never read.
    """

    system: Fields
    data: Fields
    times: Sequence[Any]
    record_id: int | None
    local: str | None = None


def parts(value: Mapping[str, Any]) -> Parts:
    """An object of the log taken apart, whichever form it has."""
    source = value.get("_source")
    if isinstance(source, dict):
        value = source
    event = value.get("Event", value)
    if isinstance(event, dict) and isinstance(event.get("System"), dict):
        return _tree(value, event)
    winlog = value.get("winlog", value if "event_data" in value else None)
    if winlog is None and ("winlog.event_id" in value or "winlog.channel" in value):
        winlog = _nested(value).get("winlog")
    return _winlog(value, winlog) if isinstance(winlog, dict) else _flat(value)


def _tree(value: Mapping[str, Any], event: Mapping[str, Any]) -> Parts:
    system, data = event["System"], windows_event.data(event)
    created = system.get("TimeCreated")
    if isinstance(created, dict):
        created = windows_event.attributes(created).get("SystemTime")
    times = (data.get("UtcTime"), created, value.get("@timestamp"))
    return Parts(windows_event.system(system), data, times, _record_id(system))


def _winlog(value: Mapping[str, Any], winlog: Mapping[str, Any]) -> Parts:
    system: Fields = {}
    for name, windows in WINLOG.items():
        if name in winlog and windows not in system:
            windows_event.leaves(system, windows, {"#text": winlog[name]})
    user, process = _inner(winlog, "user"), _inner(winlog, "process")
    more = {
        "Level": _inner(value, "log").get("level", value.get("level")),
        "Security_UserID": user.get("identifier"),
        "Execution_ProcessID": process.get("pid"),
        "Execution_ThreadID": _inner(process, "thread").get("id"),
        "EventID": None if "EventID" in system else _inner(value, "event").get("code"),
    }
    windows_event.leaves(system, "", more)
    data: Fields = {}
    sections = {name: winlog.get(name) for name in ("event_data", "user_data")}
    windows_event.leaves(data, "", sections | {"Message": value.get("message")})
    times = (data.get("UtcTime"), winlog.get("time_created"), value.get("@timestamp"))
    return Parts(system, data, times, _record_id(winlog))


def _flat(value: Mapping[str, Any]) -> Parts:
    fields: Fields = {}
    windows_event.leaves(fields, "", value)
    for name, windows in FLAT.items():
        if name in fields and windows not in fields:
            fields[windows] = fields.pop(name)
    local = fields.get("EventTime", "")
    stated = local if local[-1:] == "Z" or local[-6:-5] in ("+", "-") else None
    times = (fields.get("UtcTime"), fields.get("TimeCreated"), fields.get("@timestamp"), stated)
    return Parts(fields, {}, times, _record_id(fields), local or None)


def _record_id(element: Mapping[str, Any]) -> int | None:
    given = next((element[name] for name in RECORD_IDS if name in element), None)
    return windows_event.whole(given, 64)


def _inner(element: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = element.get(name)
    return inner if isinstance(inner, dict) else {}


def _nested(value: Mapping[str, Any]) -> dict[str, Any]:
    """An object whose keys are paths with dots, as objects within objects."""
    root: dict[str, Any] = {}
    for path, leaf in value.items():
        *above, last = path.split(".", 4)
        inner = root
        for name in above:
            below = inner.setdefault(name, {})
            inner = below if isinstance(below, dict) else {}
        inner.setdefault(last, leaf)
    return root
