# SPDX-License-Identifier: Apache-2.0
"""What became of every rule: judged, without its log source, unmapped, or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hikeshi.detect.indicators.sets import IndicatorSet
from hikeshi.detect.sigma.reach import Need, unreachable
from hikeshi.detect.sigma.rules import Correlation, RuleSet, SigmaRule
from hikeshi.flow.rules import Compiled

Row = dict[str, Any]


def rows(rules: Sequence[Compiled], logs: Sequence[Row], found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows of the table `rules`; `logs` are the rows of `sources`."""
    present = {
        (row["channel"], row["event_id"]) for row in logs if row["channel"] and row["event_id"] is not None
    }
    hits = Counter(finding["rule"]["id"] for finding in found if finding["rule"])
    return [row for ruleset in rules for row in _rows(ruleset, present, hits)]


def _rows(compiled: Compiled, present: set[tuple[str, int]], hits: Mapping[str, int]) -> Iterator[Row]:
    if compiled.kind == "yara":
        yield from _yara(compiled)
        return
    if compiled.kind == "indicators":
        yield from _indicators(compiled, hits)
        return
    ruleset = RuleSet.from_bytes(Path(compiled.path).read_bytes())
    absent = {rule.rule: rule.needs for rule in unreachable(ruleset, present)}
    for number, rule in enumerate(ruleset.rules):
        yield _row(compiled.name, rule, absent.get(number), hits)
    silent = _silent(ruleset, absent)
    for number, correlation in enumerate(ruleset.correlations):
        yield _row(compiled.name, correlation, silent.get(number), hits)
    yield from (_refused(compiled.name, refused.path, refused.reason) for refused in ruleset.refused)


def _row(
    name: str, rule: SigmaRule | Correlation, needs: Sequence[Need] | None, hits: Mapping[str, int]
) -> Row:
    """One rule; `needs` is what it would need, None when it could match."""
    return {
        "set": name,
        "id": rule.id,
        "title": rule.title,
        "path": rule.path,
        "sha256": rule.sha256,
        "level": rule.level,
        "author": rule.author,
        "licence": rule.licence,
        "state": "judged" if needs is None else "no-source" if needs else "unmapped",
        "needs": sorted(map(_need, needs or ())),
        "hits": hits.get(rule.id, 0),
    }


def _silent(ruleset: RuleSet, absent: Mapping[int, tuple[Need, ...]]) -> dict[int, tuple[Need, ...]]:
    """By number the correlations none of whose steps can match, and what those would need."""
    silent: dict[int, tuple[Need, ...]] = {}
    for number, correlation in enumerate(ruleset.correlations):
        steps = [(absent if kind == "rule" else silent).get(step) for kind, step in correlation.steps]
        if None not in steps:
            silent[number] = tuple(need for step in steps for need in step or ())
    return silent


def _yara(compiled: Compiled) -> Iterator[Row]:
    """YARA rules are not listed one by one; files that could not be compiled are."""
    from hikeshi.detect.yara import YaraSet

    for path, reason in YaraSet.from_bytes(Path(compiled.path).read_bytes()).refused:
        yield _refused(compiled.name, path, reason)


def _indicators(compiled: Compiled, hits: Mapping[str, int]) -> Iterator[Row]:
    """Every indicator, and every line that is none."""
    given = IndicatorSet.from_bytes(Path(compiled.path).read_bytes())
    for each in given.indicators:
        rule = each.credit()
        credit = {"id": rule.id, "title": rule.title, "author": rule.author, "licence": rule.licence}
        state = {"set": compiled.name, "path": each.source, "state": "judged", "needs": []}
        yield {**credit, **state, "hits": hits.get(rule.id, 0)}
    yield from (_refused(compiled.name, refused.path, refused.reason) for refused in given.refused)


def _refused(name: str, path: str, reason: str) -> Row:
    return {"set": name, "path": path, "state": "refused", "reason": reason, "needs": [], "hits": 0}


def _need(need: Need) -> str:
    channels = " | ".join(need.channels) or "*"
    return f"{channels}/{','.join(map(str, need.ids)) or '*'}"
