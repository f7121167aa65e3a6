# SPDX-License-Identifier: Apache-2.0
"""Scheduled tasks as XML: files of System32\\Tasks, and what the events 4698, 4699 and 4702 carry as TaskContent.

Names of elements: Microsoft, [MS-TSCH] section 2.5 and "Task Scheduler Schema Elements". A date without a zone is the
machine's own time (ibid., startBoundary).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hikeshi.codecs.xml_tree import Element
from hikeshi.codecs.xml_tree import parse as parse_xml

MOST_TRIGGERS, MOST_ACTIONS, MOST_TEXT = 64, 64, 8192
_TRIGGER = re.compile(r"[A-Za-z]{1,40}Trigger")


@dataclass(frozen=True)
class Action:
    """What a task does: `kind` is Exec, ComHandler, SendEmail or ShowMessage; a COM handler's command is its class."""

    kind: str
    command: str = ""
    arguments: str = ""
    working_folder: str = ""


@dataclass(frozen=True)
class Task:
    """One task. `fields` hold what it states of itself under plain names; `damage` says why reading ended early."""

    uri: str
    user: str
    date: str
    actions: tuple[Action, ...]
    triggers: tuple[str, ...]
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    damage: str | None = None


# Name of a field -> where it stands.
_FIELDS = {
    "author": ("RegistrationInfo", "Author"),
    "description": ("RegistrationInfo", "Description"),
    "source": ("RegistrationInfo", "Source"),
    "date": ("RegistrationInfo", "Date"),
    "security": ("RegistrationInfo", "SecurityDescriptor"),
    "group": ("Principals", "Principal", "GroupId"),
    "logon_type": ("Principals", "Principal", "LogonType"),
    "run_level": ("Principals", "Principal", "RunLevel"),
    "hidden": ("Settings", "Hidden"),
    "enabled": ("Settings", "Enabled"),
    "start_when_available": ("Settings", "StartWhenAvailable"),
    "instances": ("Settings", "MultipleInstancesPolicy"),
    "time_limit": ("Settings", "ExecutionTimeLimit"),
    "deleted_after": ("Settings", "DeleteExpiredTaskAfter"),
}


def sniff(head: bytes) -> bool:
    """Whether bytes begin the XML of a task: a root `Task` in the task scheduler's name space."""
    if head[:2] not in (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb", b"<?", b"<T", b"<\0", b"\0<"):
        return False
    plain = head[:4096].replace(b"\0", b"")
    return b"<Task" in plain and b"schemas.microsoft.com/windows/2004/02/mit/task" in plain


def parse(content: bytes | str) -> Task | None:
    """The task a document describes, as far as it can be read; null when it describes none."""
    tree = parse_xml(content)
    root = tree.root
    if root is None or root.name != "Task":
        return None
    section = root.child("Triggers")
    triggers = [one for one in (section.children if section else ()) if _TRIGGER.fullmatch(one.name)]
    triggers = triggers[:MOST_TRIGGERS]
    said = {name: root.value(*path)[:MOST_TEXT] for name, path in _FIELDS.items()}
    said |= {
        "start_boundary": _distinct(one.value("StartBoundary") for one in triggers),
        "interval": _distinct(one.value("Repetition", "Interval") for one in triggers),
        "duration": _distinct(one.value("Repetition", "Duration") for one in triggers),
        "version": root.attributes.get("version", "")[:16],
    }
    lines = tuple(_trigger(one) for one in triggers)
    said["triggers"] = "\n".join(lines)
    return Task(
        uri=root.value("RegistrationInfo", "URI")[:MOST_TEXT],
        user=(root.value("Principals", "Principal", "UserId") or said["group"])[:MOST_TEXT],
        date=said["date"],
        actions=tuple(_actions(root)),
        triggers=lines,
        fields=MappingProxyType({name: value for name, value in said.items() if value}),
        damage=tree.damage,
    )


def _actions(root: Element) -> Iterator[Action]:
    section = root.child("Actions")
    for one in (section.children if section else [])[:MOST_ACTIONS]:
        match one.name:
            case "Exec":
                names = ("Command", "Arguments", "WorkingDirectory")
                yield Action("Exec", *(one.value(name)[:MOST_TEXT] for name in names))
            case "ComHandler":
                yield Action("ComHandler", one.value("ClassId")[:MOST_TEXT], one.value("Data")[:MOST_TEXT])
            case "SendEmail" | "ShowMessage":
                yield Action(one.name)


def _trigger(one: Element) -> str:
    """One line: kind, start, then what repeats, delays, ends or narrows it, each behind its word."""
    said = [one.name, one.value("StartBoundary")]
    for word, path in (
        ("repeat", ("Repetition", "Interval")),
        ("for", ("Repetition", "Duration")),
        ("delay", ("Delay",)),
        ("random-delay", ("RandomDelay",)),
        ("until", ("EndBoundary",)),
        ("user", ("UserId",)),
        ("state", ("StateChange",)),
        ("every-days", ("ScheduleByDay", "DaysInterval")),
        ("every-weeks", ("ScheduleByWeek", "WeeksInterval")),
        ("subscription", ("Subscription",)),
    ):
        if value := one.value(*path):
            said += [word, value]
    if one.value("Enabled").lower() == "false":
        said.append("disabled")
    return " ".join(" ".join(part.split()) for part in said if part)[:MOST_TEXT]


def _distinct(values: Iterator[str]) -> str:
    return "\n".join(value[:64] for value in dict.fromkeys(values) if value)
