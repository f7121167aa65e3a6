# SPDX-License-Identifier: Apache-2.0
"""Running a reader over bytes and holding it to the account every reader owes."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from hikeshi.readers import Reader
from hikeshi.schema import Batch, Count, Found, Issue, Item, arrow_schema

# Tables whose rows are records of the evidence; the others describe it.
RECORDS = ("events", "messages")


@dataclass
class Outcome:
    """Everything a reader said about one item."""

    count: Count
    issues: list[Issue] = field(default_factory=list)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.rows.get("events", [])

    @property
    def refused(self) -> int:
        return sum(issue.records for issue in self.issues)


def run(reader: Reader, content: bytes, name: str = "") -> Outcome:
    """Read bytes; the account must close and every batch must have the columns of its table."""
    item = Item("0" * 64, name, len(content), BytesIO(content))
    issues: list[Issue] = []
    counts: list[Count] = []
    rows: dict[str, list[dict[str, Any]]] = {}
    for said in reader.read([item]):
        assert said.item == item.id
        if isinstance(said, Batch):
            assert said.rows.schema == arrow_schema(said.table)
            said.rows.validate(full=True)
            rows.setdefault(said.table, []).extend(said.rows.to_pylist())
        elif isinstance(said, Issue):
            issues.append(said)
        elif isinstance(said, Count):
            counts.append(said)
        else:
            assert isinstance(said, Found)
    assert len(counts) == 1
    outcome = Outcome(counts[0], issues, rows)
    delivered = sum(len(rows.get(table, [])) for table in RECORDS)
    assert counts[0].records_in == delivered + outcome.refused + counts[0].duplicate
    return outcome
