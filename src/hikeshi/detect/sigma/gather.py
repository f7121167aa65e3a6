# SPDX-License-Identifier: Apache-2.0
"""From matches to what correlations ask of them: time, record and the values of a few fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hikeshi.detect.sigma.columns import SYSTEM
from hikeshi.detect.sigma.correlate import Found, asked_fields
from hikeshi.detect.sigma.judge import Match
from hikeshi.detect.sigma.logsource import routes
from hikeshi.detect.sigma.rules import RuleSet, SigmaRule
from hikeshi.detect.sigma.views import VIEWS

if TYPE_CHECKING:
    import pyarrow as pa


def gather(events: pa.Table, matches: Iterable[Match], rules: RuleSet) -> list[Found]:
    """The matches that correlations build on; those without a time cannot be placed and are left out."""
    import pyarrow as pa

    asked = asked_fields(rules)
    kept = [match for match in matches if match.rule in asked]
    rows = events.take(pa.array([match.row for match in kept], type=pa.int64()))
    times = rows.column("time").cast(pa.int64()).to_pylist()
    records = rows.select(["item", "record", "fields", *SYSTEM.values()]).to_pylist()
    found = []
    for match, time, record in zip(kept, times, records, strict=True):
        if time is not None:
            shown = _shown(rules.rules[match.rule], match.variant, record)
            values = {name: shown.get(name) for name in asked[match.rule]}
            found.append(Found(match.rule, time, (record["item"], record["record"]), values))
    return found


def _shown(rule: SigmaRule, variant: str, record: dict[str, object]) -> dict[str, str | None]:
    cells = record["fields"]
    own: dict[str, str | None] = dict(cells) if isinstance(cells, list) else {}
    for route in routes(rule.product, rule.category, rule.service):
        if route.name == variant and route.view:
            own = dict(VIEWS[route.view][0](own))
    columns = {name: record[column] for name, column in SYSTEM.items()}
    return {name: None if value is None else str(value) for name, value in columns.items()} | own
