# SPDX-License-Identifier: Apache-2.0
"""Why something, or nothing, was found: asked of a saved case."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hikeshi.case.saved import Saved

_READ = (
    "SELECT kind, status, count(*) AS items, sum(records_out)::BIGINT AS records FROM items"
    " GROUP BY ALL ORDER BY ALL"
)
_LOGS = (
    "SELECT host, channel, sum(count)::BIGINT AS events, min(first) AS first, max(last) AS last FROM sources"
    " GROUP BY ALL ORDER BY ALL"
)
_RULES = (
    'SELECT "set", state, count(*) AS rules, sum(hits)::BIGINT AS hits FROM rules GROUP BY ALL ORDER BY ALL'
)
_SILENT = (
    'SELECT "set", id, title, path, state, reason, needs FROM rules'
    " WHERE state <> 'judged' ORDER BY \"set\", state, path, id"
)
_CORRELATED = (
    "SELECT finding, time, min(path) AS path, item, record, rule FROM correlated JOIN places USING (item)"
    " WHERE finding = coalesce($1, finding) GROUP BY ALL ORDER BY finding, time, path, record, rule"
)


def correlated(case: Saved, finding: str | None = None) -> list[dict[str, Any]]:
    """The records under the findings of correlations, or under one, in order of time, each with a place."""
    return case.rows(_CORRELATED, [finding])


def explain(case: Saved) -> dict[str, Any]:
    """What was read, which rules could not match and what they need, and where logs are silent."""
    silent = case.rows(_SILENT)
    needed = Counter(need for rule in silent for need in rule["needs"])
    losses = Counter(issue["reason"] for issue in case.issues())
    return {
        "read": case.rows(_READ),
        "logs": case.rows(_LOGS),
        "rules": case.rows(_RULES),
        "cannot_match": silent,
        "missing_logs": [
            {"needs": need, "rules": count}
            for need, count in sorted(needed.items(), key=lambda n: (-n[1], n[0]))
        ],
        "gaps": case.rows("SELECT * FROM gaps ORDER BY ALL"),
        "issues": [{"reason": reason, "count": count} for reason, count in sorted(losses.items())],
    }
