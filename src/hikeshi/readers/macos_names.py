# SPDX-License-Identifier: Apache-2.0
"""How a Mac is called: SystemConfiguration/preferences.plist (Apple, SCSchemaDefinitions: ComputerName, HostNames)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hikeshi.codecs import plist
from hikeshi.schema import Batch, Count, Issue, Item, Reason, table

KIND = "macos-names"
VERSION = "1"

_PATHS = (
    ("System", "System", "HostName"),
    ("System", "Network", "HostNames", "LocalHostName"),
    ("System", "System", "ComputerName"),
)


def sniff(head: bytes, name: str) -> bool:
    """Whether this is the list of system settings that names the machine."""
    names = b"HostNames" in head or b"ComputerName" in head
    return names and b"NetworkServices" in head and plist.sniff(head)


def read(items: Sequence[Item]) -> Iterator[Batch | Issue | Count]:
    """Rows of `machines`, the name for the network first."""
    for item in items:
        value, damage = plist.loads(item.file.read(plist.MOST_BYTES))
        rows = _rows(item.id, value)
        if not isinstance(value, Mapping):
            fields = {"detail": damage or "it is no dictionary"}
            yield Issue(item.id, Reason.DAMAGED, 0, records=1, fields=fields, unknown="unknown.item")
            yield Count(item.id, KIND, 1)
            continue
        if rows:
            yield Batch(item.id, "machines", table("machines", rows))
        if damage:
            yield Issue(item.id, Reason.DAMAGED, fields={"detail": damage})
        yield Count(item.id, KIND, 1, whole=True)


def _rows(item: str, value: Any) -> list[dict[str, Any]]:
    names = [_at(value, path) for path in _PATHS]
    row = {"item": item, "offset": 0, "kind": "name", "count": 1}
    found = dict.fromkeys(name for name in names if name)
    return [row | {"record": number, "value": name} for number, name in enumerate(found)]


def _at(value: Any, path: Sequence[str]) -> str:
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value.strip()[:255] if isinstance(value, str) else ""
