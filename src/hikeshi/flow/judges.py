# SPDX-License-Identifier: Apache-2.0
"""What a worker runs to judge the rows of a part: compiled Sigma rules, the packs' own and those of others."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

from hikeshi.detect.sigma.judge import Match
from hikeshi.detect.sigma.judge import judge as judge_sigma
from hikeshi.detect.sigma.rules import RuleSet, SigmaRule
from hikeshi.families import Pack, entry
from hikeshi.families import packs as all_packs
from hikeshi.flow.steps import correlated, step_lines
from hikeshi.pack import PackRule, event_fields, hit
from hikeshi.pack import row as row_at
from hikeshi.schema import Grade, Hit, Issue

if TYPE_CHECKING:
    import pyarrow as pa

Sent = tuple[Mapping[str, Any], bytes]
Units = Sequence[tuple[Mapping[str, Any], Sequence[BinaryIO]]]

# What a reader of the report wants to see of an event that a rule of others has hit.
SHOWN = (
    "program",
    "command_line",
    "parent",
    "registry_path",
    "registry_data",
    "file",
    "name",
    "address",
    "port",
)

_loaded: dict[str, RuleSet] = {}


def packs(arguments: Mapping[str, Any], units: Units) -> Iterator[Sent]:
    """Judge each unit's rows by the packs' own rules; its files are the part and the compiled rules."""
    for index, (_, (part, rules)) in enumerate(units):
        ruleset = ruleset_of(rules, arguments["version"])
        for rows in batches(part):
            yield {"kind": "hits", "unit": index}, encoded(_own(rows, ruleset))
        yield {"kind": "end", "unit": index}, b""


def tables(arguments: Mapping[str, Any], units: Units) -> Iterator[Sent]:
    """Judge each unit's rows of one table by the packs' own code; its first file is the part."""
    asked = [judged for pack in all_packs() if (judged := entry(pack, arguments["table"]))]
    for index, (_, (part, _)) in enumerate(units):
        for rows in batches(part):
            said = [one for judged in asked for one in judged(rows)]
            yield {"kind": "hits", "unit": index}, encoded(one for one in said if isinstance(one, Hit))
            if issues := [one for one in said if isinstance(one, Issue)]:
                yield {"kind": "issues", "unit": index}, encoded(issues)
        yield {"kind": "end", "unit": index}, b""


def sigma(arguments: Mapping[str, Any], units: Units) -> Iterator[Sent]:
    """Judge each unit's rows by rules of others; sends hits and, under `steps`, what correlations build on."""
    for index, (_, (part, rules)) in enumerate(units):
        ruleset = ruleset_of(rules, arguments["version"])
        for rows in batches(part):
            matches = list(judge_sigma(rows, ruleset))
            yield {"kind": "hits", "unit": index}, encoded(_others(rows, matches, ruleset))
            if ruleset.correlations:
                steps, undated = step_lines(rows, matches, ruleset)
                yield {"kind": "steps", "unit": index}, steps
                if undated:
                    yield {"kind": "undated", "unit": index}, undated
        yield {"kind": "end", "unit": index}, b""


def correlate(arguments: Mapping[str, Any], units: Units) -> Iterator[Sent]:
    """Correlate over a whole case; each unit's files are the steps of all parts and the compiled rules."""
    for index, (_, (steps, rules)) in enumerate(units):
        ruleset = ruleset_of(rules, arguments["version"])
        yield {"kind": "hits", "unit": index}, encoded(correlated(map(json.loads, steps), ruleset))
        yield {"kind": "end", "unit": index}, b""


def batches(part: BinaryIO) -> Iterator[pa.Table]:
    """The rows of a part, all of its Arrow streams as one table."""
    import pyarrow as pa

    data = pa.BufferReader(part.read())
    tables = []
    while data.tell() < data.size():
        tables.append(pa.ipc.open_stream(data).read_all())
    if tables:
        yield pa.concat_tables(tables)


def ruleset_of(file: BinaryIO, version: str) -> RuleSet:
    """The compiled rules in a file, kept for the tasks to come."""
    if version not in _loaded:
        data = file.read()
        if hashlib.sha256(data).hexdigest() != version:
            raise ValueError("the compiled rules changed while they were in use")
        _loaded.clear()
        _loaded[version] = RuleSet.from_bytes(data)
    return _loaded[version]


def encoded(hits: Iterable[Hit | Issue]) -> bytes:
    """Hits or issues as JSON lines."""
    return "".join(json.dumps(dataclasses.asdict(hit), ensure_ascii=False) + "\n" for hit in hits).encode()


def _own(rows: pa.Table, ruleset: RuleSet) -> Iterator[Hit]:
    known = pack_rules()
    for number, row, _ in judge_sigma(rows, ruleset):
        rule = ruleset.rules[number]
        pack, meaning = known[rule.id]
        yield hit(meaning, pack.family, row_at(rows, row), rule.credit())


@cache
def pack_rules() -> dict[str, tuple[Pack, PackRule]]:
    """Every rule of every pack by its id."""
    return {rule.id: (pack, rule) for pack in all_packs() for rule in pack.sigma}


def _others(rows: pa.Table, matches: Iterable[Match], ruleset: RuleSet) -> Iterator[Hit]:
    for number, row in _distinct(matches):
        rule = ruleset.rules[number]
        if rule.reported:
            yield _credited(row_at(rows, row), rule)


def _distinct(matches: Iterable[Match]) -> Iterator[tuple[int, int]]:
    """A rule and an event that meet by two routes are one hit."""
    last = None
    for match in matches:
        if (match.rule, match.row) != last:
            last = (match.rule, match.row)
            yield last


def _credited(row: Mapping[str, Any], rule: SigmaRule) -> Hit:
    fields = event_fields(SHOWN, dict(row["fields"] or {}))
    return Hit(
        item=row["item"],
        grade=Grade.INDICATED if rule.level in ("high", "critical") else Grade.WEAK,
        message="rule.sigma",
        record=row["record"],
        offset=row["offset"],
        time=row["time"],
        time_text=row["time_text"],
        host=row["host"],
        user=row["user"],
        techniques=rule.techniques,
        fields={"title": rule.title, **fields},
        rule=rule.credit(),
    )
