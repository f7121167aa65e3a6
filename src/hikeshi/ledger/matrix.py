# SPDX-License-Identifier: Apache-2.0
"""The audit view: hypotheses against items, counted three ways, never as one score.

Weights and cell values of the PARC ACH programs: I −1, II −2, credibility and relevance 1/√2, 1, √2.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hikeshi.ledger.view import View

SCORES: Mapping[str, int] = {"CC": 5, "C": 4, "N": 3, "I": 2, "II": 1}
NEUTRAL = 3
STRENGTH: Mapping[str, float] = {"L": 1 / math.sqrt(2), "M": 1.0, "H": math.sqrt(2)}
AGAINST: Mapping[str, float] = {"I": -1.0, "II": -2.0}


@dataclass(frozen=True, slots=True)
class Row:
    """One item across the hypotheses; a diagnosticity of 0 tells nothing apart."""

    item: str
    group: str
    cells: Mapping[str, str]
    diagnosticity: float


@dataclass(frozen=True, slots=True)
class Column:
    """One hypothesis: inconsistent items, inconsistent groups, PARC-weighted sum."""

    items: int
    groups: int
    parc: float


@dataclass(frozen=True, slots=True)
class Matrix:
    """The audit view of a ledger on a day."""

    rows: tuple[Row, ...]
    columns: Mapping[str, Column]


def parc(cell: str, credibility: str = "M", relevance: str = "M") -> float:
    """What one cell adds to the PARC-weighted sum."""
    return AGAINST.get(cell, 0.0) * STRENGTH[credibility] * STRENGTH[relevance]


def diagnosticity(cells: Iterable[str]) -> float:
    """The population standard deviation of a row; cells that do not apply are left out."""
    scores = [SCORES[cell] for cell in cells if cell in SCORES]
    if not scores:
        return 0.0
    mean = math.fsum(scores) / len(scores)
    return round(math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / len(scores)), 4)


def inconsistency(cells: Iterable[str]) -> int:
    """The squared distances below neutral, summed."""
    return sum((NEUTRAL - SCORES[c]) ** 2 for c in cells if c in SCORES and SCORES[c] < NEUTRAL)


def consistency(cells: Iterable[str]) -> int:
    """The squared distances above neutral, summed."""
    return sum((NEUTRAL - SCORES[c]) ** 2 for c in cells if c in SCORES and SCORES[c] > NEUTRAL)


def matrix(view: View) -> Matrix:
    """The audit view of what counted on a day."""
    names = [h.id for h in view.ledger.hypotheses]
    rows, columns = [], {}
    for item in view.items:
        cells = {h: item.ach.get(h, "NA") for h in names}
        rows.append(Row(item.id, item.group, cells, diagnosticity(cells.values())))
    for h in names:
        against = [item for item in view.items if item.ach.get(h) in AGAINST]
        total = math.fsum(parc(item.ach[h], item.credibility, item.relevance) for item in against)
        columns[h] = Column(len(against), len({item.group for item in against}), round(total, 4))
    return Matrix(tuple(rows), columns)


def as_csv(table: Matrix) -> str:
    """The matrix as CSV: a line an item, then the counts."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = list(table.columns)
    writer.writerow(["item", "group", *names, "diagnosticity"])
    for row in table.rows:
        writer.writerow([row.item, row.group, *(row.cells[h] for h in names), row.diagnosticity])
    columns = [[row.cells[h] for row in table.rows] for h in names]
    writer.writerow(["inconsistent items", "", *(table.columns[h].items for h in names), ""])
    writer.writerow(["inconsistent groups", "", *(table.columns[h].groups for h in names), ""])
    writer.writerow(["PARC-weighted", "", *(table.columns[h].parc for h in names), ""])
    writer.writerow(["squared inconsistency", "", *map(inconsistency, columns), ""])
    writer.writerow(["squared consistency", "", *map(consistency, columns), ""])
    return out.getvalue()
