# SPDX-License-Identifier: Apache-2.0
"""Desktop entries, as the XDG autostart folders hold them (freedesktop.org: Desktop Entry, Autostart)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from hikeshi.schema import Batch, Count, Issue, Item, Reason, table

KIND = "desktop-entry"
VERSION = "1"

MOST = 1 << 20
GROUP = "[Desktop Entry]"
_FIELDS = {
    "try_exec": "TryExec",
    "hidden": "Hidden",
    "no_display": "NoDisplay",
    "enabled": "X-GNOME-Autostart-enabled",
    "phase": "X-GNOME-Autostart-Phase",
    "delay": "X-GNOME-Autostart-Delay",
    "only_show_in": "OnlyShowIn",
    "not_show_in": "NotShowIn",
    "comment": "Comment",
    "working_folder": "Path",
    "terminal": "Terminal",
}
_ESCAPE = re.compile(r"\\([sntr\\])")
_ESCAPED = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_PROGRAM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))\s*(.*)', re.DOTALL)


def sniff(head: bytes, name: str) -> bool:
    """Whether this is the desktop entry of a program."""
    start = head[:8192].removeprefix(b"\xef\xbb\xbf")
    lines = (line.strip() for line in start.splitlines())
    first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    return first == GROUP.encode() and re.search(rb"(?m)^Exec[ \t]*=", head) is not None


def read(items: Sequence[Item]) -> Iterator[Batch | Issue | Count]:
    """One row of `autostarts` an item."""
    for item in items:
        keys = _keys(item.file.read(MOST))
        if not keys.get("Exec"):
            yield Issue(item.id, Reason.DAMAGED, 0, records=1, unknown="unknown.item")
            yield Count(item.id, KIND, 1)
            continue
        yield Batch(item.id, "autostarts", table("autostarts", [_row(item.id, keys)]))
        if item.size > MOST:
            yield Issue(item.id, Reason.TOO_LARGE, MOST, fields={"limit": str(MOST)})
        yield Count(item.id, KIND, 1, whole=True)


def _keys(data: bytes) -> dict[str, str]:
    """The keys of the entry's own group; of a key given twice the first."""
    keys: dict[str, str] = {}
    inside = False
    for line in data.decode("utf-8-sig", "replace").splitlines()[:10_000]:
        text = line.strip()
        if text.startswith("["):
            inside = text == GROUP
        elif inside and "=" in text and not text.startswith("#"):
            key, _, value = text.partition("=")
            plain = _ESCAPE.sub(lambda met: _ESCAPED[met[1]], value.strip()[:8192])
            keys.setdefault(key.strip(), plain)
    return keys


def _row(item: str, keys: dict[str, str]) -> dict[str, Any]:
    met = _PROGRAM.match(keys["Exec"])
    quoted, bare, rest = met.groups() if met else (None, keys["Exec"], "")
    command = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
    said = {field: keys.get(key, "") for field, key in _FIELDS.items()}
    return {
        "item": item,
        "record": 0,
        "offset": 0,
        "kind": "xdg-autostart",
        "name": keys.get("Name"),
        "command": command,
        "arguments": rest or None,
        "fields": sorted((name, text) for name, text in said.items() if text),
    }
