# SPDX-License-Identifier: Apache-2.0
"""The time zone a Mac was set to: /Library/Preferences/.GlobalPreferences.plist (as mac_apt's BASICINFO reads it)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hikeshi.codecs import plist
from hikeshi.schema import Batch, Count, Issue, Item, Reason, table

KIND = "macos-zone"
VERSION = "1"
_CITY, _ZONE = "com.apple.preferences.timezone.selected_city", "TimeZoneName"


def sniff(head: bytes, name: str) -> bool:
    """Whether this is a property list that names the city chosen for the time zone."""
    return _CITY.encode() in head and plist.sniff(head)


def read(items: Sequence[Item]) -> Iterator[Batch | Issue | Count]:
    """One row of `machines` an item."""
    for item in items:
        value, damage = plist.loads(item.file.read(plist.MOST_BYTES))
        city = value.get(_CITY) if isinstance(value, Mapping) else None
        zone = city.get(_ZONE) if isinstance(city, Mapping) else None
        if not isinstance(zone, str) or not zone.strip():
            fields = {"detail": damage or "it names no zone"}
            yield Issue(item.id, Reason.DAMAGED, 0, records=1, fields=fields, unknown="unknown.item")
            yield Count(item.id, KIND, 1)
            continue
        row = {
            "item": item.id,
            "record": 0,
            "offset": 0,
            "kind": "time-zone",
            "value": zone.strip()[:255],
            "count": 1,
        }
        yield Batch(item.id, "machines", table("machines", [row]))
        if damage:
            yield Issue(item.id, Reason.DAMAGED, fields={"detail": damage})
        yield Count(item.id, KIND, 1, whole=True)
