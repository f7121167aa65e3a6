# SPDX-License-Identifier: Apache-2.0
"""Events and rules in, matches out: rules pruned by log source, predicates tested once per distinct value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hikeshi.detect.sigma.columns import SYSTEM, Columns, members, row_set
from hikeshi.detect.sigma.logsource import Route, routes
from hikeshi.detect.sigma.match import rows_of, unknown_rows
from hikeshi.detect.sigma.rules import Leaf, Node, RuleSet
from hikeshi.detect.sigma.views import VIEWS

if TYPE_CHECKING:
    import pyarrow as pa


ROWS = 8192  # events judged at a time: enough to repeat values, few enough to stay in the cache


class Match(NamedTuple):
    """Rule number, row of the events, and by which route (log source variant) they met."""

    rule: int
    row: int
    variant: str


def judge(events: pa.Table, rules: RuleSet) -> Iterator[Match]:
    """Every match of every rule, ordered by rule and row; `events` has the columns of the events table."""
    found: list[Match] = []
    for start in range(0, events.num_rows, ROWS):
        for match in _judge(events.slice(start, ROWS), rules):
            found.append(match._replace(row=start + match.row))
    return iter(sorted(found))


def _judge(events: pa.Table, rules: RuleSet) -> Iterator[Match]:
    evidence = _Evidence(events, rules.leaves)
    for source, numbers in rules.by_source.items():
        for route in routes(*source):
            among = evidence.admitted(route)
            if among:
                view = evidence.view(route)
                for number in numbers:
                    rows = view.rows(rules.rules[number].tree, among)
                    if rows:
                        yield from (Match(number, row, route.name) for row in members(rows))


class _Evidence:
    """The events under each view, and which of them a route admits."""

    def __init__(self, events: pa.Table, leaves: tuple[Leaf, ...]) -> None:
        self._leaves = leaves
        self._fields = _whole(events, "fields")
        self._system = {name: _whole(events, name) for name in SYSTEM.values()}
        self._views: dict[str, _View] = {}
        grouped: dict[tuple[str | None, int | None], list[int]] = {}
        places = zip(self._system["channel"].to_pylist(), self._system["event_id"].to_pylist(), strict=True)
        for row, place in enumerate(places):
            grouped.setdefault(place, []).append(row)
        self._groups = {place: row_set(np.array(rows), events.num_rows) for place, rows in grouped.items()}

    def admitted(self, route: Route) -> int:
        """The events of a route; under a view, those it can translate."""
        rows = self._of(route)
        return rows & self.view(route).translated if rows and route.view else rows

    def view(self, route: Route) -> _View:
        """The events as rules see them on this route."""
        if route.view not in self._views:
            self._views[route.view] = self._translated(route) if route.view else self._plain()
        return self._views[route.view]

    def _of(self, route: Route) -> int:
        rows = 0
        for place, group in self._groups.items():
            if route.admits(*place):
                rows |= group
        return rows

    def _plain(self) -> _View:
        return _View(Columns(self._fields, self._system), self._leaves)

    def _translated(self, route: Route) -> _View:
        import pyarrow as pa

        translate, _ = VIEWS[route.view]
        rows = members(self._of(route))
        shown: list[list[tuple[str, str]] | None] = [None] * len(self._fields)
        for row, cells in zip(rows, self._fields.take(pa.array(rows)).to_pylist(), strict=True):
            shown[row] = list(translate(dict(cells or ())).items())
        columns = Columns(pa.array(shown, type=self._fields.type), self._system)
        known = row_set(np.array([row for row in rows if shown[row]], dtype=np.int64), len(shown))
        return _View(columns, self._leaves, known)


class _View:
    """Columns and what was already tested on them; `translated` events do not carry every field."""

    def __init__(self, columns: Columns, leaves: tuple[Leaf, ...], translated: int = 0) -> None:
        self.translated = translated
        self._columns = columns
        self._leaves = leaves
        self._held: dict[int, int] = {}
        self._unknown: dict[int, int] = {}

    def rows(self, node: Node, among: int, sure: bool = True) -> int:
        """The events out of `among` for which the node holds; for which it may hold, unless `sure`."""
        if isinstance(node, int):
            return among & self._leaf(node, sure)
        if node.op == "not":
            return among & ~self.rows(node.nodes[0], among, not sure)
        if node.op == "and":
            for child in node.nodes:
                among = self.rows(child, among, sure)
                if not among:
                    break
            return among
        found = 0
        for child in node.nodes:
            found |= self.rows(child, among & ~found, sure)
            if found == among:
                break
        return found

    def _leaf(self, number: int, sure: bool) -> int:
        held = self._held.get(number)
        if held is None:
            held = self._held[number] = rows_of(self._leaves[number], self._columns)
        if not self.translated:
            return held
        if number not in self._unknown:
            self._unknown[number] = unknown_rows(self._leaves[number], self._columns)
        return held & ~self._unknown[number] if sure else held | self._unknown[number]


def _whole(events: pa.Table, name: str) -> pa.Array:
    import pyarrow as pa

    column = events.column(name)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], type=column.type)
