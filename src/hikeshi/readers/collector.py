# SPDX-License-Identifier: Apache-2.0
"""The file in which a collecting tool says which machine it ran on: one row of `machines`.

Velociraptor: client_info.json, the answer of info() or the server's client record (its import reads `hostname`, upper
or lower case). UAC: uac.log, whose first lines name version and host. KAPE: its console log, `Machine name: …`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hikeshi.schema import Batch, Count, Issue, Item, Reason, table

VERSION = "1"
KIND = "collector"
HEAD = 65_536
_NAME = rb"([^\s\0,;\"'<>|]{1,255})"
_UAC = re.compile(rb"(?m)\bHostname *: *" + _NAME + rb" *\r?$")
_KAPE = re.compile(rb"\bMachine name: *" + _NAME + rb",")
# Beside the host name, what info() or a client record has and other JSON hardly has together.
_BESIDE = ({"client_id"}, {"fqdn", "os"}, {"fqdn", "platform"}, {"fqdn", "buildtime"}, {"fqdn", "version"})


def sniff(head: bytes, name: str) -> bool:
    """Whether one of the three names a machine here."""
    return _host(head) is not None


def read(items: Sequence[Item]) -> Iterator[Batch | Issue | Count]:
    """One row of `machines` an item."""
    for item in items:
        host = _host(item.file.read(HEAD))
        if host is None:
            yield Issue(item.id, Reason.DAMAGED, 0, records=1)
            yield Count(item.id, KIND, 1)
            continue
        row = {"item": item.id, "record": 0, "offset": 0, "kind": "collection", "value": host, "count": 1}
        yield Batch(item.id, "machines", table("machines", [row]))
        yield Count(item.id, KIND, 1, whole=True)


def _host(head: bytes) -> str | None:
    """The machine named by the first 64 KiB; null when this is none of the three files."""
    start = head[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return _velociraptor(head[:HEAD].removeprefix(b"\xef\xbb\xbf"))
    if b"Unix-like Artifacts Collector" in start:
        return _text(_UAC.search(head))
    if start.startswith(b"KAPE version") or b"KAPE version" in start[:200]:
        return _text(_KAPE.search(head))
    return None


def _text(met: re.Match[bytes] | None) -> str | None:
    return met[1].decode("utf-8", "replace") if met else None


def _velociraptor(text: bytes) -> str | None:
    try:
        record: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, Mapping):
        return None
    keys = {key.lower(): value for key, value in record.items()}
    system = keys.get("os_info")
    if isinstance(system, Mapping) and ("client_id" in keys or "agent_information" in keys):
        keys = {**keys, "client_id": None, **{key.lower(): value for key, value in system.items()}}
    known = any(wanted <= set(keys) for wanted in _BESIDE)
    host = keys.get("hostname")
    return host[:255] if known and isinstance(host, str) and host else None
