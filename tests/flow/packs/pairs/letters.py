# SPDX-License-Identifier: Apache-2.0
"""Letters that mean something in pairs only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hikeshi.pack import Grade, Hit, Issue, Machine, Reason, replace, row

if TYPE_CHECKING:
    import pyarrow as pa


def halves(rows: pa.Table) -> Iterator[Hit | Issue]:
    """Half letters as clues; others are losses."""
    for number in range(rows.num_rows):
        found = row(rows, number)
        if (found["subject"] or "").startswith("half"):
            yield Hit(
                found["item"], Grade.WEAK, "pairs.half", found["record"], None, found["time"], family="pairs"
            )
        else:
            yield Issue(found["item"], Reason.DAMAGED_RECORD, found["offset"], fields={"what": "subject"})


def joined(hits: Sequence[Hit], machines: Sequence[Machine]) -> Iterator[Hit]:
    """Two halves are a whole."""
    if len(hits) == 2:
        fields = {"machines": ",".join(machine.host for machine in machines)}
        yield replace(hits[0], message="pairs.whole", grade=Grade.PROVEN, fields=fields)
