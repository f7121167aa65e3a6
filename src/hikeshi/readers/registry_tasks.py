# SPDX-License-Identifier: Apache-2.0
"""The scheduled tasks that a SOFTWARE hive keeps below Schedule\\TaskCache, also those whose file is gone."""

from __future__ import annotations

import re
from typing import Any

from hikeshi.codecs import regf, task_cache
from hikeshi.codecs.task_xml import Action
from hikeshi.codecs.times import filetime, iso, zoned

_CACHE = r"(?i)microsoft\\windows nt\\currentversion\\schedule\\taskcache\\"
_TASK = re.compile(_CACHE + r"tasks\\(\{[0-9a-f-]{36}\})$")
_TREE = re.compile(_CACHE + r"tree\\(.+)$")
MOST = 50_000


class Tasks:
    """Collects tasks while the keys pass by: Tasks\\{id} holds what a task does, Tree\\<path> shows it to the user."""

    def __init__(self, item: str, root: str) -> None:
        self._item, self._software = item, root == "HKLM\\SOFTWARE"
        self._tasks: list[tuple[str, regf.Key, int]] = []
        self._tree: dict[str, tuple[str, bool]] = {}

    def see(self, key: regf.Key, record: int) -> None:
        """Note a key of the cache; `record` is the number of its first value."""
        if not self._software or not key.values or len(self._tasks) + len(self._tree) >= MOST:
            return
        if met := _TASK.match(key.path):
            self._tasks.append((met[1].upper(), key, record))
        elif met := _TREE.match(key.path):
            texts = {value.name.lower(): value for value in key.values}
            if "id" in texts:
                own = regf.text(texts["id"].type, texts["id"].data).upper()
                self._tree[own] = (f"\\{met[1]}", "sd" in texts)

    def rows(self) -> list[dict[str, Any]]:
        """Rows of `autostarts`, one for each action of each task."""
        return [row for task in self._tasks for row in self._rows(*task)]

    def _rows(self, own: str, key: regf.Key, record: int) -> list[dict[str, Any]]:
        values = {value.name.lower(): value for value in key.values}
        texts = {name: regf.text(value.type, value.data) for name, value in values.items() if value.type == 1}
        blobs = {name: value.data for name, value in values.items()}
        found, understood = task_cache.actions(blobs.get("actions", b""))
        lines, said, whole = task_cache.triggers(blobs.get("triggers", b""))
        made, ran = task_cache.times(blobs.get("dynamicinfo", b""))
        path, listed = self._tree.get(own, ("", True))
        path = texts.get("path") or path
        fields = {
            name: texts[name] for name in ("author", "description", "source", "date") if texts.get(name)
        }
        fields |= said | {"id": own, "triggers": "\n".join(lines), "last_run": iso(ran) or ""}
        fields["in_tree"] = "no" if own not in self._tree else "yes" if listed else "no security descriptor"
        for name, ok in (("actions", understood), ("triggers", whole)):
            if blobs.get(name) and not ok:
                fields[f"{name}_raw"] = blobs[name][:4096].hex()
        written = filetime(key.written) if key.written else None
        date = texts.get("date", "")
        time = made if made is not None else zoned(date) if date else None
        row = {
            "item": self._item,
            "record": record,
            "offset": key.offset,
            "time": time if time is not None else written,
            "time_text": date or None,
            "kind": "task",
            "name": path.rpartition("\\")[2] or None,
            "path": path or None,
            "user": fields.pop("user", None),
        }
        return [row | _action(action, fields) for action in found or [Action("none")]]


def _action(action: Action, fields: dict[str, str]) -> dict[str, Any]:
    more = fields | {"action": action.kind, "working_folder": action.working_folder}
    return {
        "command": action.command or None,
        "arguments": action.arguments or None,
        "fields": sorted((name, value) for name, value in more.items() if value),
    }
