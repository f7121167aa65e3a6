# SPDX-License-Identifier: Apache-2.0
"""The tables of a case as views of an embedded DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa

from hikeshi.schema import TABLES

_SQL = {
    "text": "VARCHAR",
    "int64": "BIGINT",
    "uint64": "UBIGINT",
    "float64": "DOUBLE",
    "time": "TIMESTAMPTZ",
    "list": "VARCHAR[]",
    "map": "MAP(VARCHAR, VARCHAR)",
}


class Database:
    """Answers SQL over the tables of one case; a table without files is empty."""

    def __init__(self, case: Path) -> None:
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        self._connection.execute(
            "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false"
        )
        for table in TABLES:
            files = sorted(str(path) for path in (case / "tables" / table).glob("*.parquet"))
            if files:
                self._connection.read_parquet(files).create_view(table)
            else:
                columns = ", ".join(f'"{name}" {_SQL[kind]}' for name, kind in TABLES[table])
                self._connection.execute(f'CREATE TABLE "{table}" ({columns})')

    def query(self, sql: str, parameters: list[Any] | None = None) -> pa.Table:
        """Rows of an SQL query as an Arrow table."""
        return self._connection.sql(sql, params=parameters).to_arrow_table()

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """Rows of an SQL query as mappings."""
        return cast(list[dict[str, Any]], self.query(sql, parameters).to_pylist())
