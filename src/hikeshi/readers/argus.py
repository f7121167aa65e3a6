# SPDX-License-Identifier: Apache-2.0
"""Flow records of Argus as text (`ra` with a title line, comma or tab separated; also called binetflow).

Fields: the manual page ra(1) of the Argus clients. Its times carry no zone; they are kept as text.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hikeshi.readers.text_lines import Rows, first_lines, lines, whole
from hikeshi.schema import Batch, Count, Found, Issue, Item

KIND = "argus"
VERSION = "1"

_NEEDED = frozenset(("StartTime", "Dur", "Proto", "SrcAddr", "DstAddr", "State"))


def _titles(line: bytes) -> tuple[list[str], str] | None:
    text = line.decode("utf-8", "replace")
    separator = "\t" if "\t" in text else ","
    names = [name.strip() for name in text.split(separator)]
    return (names, separator) if set(names) >= _NEEDED else None


def sniff(head: bytes, name: str) -> bool:
    """Whether the first line names Argus's fields."""
    found = first_lines(head, 1)
    return bool(found) and _titles(found[0]) is not None


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """Events and streams of each file; the title line is no record."""
    for item in items:
        rows = Rows(item.id)
        titles: list[str] = []
        separator = ","
        for offset, line in lines(item.file):
            header = _titles(line)
            if header:
                titles, separator = header
                continue
            entry = _entry(line, titles, separator)
            if entry is None:
                rows.refuse(offset)
            else:
                _add(rows, offset, entry)
            yield from rows.ready()
        yield from rows.rest()
        yield Count(item.id, KIND, rows.records)


def _entry(line: bytes, titles: list[str], separator: str) -> dict[str, str] | None:
    try:
        (values,) = csv.reader([line.decode("utf-8", "replace")], delimiter=separator)
    except (csv.Error, ValueError):
        return None
    if len(values) != len(titles):
        return None
    return {name: value.strip() for name, value in zip(titles, values, strict=True) if value.strip()}


def _port(entry: Mapping[str, str], name: str) -> int | None:
    value = entry.get(name, "")
    return int(value, 16) if value.lower().startswith("0x") and _hex(value[2:]) else whole(value)


def _hex(value: str) -> bool:
    return 0 < len(value) < 5 and all(c in "0123456789abcdefABCDEF" for c in value)


def _add(rows: Rows, offset: int, entry: dict[str, str]) -> None:
    where = rows.event(offset, None, entry.get("StartTime"), "argus/flow", "argus", entry)
    total, sent = whole(entry.get("TotPkts")), whole(entry.get("SrcPkts"))
    row: dict[str, Any] = {
        "protocol": entry.get("Proto"),
        "client": entry.get("SrcAddr"),
        "client_port": _port(entry, "Sport"),
        "server": entry.get("DstAddr"),
        "server_port": _port(entry, "Dport"),
        "packets_sent": sent,
        "packets_received": total - sent
        if total is not None and sent is not None and total >= sent
        else None,
        "notes": ["bytes-with-headers", *([f"argus-{entry['State']}"] if "State" in entry else [])],
    }
    rows.add("streams", where | row)
