# SPDX-License-Identifier: Apache-2.0
"""Machines: names that mean one machine are united, each union with its ground."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from hikeshi.reconstruct import Query, Row


def aliases(names: Iterable[str]) -> dict[str, str]:
    """For every name the name of its machine.

    Upper and lower case are one name; a bare name is the machine of the one full name that begins with it. With
    two such full names (pc1.a.example, pc1.b.example) the bare name stays a machine of its own: nothing says which.
    """
    spelled: defaultdict[str, set[str]] = defaultdict(set)
    for name in names:
        spelled[name.lower()].add(name)
    full: defaultdict[str, set[str]] = defaultdict(set)
    for name in spelled:
        if "." in name.strip("."):
            full[name.split(".")[0]].add(name)
    machine = {}
    for name, spellings in spelled.items():
        owners = full.get(name, set())
        owner = next(iter(owners)) if len(owners) == 1 else name
        for spelling in spellings:
            machine[spelling] = min(spelled[owner])
    return machine


def hosts(query: Query) -> tuple[list[Row], dict[str, str]]:
    """Rows of `hosts`, and for every name met the name of its machine."""
    seen = query(
        "SELECT host, min(time) AS first, max(time) AS last, count(*) AS events FROM events"
        " WHERE host IS NOT NULL AND host <> '' GROUP BY host ORDER BY host"
    )
    placed = query("SELECT DISTINCT host FROM places WHERE host IS NOT NULL ORDER BY host")
    machine = aliases([row["host"] for row in (*seen, *placed)])
    rows: dict[str, Row] = {}
    for name in sorted(machine):
        empty: Row = {"aliases": [], "first": None, "last": None, "events": 0}
        row = rows.setdefault(machine[name], {"host": machine[name], **empty})
        if name != machine[name]:
            row["aliases"].append(name)
    for met in seen:
        row = rows[machine[met["host"]]]
        row["first"] = _earliest(row["first"], met["first"])
        row["last"] = _latest(row["last"], met["last"])
        row["events"] += met["events"]
    return [rows[name] for name in sorted(rows)], machine


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((time for time in (one, other) if time is not None), default=None)


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((time for time in (one, other) if time is not None), default=None)


def sources(query: Query, machine: Mapping[str, str]) -> list[Row]:
    """Rows of `sources`: which events each machine's logs hold."""
    rows: dict[tuple[str, str, str, int], Row] = {}
    for met in query(
        "SELECT host, channel, provider, event_id, min(time) AS first, max(time) AS last, count(*) AS count"
        " FROM events GROUP BY ALL ORDER BY ALL"
    ):
        host = machine.get(met["host"] or "", "")
        key = (
            host,
            met["channel"] or "",
            met["provider"] or "",
            met["event_id"] if met["event_id"] is not None else -1,
        )
        row = rows.setdefault(key, {**met, "host": host or None, "first": None, "last": None, "count": 0})
        row["first"] = _earliest(row["first"], met["first"])
        row["last"] = _latest(row["last"], met["last"])
        row["count"] += met["count"]
    return [rows[key] for key in sorted(rows)]
