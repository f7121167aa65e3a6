# SPDX-License-Identifier: Apache-2.0
"""Body files: one file a line, as The Sleuth Kit's fls and mactime write and read them (TSK wiki, "Body file", 3.0 on).

MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime; names may hold `|`. Times are seconds since 1970, 0 is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from hikeshi.readers.text_lines import Rows, first_lines, lines, seconds, whole
from hikeshi.schema import Batch, Count, Found, Issue, Item

KIND = "body-file"
VERSION = "1"

YEAR_10000 = 253_402_300_800_000_000
_LINE = re.compile(
    r"([0-9A-Fa-f]{1,64}|)\|(.+)\|([^|]*)\|([^|]*)\|(\d*)\|(\d*)\|(-?\d*)\|"
    + r"\|".join([r"(-?\d*\.?\d*)"] * 4)
)
_MODE = re.compile(r"([-a-zA-Z])(?:/([-a-zA-Z]))?[-rwxsStT]{9}.{0,2}|0*[0-7]{3,6}|[-a-z]/[-a-z]?.{0,12}|")
_KINDS = {"r": "file", "-": "file", "d": "folder", "v": "file", "V": "folder", "l": "link"}
_GONE = re.compile(r" \(deleted(-realloc)?\)$")
_NAMED = " ($FILE_NAME)"


def sniff(head: bytes, name: str) -> bool:
    """Whether the first lines all have the fields of a body file."""
    found = [line for line in first_lines(head) if not line.startswith(b"#")]
    return bool(found) and all(_fields(line) is not None for line in found)


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """A row of `files` for each line."""
    for item in items:
        rows = Rows(item.id)
        listed = 0
        for offset, line in lines(item.file):
            if line.startswith(b"#"):
                continue
            fields = _fields(line)
            if fields is None:
                rows.refuse(offset)
                continue
            rows.add("files", {"item": item.id, "record": rows.records, "offset": offset} | _row(fields))
            rows.records, listed = rows.records + 1, listed + 1
            yield from rows.ready()
        yield from rows.rest()
        yield Count(item.id, KIND, rows.records, blocks=listed)


def _fields(line: bytes) -> tuple[str, ...] | None:
    if line.count(b"|") < 10:
        return None
    met = _LINE.fullmatch(line.decode("utf-8", "replace"))
    return tuple(met.groups()) if met and _MODE.fullmatch(met[4]) else None


def _row(fields: Sequence[str]) -> dict[str, Any]:
    _, path, inode, mode, _, _, size, *times = fields
    named = path.endswith(_NAMED)
    path = path.removesuffix(_NAMED)
    deleted = _GONE.search(path)
    path = path[: deleted.start()] if deleted else path
    kind = _KINDS.get(mode[2:3] if mode[1:2] == "/" and mode[2:3] not in ("", "-") else mode[:1], "other")
    prefix = "name_" if named else ""
    columns = ("accessed", "modified", "changed", "created")
    return {
        "path": path.partition(" -> ")[0] if kind == "link" else path,
        "kind": kind if mode else None,
        "bytes": whole(size),
        "state": "deleted" if deleted else "allocated",
        "address": whole(inode.partition("-")[0]),
    } | {prefix + column: _time(text) for column, text in zip(columns, times, strict=True)}


def _time(text: str) -> int | None:
    time = seconds(text) if text not in ("", "-", ".") else None
    return time if time and 0 < time < YEAR_10000 else None
