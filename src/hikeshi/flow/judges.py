# SPDX-License-Identifier: Apache-2.0
"""What a worker runs to judge the rows of a part: compiled Sigma rules, the packs' own and those of others."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

from hikeshi.detect.sigma.judge import judge as judge_sigma
from hikeshi.detect.sigma.rules import RuleSet, SigmaRule
from hikeshi.families import Pack, packs
from hikeshi.pack import PackRule, event_fields, hit
from hikeshi.schema import Grade, Hit

if TYPE_CHECKING:
    import pyarrow as pa

    from hikeshi.detect.yara import YaraMatch, YaraSet

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


def judge(arguments: Mapping[str, Any], units: Units) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """Judge each unit's rows; its files are the part and the compiled rules. Messages carry hits as JSON lines."""
    for index, (_, (part, rules)) in enumerate(units):
        ruleset = _ruleset(rules, arguments["version"])
        own = arguments["judge"] == "packs"
        for rows in batches(part):
            hits = _own(rows, ruleset) if own else _others(rows, ruleset)
            text = "".join(_line(found) for found in hits)
            yield {"kind": "hits", "unit": index}, text.encode()
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


def _ruleset(file: BinaryIO, version: str) -> RuleSet:
    if version not in _loaded:
        data = file.read()
        if hashlib.sha256(data).hexdigest() != version:
            raise ValueError("the compiled rules changed while they were in use")
        _loaded.clear()
        _loaded[version] = RuleSet.from_bytes(data)
    return _loaded[version]


def _line(found: Hit) -> str:
    return json.dumps(dataclasses.asdict(found), ensure_ascii=False) + "\n"


def _row(rows: pa.Table, number: int) -> dict[str, Any]:
    row: dict[str, Any] = rows.slice(number, 1).to_pylist()[0]
    row["time"] = rows.column("time")[number].value
    return row


def _own(rows: pa.Table, ruleset: RuleSet) -> Iterator[Hit]:
    known = pack_rules()
    for number, row, _ in judge_sigma(rows, ruleset):
        rule = ruleset.rules[number]
        pack, meaning = known[rule.id]
        yield hit(meaning, pack.family, _row(rows, row), rule.credit())


@cache
def pack_rules() -> dict[str, tuple[Pack, PackRule]]:
    """Every rule of every pack by its id."""
    return {rule.id: (pack, rule) for pack in packs() for rule in pack.sigma}


def _others(rows: pa.Table, ruleset: RuleSet) -> Iterator[Hit]:
    for number, row in _distinct(judge_sigma(rows, ruleset)):
        rule = ruleset.rules[number]
        if rule.reported:
            yield _credited(_row(rows, row), rule)


def _distinct(matches: Iterable[Any]) -> Iterator[tuple[int, int]]:
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


def scan(arguments: Mapping[str, Any], units: Units) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """Scan each unit's bytes with YARA rules; its files are the item and the compiled rules."""
    from hikeshi.detect.yara import LARGEST
    from hikeshi.detect.yara import scan as scan_bytes

    for index, (unit, (file, rules)) in enumerate(units):
        if unit["size"] > LARGEST:
            raise ValueError(f"items over {LARGEST} bytes are not scanned with YARA")
        ruleset = _yara(rules, arguments["version"])
        hits = (_scanned(unit["id"], match) for match in scan_bytes(file.read(), ruleset))
        yield {"kind": "hits", "unit": index}, "".join(map(_line, hits)).encode()
        yield {"kind": "end", "unit": index}, b""


_yara_sets: dict[str, YaraSet] = {}


def _yara(file: BinaryIO, version: str) -> YaraSet:
    from hikeshi.detect.yara import YaraSet

    if version not in _yara_sets:
        _yara_sets[version] = YaraSet.from_bytes(file.read())
    return _yara_sets[version]


def _scanned(item: str, match: YaraMatch) -> Hit:
    fields = {
        "title": match.rule.title or match.rule.id,
        **{name: str(count) for name, count in match.strings.items()},
    }
    grade = Grade.INDICATED if match.rule.level in ("high", "critical") else Grade.WEAK
    return Hit(item, grade, "rule.yara", offset=match.offset or 0, fields=fields, rule=match.rule)
