# SPDX-License-Identifier: Apache-2.0
"""Reads every item of the evidence once: from files to parts and done-files, children and their children included.

A container is done when all that lies in it is done, so a done-file stands for a whole subtree.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from hikeshi.case.state import Done, Part, State, task_id
from hikeshi.engine import Limits, Reply, Task, Unit
from hikeshi.engine.local import Pool
from hikeshi.evidence.discover import Met
from hikeshi.evidence.expansion import DEPTH
from hikeshi.evidence.source import ChangedError, FileSource, Source, Spool, SpoolSource
from hikeshi.flow.tasks import reading_version
from hikeshi.schema import Reason

READ = "hikeshi.flow.tasks:read"
BATCH_UNITS, BATCH_BYTES = 32, 1 << 20
NESTED = -1


@dataclass
class _Open:
    """An item at work: what its reader has delivered so far."""

    item: str
    name: str
    source: Source
    depth: int
    parts: dict[str, Part] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    children: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    count: dict[str, Any] = field(default_factory=dict)
    spool: Spool | None = None
    digest: Any = None
    begins: int = 0

    def forget(self) -> None:
        """Drop what was delivered: the item is lost or runs again."""
        for part in self.parts.values():
            part.drop()
        if self.spool:
            self.spool.close()
        self.parts, self.rows, self.children, self.issues, self.count = {}, {}, [], [], {}
        self.spool = None


class Reading:
    """The parse tasks of one run; counters tell what was new."""

    def __init__(self, state: State, pool: Pool, passwords: tuple[str, ...] = ()) -> None:
        self._state, self._pool = state, pool
        self._version = task_id(reading_version(), passwords)
        self._open: dict[str, _Open] = {}
        self._batch: list[_Open] = []
        self._waiting: dict[str, tuple[Done, set[str]]] = {}
        self._parents: defaultdict[str, set[str]] = defaultdict(set)
        self._spools: dict[str, tuple[Spool, set[str]]] = {}
        self._settled: set[str] = set()
        self.reused: set[str] = set()
        self.read = 0
        self.lost = 0
        self.met_bytes = 0
        self.done_bytes = 0

    def task(self, item: str) -> str:
        """Id of the parse task of an item."""
        return task_id("read", item, self._version)

    def result(self, item: str) -> Done | None:
        """What reading an item left, or None."""
        return self._state.done(self.task(item))

    def meet(self, argument: str, found: Iterator[Met], workers: int) -> None:
        """Hash and queue every file of one argument, and remember the listing."""
        listing: list[Any] = []
        with ThreadPoolExecutor(workers) as threads:
            for met, item in threads.map(_hash, found):
                if item is None:
                    listing.append({"path": met.path, "reason": met.reason or Reason.UNREADABLE})
                elif isinstance(item, Reason):
                    listing.append({"path": met.path, "reason": item})
                elif met.source:
                    listing.append({"path": met.path, "item": item, "bytes": met.source.size})
                    self._meet(item, met.path, met.source, 0)
        self._flush()
        self._state.add_listing(sorted(listing, key=lambda entry: entry["path"]))

    def run(
        self, on_done: Callable[[str, Done], None], other: Callable[[Reply], None], tell: Callable[[], None]
    ) -> None:
        """Work until nothing is left; `on_done` hears of each item read, `other` gets the replies of other tasks."""
        while True:
            for reply in self._pool.replies():
                if reply.task.function == READ:
                    self._take(reply, on_done)
                    self._flush()
                else:
                    other(reply)
                tell()
            if not self._waiting:
                return
            for item in sorted(self._waiting):  # containers that hold each other
                self._settle(item)

    def _meet(self, item: str, name: str, source: Source, depth: int) -> None:
        if item in self._settled or item in self.reused:
            return
        if item in self._open or item in self._waiting:
            return
        done = self.result(item)
        if done is not None and "lost" not in done and self._state.intact(_parts(done)):
            self._reuse(item, done)
            return
        entry = _Open(item, name, source, depth)
        self._open[item] = entry
        self.met_bytes += source.size
        self._batch.append(entry)
        if len(self._batch) >= BATCH_UNITS or source.size > BATCH_BYTES:
            self._flush()

    def _reuse(self, item: str, done: Done) -> None:
        """Count a finished item, and all that lies in it."""
        pending = [(item, done)]
        while pending:
            item, done = pending.pop()
            if item in self.reused:
                continue
            self.reused.add(item)
            for child in done["children"]:
                below = self.result(child["item"])
                if below is not None:
                    pending.append((child["item"], below))

    def _flush(self) -> None:
        """Queue what was met: small items in batches, cheap ones first."""
        small = [entry for entry in self._batch if entry.source.size <= BATCH_BYTES]
        large = [entry for entry in self._batch if entry.source.size > BATCH_BYTES]
        self._batch = []
        for group in [small, *([entry] for entry in large)]:
            if group:
                size = sum(entry.source.size for entry in group)
                units = [
                    Unit(
                        entry.item,
                        {"id": entry.item, "name": entry.name, "size": entry.source.size},
                        [entry.source.open],
                    )
                    for entry in group
                ]
                limits = Limits(wall=600 + size / 100_000)
                self._pool.submit(
                    Task(READ, units, limits=limits, priority=(size >> 20, -max(e.depth for e in group)))
                )

    def _take(self, reply: Reply, on_done: Callable[[str, Done], None]) -> None:
        entry = self._open[reply.unit.key]
        if reply.message:
            self._hear(entry, dict(reply.message.head), reply.message.blob)
        elif reply.again:
            entry.forget()
        elif reply.lost:
            entry.forget()
            self.lost += 1
            loss = {"reason": reply.lost.value, "offset": None, "place": None, "records": 1, "unknown": None}
            entry.issues = [{**loss, "fields": {"detail": reply.detail}}]
            entry.count = {"item_kind": "unknown", "records_in": 1, "duplicate": 0, "container": False}
            self._close(entry, on_done, lost=reply.lost.value)
        elif reply.finished:
            self._close(entry, on_done)

    def _hear(self, entry: _Open, head: dict[str, Any], blob: bytes) -> None:
        match head["kind"]:
            case "table":
                name = head["table"]
                if name not in entry.parts:
                    entry.parts[name] = self._state.new_part()
                entry.parts[name].write(blob)
                entry.rows[name] = entry.rows.get(name, 0) + int(head["rows"])
            case "child":
                entry.spool = entry.spool or Spool(str(self._state.scratch))
                entry.digest, entry.begins = hashlib.sha256(), entry.spool.tell()
                entry.children.append({"place": str(head["place"])})
            case "bytes" if entry.spool:
                entry.digest.update(blob)
                entry.spool.write(blob)
            case "closed" if entry.spool:
                size = entry.spool.tell() - entry.begins
                entry.children[-1] |= {"item": entry.digest.hexdigest(), "bytes": size, "cut": head["cut"]}
                entry.children[-1]["begins"] = entry.begins
            case "issue":
                entry.issues.append(head["issue"])
            case "count":
                entry.count = {
                    key: head[key] for key in ("item_kind", "records_in", "duplicate", "container")
                }

    def _close(self, entry: _Open, on_done: Callable[[str, Done], None], lost: str | None = None) -> None:
        """Keep the parts, meet the children, and settle the item when nothing in it is left to do."""
        del self._open[entry.item]
        self.done_bytes += entry.source.size
        parts = {name: part.keep() for name, part in sorted(entry.parts.items())}
        begins = [child.pop("begins") for child in entry.children]
        done: dict[str, Any] = {"bytes": entry.source.size, **entry.count, "issues": entry.issues}
        done |= {"parts": parts, "rows": entry.rows, "children": entry.children}
        if lost:
            done["lost"] = lost
        self._waiting[entry.item] = (done, set())
        if entry.spool:
            self._spools[entry.item] = (entry.spool, set())
        for child, begin in zip(entry.children, begins, strict=True):
            self._meet_child(entry, child, begin)
        if not lost:
            self.read += 1
            on_done(entry.item, done)
        self._release(entry.item)
        if not self._waiting[entry.item][1]:
            self._settle(entry.item)

    def _meet_child(self, parent: _Open, child: dict[str, Any], begin: int) -> None:
        if parent.depth + 1 > DEPTH or parent.spool is None:
            return
        item = child["item"]
        source = SpoolSource(parent.spool, begin, child["bytes"])
        self._meet(item, child["place"] or parent.name, source, parent.depth + 1)
        if item in self._open or (item in self._waiting and item != parent.item):
            self._waiting[parent.item][1].add(item)
            self._parents[item].add(parent.item)
        if item in self._open and self._open[item].source is source:
            self._spools[parent.item][1].add(item)

    def _settle(self, item: str) -> None:
        """Write the done-file of an item, then of every container that waited for it."""
        pending = [item]
        while pending:
            item = pending.pop()
            if item not in self._waiting:
                continue
            done, _ = self._waiting.pop(item)
            self._settled.add(item)
            self._state.finish(self.task(item), done)
            for parent in self._parents.pop(item, ()):
                self._release(parent, item)
                if parent in self._waiting:
                    self._waiting[parent][1].discard(item)
                    if not self._waiting[parent][1]:
                        pending.append(parent)

    def _release(self, parent: str, child: str = "") -> None:
        """Let go of the bytes of a container's children once they are read."""
        if parent in self._spools:
            spool, users = self._spools[parent]
            users.discard(child)
            if not users:
                spool.close()
                del self._spools[parent]


def _hash(met: Met) -> tuple[Met, str | Reason | None]:
    if not isinstance(met.source, FileSource):
        return met, None
    try:
        return met, met.source.sha256()
    except ChangedError:
        return met, Reason.CHANGED
    except OSError:
        return met, Reason.UNREADABLE


def _parts(done: Done) -> list[str]:
    return list(done["parts"].values())
