# SPDX-License-Identifier: Apache-2.0
"""What files, shortcuts, tasks and registry values say: some of it by itself, most of it only in the join."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hikeshi.families.smokeloader import places
from hikeshi.pack import Grade, Hit, Issue, Reason, row

FAMILY = "smokeloader"
# Names of the right form that one part may bring; a listing with more is not a machine's.
MOST = 20_000
_TIMES = ("created", "modified", "name_created", "name_modified")


def clue(message: str, where: Mapping[str, Any], **fields: str | None) -> Hit:
    """A hit for the join: the place of a row and the fields that are known."""
    return told(Grade.WEAK, message, where, **fields)


def told(grade: Grade, message: str, where: Mapping[str, Any], **fields: str | None) -> Hit:
    """A hit at the place of a row."""
    return Hit(
        item=where["item"],
        grade=grade,
        message=message,
        record=where.get("record"),
        offset=where.get("offset"),
        time=where.get("time"),
        time_text=where.get("time_text"),
        host=where.get("host"),
        user=where.get("user"),
        family=FAMILY,
        fields={name: value for name, value in fields.items() if value},
    )


def _too_many(item: str) -> Issue:
    fields = {"limit": str(MOST), "what": "file names"}
    return Issue(item, Reason.SEARCH_LIMIT, fields=fields, unknown="unknown.item")


def number(text: str | None) -> int | None:
    """A whole number as a clue carries it; None for anything else."""
    digits = (text or "").removeprefix("-")
    return int(text or "") if digits.isascii() and digits.isdigit() and len(digits) < 20 else None


def files(rows: Any) -> Iterator[Hit | Issue]:
    """Of a list of files: names in SmokeLoader's letters, the library whose times it copies, programs out of place."""
    said = 0
    for number, path in enumerate(rows.column("path").to_pylist()):
        if not path or len(path) > places.LONGEST:
            continue
        name = places.seven(path) or places.eight(path)
        if name:
            message = "smokeloader.clue-file"
        elif places.is_advapi(path):
            message = "smokeloader.clue-library"
        elif places.is_odd_viewer(path):
            message = "smokeloader.clue-viewer"
        elif places.is_odd_update(path):
            message = "smokeloader.clue-update"
        else:
            continue
        found = row(rows, number)
        if found["kind"] not in (None, "file"):
            continue
        if said == MOST:
            yield _too_many(found["item"])
            return
        said += 1
        times = {key: _micros(rows.column(key)[number].value) for key in _TIMES}
        yield clue(message, found, file=path, letters=name, state=found["state"], **times)


def _micros(value: int | None) -> str | None:
    return None if value is None else str(value)


def shortcuts(rows: Any) -> Iterator[Hit]:
    """The volume serials that shortcuts remember, each once for a machine: a reformatted volume had another."""
    told_of: set[tuple[str, ...]] = set()
    columns = (rows.column(name).to_pylist() for name in ("host", "machine", "volume_serial", "target"))
    for number, (host, machine, serial, target) in enumerate(zip(*columns, strict=True)):
        if not serial or (target and target[1:2] == ":" and target[:1] not in "Cc"):
            continue
        if (host, machine, serial) not in told_of and len(told_of) < MOST:
            told_of.add((host, machine, serial))
            yield clue(
                "smokeloader.clue-serial", row(rows, number), serial=serial, machine=machine, file=target
            )


def autostarts(rows: Any) -> Iterator[Hit]:
    """Scheduled tasks as files keep them: the Firefox agent in the root folder, its start date, what it starts."""
    columns = (rows.column(name).to_pylist() for name in ("kind", "path", "name", "command"))
    for number, (kind, path, name, command) in enumerate(zip(*columns, strict=True)):
        if kind != "task":
            continue
        digits = places.suffix(path or name)
        letters = places.seven(command)
        if not digits and not letters and "1999-11-30" not in str(rows.column("fields")[number]):
            continue
        found = row(rows, number)
        yield from _task(found, dict(found["fields"] or ()), digits, letters)


def _task(
    found: dict[str, Any], fields: Mapping[str, str], digits: str | None, letters: str | None
) -> Iterator[Hit]:
    task, command = found["path"] or found["name"], found["command"]
    start = fields.get("start_boundary") or ""
    old = places.BOUNDARY in start or places.BOUNDARY in (fields.get("triggers") or "")
    root = (task or "").strip("\\").count("\\") == 0
    said = {"task": task, "program": command, "account": found["user"] or fields.get("author")}
    if digits and old:
        yield _persistent(told(Grade.STRONG, "smokeloader.task-xml", found, **said))
    elif digits:
        yield _persistent(told(Grade.INDICATED, "smokeloader.task-name", found, **said))
    elif root and old and "PT10M" in (fields.get("interval") or fields.get("triggers") or ""):
        yield _persistent(told(Grade.INDICATED, "smokeloader.task-boundary", found, **said))
    if digits:
        yield clue("smokeloader.clue-task", found, task=task, digits=digits, program=command)
    if letters:
        yield clue("smokeloader.clue-file", found, file=command, letters=letters)


def _persistent(hit: Hit) -> Hit:
    return Hit(**{**vars(hit), "function": "persistence", "techniques": ("T1053.005",)})


def registry(rows: Any) -> Iterator[Hit]:
    """The Task Scheduler's cache, OneDrive's Run value, and programs that hives remember, as BAM and Amcache do."""
    told_of: set[str] = set()
    columns = (rows.column(name).to_pylist() for name in ("key", "name", "data"))
    for number, (key, name, data) in enumerate(zip(*columns, strict=True)):
        digits = places.cached(key)
        if digits and digits not in told_of:
            told_of.add(digits)
            found = row(rows, number)
            task = key.rpartition("\\")[2]
            yield _persistent(told(Grade.INDICATED, "smokeloader.task-name", found, task=task))
            yield clue("smokeloader.clue-task", found, task=task, digits=digits)
        elif name == "OneDrive" and key and key.endswith("\\CurrentVersion\\Run"):
            letters = places.eight(data)
            if letters:
                yield _run_value(row(rows, number), letters)
        for path in _remembered(name, data):
            if path not in told_of and len(told_of) < MOST:
                told_of.add(path)
                yield clue("smokeloader.clue-file", row(rows, number), file=path, letters=places.seven(path))


def _remembered(name: str | None, data: str | None) -> Iterator[str]:
    """Paths in a value's name or data that may be SmokeLoader's."""
    for text in (name, data):
        if places.seven(text):
            yield text or ""
    if name == "AppCompatCache" and data:
        yield from places.cached_programs(data)


def _run_value(found: dict[str, Any], letters: str) -> Hit:
    grade, message = Grade.INDICATED, "smokeloader.run-letters"
    if letters == "ditereah":
        grade, message = Grade.STRONG, "smokeloader.run-value"
    hit = told(grade, message, found, registry_path=f"{found['key']}\\OneDrive", registry_data=found["data"])
    return Hit(**{**vars(hit), "function": "persistence", "techniques": ("T1547.001",)})
