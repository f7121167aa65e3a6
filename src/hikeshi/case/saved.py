# SPDX-License-Identifier: Apache-2.0
"""A saved case, opened to be read: its account, its findings, its losses, and its tables through DuckDB."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hikeshi.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from hikeshi.case.database import Database

ROWS = 4_096


class Saved:
    """A case folder; UsageError when it is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not (path / "case.json").is_file():
            raise UsageError(
                f"{path} is not a finished case; give the folder that 'hikeshi run --out' wrote."
            )

    @cached_property
    def account(self) -> Mapping[str, Any]:
        """case.json."""
        return cast(Mapping[str, Any], json.loads((self.path / "case.json").read_bytes()))

    def findings(self) -> Iterator[dict[str, Any]]:
        """The findings in their order."""
        return _lines(self.path / "findings.jsonl")

    def issues(self) -> Iterator[dict[str, Any]]:
        """The losses in their order."""
        return _lines(self.path / "issues.jsonl")

    @cached_property
    def _database(self) -> Database:
        from hikeshi.case.database import Database

        return Database(self.path)

    def query(self, sql: str, parameters: list[Any] | None = None) -> pa.Table:
        """Rows of an SQL query over the tables of the case."""
        return self._database.query(sql, parameters)

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """Rows of an SQL query as mappings."""
        return self._database.rows(sql, parameters)

    def batches(self, table: str) -> Iterator[pa.RecordBatch]:
        """Every row of a table in its saved order, a few thousand at a time."""
        import pyarrow.parquet as pq

        for path in sorted((self.path / "tables" / table).glob("*.parquet")):
            yield from pq.ParquetFile(path).iter_batches(ROWS)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, "rb") as file:
        for line in file:
            yield json.loads(line)
