# SPDX-License-Identifier: Apache-2.0
"""Parts merged into ``tables/<table>/<first hash byte>.parquet``; only files whose parts changed are written."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hikeshi.case.state import State, task_id
from hikeshi.errors import CaseError
from hikeshi.schema import TABLES, arrow_schema
from hikeshi.schema import table as table_of

ROW_GROUP = 65_536


def merge(case: Path, state: State, parts: Mapping[str, Mapping[str, str]]) -> None:
    """Write the tables of all items; `parts` gives for each item the part of each table."""
    wanted: dict[str, dict[str, list[str]]] = {table: defaultdict(list) for table in TABLES}
    for item in sorted(parts):
        for table, name in parts[item].items():
            if table in TABLES:
                wanted[table][item[:2]].append(name)
    ledger_path = case / "state" / "merged.json"
    ledger = json.loads(ledger_path.read_text()) if ledger_path.exists() else {}
    merged = {}
    for table, files in wanted.items():
        folder = case / "tables" / table
        for prefix, names in files.items():
            path = folder / f"{prefix}.parquet"
            key = task_id(names, pa.__version__)
            merged[f"{table}/{prefix}"] = key
            if ledger.get(f"{table}/{prefix}") != key or not path.exists():
                write(path, table, (rows for name in names for rows in read_part(state.part(name))))
    for old in ledger:
        if old not in merged:
            (case / "tables" / f"{old}.parquet").unlink(missing_ok=True)
    ledger_path.write_text(json.dumps(merged, sort_keys=True))


def write(path: Path, table: str, batches: Iterable[pa.Table]) -> None:
    """One Parquet file, the same bytes for the same rows; it replaces an earlier one at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    schema = arrow_schema(table)
    with pq.ParquetWriter(scratch, schema, compression="zstd", store_schema=False) as writer:
        for rows in _regroup(batches, schema):
            writer.write_table(rows, row_group_size=ROW_GROUP)
    os.replace(scratch, path)


def write_rows(case: Path, table: str, rows: list[dict[str, Any]]) -> None:
    """A table that is made in one piece, as ``all.parquet``."""
    write(case / "tables" / table / "all.parquet", table, [table_of(table, rows)])


def _regroup(batches: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """Row groups of one size, however the rows came."""
    pending: list[pa.Table] = []
    count = 0
    for batch in batches:
        pending.append(batch)
        count += batch.num_rows
        while count >= ROW_GROUP:
            whole = pa.concat_tables(pending)
            yield whole.slice(0, ROW_GROUP)
            pending = [whole.slice(ROW_GROUP)]
            count -= ROW_GROUP
    yield pa.concat_tables([*pending, schema.empty_table()])


def read_part(path: Path) -> Iterator[pa.Table]:
    """The batches of a part: Arrow IPC streams one after the other, checked before use."""
    try:
        with pa.memory_map(str(path)) as source:
            size = source.size()
            while source.tell() < size:
                with pa.ipc.open_stream(source) as reader:
                    rows = reader.read_all()
                rows.validate(full=True)
                yield rows
    except (pa.ArrowInvalid, OSError) as error:
        raise CaseError(f"The part {path.name} is damaged; delete {path} and run again.") from error
