# SPDX-License-Identifier: Apache-2.0
"""The rebuilt console: per machine and function the strongest grade, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from hikeshi.reconstruct import Row
from hikeshi.schema import Grade

NO_EVIDENCE, NOT_EXAMINABLE = "no-evidence", "not-examinable"
_STRENGTH = {grade.value: rank for rank, grade in enumerate(Grade)}

Needs = Mapping[str, Mapping[str, Sequence[str]]]


def functions(
    findings: Iterable[Mapping[str, Any]],
    machine: Mapping[str, str],
    examined: Mapping[str, frozenset[str]],
    needs: Needs,
) -> list[Row]:
    """Rows of `functions` for every machine, family and function.

    `examined` gives for each machine the evidence there is (log sources as ``channel/event id``, artefact kinds);
    `needs` gives for each family and function the evidence that could show it.
    """
    rows = {}
    for family, shown in needs.items():
        for function, seen_in in shown.items():
            for host, have in examined.items():
                grade = NO_EVIDENCE if have & set(seen_in) else NOT_EXAMINABLE
                rows[host, family, function] = _empty(host, family, function, grade, sorted(seen_in))
    for finding in findings:
        if not finding["function"]:
            continue
        host = machine.get(finding["host"] or "", finding["host"] or "")
        key = (host, finding["family"] or "", finding["function"])
        row = rows.setdefault(key, _empty(*key, NO_EVIDENCE, []))
        _add(row, finding)
    return [rows[key] for key in sorted(rows)]


def _empty(host: str, family: str, function: str, grade: str, seen_in: list[str]) -> Row:
    names = {"host": host or None, "family": family or None, "function": function, "grade": grade}
    return {**names, "first": None, "last": None, "count": 0, "findings": [], "seen_in": seen_in}


def _add(row: Row, finding: Mapping[str, Any]) -> None:
    """Findings come in the order of time."""
    if _STRENGTH.get(row["grade"], len(_STRENGTH)) > _STRENGTH[finding["grade"]]:
        row["grade"] = finding["grade"]
    if finding["time"]:
        time = datetime.fromisoformat(finding["time"])
        row["first"] = time if row["first"] is None else min(row["first"], time)
        row["last"] = time if row["last"] is None else max(row["last"], time)
    row["count"] += 1
    row["findings"].append(finding["id"])
