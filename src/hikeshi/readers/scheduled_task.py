# SPDX-License-Identifier: Apache-2.0
"""A scheduled task's XML file, as Windows keeps them in System32\\Tasks and as they are exported ([MS-TSCH] 2.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hikeshi.codecs import task_xml
from hikeshi.codecs.times import zoned
from hikeshi.codecs.xml_tree import MOST_BYTES
from hikeshi.schema import Batch, Count, Issue, Item, Reason, table

KIND = "scheduled-task"
VERSION = "1"


def sniff(head: bytes, name: str) -> bool:
    """Whether this is the XML of one scheduled task."""
    return task_xml.sniff(head)


def read(items: Sequence[Item]) -> Iterator[Batch | Issue | Count]:
    """One row of `autostarts` for each action of the task."""
    for item in items:
        task = task_xml.parse(item.file.read(MOST_BYTES))
        if task is None:
            yield Issue(item.id, Reason.DAMAGED, 0, records=1, unknown="unknown.item")
            yield Count(item.id, KIND, 1)
            continue
        yield Batch(item.id, "autostarts", table("autostarts", list(_rows(item.id, task))))
        if item.size > MOST_BYTES:
            yield Issue(item.id, Reason.TOO_LARGE, MOST_BYTES, fields={"limit": str(MOST_BYTES)})
        elif task.damage:
            yield Issue(item.id, Reason.DAMAGED, fields={"detail": task.damage})
        yield Count(item.id, KIND, 1, whole=True)


def _rows(item: str, task: task_xml.Task) -> Iterator[dict[str, Any]]:
    row: dict[str, Any] = {
        "item": item,
        "record": 0,
        "offset": 0,
        "time": zoned(task.date),
        "time_text": task.date or None,
        "kind": "task",
        "name": task.uri.rpartition("\\")[2] or None,
        "path": task.uri or None,
        "user": task.user or None,
    }
    for action in task.actions or (task_xml.Action("none"),):
        fields = {**task.fields, "action": action.kind, "working_folder": action.working_folder}
        yield row | {
            "command": action.command or None,
            "arguments": action.arguments or None,
            "fields": sorted((key, value) for key, value in fields.items() if value),
        }
