# SPDX-License-Identifier: Apache-2.0
"""What autostart entries, file listings, registry values and Linux events show of the family, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hikeshi.families.mokes_qt.places import LIKELY, agent_of, is_desktop_entry, is_temporary, place_of
from hikeshi.families.mokes_qt.spool import TECHNIQUES, Spooled, spooled
from hikeshi.pack import Grade, Hit, iso, row, row_hit

if TYPE_CHECKING:
    import pyarrow as pa

FAMILY = "mokes_qt"
CLUE = "mokes_qt.spool-clue"
# Size that press and Objective-See's listing give for the programs: Qt and OpenSSL are linked in.
_SIZES = range(9 << 20, 16 << 20)
_RUN = r"(?i)\\CurrentVersion\\Run(?:Once)?$"
_LINUX = "Linux-Sysmon/Operational"


def autostarts(rows: pa.Table) -> Iterator[Hit]:
    """Entries that start the family's program, or are named as its own."""
    for number in range(rows.num_rows):
        found = row(rows, number)
        program = found["command"] or ""
        place = place_of(program)
        path = found["path"] or ""
        agent = agent_of(path) or (found["name"] if found["kind"] == "launch-agent" else None)
        named = (
            agent if agent in ("quicklookd", "storeaccountd") and not path.startswith("/System/") else None
        )
        if place is None and named is None and not (is_desktop_entry(path) and program):
            continue
        published = place is not None and place.published
        technique = "T1547.013" if found["kind"] == "xdg-autostart" else "T1543.001"
        yield row_hit(
            FAMILY,
            found,
            Grade.STRONG if published else Grade.INDICATED if place or named else Grade.WEAK,
            "mokes_qt.autostart" if published else "mokes_qt.autostart-hint",
            "persistence",
            ("T1036.005", technique),
            {"autostart": path or found["name"] or "", "program": program, "kind": found["kind"] or ""},
        )


def files(rows: pa.Table) -> Iterator[Hit]:
    """Programs at the known places, entries that start them, and spool files with both their clocks."""
    import pyarrow.compute as pc

    likely = pc.match_substring_regex(rows.column("path"), LIKELY)
    for number in pc.indices_nonzero(pc.fill_null(likely, False)).to_pylist():
        found = row(rows, number)
        path = found["path"]
        if (name := spooled(path)) is not None:
            yield _spool(found, path, name)
        elif (place := place_of(path)) is not None:
            grade = Grade.INDICATED if place.published else Grade.WEAK
            message = "mokes_qt.file" if place.published else "mokes_qt.file-hint"
            yield _file(found, grade, message, None, ("T1036.005",))
        elif agent_of(path) is not None:
            yield _file(found, Grade.INDICATED, "mokes_qt.file", "persistence", ("T1543.001",))
        elif is_desktop_entry(path):
            yield _file(found, Grade.WEAK, "mokes_qt.file-hint", "persistence", ("T1547.013",))


def registry(rows: pa.Table) -> Iterator[Hit]:
    """Run values that start a program at one of the places recalled for Windows."""
    import pyarrow.compute as pc

    likely = pc.match_substring_regex(rows.column("key"), _RUN)
    for number in pc.indices_nonzero(pc.fill_null(likely, False)).to_pylist():
        found = row(rows, number)
        place = place_of(found["data"] or "")
        if place is not None and place.system == "Windows":
            path = f"{found['key']}\\{found['name']}"
            fields = {"registry_path": path, "registry_data": found["data"], "program": ""}
            yield row_hit(
                FAMILY, found, Grade.INDICATED, "mokes_qt.run-value", "persistence", ("T1547.001",), fields
            )


def events(rows: pa.Table) -> Iterator[Hit]:
    """What Sysmon for Linux logs: files created (11) and programs started (1) at the places recalled for Linux."""
    import pyarrow.compute as pc

    linux = pc.fill_null(pc.equal(rows.column("channel"), _LINUX), False)
    for number in pc.indices_nonzero(linux).to_pylist():
        found = row(rows, number)
        logged = dict(found["fields"] or {})
        path = logged.get("TargetFilename" if found["event_id"] == 11 else "Image") or ""
        place, fields = place_of(path), {"file": path, "program": logged.get("Image") or ""}
        if found["event_id"] == 11 and (name := spooled(path)) is not None:
            grade = Grade.INDICATED if is_temporary(path) else Grade.WEAK
            yield row_hit(
                FAMILY, found, grade, "mokes_qt.spool-event", name.function, TECHNIQUES[name.function], fields
            )
        elif found["event_id"] in (1, 11) and place is not None and place.system == "Linux":
            yield row_hit(FAMILY, found, Grade.WEAK, "mokes_qt.file-hint", None, ("T1036.005",), fields)
        elif found["event_id"] == 11 and is_desktop_entry(path):
            yield row_hit(
                FAMILY, found, Grade.WEAK, "mokes_qt.file-hint", "persistence", ("T1547.013",), fields
            )


def _spool(found: Mapping[str, Any], path: str, name: Spooled) -> Hit:
    times = [time for key in ("created", "modified", "name_created") if (time := found[key]) is not None]
    fields = {"file": path, "clock": name.text, "file_time": iso(min(times, default=None)) or "",
              "temporary": "yes" if is_temporary(path) else ""}  # fmt: skip
    return row_hit(FAMILY, {**found, "time": min(times, default=None)}, Grade.INDICATED, CLUE, name.function,
                TECHNIQUES[name.function], fields)  # fmt: skip


def _file(
    found: Mapping[str, Any], grade: Grade, message: str, function: str | None, techniques: tuple[str, ...]
) -> Hit:
    size = found["bytes"]
    fits = "yes" if size in _SIZES else "no" if size is not None else ""
    fields = {"file": found["path"], "bytes": "" if size is None else str(size), "size_fits": fits,
              "file_state": found["state"] or ""}  # fmt: skip
    time = found["created"] if found["created"] is not None else found["modified"]
    return row_hit(FAMILY, {**found, "time": time}, grade, message, function, techniques, fields)
