# SPDX-License-Identifier: Apache-2.0
"""What a worker leaves of the matches that correlations build on, and how it correlates them over the whole case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hikeshi.codecs.times import iso
from hikeshi.detect.sigma.correlate import Correlated, Found, Row, asked_fields
from hikeshi.detect.sigma.correlate import correlate as correlate_found
from hikeshi.detect.sigma.gather import gather
from hikeshi.detect.sigma.judge import Match
from hikeshi.detect.sigma.rules import Correlation, RuleSet
from hikeshi.schema import Grade, Hit

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 256
_META = ("item", "record", "offset", "time_text", "host", "user", "channel", "record_id")


def step_lines(rows: pa.Table, matches: Iterable[Match], ruleset: RuleSet) -> tuple[bytes, bytes]:
    """A JSON line for each match that a correlation asks for: those that can be placed in time, and the others."""
    import pyarrow as pa

    asked = asked_fields(ruleset)
    kept = [match for match in matches if match.rule in asked]
    meta = rows.take(pa.array([match.row for match in kept], type=pa.int64())).select(_META).to_pylist()
    dated = rows.column("time").is_valid().to_pylist()
    found = iter(gather(rows, kept, ruleset))
    steps, undated = [], []
    for match, where in zip(kept, meta, strict=True):
        if dated[match.row]:
            step = next(found)
            values = {name: _short(value) for name, value in step.values.items()}
            steps.append({**where, "rule": match.rule, "time": step.time, "values": values})
        else:
            undated.append({"record": where["record"], "rule": match.rule})
    return _encoded(steps), _encoded(undated)


def _encoded(lines: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def _short(value: str | None) -> str | None:
    """A long value by its beginning and the hash of the whole, so that equal ones stay equal."""
    if value is None or len(value) <= LONGEST:
        return value
    folded = value.lower()
    return f"{folded[:LONGEST]}… sha256:{hashlib.sha256(folded.encode()).hexdigest()}"


def correlated(steps: Iterable[Mapping[str, Any]], ruleset: RuleSet) -> Iterator[Hit]:
    """Hits of all correlations over the steps of a whole case."""
    met: dict[Row, Mapping[str, Any]] = {}
    by_row: dict[Row, set[int]] = {}
    found, seen = [], set()
    for step in steps:
        row = (step["item"], step["record"])
        event = _event(step)
        if event in seen:
            continue
        if event is not None:
            seen.add(event)
        found.append(Found(step["rule"], step["time"], row, step["values"]))
        met[row] = step
        by_row.setdefault(row, set()).add(step["rule"])
    for hit in correlate_found(ruleset, found):
        correlation = ruleset.correlations[hit.correlation]
        if correlation.reported:
            yield _hit(hit, correlation, met, by_row, ruleset)


def _event(step: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """What says that two items hold the same event (a log that was collected twice); None when nothing does."""
    identity = (step["host"], step["channel"], step["record_id"])
    if None in identity:
        return None
    return (step["rule"], step["time"], *identity, *step["values"].values())


def _hit(
    hit: Correlated,
    correlation: Correlation,
    met: Mapping[Row, Mapping[str, Any]],
    by_row: Mapping[Row, set[int]],
    ruleset: RuleSet,
) -> Hit:
    steps = sorted(
        (met[row] for row in hit.rows), key=lambda step: (step["time"], step["item"], step["record"])
    )
    below = _below(correlation, ruleset)
    hosts, users = ({step[key] for step in steps} for key in ("host", "user"))
    first = steps[0]
    fields = {
        "title": correlation.title,
        "records": str(len(steps)),
        "count": str(hit.count),
        "first": iso(hit.first) or "",
        "last": iso(hit.last) or "",
        "group": "\n".join(f"{name}={value}" for name, value in hit.group),
        "hosts": "\n".join(sorted(filter(None, hosts))) if len(hosts) > 1 else "",
    }
    return Hit(
        item=first["item"],
        grade=Grade.INDICATED if correlation.level in ("high", "critical") else Grade.WEAK,
        message="rule.correlation",
        record=first["record"],
        offset=first["offset"],
        time=first["time"],
        time_text=first["time_text"],
        host=hosts.pop() if len(hosts) == 1 else None,
        user=users.pop() if len(users) == 1 else None,
        techniques=correlation.techniques,
        fields={name: value for name, value in fields.items() if value},
        rule=correlation.credit(),
        others=[
            {
                "rule": ruleset.rules[number].id,
                "item": step["item"],
                "record": step["record"],
                "time": step["time"],
            }
            for step in steps
            for number in sorted(by_row[step["item"], step["record"]] & below)
        ],
    )


def _below(correlation: Correlation, ruleset: RuleSet) -> set[int]:
    """Numbers of the rules under a correlation, inner correlations included."""
    found: set[int] = set()
    for kind, number in correlation.steps:
        found |= {number} if kind == "rule" else _below(ruleset.correlations[number], ruleset)
    return found
