# SPDX-License-Identifier: Apache-2.0
"""A saved case, opened to be read: its account, its findings, its losses, and its tables through DuckDB."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hikeshi.errors import UsageError
from hikeshi.schema import TABLES

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class Saved:
    """A case folder; UsageError when it is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not (path / "case.json").is_file():
            raise UsageError(f"{path} is not a finished case; give the folder that 'hikeshi run --out' wrote.")

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
    def _database(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        database = duckdb.connect(":memory:")
        database.execute("SET TimeZone = 'UTC'; SET threads = 1; SET enable_progress_bar = false")
        for table in TABLES:
            files = sorted(str(path) for path in (self.path / "tables" / table).glob("*.parquet"))
            if files:
                database.read_parquet(files).create_view(table)
            else:
                columns = ", ".join(f'"{name}" {_SQL[kind]}' for name, kind in TABLES[table])
                database.execute(f'CREATE TABLE "{table}" ({columns})')
        return database

    def query(self, sql: str, parameters: list[Any] | None = None) -> pa.Table:
        """Rows of an SQL query over the tables of the case."""
        return self._database.execute(sql, parameters or []).to_arrow_table()

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """Rows of an SQL query as mappings."""
        return cast(list[dict[str, Any]], self.query(sql, parameters).to_pylist())


_SQL = {
    "text": "VARCHAR",
    "int64": "BIGINT",
    "uint64": "UBIGINT",
    "time": "TIMESTAMPTZ",
    "list": "VARCHAR[]",
    "map": "MAP(VARCHAR, VARCHAR)",
}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, "rb") as file:
        for line in file:
            yield json.loads(line)
