# SPDX-License-Identifier: Apache-2.0
"""Reads a capture in memory into plain values and checks its account."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hikeshi.errors import CutShort
from hikeshi.schema import Batch, Count, Found, Issue, Item
from hikeshi.streams import capture

ITEM = "0" * 64


@dataclass
class Result:
    data: bytes
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    found: dict[str, bytes] = field(default_factory=dict)
    cut: dict[str, str] = field(default_factory=dict)
    count: Count | None = None

    def __getattr__(self, name: str) -> list[dict[str, Any]]:
        return self.tables.get(name, [])

    def column(self, table: str, name: str) -> list[Any]:
        return [row[name] for row in self.tables.get(table, [])]

    def runs(self, stream: int, direction: int) -> list[tuple[int, bytes]]:
        """Bytes of a half-stream between its gaps."""
        out: list[tuple[int, bytes]] = []
        for row in self.segments:
            if (row["stream"], row["direction"], row["state"]) != (stream, direction, "data"):
                continue
            part = self.data[row["offset"] : row["offset"] + row["length"]]
            assert len(part) == row["length"]
            if out and out[-1][0] + len(out[-1][1]) == row["position"]:
                out[-1] = (out[-1][0], out[-1][1] + part)
            else:
                out.append((row["position"], part))
        return out

    def states(self, stream: int, direction: int) -> list[tuple[int, int, str]]:
        """Gaps and other copies of a half-stream: position, length, state."""
        return [
            (row["position"], row["length"], row["state"])
            for row in self.segments
            if (row["stream"], row["direction"]) == (stream, direction) and row["state"] != "data"
        ]


def read(data: bytes, name: str = "x.pcap") -> Result:
    item = Item(ITEM, name, len(data), io.BytesIO(data))
    assert capture.sniff(data[:65536], name)
    return collect(capture.read([item]), data)


def collect(parts: Any, data: bytes, bearing: Sequence[str] = ("packets",)) -> Result:
    result = Result(data)
    for part in parts:
        if isinstance(part, Batch):
            assert part.rows.num_rows <= 5000
            result.tables.setdefault(part.table, []).extend(part.rows.to_pylist())
        elif isinstance(part, Issue):
            result.issues.append(part)
        elif isinstance(part, Found):
            chunks = []
            try:
                chunks.extend(part.chunks)
            except CutShort as reason:
                result.cut[part.place] = str(reason)
            result.found[part.place] = b"".join(chunks)
        else:
            assert result.count is None
            result.count = part
    assert result.count is not None
    rows = sum(len(result.tables.get(table, [])) for table in bearing)
    assert result.count.records_in == rows + sum(i.records for i in result.issues) + result.count.duplicate
    return result
