# SPDX-License-Identifier: Apache-2.0
"""Correlations over the matches of rules: windows slide with the events, groups never mix.

A window ends at a match and reaches back over the timespan, both ends included; the condition is tested in
every window, and windows that hold and share matches become one hit. What the specification leaves open:
values compare without case, a match that lacks a group field takes part in nothing, an event counts once
however many of the rules it matches, and in an ordered correlation a later step is later by the clock,
never at the same instant.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hikeshi.detect.sigma.rules import Branch, Correlation, Node, RuleSet
from hikeshi.detect.sigma.windows import Window, chain_windows, count_windows, merged

Row = tuple[str, int]
"""An item and a record of it."""

_COMPARE = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "neq": operator.ne,
}


class Found(NamedTuple):
    """A match that can take part: rule number, UTC microseconds, its record, the values asked for."""

    rule: int
    time: int
    row: Row
    values: Mapping[str, str | None]


@dataclass(frozen=True)
class Correlated:
    """A hit: its first and last match, the group as first written, the records, the largest count."""

    correlation: int
    first: int
    last: int
    group: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    count: int


class _Part(NamedTuple):
    """A match of a rule, or a window of a correlation: then `span` is where its parts lie."""

    time: int
    row: Row
    values: Mapping[str, str | None]
    span: tuple[list[_Part], int, int] | None = None


def asked_fields(rules: RuleSet) -> dict[int, tuple[str, ...]]:
    """By rule number, the fields whose values the correlations over it need."""
    asked: dict[int, set[str]] = {}
    for correlation in rules.correlations:
        for step, (kind, number) in enumerate(correlation.steps):
            if kind == "rule":
                names = {_field(correlation, name, step) for name in correlation.group_by}
                asked.setdefault(number, set()).update(names, correlation.fields)
    return {number: tuple(sorted(names)) for number, names in sorted(asked.items())}


def correlate(rules: RuleSet, found: Iterable[Found]) -> list[Correlated]:
    """Every hit of every correlation, ordered by correlation, time and group."""
    parts: dict[tuple[str, int], list[_Part]] = {}
    for each in sorted(found, key=lambda each: each[:3]):
        parts.setdefault(("rule", each.rule), []).append(_Part(each.time, each.row, each.values))
    hits: list[Correlated] = []
    for number, correlation in enumerate(rules.correlations):
        raised = parts.setdefault(("correlation", number), [])
        for group, members in _groups(correlation, parts):
            windows = [window for window in _windows(correlation, members) if _holds(correlation, window)]
            inner = [part for part, _ in members]
            for first, last, *_ in windows:
                row = (correlation.id, len(raised))
                raised.append(_Part(inner[last].time, row, dict(group), (inner, first, last)))
            for first, last, count, _ in merged(windows):
                rows = tuple(sorted(_rows(inner[first : last + 1])))
                hits.append(Correlated(number, _start(inner[first]), inner[last].time, group, rows, count))
    return sorted(hits, key=lambda hit: (hit.correlation, hit.first, hit.last, hit.group))


Member = tuple[_Part, int]
"""A part and the step it stands for."""


def _groups(
    correlation: Correlation, parts: Mapping[tuple[str, int], Sequence[_Part]]
) -> Iterator[tuple[tuple[tuple[str, str], ...], list[Member]]]:
    found: dict[tuple[str, ...], list[Member]] = {}
    written: dict[tuple[str, ...], tuple[str, ...]] = {}
    for step, source in enumerate(correlation.steps):
        fields = [_field(correlation, name, step) for name in correlation.group_by]
        for part in parts.get(source, ()):
            values = tuple(value for name in fields if (value := part.values.get(name)) is not None)
            if len(values) == len(fields):
                key = tuple(value.lower() for value in values)
                found.setdefault(key, []).append((part, step))
                written[key] = min(values, written.get(key, values))
    for key, members in sorted(found.items()):
        members.sort(key=lambda member: (member[0].time, member[1]))
        yield tuple(zip(correlation.group_by, written[key], strict=True)), members


def _field(correlation: Correlation, name: str, step: int) -> str:
    for alias, fields in correlation.aliases:
        if alias == name:
            return fields[step] or name
    return name


def _windows(correlation: Correlation, members: list[Member]) -> Iterator[Window]:
    times = [part.time for part, _ in members]
    steps = [step for _, step in members]
    match correlation.type:
        case "temporal_ordered":
            return chain_windows(times, steps, correlation.timespan)
        case "temporal":
            return count_windows(times, steps, correlation.timespan, keep=True)
        case "event_count":
            return count_windows(
                times, [(part.span is None, part.row) for part, _ in members], correlation.timespan
            )
    values = [tuple(part.values.get(name) for name in correlation.fields) for part, _ in members]
    labels = [None if None in each else tuple(str(value).lower() for value in each) for each in values]
    return count_windows(times, labels, correlation.timespan)


def _holds(correlation: Correlation, window: Window) -> bool:
    if correlation.tree is not None:
        return _true(correlation.tree, window)
    return all(_COMPARE[op](window.number, bound) for op, bound in correlation.bounds)


def _true(node: Node, window: Window) -> bool:
    if not isinstance(node, Branch):
        return node in window.labels
    results = (_true(child, window) for child in node.nodes)
    if node.op == "not":
        return not next(results)
    return all(results) if node.op == "and" else any(results)


def _start(part: _Part) -> int:
    while part.span is not None:
        inner, first, _ = part.span
        part = inner[first]
    return part.time


def _rows(parts: Iterable[_Part]) -> set[Row]:
    """The records under parts, each stretch of an inner correlation visited once."""
    found: set[Row] = set()
    spans: dict[int, tuple[list[_Part], list[Window]]] = {}
    for part in parts:
        if part.span is None:
            found.add(part.row)
        else:
            inner, first, last = part.span
            spans.setdefault(id(inner), (inner, []))[1].append(Window(first, last, 0))
    for inner, windows in spans.values():
        for window in merged(sorted(windows)):
            found |= _rows(inner[window.first : window.last + 1])
    return found
