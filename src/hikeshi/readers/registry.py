# SPDX-License-Identifier: Apache-2.0
"""Registry hives: every value, the names and time zone of the machine in SYSTEM, the tasks in SOFTWARE.

Keys: Microsoft Learn, "Registry Hives" and "Time zones"; libyal/winreg-kb for what the hives of users and Amcache hold.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

from hikeshi.codecs import regf, regf_log
from hikeshi.codecs.times import filetime
from hikeshi.readers import registry_names, registry_tasks
from hikeshi.schema import Batch, Count, Issue, Item, Reason, table

KIND = "registry"
VERSION = "1"

ROWS, TEXT = 5000, 8 << 20
LARGEST, LARGEST_LOG, MOST = 768 << 20, 128 << 20, 5_000_000


def sniff(head: bytes, name: str) -> bool:
    """Whether this is a registry hive; its transaction logs are not."""
    return regf.sniff(head)


def read(items: Sequence[Item]) -> Iterator[Batch | Issue | Count]:
    """Every value as a row of `registry`, then what the hive says of the machine and its tasks."""
    for item in items:
        if item.size > LARGEST:
            fields = {"limit": str(LARGEST)}
            yield Issue(item.id, Reason.TOO_LARGE, 0, records=1, fields=fields, unknown="unknown.item")
            yield Count(item.id, KIND, 1)
            continue
        data = item.file.read(LARGEST)
        if not regf.sniff(data):
            yield Issue(item.id, Reason.DAMAGED, 0, records=1, unknown="unknown.item")
            yield Count(item.id, KIND, 1)
            continue
        data, replaced = _recovered(item, data)
        yield from _read(item.id, regf.Hive(data), data, replaced)


def _recovered(item: Item, data: bytes) -> tuple[bytes, list[tuple[int, int]]]:
    """The hive with its logs applied where it needs them, and the places that they replaced, in order."""
    hive = regf.Hive(data)
    if not item.logs or (hive.checked and not hive.dirty):
        return data, []
    return regf_log.recover(data, [log.read(LARGEST_LOG) for log in item.logs])


def _read(
    item: str, hive: regf.Hive, data: bytes, replaced: Sequence[tuple[int, int]]
) -> Iterator[Batch | Issue | Count]:
    root = registry_names.root(hive, data)
    names, tasks = registry_names.Names(item, root), registry_tasks.Tasks(item, root)
    rows: list[dict[str, Any]] = []
    records = size = over = 0
    for key in hive.walk():
        path = "\\".join(part for part in (root, key.path) if part)
        names.see(key, records)
        tasks.see(key, records)
        for value in key.values:
            if records >= MOST:
                over += 1
                continue
            row = _row(item, records, path, key, value, replaced)
            rows.append(row)
            records, size = records + 1, size + len(row["data"])
            if len(rows) == ROWS or size > TEXT:
                yield Batch(item, "registry", table("registry", rows))
                rows, size = [], 0
    for name, found in (("registry", rows), ("machines", names.rows()), ("autostarts", tasks.rows())):
        if found:
            yield Batch(item, name, table(name, found))
    yield from _issues(item, hive, over)
    yield Count(item, KIND, records + hive.lost.values + over)


def _row(
    item: str, record: int, path: str, key: regf.Key, value: regf.Value, replaced: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    """One value; of what stands in a log there is no offset in the hive."""
    at = bisect_right(replaced, (value.offset, 1 << 62)) - 1
    from_log = at >= 0 and value.offset < replaced[at][1]
    return {
        "item": item,
        "record": record,
        "offset": None if from_log else value.offset,
        "time": filetime(key.written) if key.written else None,
        "key": path,
        "name": value.name,
        "type": regf.type_name(value.type),
        "data": regf.text(value.type, value.data),
    }


def _issues(item: str, hive: regf.Hive, over: int) -> Iterator[Issue]:
    """What this hive does not give, counted."""
    lost = hive.lost
    if hive.dirty or not hive.checked:
        fields = {"detail": "checksum" if not hive.dirty else "sequence numbers differ"}
        yield Issue(item, Reason.LOG_NOT_APPLIED, 4, fields=fields, unknown="unknown.registry-old")
    if hive.missing:
        fields = {"bytes": str(hive.missing)}
        yield Issue(item, Reason.TRUNCATED, fields=fields, unknown="unknown.registry")
    if lost.keys:
        fields = {"keys": str(lost.keys)}
        yield Issue(item, Reason.DAMAGED, _at(lost, "keys"), fields=fields, unknown="unknown.registry")
    if lost.values:
        offset = _at(lost, "values")
        yield Issue(item, Reason.DAMAGED_RECORD, offset, records=lost.values, unknown="unknown.registry")
    if lost.short:
        fields = {"values": str(lost.short)}
        yield Issue(item, Reason.DAMAGED_RECORD, _at(lost, "short"), fields=fields, unknown="unknown.field")
    if lost.cut:
        fields = {"values": str(lost.cut), "limit": str(regf.MOST_DATA)}
        yield Issue(item, Reason.TOO_LARGE, fields=fields, unknown="unknown.field")
    if over:
        fields = {"limit": str(MOST)}
        yield Issue(item, Reason.TOO_MANY_ENTRIES, records=over, fields=fields, unknown="unknown.registry")


def _at(lost: regf.Lost, what: str) -> int | None:
    """Where in the file the first loss of a kind is; null where its pointer leads out of any file."""
    at = regf.BASE + lost.first[what]
    return at if at < 1 << 40 else None
