# SPDX-License-Identifier: Apache-2.0
"""Which judges each compiled set calls for, and what is looked up outside the tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hikeshi.case.state import task_id
from hikeshi.detect.indicators.tables import SEARCHED
from hikeshi.families import fingerprint, packs
from hikeshi.flow.judging import Judge
from hikeshi.flow.lookups import item_hits as hits_of_items
from hikeshi.flow.rules import Compiled
from hikeshi.schema import TABLES


def judges_of(rules: Compiled) -> list[Judge]:
    """The judges of one set: rules judge events, indicators are looked up in every table that can hold one."""
    if rules.kind == "indicators":
        work, tables = "hikeshi.flow.lookups:indicators", sorted(SEARCHED.keys() & TABLES.keys())
        return [Judge("indicators", work, rules.version, table, rules.path) for table in tables]
    if rules.name != "packs":
        return [Judge("sigma", "hikeshi.flow.judges:sigma", rules.version, "events", rules.path)]
    own = Judge("packs", "hikeshi.flow.judges:packs", rules.version, "events", rules.path)
    return [own, *_table_judges(rules.path)]


def _table_judges(path: str) -> Iterator[Judge]:
    """What judges the tables that packs have code for: anew when such a pack changes."""
    for table in TABLES:
        asking = [fingerprint(pack) for pack in packs() if table in pack.entry]
        if asking:
            yield Judge("packs", "hikeshi.flow.judges:tables", task_id(table, asking), table, path)


def item_hits(rules: Sequence[Compiled], places: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Hits of the indicators over the items themselves; `places` are rows of that table."""
    for compiled in rules:
        if compiled.kind == "indicators":
            yield from map(dataclasses.asdict, hits_of_items(Path(compiled.path), places))
