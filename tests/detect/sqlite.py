# SPDX-License-Identifier: Apache-2.0
"""The same events asked through pySigma's SQLite conversion: a query a rule, over its log source's events.

The log source is ours on both sides. With `translated`, the events are those that carry a rule's fields under
other names, as views.py shows them; else they are those that carry the rule's own.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import pyarrow as pa
import yaml
from sigma.backends.sqlite import sqliteBackend
from sigma.rule import SigmaRule as Parsed

from hikeshi.detect.sigma.columns import SYSTEM
from hikeshi.detect.sigma.logsource import Route, routes
from hikeshi.detect.sigma.rules import RuleSet
from hikeshi.detect.sigma.views import VIEWS

ALL = "every_value"
Row = Mapping[str, Any]


def hits(
    events: pa.Table,
    rules: RuleSet,
    sources: Mapping[str, bytes],
    numbers: Iterable[int],
    translated: bool = False,
) -> Iterator[tuple[int, int]]:
    """Rule number and row of every hit of the named rules."""
    wanted = set(numbers)
    rows = events.select(["fields", *SYSTEM.values()]).to_pylist()
    for source, members in rules.by_source.items():
        chosen = sorted(wanted.intersection(members))
        ways = [route for route in routes(*source) if bool(route.view) == translated]
        cells = {n: found for n, row in enumerate(rows) if (found := _cells(row, ways))} if chosen else {}
        if cells:
            queries = {number: query(sources[rules.rules[number].path]) for number in chosen}
            asked = {name for _, names in queries.values() for name in names}
            connection = _database(cells, asked)
            for number, (texts, _) in queries.items():
                found = {row for text in texts for (row,) in connection.execute(text)}
                yield from ((number, row) for row in sorted(found))
            connection.close()


@cache
def query(rule: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The queries of a rule, and the fields they name."""
    backend = sqliteBackend(fulltext_field=ALL)
    parsed = Parsed.from_dict(yaml.safe_load(rule))
    texts = tuple(text.replace("SELECT *", "SELECT rowid", 1) for text in backend.convert_rule(parsed))
    return texts, tuple(backend.required_fields(parsed))


def _cells(row: Row, ways: Iterable[Route]) -> dict[str, str]:
    columns = {name: str(row[column]) for name, column in SYSTEM.items() if row[column] is not None}
    for route in ways:
        if route.admits(row["channel"], row["event_id"]):
            own = {name: text for name, text in row["fields"] if text is not None}
            shown = VIEWS[route.view][0](own) if route.view else own
            return columns | shown if shown or not route.view else {}
    return {}


def _database(rows: Mapping[int, dict[str, str]], asked: set[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.create_function("REGEXP", 2, _search, deterministic=True)
    names = list(
        dict.fromkeys([*SYSTEM, *sorted(asked), *sorted({name for cells in rows.values() for name in cells})])
    )
    first = {name.lower(): name for name in reversed(names)}
    names = [name for name in names if first[name.lower()] == name and name != ALL]
    quoted = ["`" + name.replace("`", "``") + "`" for name in [*names, ALL]]
    connection.execute(f"CREATE TABLE logs ({', '.join(name + ' TEXT COLLATE NOCASE' for name in quoted)})")
    marks = ", ".join("?" * (len(quoted) + 1))
    connection.executemany(
        f"INSERT INTO logs (rowid, {', '.join(quoted)}) VALUES ({marks})",
        ((n, *map(cells.get, names), "\n".join(cells.values())) for n, cells in rows.items()),
    )
    return connection


def _search(pattern: str, text: str | None) -> bool:
    return text is not None and re.search(pattern, text) is not None
