# SPDX-License-Identifier: Apache-2.0
"""Indicators looked up: what a worker runs over the rows of a part, and the same over items and where they lay."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from hikeshi.detect.indicators.search import Finder
from hikeshi.detect.indicators.sets import Indicator, IndicatorSet
from hikeshi.detect.indicators.tables import looked_up
from hikeshi.flow.judges import SHOWN, Sent, Units, batches, encoded
from hikeshi.pack import event_fields
from hikeshi.pack import row as row_at
from hikeshi.schema import Hit

SHOWN_TEXT = 300
_MAIL = ("subject", "sender")
_loaded: dict[str, tuple[IndicatorSet, Finder]] = {}


def indicators(arguments: Mapping[str, Any], units: Units) -> Iterator[Sent]:
    """Look a set's indicators up in each unit's rows; its files are the part and the set."""
    for index, (_, (part, file)) in enumerate(units):
        given, finder = _set(file, arguments["version"])
        for rows in batches(part):
            found = looked_up(rows, arguments["table"], given.indicators, finder)
            hits = (_hit(row_at(rows, row), given.indicators[n], values) for row, n, values in found)
            yield {"kind": "hits", "unit": index}, encoded(hits)
        yield {"kind": "end", "unit": index}, b""


def _set(file: BinaryIO, version: str) -> tuple[IndicatorSet, Finder]:
    if version not in _loaded:
        data = file.read()
        if hashlib.sha256(data).hexdigest() != version:
            raise ValueError("the indicators changed while they were in use")
        _loaded.clear()
        given = IndicatorSet.from_bytes(data)
        _loaded[version] = (given, Finder(given.indicators))
    return _loaded[version]


def _hit(row: Mapping[str, Any], indicator: Indicator, values: Mapping[str, str]) -> Hit:
    event = "channel" in row
    about = event_fields(SHOWN, dict(row["fields"] or {})) if event else {}
    about |= {name: str(row[name]) for name in _MAIL if row.get(name)}
    return Hit(
        item=row["item"],
        grade=indicator.grade,
        message="rule.indicator",
        record=row.get("record"),
        offset=row.get("offset"),
        time=row.get("time"),
        time_text=row.get("time_text"),
        host=row["host"] if event else None,
        user=row["user"] if event else None,
        fields={**_said(indicator, values), **about},
        rule=indicator.credit(),
    )


def _said(indicator: Indicator, values: Mapping[str, str]) -> dict[str, str]:
    """What the finding says of the indicator; `seen` is the first text that holds it, `seen_in` where those are."""
    seen = next(iter(values.values()))
    fields = {
        "title": indicator.written,
        "kind": indicator.kind,
        "seen_in": ", ".join(values),
        "seen": seen if len(seen) <= SHOWN_TEXT else seen[:SHOWN_TEXT] + "…",
        "source": indicator.source,
        "note": indicator.note,
        "confidence": None if indicator.confidence is None else str(indicator.confidence),
        "valid_until": indicator.until,
    }
    return {name: value for name, value in fields.items() if value}


def item_hits(path: Path, places: Sequence[Mapping[str, Any]]) -> Iterator[Hit]:
    """Hits of a compiled set over the items of a case: their SHA-256, and the names they had; `places` are rows."""
    given = IndicatorSet.from_bytes(path.read_bytes())
    wanted = [each for each in given.indicators if each.kind in ("sha256", "filename", "path")]
    finder = Finder(wanted)
    found: dict[tuple[str, int], dict[str, str]] = {}
    for row in places:
        original = row.get("original") or _windows(row["path"])
        name = re.split(r"[\\/]", original)[-1]
        for number in finder.find(row["item"]):
            found[row["item"], number] = {"sha256": row["item"]}
        for number in {*finder.find(original), *finder.find(name)}:
            if _named(wanted[number], original, name):
                found.setdefault((row["item"], number), {"path": row["path"]})
    for (item, number), values in sorted(found.items()):
        yield _hit({"item": item, "offset": 0}, wanted[number], values)


def _named(indicator: Indicator, original: str, name: str) -> bool:
    """Whether the item itself bears the name, not a folder or archive around it."""
    if indicator.kind == "path":
        return original.lower().endswith(indicator.value)
    return indicator.kind == "filename" and name.lower().endswith(indicator.value)


def _windows(place: str) -> str:
    """A place as Windows spells it: ``C/Users/a.exe`` in a collection was ``C:\\Users\\a.exe``."""
    return re.sub(r"(^|\\)([A-Za-z])(?=\\)", r"\1\2:", place.replace("/", "\\"))
