# SPDX-License-Identifier: Apache-2.0
"""What the place of an autostart entry says of it: the path of its file, and whether launchd takes it for a daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TABLE = "autostarts"
_LAUNCHD = ("launch-agent", "launch-daemon")
_PLACED = (*_LAUNCHD, "xdg-autostart")


def placed(out: Path, places: Sequence[Mapping[str, Any]]) -> None:
    """Write into `autostarts` of a case where each property list and desktop entry lay; of several places the first."""
    folder = out / "tables" / TABLE
    files = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
    if not files:
        return
    import pyarrow.parquet as pq

    from hikeshi.case import tables
    from hikeshi.schema import table

    where: dict[str, str] = {}
    for place in places:
        where.setdefault(place["item"], place.get("original") or place["path"])
    for file in files:
        rows = pq.read_table(file).to_pylist()
        if any(row["kind"] in _PLACED for row in rows):
            tables.write(file, TABLE, [table(TABLE, [_row(row, where) for row in rows])])


def _row(row: dict[str, Any], where: Mapping[str, str]) -> dict[str, Any]:
    path = where.get(row["item"])
    if row["kind"] not in _PLACED or path is None:
        return row
    lower = path.lower()
    if row["kind"] in _LAUNCHD and ("/launchagents/" in lower or "/launchdaemons/" in lower):
        row["kind"] = "launch-daemon" if "/launchdaemons/" in lower else "launch-agent"
    return row | {"path": path}
