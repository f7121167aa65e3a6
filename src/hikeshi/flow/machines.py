# SPDX-License-Identifier: Apache-2.0
"""The machines of a case as packs see them: names, and the marks that evidence of each holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from hikeshi.flow.options import Options
from hikeshi.pack import Machine, Mark
from hikeshi.reconstruct.hosts import hosts

Query = Callable[[str], list[dict[str, Any]]]

_MARKS = (
    "SELECT DISTINCT p.host, m.kind, m.value, m.item, m.record, m.offset FROM machines m LEFT JOIN places p"
    " ON m.item = p.item WHERE m.value IS NOT NULL ORDER BY ALL"
)


def machines(query: Query) -> tuple[Machine, ...]:
    """Every machine by name; last, under the name "", the marks of evidence that names no machine."""
    known, canonical = hosts(query)
    marks: defaultdict[str, list[Mark]] = defaultdict(list)
    for row in query(_MARKS):
        host = row.pop("host")
        marks[canonical.get(host, str(host)) if host else ""].append(Mark(**row))
    found = [Machine(row["host"], tuple(row["aliases"]), tuple(marks.pop(row["host"], ()))) for row in known]
    unnamed = marks.pop("", [])
    return (*found, Machine("", (), tuple(unnamed))) if unnamed else tuple(found)


def asked(options: Options) -> Machine:
    """What the analyst says of the network, as marks of no machine: its address ranges, and whether all are listed."""
    marks = [Mark("own-range", text, "") for text in options.own]
    return Machine("", (), (*marks, *([Mark("list-everyone", "yes", "")] if options.cert else [])))
