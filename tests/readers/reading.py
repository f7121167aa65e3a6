# SPDX-License-Identifier: Apache-2.0
"""Running a reader over bytes and holding it to the account every reader owes."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from hikeshi.errors import CutShort
from hikeshi.readers import Reader
from hikeshi.schema import RECORDS, Batch, Count, Found, Issue, Item, arrow_schema


@dataclass
class Outcome:
    """Everything a reader said about one item."""

    count: Count
    issues: list[Issue] = field(default_factory=list)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    children: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.rows.get("events", [])

    @property
    def refused(self) -> int:
        return sum(issue.records for issue in self.issues)


def run(reader: Reader, content: bytes, name: str = "") -> Outcome:
    """Read bytes; the account must close and every batch must have the columns of its table."""
    item = Item("0" * 64, name, len(content), BytesIO(content))
    outcome = Outcome(Count(item.id, "", 0))
    counts: list[Count] = []
    for said in reader.read([item]):
        assert said.item == item.id
        if isinstance(said, Batch):
            assert said.rows.schema == arrow_schema(said.table)
            said.rows.validate(full=True)
            outcome.rows.setdefault(said.table, []).extend(said.rows.to_pylist())
        elif isinstance(said, Issue):
            outcome.issues.append(said)
        elif isinstance(said, Found):
            outcome.children.append((said.place, taken(said)))
        else:
            counts.append(said)
    (outcome.count,) = counts
    delivered = sum(len(outcome.rows.get(table, [])) for table in RECORDS)
    delivered += outcome.count.blocks
    delivered += len(outcome.children) if outcome.count.container else 0
    delivered += 1 if outcome.count.whole else 0
    assert outcome.count.records_in == delivered + outcome.refused + outcome.count.duplicate
    return outcome


def taken(child: Found) -> bytes:
    """The bytes of a child, as far as its container gives them."""
    content = b""
    try:
        for chunk in child.chunks:
            content += chunk
    except CutShort:
        pass
    return content
