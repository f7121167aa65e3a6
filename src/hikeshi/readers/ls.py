# SPDX-License-Identifier: Apache-2.0
"""Listings of Unix machines: `find -ls` and `ls -lR`, also with --full-time (POSIX ls, GNU find and coreutils).

Only --full-time names year, time and zone; the other dates are left out, for they may mean one of several years.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from hikeshi.codecs.times import zoned
from hikeshi.readers.text_lines import Rows, first_lines, lines, whole
from hikeshi.schema import Batch, Count, Found, Issue, Item

KIND = "ls"
VERSION = "1"

_MODE = r"(?P<mode>[-dlbcpsDCnP?][-rwxsStTlL]{9})[.+@]?"
_DATE = (
    r"(?P<date>[A-Z][a-z]{2} [ \d]\d  ?(?:\d\d:\d\d|\d{4})|[ \d]?\d [A-Z][a-z]{2}  ?(?:\d\d:\d\d|\d{4})"
    r"|\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d\.\d+ [+-]\d{4})?)"
)
_REST = rf" +\d+ +\S+ +\S+ +(?P<size>\d+|\d+, *\d+) +{_DATE} (?P<name>.+)"
_ENTRY = re.compile(rf"(?: *(?P<inode>\d+) +\d+ +)?{_MODE}{_REST}")
_TOTAL = re.compile(rb"(?:total|\xe5\x90\x88\xe8\xa8\x88) [\d.]+[KMGT]?")
_KINDS = {"-": "file", "d": "folder", "l": "link"}
_ESCAPE = re.compile(r"\\(.)")


def sniff(head: bytes, name: str) -> bool:
    """Whether the first lines are a listing: entries, and before them at most a folder's name and its total."""
    found = first_lines(head, 8)
    kinds = [
        "entry" if _entry(line) else "other" if _heading(line) or _TOTAL.fullmatch(line) else ""
        for line in found
    ]
    return kinds.count("entry") >= min(2, len(kinds)) > 0 and "" not in kinds and kinds[:3].count("entry") > 0


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """A row of `files` for each entry; names of folders and totals are no records."""
    for item in items:
        rows = Rows(item.id)
        folder, listed = "", 0
        for offset, line in lines(item.file):
            met = _entry(line)
            if met is None and _TOTAL.fullmatch(line):
                continue
            if met is None and (heading := _heading(line)):
                folder = heading
                continue
            if met is None:
                rows.refuse(offset)
                continue
            if met["name"] not in (".", ".."):
                row = {"item": item.id, "record": rows.records, "offset": offset}
                rows.add("files", row | _row(met, folder))
                rows.records, listed = rows.records + 1, listed + 1
                yield from rows.ready()
        yield from rows.rest()
        yield Count(item.id, KIND, rows.records, blocks=listed)


def _entry(line: bytes) -> re.Match[str] | None:
    return _ENTRY.fullmatch(line[:8192].decode("utf-8", "replace").rstrip())


def _heading(line: bytes) -> str | None:
    """The folder whose content follows: a path of its own on a line, ended by a colon."""
    text = line[:8192].decode("utf-8", "replace").rstrip()
    return text[:-1] if text.endswith(":") and text.startswith(("/", ".")) else None


def _row(met: re.Match[str], folder: str) -> dict[str, Any]:
    kind = _KINDS.get(met["mode"][0], "other")
    name = met["name"].partition(" -> ")[0] if kind == "link" else met["name"]
    if met["inode"]:
        name = _ESCAPE.sub(r"\1", name)
    path = name if name.startswith("/") or not folder else f"{folder.rstrip('/')}/{name}"
    return {
        "path": path,
        "kind": kind,
        "bytes": whole(met["size"]),
        "state": "allocated",
        "address": whole(met["inode"]),
        "modified": zoned(met["date"]),
    }
