# SPDX-License-Identifier: Apache-2.0
"""Small rules and events for the tests of this folder, written as plain mappings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import yaml

from hikeshi import schema
from hikeshi.detect.sigma.compile import compile_rules
from hikeshi.detect.sigma.judge import Match, judge
from hikeshi.detect.sigma.rules import RuleSet

WINDOWS = {"product": "windows"}
SYSMON = "Microsoft-Windows-Sysmon/Operational"


def rule(detection: Mapping[str, Any], logsource: Mapping[str, str] = WINDOWS, **said: Any) -> dict[str, Any]:
    """A rule as YAML would hold it."""
    return {"title": "A test rule", "logsource": dict(logsource), "detection": dict(detection), **said}


def compiled(*rules: Mapping[str, Any]) -> RuleSet:
    """The rules compiled from YAML text; none may be refused."""
    sources = [
        (f"{n}.yml", yaml.safe_dump(each, allow_unicode=True).encode()) for n, each in enumerate(rules)
    ]
    found = compile_rules(sources)
    assert found.refused == ()
    return RuleSet.from_bytes(found.to_bytes())


def event(
    fields: Mapping[str, str | None], channel: str | None = "Test", event_id: int = 1, **more: Any
) -> dict[str, Any]:
    """One row of the events table."""
    return {"channel": channel, "event_id": event_id, "fields": list(fields.items()), **more}


def events(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows as the events table."""
    return schema.table("events", list(rows))


def matches(rules: RuleSet, rows: Iterable[Mapping[str, Any]]) -> list[Match]:
    """What the product finds."""
    return list(judge(events(rows), rules))


def fires(detection: Mapping[str, Any], fields: Mapping[str, str | None]) -> bool:
    """Whether the product finds a detection in one event of these fields."""
    return bool(matches(compiled(rule(detection)), [event(fields)]))
