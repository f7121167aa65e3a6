# SPDX-License-Identifier: Apache-2.0
"""Logs of one record a line: lines with their offsets, rows by table, refused lines as losses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from hikeshi.schema import Batch, Issue, Reason, table

LONGEST = 1 << 20
ROWS = 5000
MOST_ISSUES = 200


def lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of each line that is not blank, without its end; of a longer one the first LONGEST bytes."""
    file.seek(0)
    offset = 0
    while line := file.readline(LONGEST):
        start, offset = offset, offset + len(line)
        if len(line) == LONGEST and not line.endswith(b"\n"):
            while (rest := file.readline(LONGEST)) and not rest.endswith(b"\n"):
                offset += len(rest)
            offset += len(rest)
        content = line.rstrip(b"\r\n")
        if content.strip():
            yield start, content


def first_lines(head: bytes, most: int = 5) -> list[bytes]:
    """The first lines of a head that are not blank; of several, the last is left out where it may be cut."""
    parts = head[:LONGEST].splitlines()
    whole = parts[:-1] if len(parts) > 1 and not head.endswith((b"\n", b"\r")) else parts
    return [part for part in whole if part.strip()][:most]


class Rows:
    """Rows and losses of one item, gathered by table."""

    def __init__(self, item: str) -> None:
        self.item = item
        self.records = 0
        self._rows: dict[str, list[Mapping[str, Any]]] = {}
        self._refused: list[tuple[int, int, int]] = []
        self._left_out = 0
        self._machines: dict[tuple[str, str], list[Any]] = {}

    def event(
        self,
        offset: int,
        time: int | None,
        time_text: str | None,
        channel: str,
        provider: str,
        fields: Mapping[str, str],
    ) -> dict[str, Any]:
        """Add one record; returns where and when it was, for rows of other tables."""
        where = {
            "item": self.item,
            "record": self.records,
            "offset": offset,
            "time": time,
            "time_text": time_text,
        }
        self.records += 1
        self.add("events", where | {"channel": channel, "provider": provider, "fields": fields})
        return where

    def add(self, name: str, row: Mapping[str, Any]) -> None:
        """Add one row of a table."""
        self._rows.setdefault(name, []).append(row)

    def refuse(self, offset: int) -> None:
        """Count one line that is no record of this log."""
        number = self.records
        self.records += 1
        if self._refused and self._refused[-1][2] == number:
            first, count, _ = self._refused[-1]
            self._refused[-1] = (first, count + 1, number + 1)
        elif len(self._refused) < MOST_ISSUES:
            self._refused.append((offset, 1, number + 1))
        else:
            self._left_out += 1

    def machine(self, where: Mapping[str, Any], kind: str, value: object) -> None:
        """Note what identifies a machine."""
        if isinstance(value, str) and value:
            time = where["time"]
            seen = self._machines.setdefault((kind, value), [where, time, time, 0])
            seen[3] += 1
            if time is not None:
                seen[1] = time if seen[1] is None else min(time, seen[1])
                seen[2] = time if seen[2] is None else max(time, seen[2])

    def ready(self) -> Iterator[Batch]:
        """Batches of the tables that have enough rows."""
        for name, rows in self._rows.items():
            if len(rows) >= ROWS:
                yield Batch(self.item, name, table(name, rows))
                rows.clear()

    def rest(self) -> Iterator[Batch | Issue]:
        """What is left."""
        for (kind, value), (where, first, last, count) in sorted(self._machines.items()):
            row = {"kind": kind, "value": value, "first": first, "last": last, "count": count}
            self.add("machines", {key: where[key] for key in ("item", "record", "offset")} | row)
        for name, rows in sorted(self._rows.items()):
            for at in range(0, len(rows), ROWS):
                yield Batch(self.item, name, table(name, rows[at : at + ROWS]))
        for offset, count, _ in self._refused:
            yield Issue(self.item, Reason.DAMAGED_RECORD, offset, None, count, {"lines": str(count)})
        if self._left_out:
            yield Issue(
                self.item, Reason.DAMAGED_RECORD, None, None, self._left_out, {"lines": str(self._left_out)}
            )


def text(value: object) -> str:
    """A JSON value as text: scalars as they are written, lists joined by line feeds, objects as JSON."""
    import orjson

    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: ""}[value]
    if isinstance(value, list):
        return "\n".join(text(part) for part in value)
    if isinstance(value, dict):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return str(value)


def flat(value: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Leaves of a JSON object under their dotted names."""
    for key, part in value.items():
        if isinstance(part, dict) and depth < 8:
            yield from flat(part, f"{prefix}{key}.", depth + 1)
        elif part is not None:
            yield prefix + key, text(part)


def whole(value: object) -> int | None:
    """A whole number that fits 63 bits, perhaps written as digits."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62 else None


def seconds(value: object) -> int | None:
    """Microseconds of a number of seconds (since 1970, or a duration), exact where it is written as text."""
    from decimal import Decimal, InvalidOperation

    try:
        micro = Decimal(str(value)) * 1_000_000 if value is not None and not isinstance(value, bool) else None
    except InvalidOperation:
        return None
    if micro is None or not micro.is_finite() or abs(micro) >= 1 << 58:
        return None
    return int(micro)
