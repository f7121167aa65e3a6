# SPDX-License-Identifier: Apache-2.0
"""Correlations of random event sets against pySigma's SQLite conversion.

The conversion gives an alert for every window that holds, where the product joins windows that share matches,
so alerts are joined here first. Of an ordered correlation it lists the first event of each step, where the
product lists all matches in the window, so the events are read from the window. Windows, groups and largest
counts must be the same.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection

from detect import cases
from hikeshi.detect.sigma.correlate import correlate
from hikeshi.detect.sigma.gather import gather
from hikeshi.detect.sigma.judge import judge

SPAN = 60
BASES = [
    cases.rule({"s": {"EventID": number}, "condition": "s"}, name=f"r{number}", title=f"r{number}")
    for number in (1, 2, 3)
]
KINDS: list[dict[str, Any]] = [
    {"type": "event_count", "rules": ["r1"], "group-by": ["Computer"], "condition": {"gte": 3}},
    {"type": "event_count", "rules": ["r1", "r2"], "group-by": ["Computer", "User"], "condition": {"gt": 1}},
    {"type": "event_count", "rules": ["r1"], "condition": {"lt": 2}},
    {"type": "event_count", "rules": ["r1"], "condition": {"eq": 2}},
    {
        "type": "value_count",
        "rules": ["r1", "r2"],
        "group-by": ["Computer"],
        "condition": {"gte": 2, "field": "User"},
    },
    {"type": "temporal", "rules": ["r1", "r2"], "group-by": ["User"]},
    {"type": "temporal", "rules": ["r1", "r2", "r3"], "group-by": ["Computer"], "condition": {"gte": 2}},
    {"type": "temporal_ordered", "rules": ["r1", "r2"], "group-by": ["Computer"]},
    {"type": "temporal_ordered", "rules": ["r3", "r1", "r2"]},
]
EVENT = st.tuples(
    st.integers(0, 240),
    st.integers(1, 4),
    st.sampled_from(["h1", "h2"]),
    st.sampled_from(["u", "U", "v", "w", None]),
)
Event = tuple[int, int, str, str | None]
Hit = tuple[tuple[str, ...], float, float, tuple[int, ...], int]


def ours(documents: list[dict[str, Any]], events: list[Event]) -> list[Hit]:
    rules = cases.compiled(*documents)
    rows = [
        cases.event(
            {"User": user} if user else {},
            event_id=number,
            host=host,
            item="i",
            record=n,
            time=second * 1_000_000,
        )
        for n, (second, number, host, user) in enumerate(events)
    ]
    table = cases.events(rows)
    return sorted(
        (
            tuple(value.lower() for _, value in hit.group),
            hit.first / 1e6,
            hit.last / 1e6,
            tuple(record for _, record in hit.rows),
            hit.count,
        )
        for hit in correlate(rules, gather(table, judge(table, rules), rules))
    )


def theirs(documents: list[dict[str, Any]], events: list[Event]) -> list[Hit]:
    said = documents[-1]["correlation"]
    collection = SigmaCollection.from_yaml(yaml.safe_dump_all(documents))
    text = sqliteBackend(timestamp_format="unix", collate_nocase=True).convert(collection)[-1]
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE logs (timestamp INT, EventID INT, Computer TEXT, User TEXT)")
    connection.executemany(
        "INSERT INTO logs (rowid, timestamp, EventID, Computer, User) VALUES (?, ?, ?, ?, ?)",
        ((n, *event) for n, event in enumerate(events)),
    )
    alerts = connection.execute(text).fetchall()
    connection.close()

    wanted = {int(name[1:]) for name in said["rules"]}
    found: dict[tuple[str, ...], list[tuple[set[int], int]]] = {}
    for _, keys, _, start, end, _, metric, *_ in sorted(alerts, key=lambda alert: alert[4]):
        group = json.loads(keys)
        inside = {
            n
            for n, (second, number, host, user) in enumerate(events)
            if start <= second <= end
            and number in wanted
            and all(
                str({"Computer": host, "User": user}[name]).lower() == value for name, value in group.items()
            )
        }
        joined = found.setdefault(tuple(str(group[name]) for name in said.get("group-by", ())), [])
        if joined and joined[-1][0] & inside:
            before, most = joined.pop()
            joined.append((before | inside, max(most, metric)))
        else:
            joined.append((inside, metric))
    return sorted(
        (
            group,
            min(events[n][0] for n in inside),
            max(events[n][0] for n in inside),
            tuple(sorted(inside)),
            most,
        )
        for group, windows in found.items()
        for inside, most in windows
    )


@pytest.mark.parametrize("said", KINDS, ids=lambda said: f"{said['type']}-{said.get('condition')}")
@settings(max_examples=40, deadline=None, derandomize=True)
@given(events=st.lists(EVENT, max_size=14))
def test_windows_equal_sql(said: dict[str, Any], events: list[Event]) -> None:
    documents = [*BASES, {"title": "c", "correlation": {**said, "timespan": f"{SPAN}s"}}]

    assert theirs(documents, events) == ours(documents, events)
