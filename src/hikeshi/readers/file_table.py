# SPDX-License-Identifier: Apache-2.0
"""Tables of files that tools print, with titles: MFTECmd, KAPE's copy log, Velociraptor (CSV or a JSON object a line).

Titles: ericzimmerman/MFTECmd and KAPE's copy log; docs.velociraptor.app, Windows.NTFS.MFT and FileFinder.
Their times are UTC where they name no zone. MFTECmd's 0x10 is $STANDARD_INFORMATION, 0x30 is $FILE_NAME.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from hikeshi.codecs.times import zoned
from hikeshi.readers.text_lines import Rows, first_lines, lines, text, whole
from hikeshi.schema import Batch, Count, Found, Issue, Item

KIND = "file-table"
VERSION = "1"

# Titles without case and underscores that stand together only in such a table.
_KNOWN = (
    frozenset(("entrynumber", "parententrynumber", "filename", "created0x10")),
    frozenset(("copiedtimestamp", "sourcefile", "destinationfile", "filesize")),
    frozenset(("ospath", "size", "mtime")),
    frozenset(("fullpath", "size", "mtime")),
)
_TIMES = {
    "created": ("created0x10", "createdonutc", "btime"),
    "modified": ("lastmodified0x10", "modifiedonutc", "mtime"),
    "changed": ("lastrecordchange0x10", "ctime"),
    "accessed": ("lastaccess0x10", "lastaccessedonutc", "atime"),
    "name_created": ("created0x30",),
    "name_modified": ("lastmodified0x30",),
    "name_changed": ("lastrecordchange0x30",),
    "name_accessed": ("lastaccess0x30",),
}
_PATHS = ("ospath", "fullpath", "sourcefile")
_ZONE = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$")


def sniff(head: bytes, name: str) -> bool:
    """Whether the first line has the titles of such a table, or is an object that has them."""
    found = first_lines(head, 1)
    return bool(found) and (_titles(found[0]) is not None or _entry(found[0], None) is not None)


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """A row of `files` for each line; the title line is no record."""
    for item in items:
        rows = Rows(item.id)
        titles: list[str] | None = None
        listed = 0
        for offset, line in lines(item.file):
            if header := _titles(line):
                titles = header
                continue
            entry = _entry(line, titles)
            if entry is None:
                rows.refuse(offset)
                continue
            rows.add("files", {"item": item.id, "record": rows.records, "offset": offset} | _row(entry))
            rows.records, listed = rows.records + 1, listed + 1
            yield from rows.ready()
        yield from rows.rest()
        yield Count(item.id, KIND, rows.records, blocks=listed)


def _plain(title: str) -> str:
    return title.strip().lower().replace("_", "")


def _titles(line: bytes) -> list[str] | None:
    """The titles of a table of files; null when the line is none."""
    start = line.removeprefix(b"\xef\xbb\xbf")
    if start[:1] in (b"{", b"[") or len(start) > 8192 or start.count(b",") < 2:
        return None
    titles = [_plain(title.strip('"')) for title in start.decode("utf-8", "replace").split(",")]
    return titles if any(wanted <= set(titles) for wanted in _KNOWN) else None


def _entry(line: bytes, titles: list[str] | None) -> dict[str, str] | None:
    """The values of a line under their titles."""
    line = line.removeprefix(b"\xef\xbb\xbf")
    if titles is None:
        return _object(line) if line.startswith(b"{") else None
    try:
        (values,) = csv.reader([line.decode("utf-8", "replace")], strict=True)
    except (csv.Error, ValueError):
        return None
    return dict(zip(titles, values, strict=True)) if len(values) == len(titles) else None


def _object(line: bytes) -> dict[str, str] | None:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, Mapping):
        return None
    entry = {_plain(key): text(inner) for key, inner in value.items() if inner is not None}
    return entry if any(wanted <= set(entry) for wanted in _KNOWN) else None


def _row(entry: Mapping[str, str]) -> dict[str, Any]:
    folder = next((entry[key] for key in ("isdirectory", "isdir") if entry.get(key)), "").lower()
    mode = entry.get("mode", "")
    stream = entry.get("isads", "").lower() == "true"
    kind = (
        "folder"
        if folder in ("true", "1") or mode[:1] == "d"
        else "link"
        if mode[:1] in ("l", "L")
        else "file"
    )
    used = entry.get("inuse", "").lower()
    row: dict[str, Any] = {
        "path": _path(entry),
        "kind": "file" if stream else kind,
        "bytes": whole(entry.get("filesize") or entry.get("size")),
        "state": "deleted" if used in ("false", "0") else "allocated",
        "address": whole(entry.get("entrynumber") or entry.get("inode")),
    }
    for column, names in _TIMES.items():
        row[column] = next((_time(entry[name]) for name in names if entry.get(name)), None)
    return row


def _path(entry: Mapping[str, str]) -> str:
    whole_path = next((entry[key] for key in _PATHS if entry.get(key)), "")
    if "parentpath" in entry and "filename" in entry and not entry.get("ospath"):
        folder = entry["parentpath"].removeprefix(".").strip("\\")
        return "\\" + "\\".join(part for part in (folder, entry["filename"]) if part)
    return whole_path or entry.get("filename", "")


def _time(value: str) -> int | None:
    value = value.strip()
    return zoned(value if _ZONE.search(value) else f"{value}+00:00") if value else None
