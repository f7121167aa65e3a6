# SPDX-License-Identifier: Apache-2.0
"""What the case cannot say: losses grouped by reason, and what is therefore unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

EXAMPLES = 5


@dataclass(frozen=True)
class Example:
    """Where one loss lies."""

    path: str
    offset: int | None
    fields: Mapping[str, str]


@dataclass
class Loss:
    """All losses for one reason: how many, how many records, and the ids of what is unknown because of them."""

    reason: str
    count: int = 0
    records: int = 0
    unknown: set[str] = field(default_factory=set)
    examples: list[Example] = field(default_factory=list)


def losses(issues: Iterable[Mapping[str, Any]]) -> list[Loss]:
    """The lines of issues.jsonl by reason, those that cost the most records first."""
    groups: dict[str, Loss] = {}
    for issue in issues:
        loss = groups.setdefault(issue["reason"], Loss(issue["reason"]))
        loss.count += 1
        loss.records += issue.get("records", 0)
        if issue.get("unknown"):
            loss.unknown.add(issue["unknown"])
        if len(loss.examples) < EXAMPLES:
            loss.examples.append(Example(issue["path"], issue.get("offset"), issue.get("fields") or {}))
    return sorted(groups.values(), key=lambda loss: (-loss.records, -loss.count, loss.reason))
