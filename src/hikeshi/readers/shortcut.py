# SPDX-License-Identifier: Apache-2.0
"""Windows shortcuts, [MS-SHLLINK]: where each leads, and the serial number and name of the machine it was made on.

A shortcut may come from elsewhere, by mail for instance: what the tracker notes is a `tracker-name`, never a `name`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hikeshi.codecs import shell_link
from hikeshi.schema import Batch, Count, Issue, Item, Reason, table

KIND = "shortcut"
VERSION = "1"

MOST = 1 << 20


def sniff(head: bytes, name: str) -> bool:
    """Whether this is a shortcut."""
    return head.startswith(shell_link.MAGIC) and len(head) >= 76


def read(items: Sequence[Item]) -> Iterator[Batch | Issue | Count]:
    """One row of `shortcuts` an item."""
    for item in items:
        link = shell_link.parse(item.file.read(MOST))
        if link is None:
            yield Issue(item.id, Reason.DAMAGED, 0, records=1, unknown="unknown.item")
            yield Count(item.id, KIND, 1)
            continue
        yield Batch(item.id, "shortcuts", table("shortcuts", [_row(item.id, link)]))
        if marks := _marks(item.id, link):
            yield Batch(item.id, "machines", table("machines", marks))
        if link.damage:
            yield Issue(item.id, Reason.TRUNCATED, fields={"detail": link.damage}, unknown="unknown.field")
        yield Count(item.id, KIND, 1, whole=True)


def _row(item: str, link: shell_link.Link) -> dict[str, Any]:
    return {
        "item": item,
        "record": 0,
        "offset": 0,
        "target": link.target or None,
        "arguments": link.arguments or None,
        "working_folder": link.working_folder or None,
        "volume_serial": link.volume_serial or None,
        "volume_label": link.volume_label or None,
        "machine": link.machine or None,
        "created": link.created,
        "modified": link.modified,
        "accessed": link.accessed,
    }


def _marks(item: str, link: shell_link.Link) -> list[dict[str, Any]]:
    """What identifies the machine: the serial of a fixed drive, and the tracker's name."""
    serial = link.volume_serial if link.drive_type == shell_link.FIXED else ""
    marks = (("volume-serial", serial), ("tracker-name", link.machine))
    row = {"item": item, "record": 0, "offset": 0, "count": 1}
    return [row | {"kind": kind, "value": value} for kind, value in marks if value.strip("0")]
