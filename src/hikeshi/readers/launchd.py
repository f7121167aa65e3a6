# SPDX-License-Identifier: Apache-2.0
"""Property lists of launchd, from LaunchAgents and LaunchDaemons (launchd.plist(5)).

The list does not say from which of the two it came; a daemon alone may name a user or a group to run as.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hikeshi.codecs import plist
from hikeshi.schema import Batch, Count, Issue, Item, Reason, table

KIND = "launchd"
VERSION = "1"

_STARTS = (
    "Program",
    "ProgramArguments",
    "BundleProgram",
    "RunAtLoad",
    "KeepAlive",
    "StartInterval",
    "MachServices",
)
_FIELDS = {
    "run_at_load": "RunAtLoad",
    "keep_alive": "KeepAlive",
    "interval": "StartInterval",
    "calendar": "StartCalendarInterval",
    "watch_paths": "WatchPaths",
    "queue_folders": "QueueDirectories",
    "start_on_mount": "StartOnMount",
    "working_folder": "WorkingDirectory",
    "standard_output": "StandardOutPath",
    "standard_error": "StandardErrorPath",
    "environment": "EnvironmentVariables",
    "session": "LimitLoadToSessionType",
    "group": "GroupName",
    "disabled": "Disabled",
    "mach_services": "MachServices",
    "sockets": "Sockets",
}


def sniff(head: bytes, name: str) -> bool:
    """Whether this is a property list that names a job and what starts it."""
    if not plist.sniff(head):
        return False
    if head.startswith(plist.BINARY):
        return b"Label" in head and any(key.encode() in head for key in _STARTS)
    return b"<key>Label</key>" in head and any(f"<key>{key}</key>".encode() in head for key in _STARTS)


def read(items: Sequence[Item]) -> Iterator[Batch | Issue | Count]:
    """One row of `autostarts` an item."""
    for item in items:
        value, damage = plist.loads(item.file.read(plist.MOST_BYTES))
        job = isinstance(value, Mapping) and isinstance(value.get("Label"), str)
        if not job:
            fields = {"detail": damage or "it names no job"}
            yield Issue(item.id, Reason.DAMAGED, 0, records=1, fields=fields, unknown="unknown.item")
            yield Count(item.id, KIND, 1)
            continue
        yield Batch(item.id, "autostarts", table("autostarts", [_row(item.id, value)]))
        if damage:
            yield Issue(item.id, Reason.DAMAGED, fields={"detail": damage})
        yield Count(item.id, KIND, 1, whole=True)


def _row(item: str, job: Mapping[str, Any]) -> dict[str, Any]:
    given = job.get("ProgramArguments")
    words = [plist.as_text(word) for word in given[:1000]] if isinstance(given, list) else []
    program = job.get("Program") or job.get("BundleProgram")
    command = plist.as_text(program) if program else words[0] if words else None
    said = {field: plist.as_text(job[key]) for field, key in _FIELDS.items() if key in job}
    user = job.get("UserName")
    return {
        "item": item,
        "record": 0,
        "offset": 0,
        "kind": "launch-daemon" if "UserName" in job or "GroupName" in job else "launch-agent",
        "name": plist.as_text(job["Label"]),
        "command": command,
        "arguments": " ".join(words[1:])[:8192] or None,
        "user": plist.as_text(user) if user else None,
        "fields": sorted((name, text) for name, text in said.items() if text),
    }
