# SPDX-License-Identifier: Apache-2.0
"""What registry hives, autostart entries and file listings hold of NetWire, row by row.

A hive tells what a value is, not who wrote it: an emulation leaves the same values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hikeshi.families.netwire.raw import FAMILY
from hikeshi.pack import Grade, Hit, row, row_hit

if TYPE_CHECKING:
    import pyarrow as pa

# For one pass over many rows (RE2); what they let through is looked at closely.
_KEYS = r"(?i)\\(?:SOFTWARE\\NetWire|CurrentVersion\\Run|Active Setup\\Installed Components\\\{[^\\]+\})$"
_PATHS = (
    r"(?i)(?:[/\\]AppData[/\\]Roaming[/\\](?:Install[/\\]Host\.exe|Logs[/\\]\d\d-\d\d-\d{4})"
    r"|[/\\]\.defaults[/\\]Finder\.app[/\\]Contents[/\\]MacOS[/\\]Finder|[/\\]WIFIADAPT|[/\\]com\.mac\.host\.plist"
    r"|[/\\]\d\d-\d\d-\d{4})$"
)
_DAY = re.compile(r"(?:0[1-9]|[12]\d|3[01])-(?:0[1-9]|1[0-2])-20\d\d")
_COMPONENT = re.compile(r"\{[0-9A-Z]{8}(?:-[0-9A-Z]{4}){3}-[0-9A-Z]{12}\}", re.IGNORECASE)
_DEFAULT = re.compile(r"\"?(?:.*\\appdata\\roaming|%appdata%)\\install\\host\.exe\"?(?: .*)?")
_LOGS = re.compile(r"[/\\]AppData[/\\]Roaming[/\\]Logs[/\\][^/\\]*$", re.IGNORECASE)
# Entries and day files of any name: the join compares them with the settings that were decoded.
AUTOSTART_CLUE, DAY_CLUE = "netwire.autostart-clue", "netwire.day-file-clue"
LABEL, MAC_PROGRAM = "com.mac.host", "/.defaults/finder.app/contents/macos/finder"


def registry(rows: pa.Table) -> Iterator[Hit]:
    """Identity, Run values and Active Setup components in a hive."""
    import pyarrow.compute as pc

    likely = pc.fill_null(pc.match_substring_regex(rows.column("key"), _KEYS), False)
    for number in pc.indices_nonzero(likely).to_pylist():
        found = row(rows, number)
        key, name, data = (found[column] or "" for column in ("key", "name", "data"))
        folded, fields = key.casefold(), {"registry_path": f"{key}\\{name}", "registry_data": data}
        if folded.endswith("\\software\\netwire"):
            if name in ("HostId", "Install Date"):
                yield row_hit(
                    FAMILY,
                    found,
                    Grade.STRONG,
                    "netwire.identity",
                    "registration",
                    ("T1027.011", "T1112"),
                    fields,
                )
        elif folded.endswith("\\run"):
            named, placed = name.casefold() == "netwire", bool(_DEFAULT.fullmatch(data.casefold()))
            if named or placed:
                grade = Grade.STRONG if named and placed else Grade.INDICATED
                message = "netwire.run-value" if named and placed else "netwire.run-partial"
                yield row_hit(FAMILY, found, grade, message, "persistence", ("T1547.001",), fields)
            else:
                yield row_hit(
                    FAMILY,
                    found,
                    Grade.WEAK,
                    AUTOSTART_CLUE,
                    "persistence",
                    ("T1547.001",),
                    fields | {"name": name},
                )
        elif name.casefold() == "stubpath" and _beyond_f(key.rpartition("\\")[2]):
            yield row_hit(
                FAMILY, found, Grade.INDICATED, "netwire.active-setup", "persistence", ("T1547.014",), fields
            )


def _beyond_f(component: str) -> bool:
    """Whether an id has the form of a GUID but letters that no GUID has."""
    return bool(_COMPONENT.fullmatch(component) and re.search("[G-Z]", component, re.IGNORECASE))


def autostarts(rows: pa.Table) -> Iterator[Hit]:
    """Entries of macOS and Linux that start NetWire at its published place, or bear its published label."""
    for number in range(rows.num_rows):
        found = row(rows, number)
        program, path = found["command"] or "", found["path"] or ""
        labelled = found["kind"] == "launch-agent" and LABEL in (
            found["name"], path.rpartition("/")[2].removesuffix(".plist"),
        )  # fmt: skip
        placed = program.casefold().endswith(MAC_PROGRAM) or program.endswith("/WIFIADAPT")
        technique = "T1547.013" if found["kind"] == "xdg-autostart" else "T1543.001"
        fields = {"autostart": path or found["name"] or "", "program": program, "kind": found["kind"] or ""}
        if not labelled and not placed:
            if found["kind"] in ("launch-agent", "xdg-autostart"):
                fields |= {"name": found["name"] or path.rpartition("/")[2].partition(".")[0]}
                yield row_hit(FAMILY, found, Grade.WEAK, AUTOSTART_CLUE, "persistence", (technique,), fields)
            continue
        both = labelled and placed
        yield row_hit(FAMILY, found, Grade.STRONG if both else Grade.INDICATED,
                   "netwire.autostart" if both else "netwire.autostart-partial", "persistence", (technique,),
                   fields)  # fmt: skip


def files(rows: pa.Table) -> Iterator[Hit]:
    """Programs at the published places, day logs of keys, and the LaunchAgent's file."""
    import pyarrow.compute as pc

    likely = pc.fill_null(pc.match_substring_regex(rows.column("path"), _PATHS), False)
    for number in pc.indices_nonzero(likely).to_pylist():
        found = row(rows, number)
        if found["kind"] == "folder":
            continue
        name = found["path"].replace("\\", "/").rpartition("/")[2]
        size = "" if found["bytes"] is None else str(found["bytes"])
        fields = {"file": found["path"], "bytes": size, "file_state": found["state"] or ""}
        time = found["created"] if found["created"] is not None else found["modified"]
        dated = {**found, "time": time}
        if name.casefold() == "com.mac.host.plist":
            yield row_hit(
                FAMILY,
                dated,
                Grade.INDICATED,
                "netwire.autostart-file",
                "persistence",
                ("T1543.001",),
                fields,
            )
        elif _DAY.fullmatch(name) and not _LOGS.search(found["path"]):
            yield row_hit(
                FAMILY, dated, Grade.WEAK, DAY_CLUE, "keylogging", ("T1056.001", "T1074.001"), fields
            )
        elif _DAY.fullmatch(name):
            yield row_hit(
                FAMILY,
                dated,
                Grade.INDICATED,
                "netwire.key-log",
                "keylogging",
                ("T1056.001", "T1074.001"),
                fields,
            )
        elif not name[:1].isdigit():
            yield row_hit(FAMILY, dated, Grade.INDICATED, "netwire.copy", None, ("T1204.002",), fields)
