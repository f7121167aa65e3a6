# SPDX-License-Identifier: Apache-2.0
"""Saved cases made by hand: names from RFC 2606, addresses from RFC 5737 and 3849, invented people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hikeshi.case import tables
from hikeshi.case.saved import Saved

ITEM = "5f" * 32
RULE = {
    "id": "0d894093-71bc-43c3-8c4d-ecfc28dcf5d9",
    "kind": "sigma",
    "level": "high",
    "author": "A. Writer",
    "licence": "DRL 1.1",
    "title": "Suspicious Encoded Command Line",
}


def finding(number: int, **given: Any) -> dict[str, Any]:
    """A finding with what is not given left plain."""
    plain = {
        "id": f"f-{number:016x}",
        "time": "2018-01-26T03:04:05.000006Z",
        "time_text": "2018-01-26 03:04:05.000006",
        "host": None,
        "user": None,
        "family": None,
        "function": None,
        "techniques": [],
        "grade": "strong",
        "message": "finding.rule-match",
        "fields": {},
        "rule": None,
        "evidence": {"id": ITEM, "path": "logs.zip/Security.evtx", "record": number},
        "also": [],
    }
    assert given.keys() <= plain.keys()
    return plain | given


def write_case(
    path: Path,
    findings: Sequence[Mapping[str, Any]] = (),
    rows: Mapping[str, list[dict[str, Any]]] | None = None,
    evidence: Sequence[Mapping[str, Any]] = (),
) -> Saved:
    """A case folder with these findings and table rows."""
    path.mkdir(parents=True)
    account = {
        "schema": "hikeshi.case/1",
        "tool": {"name": "hikeshi", "version": "0.1.0"},
        "evidence": list(evidence),
    }
    (path / "case.json").write_text(json.dumps(account), encoding="utf-8")
    text = "".join(json.dumps(f) + "\n" for f in findings)
    (path / "findings.jsonl").write_text(text, encoding="utf-8")
    (path / "issues.jsonl").write_text("", encoding="utf-8")
    for table, values in (rows or {}).items():
        tables.write_rows(path, table, values)
    return Saved(path)
