# SPDX-License-Identifier: Apache-2.0
"""The masked values of a case: where each stands, and which of them somebody means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hikeshi.case.saved import Saved
from hikeshi.codecs.mask import MASKED
from hikeshi.errors import UsageError
from hikeshi.schema import TABLES

SHORTEST = 8
_SEARCHED = ("text", "list", "map")


@dataclass(frozen=True)
class Secret:
    """A masked value: the item and record or offset it was decoded from, the table and column that decoding filled."""

    item: str
    record: int | None
    table: str
    column: str
    masked: str
    offset: int | None = None
    finding: str | None = None


def secrets(case: Saved, item: str | None = None, record: int | None = None) -> Iterator[Secret]:
    """Masked values of all tables in a fixed order, or those of one item or record."""
    for table, columns in TABLES.items():
        names = dict(columns)
        texts = [name for name, kind in columns if kind in _SEARCHED]
        if "item" not in names:
            continue
        numbered = "record" if "record" in names else "NULL::BIGINT AS record"
        holds = " OR ".join(f"CAST(\"{name}\" AS VARCHAR) LIKE '%masked:len=%'" for name in texts)
        sql = f'SELECT item, {numbered}, {", ".join(map(_quoted, texts))} FROM "{table}" WHERE ({holds})'
        sql += " AND item = ?" if item else ""
        sql += " AND record = ?" if record is not None else ""
        parameters = [value for value in (item, record) if value is not None]
        for row in case.rows(f"{sql} ORDER BY ALL", parameters):
            for name in texts:
                for masked in MASKED.finditer(str(row[name])):
                    yield Secret(row["item"], row["record"], table, name, masked[0])


def _quoted(name: str) -> str:
    return f'"{name}"' if name != "item" else f'"{name}" AS item_'


def meant(case: Saved, reference: str) -> list[Secret]:
    """The secrets meant by a finding's id, an item's SHA-256 (its first eight digits do) or ``ITEM:RECORD``."""
    if reference.startswith("f-"):
        return _of_finding(case, reference)
    short, colon, number = reference.partition(":")
    if colon and not number.isdigit():
        raise UsageError(f"{reference!r} names no record; give ITEM:RECORD with a number, such as {short}:0.")
    return list(secrets(case, known_item(case, short), int(number) if colon else None))


def in_findings(case: Saved, reference: str | None = None) -> Iterator[Secret]:
    """What is masked in the fields of findings themselves, of all or of one."""
    for found in case.findings():
        if reference in (None, found["id"]):
            where = found["evidence"]
            place = (where["id"], where.get("record"), "findings")
            for name, value in found["fields"].items():
                for masked in MASKED.finditer(value):
                    yield Secret(*place, name, masked[0], where.get("offset"), found["id"])


def _of_finding(case: Saved, reference: str) -> list[Secret]:
    """What is masked in a finding's own fields, else in the record it points at."""
    found = next((finding for finding in case.findings() if finding["id"] == reference), None)
    if found is None:
        raise UsageError(
            f"There is no finding {reference} in this case; 'hikeshi show findings {case.path}' lists them."
        )
    where = found["evidence"]
    return list(in_findings(case, reference)) or list(secrets(case, where["id"], where.get("record")))


def known_item(case: Saved, short: str) -> str:
    """The one item whose SHA-256 begins so; UsageError when there is none, or more than one."""
    found: list[dict[str, Any]] = []
    if len(short) >= SHORTEST and set(short) <= set("0123456789abcdef"):
        found = case.rows("SELECT item FROM items WHERE starts_with(item, ?) LIMIT 2", [short])
    if len(found) != 1:
        what = "more than one item" if found else "no item"
        raise UsageError(
            f"There is {what} {short!r} in this case; give a SHA-256, or at least its first {SHORTEST} digits,"
            f" from 'hikeshi show evidence {case.path}'."
        )
    return str(found[0]["item"])
