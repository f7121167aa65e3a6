# SPDX-License-Identifier: Apache-2.0
"""The door: everything a family pack may import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hikeshi.codecs.aes import cfb_decrypt, ofb_decrypt, ofb_keystream
from hikeshi.codecs.codepage import Reading, read_text
from hikeshi.codecs.keysearch import rc4_pairs, rc4_streams
from hikeshi.codecs.mask import mask
from hikeshi.codecs.programs import Layout, Section
from hikeshi.codecs.rc4 import rc4
from hikeshi.codecs.task_xml import Task
from hikeshi.codecs.task_xml import parse as read_task
from hikeshi.codecs.times import filetime, iso
from hikeshi.codecs.zones import in_utc
from hikeshi.schema import (
    TABLES,
    Grade,
    Hit,
    Issue,
    KeyFound,
    KeySearch,
    Reason,
    Region,
    Rule,
    Search,
    Stream,
)
from hikeshi.words import FUNCTIONS

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "ARTEFACTS",
    "FIELDS",
    "FUNCTIONS",
    "TABLES",
    "Grade",
    "Hit",
    "Issue",
    "KeyFound",
    "KeySearch",
    "Layout",
    "LogRecord",
    "Machine",
    "Mark",
    "PackRule",
    "PlacedFile",
    "Program",
    "Reading",
    "Reason",
    "Region",
    "Rule",
    "Search",
    "Section",
    "Stream",
    "Task",
    "WebRequest",
    "cfb_decrypt",
    "event_fields",
    "filetime",
    "hit",
    "in_utc",
    "iso",
    "log_source",
    "machine_of",
    "mask",
    "ofb_decrypt",
    "ofb_keystream",
    "rc4",
    "rc4_pairs",
    "rc4_streams",
    "read_task",
    "read_text",
    "replace",
    "row",
    "row_hit",
]

# Kinds of evidence beside event logs that a function can be seen in.
ARTEFACTS = ("autostart", "disk", "file-system", "mail", "memory", "network-capture", "registry-hive")

# Field name of a finding -> where Windows events keep it, first match wins: Sysmon's names, then those of
# Security 4688, 4657 and 4663 (learn.microsoft.com documents each event on a page of its own).
FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "account": ("User", "SubjectUserName", "UserContext", "UserName"),
        "address": ("DestinationIp", "DestAddress"),
        "command_line": ("CommandLine",),
        "file": ("TargetFilename", "ObjectName", "ImageLoaded"),
        "label": ("Threat Name",),
        "log": ("Channel",),
        "name": ("DestinationHostname", "QueryName"),
        "parent": ("ParentImage", "ParentProcessName"),
        "parent_command_line": ("ParentCommandLine",),
        "port": ("DestinationPort", "DestPort"),
        "program": ("Image", "NewProcessName", "ProcessName", "SourceImage"),
        "registry_data": ("Details", "NewValue"),
        "registry_path": ("TargetObject", "ObjectName"),
        "target": ("TargetImage",),
        "task": ("TaskName",),
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class LogRecord:
    """One event a pack's synth.py invents; synth/ writes it in the form of a log."""

    time: int
    host: str
    channel: str
    provider: str
    event_id: int
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """What identifies a machine, as the table `machines` has it: a volume serial, a former name, a time zone …"""

    kind: str
    value: str
    item: str
    record: int | None = None
    offset: int | None = None


@dataclass(frozen=True)
class Machine:
    """A machine of the case with its other names and marks; `host` is "" for marks of evidence of no known machine."""

    host: str
    aliases: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class PlacedFile:
    """One file a pack's synth.py invents: its path on the machine, when it was written, its size, and inert bytes.

    Without bytes it stands in a listing only: programs are never written.
    """

    path: str
    time: int
    size: int
    data: bytes | None = None


@dataclass(frozen=True)
class WebRequest:
    """One HTTP request a pack's synth.py invents, as bytes of both ends; synth/ writes it into a capture."""

    time: int
    server: str
    port: int
    sent: bytes
    received: bytes


@dataclass(frozen=True)
class PackRule:
    """A Sigma rule of a pack and what its match means: see [[sigma]] in pack.toml."""

    id: str
    file: str
    grade: Grade
    message: str
    function: str | None
    techniques: tuple[str, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """A program file, or a dump of one process, for who asks: its bytes, and where each part lies in memory."""

    item: str
    bytes: bytes
    layouts: tuple[Layout, ...]


def machine_of(machines: Iterable[Machine], host: str | None) -> Machine | None:
    """The machine that a name stands for, in whatever case it is written."""
    wanted = (host or "").casefold()
    for machine in machines:
        if wanted and wanted in (name.casefold() for name in (machine.host, *machine.aliases)):
            return machine
    return None


def row(rows: pa.Table, number: int) -> dict[str, Any]:
    """One row of a table as a mapping, its times in microseconds."""
    import pyarrow as pa

    found = {}
    for one, column in zip(rows.schema, rows.columns, strict=True):
        value = column[number]
        found[one.name] = value.value if pa.types.is_timestamp(one.type) else value.as_py()
    return found


def row_hit(
    family: str,
    found: Mapping[str, Any],
    grade: Grade,
    message: str,
    function: str | None,
    techniques: tuple[str, ...],
    fields: Mapping[str, str],
) -> Hit:
    """The finding that a row of a table stands for, at its place and time; empty fields are left out."""
    time = found["time"]
    return Hit(
        found["item"],
        grade,
        message,
        record=found["record"],
        offset=found["offset"],
        time=time,
        time_text=found.get("time_text") or iso(time),
        host=found.get("host"),
        user=found.get("user"),
        family=family,
        function=function,
        techniques=techniques,
        fields={name: value for name, value in fields.items() if value},
    )


def log_source(name: str) -> tuple[str, int] | None:
    """("Security", 4657) for "Security/4657"; None for a kind of artefact such as "registry-hive"."""
    channel, _, number = name.rpartition("/")
    return (channel, int(number)) if channel and number.isascii() and number.isdigit() else None


def event_fields(names: tuple[str, ...], event: Mapping[str, str]) -> dict[str, str]:
    """The named fields of a finding, taken from the fields of a Windows event; what is absent stays out."""
    found = {}
    for name in names:
        value = next((event[source] for source in FIELDS[name] if event.get(source)), None)
        if value is not None:
            found[name] = value
    if "registry_path" in found and "TargetObject" not in event and event.get("ObjectValueName"):
        found["registry_path"] += "\\" + event["ObjectValueName"]
    return found


def hit(rule: PackRule, family: str | None, row: Mapping[str, Any], credit: Rule | None = None) -> Hit:
    """The finding that a match of a pack's rule stands for; `row` is a row of the table `events`."""
    time = row.get("time")
    if isinstance(time, datetime):
        time = (time - _EPOCH) // timedelta(microseconds=1)
    return Hit(
        item=row["item"],
        grade=rule.grade,
        message=rule.message,
        record=row.get("record"),
        offset=row.get("offset"),
        time=time,
        time_text=row.get("time_text"),
        host=row.get("host"),
        user=row.get("user"),
        family=family,
        function=rule.function,
        techniques=rule.techniques,
        fields=event_fields(rule.fields, dict(row.get("fields") or {})),
        rule=credit or Rule(rule.id, "sigma"),
    )
