# SPDX-License-Identifier: Apache-2.0
"""Reads every item of the evidence once: from files to parts and done-files, children and their children included.

A container is done when all that lies in it is done, so a done-file stands for a whole subtree. While an item's bytes
are at hand its YARA scan and the search through raw bytes run as tasks of their own.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hikeshi.case.state import Done, Part, State, task_id
from hikeshi.engine import Limits, Reply, Task, Unit
from hikeshi.engine.local import Pool
from hikeshi.evidence.expansion import DEPTH
from hikeshi.evidence.segments import logs_of
from hikeshi.evidence.source import ChangedError, FileSource, SegmentSource, Source, Spool, SpoolSource
from hikeshi.flow.ahead import Ahead
from hikeshi.flow.hashing import Hashed, Hashing
from hikeshi.flow.rules import Compiled
from hikeshi.flow.scanning import SCAN, Scanning
from hikeshi.flow.searching import SEARCH, SWEEP, Searching
from hikeshi.flow.tasks import reading_version
from hikeshi.schema import Reason

READ = "hikeshi.flow.tasks:read"
BATCH_UNITS, BATCH_BYTES = 32, 1 << 20
COUNT = ("item_kind", "records_in", "duplicate", "container", "whole", "blocks")


# Who else needs the bytes of a container's children: hives that are read again, with the logs beside them.
AGAIN = "again"
# Transaction logs beside a hive: the item and the bytes of each.
Logs = Sequence[tuple[str, Source]]


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
    read: bool = True
    scan: bool = False
    ranges: set[int] = field(default_factory=set)
    ahead: set[int] = field(default_factory=set)
    logs: Logs = ()

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

    def __init__(
        self,
        state: State,
        pool: Pool,
        passwords: Sequence[str] = (),
        yara: Compiled | None = None,
        patterns: Compiled | None = None,
        deep: bool = False,
    ) -> None:
        self._state, self._pool, self._passwords = state, pool, list(passwords)
        self.scanning = Scanning(state, yara, deep)
        self.searching = Searching(state, patterns, yara, deep)
        self._tried = sorted(_fingerprint(password, state.salt()) for password in passwords)
        self._version = reading_version()
        self._open: dict[str, _Open] = {}
        self._batch: list[_Open] = []
        self._waiting: dict[str, tuple[Done, set[str]]] = {}
        self._parents: defaultdict[str, set[str]] = defaultdict(set)
        self._spools: dict[str, tuple[Spool, set[str]]] = {}
        self._settled: set[str] = set()
        self._files: list[tuple[dict[str, Any], FileSource | SegmentSource]] = []
        self._listed: dict[str, list[dict[str, Any]]] = {}
        self._again: dict[str, tuple[str, Source, int, Logs]] = {}
        self._ahead = Ahead(pool, self.searching, _known(state))
        self._meeting = True
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

    def meet(self, hashing: Hashing) -> bool:
        """Queue the files that are hashed by now, search those at work as far as they are; whether more will come."""
        for hashed in hashing.ready():
            self._listed.setdefault(hashed.argument, []).append(self._list(hashed))
        for hashed in hashing.at_work():
            if hashed.met.source:
                self._ahead.offer(hashed.met.path, hashed.met.source, hashed.bytes)
        self._meeting = not hashing.over
        self._flush_due()
        if hashing.over:
            for _, listing in sorted(self._listed.items()):
                self._state.add_listing(sorted(listing, key=lambda entry: entry["path"]))
            self._listed.clear()
        return self._meeting

    def _list(self, hashed: Hashed) -> dict[str, Any]:
        """Queue a file; gives its entry in the listing."""
        path, source, item = hashed.met.path, hashed.met.source, hashed.item
        if source is None:
            return {"path": path, "reason": hashed.met.reason or Reason.UNREADABLE}
        if item is None or isinstance(item, Reason):
            self._ahead.name(path, None)
            return {"path": path, "reason": item or Reason.UNREADABLE}
        listed = {"path": path, "item": item, "bytes": source.size}
        if len(source.openers()) > 1:
            listed["segments"] = len(source.openers())
        self._files.append((listed, source))
        self._ahead.name(path, item)
        logs = [(name, log) for log in hashed.met.logs if (name := _sha256(log))]
        self._meet(item, path, source, 0, logs)
        return listed

    def compare(self) -> None:
        """Look at size and time of every file once more, and remember those that are others than before."""
        changed = [entry for entry, source in self._files if not source.unchanged()]
        if changed:
            self._state.add_listing([{**entry, "reason": Reason.CHANGED} for entry in changed])

    def run(
        self,
        hashing: Hashing,
        on_done: Callable[[str, Done], None],
        other: Callable[[Reply], None],
        tell: Callable[[], None],
    ) -> None:
        """Work until nothing is left; `on_done` hears of each item read, `other` gets the replies of other tasks."""
        while True:
            for reply in self._pool.replies(lambda: self.meet(hashing)):
                if reply.task.function in (READ, SCAN, SEARCH, SWEEP):
                    self.take(reply, on_done)
                else:
                    other(reply)
                tell()
            if not self._waiting and not self._with_logs():
                return
            for item in sorted(self._waiting):  # containers that hold each other
                self._settle(item)

    def _with_logs(self) -> bool:
        """Read again, with its logs, each hive that was first met where none lay beside it; whether there are any."""
        again, self._again = self._again, {}
        for item, (name, source, depth, logs) in sorted(again.items(), key=lambda met: met[0]):
            if self._read_of(item, logs) is None:
                self._settled.discard(item)
                self.reused.discard(item)
                self._meet(item, name, source, depth, logs)
        self._flush()
        if self._open:
            return True
        for parent in sorted(self._spools):
            self._release(parent, AGAIN)
        return False

    def _meet(self, item: str, name: str, source: Source, depth: int, logs: Logs = ()) -> None:
        if any(item in met for met in (self._settled, self.reused, self._open, self._waiting)):
            if logs:
                self._again.setdefault(item, (name, source, depth, logs))
            return
        entry = _Open(item, name, source, depth, scan=self.scanning.pending(item), logs=logs)
        if not entry.scan:
            self.scanning.reuse(item)
        done = self._read_of(item, logs)
        if done is not None and self._whole(done):
            self._reuse(item, done)
            entry.read, entry.ranges = False, self._ranges(entry, done)
            needs = ({SCAN} if entry.scan else set()) | ({SEARCH} if entry.ranges else set())
            if not needs:
                return
            self._waiting[item] = (done, needs)
        self._open[item] = entry
        self.met_bytes += source.size
        self._batch.append(entry)
        if len(self._batch) >= BATCH_UNITS or source.size > BATCH_BYTES:
            self._flush()

    def _read_of(self, item: str, logs: Logs = ()) -> Done | None:
        done = self.result(item)
        if done is not None and not {log for log, _ in logs} <= set(done.get("logs", ())):
            return None
        if done is None or "lost" in done or not set(self._tried) <= set(done.get("tried", self._tried)):
            return None
        return done if self._state.intact(_parts(done)) else None

    def _whole(self, done: Done) -> bool:
        """Whether nothing below needs the bytes of this item: all of it is scanned and searched."""
        pending = [child["item"] for child in done["children"]]
        seen = set(pending)
        while pending:
            item = pending.pop()
            below = self.result(item)
            if below is None:  # too deep to have been met
                continue
            if self.scanning.pending(item) or self.searching.pending(item, below):
                return False
            fresh = {child["item"] for child in below["children"]} - seen
            seen |= fresh
            pending += fresh
        return True

    def _reuse(self, item: str, done: Done) -> None:
        """Count a finished item, and all that lies in it."""
        pending = [(item, done)]
        while pending:
            item, done = pending.pop()
            if item in self.reused:
                continue
            self.reused.add(item)
            if not self.scanning.pending(item):
                self.scanning.reuse(item)
            self.searching.reuse(item, done)
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
            self._read([entry for entry in group if entry.read])
            self._scan([entry for entry in group if entry.scan])
            for entry in group:
                if entry.ranges:
                    self._search(entry, self._waiting[entry.item][0], entry.ranges - entry.ahead)

    def _flush_due(self) -> None:
        """Queue what was met, unless more is being met and every worker has something to do."""
        if not self._meeting or self._pool.hungry:
            self._flush()

    def _ranges(self, entry: _Open, done: Done) -> set[int]:
        """The ranges of an item that are still to be searched, or still being searched."""
        entry.ahead = self._ahead.keep(entry.item, entry.source, done["item_kind"])
        return self.searching.pending(entry.item, done)

    def _search(self, entry: _Open, done: Done, ranges: set[int]) -> None:
        kind, source = done["item_kind"], entry.source
        for task in self.searching.tasks(entry.item, entry.name, source, kind, ranges):
            self._pool.submit(task)

    def _swept(self, entry: _Open, number: int) -> None:
        """A range that was given to a worker before its item was known is over, with or without a result."""
        done, _ = self._waiting[entry.item]
        entry.ahead.discard(number)
        self._ahead.keep(entry.item, entry.source, done["item_kind"])
        if number in self.searching.pending(entry.item, done):
            self._search(entry, done, {number})
            return
        entry.ranges.discard(number)
        if not entry.ranges:
            self._finish(entry, SEARCH)

    def _read(self, group: list[_Open]) -> None:
        if not group:
            return
        size = sum(entry.source.size for entry in group)
        units = []
        for entry in group:
            about = {"id": entry.item, "name": entry.name, "size": entry.source.size}
            logs = [opener for _, log in entry.logs for opener in log.openers()]
            if logs:
                about["logs"] = len(logs)
            units.append(Unit(entry.item, about, [*entry.source.openers(), *logs]))
        limits = Limits(
            cpu=3600 + size // 2_000_000, silence=60 + size / 20_000_000, wall=600 + size / 100_000
        )
        arguments = {"passwords": self._passwords}
        self._pool.submit(Task(READ, units, arguments, limits, priority=(size >> 20, -_depth(group))))

    def _scan(self, group: list[_Open]) -> None:
        items = [(entry.item, entry.name, entry.source) for entry in group]
        for task in self.scanning.tasks(items, _depth(group)):
            self._pool.submit(task)

    def take(self, reply: Reply, on_done: Callable[[str, Done], None]) -> None:
        """Hear one reply of a reading, scanning or searching task."""
        if reply.task.function == SWEEP:
            over = self._ahead.take(reply)
            if over and over[0] in self._open and over[1] in self._open[over[0]].ahead:
                self._swept(self._open[over[0]], over[1])
            return
        entry = self._open[reply.unit.key]
        if reply.task.function == SCAN:
            if self.scanning.take(reply):
                entry.scan = False
                self._finish(entry, SCAN)
        elif reply.task.function == SEARCH:
            entry.ranges -= self.searching.take(reply)
            if not entry.ranges:
                self._finish(entry, SEARCH)
        elif reply.message:
            self._hear(entry, dict(reply.message.head), reply.message.blob)
        elif reply.again:
            entry.forget()
        elif reply.lost:
            entry.forget()
            self.lost += 1
            loss = {"reason": reply.lost.value, "offset": None, "place": None, "records": 1, "unknown": None}
            entry.issues = [{**loss, "fields": {"detail": reply.detail}}]
            entry.count = {"item_kind": "unknown", "records_in": 1, "duplicate": 0}
            entry.count |= {"container": False, "whole": False}
            self._close(entry, on_done, lost=reply.lost.value)
        elif reply.finished:
            self._close(entry, on_done)
        self._flush_due()

    def _finish(self, entry: _Open, what: str) -> None:
        """Settle an item when its reading, its scan, its search and all that lies in it are done."""
        if not entry.read and not entry.scan and not entry.ranges:
            del self._open[entry.item]
            self.done_bytes += entry.source.size
        if entry.item in self._waiting:
            self._waiting[entry.item][1].discard(what)
            if not self._waiting[entry.item][1]:
                self._settle(entry.item)

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
                entry.count = {key: head[key] for key in COUNT}

    def _close(self, entry: _Open, on_done: Callable[[str, Done], None], lost: str | None = None) -> None:
        """Keep the parts and meet the children."""
        parts = {name: part.keep() for name, part in sorted(entry.parts.items())}
        begins = [child.pop("begins") for child in entry.children]
        done: dict[str, Any] = {"bytes": entry.source.size, **entry.count, "issues": entry.issues}
        done |= {"parts": parts, "rows": entry.rows, "children": entry.children}
        if entry.logs:
            done["logs"] = sorted(log for log, _ in entry.logs)
        if lost:
            done["lost"] = lost
        self.searching.reuse(entry.item, done)
        entry.ranges = self._ranges(entry, done)
        needs = {READ} | ({SCAN} if entry.scan else set()) | ({SEARCH} if entry.ranges else set())
        self._waiting[entry.item] = (done, needs)
        self._search(entry, done, entry.ranges - entry.ahead)
        if entry.spool:
            self._spools[entry.item] = (entry.spool, set())
        names = {child["place"]: number for number, child in enumerate(entry.children)}
        for child, begin in zip(entry.children, begins, strict=True):
            beside = [names[log] for log in logs_of(child["place"], names)]
            self._meet_child(entry, child, begin, [(entry.children[n], begins[n]) for n in beside])
        if not lost:
            self.read += 1
            on_done(entry.item, done)
        self._release(entry.item)
        entry.read = False
        self._finish(entry, READ)

    def _meet_child(
        self, parent: _Open, child: dict[str, Any], begin: int, beside: Sequence[tuple[dict[str, Any], int]]
    ) -> None:
        if parent.depth + 1 > DEPTH or parent.spool is None:
            return
        item = child["item"]
        source = SpoolSource(parent.spool, begin, child["bytes"])
        spool = parent.spool
        logs = [(log["item"], SpoolSource(spool, at, log["bytes"])) for log, at in beside]
        self._meet(item, child["place"] or parent.name, source, parent.depth + 1, logs)
        if item in self._again and self._again[item][1] is source:
            self._spools[parent.item][1].add(AGAIN)
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
            self._state.finish(self.task(item), self._locked(done))
            for parent in self._parents.pop(item, ()):
                self._release(parent, item)
                if parent in self._waiting:
                    self._waiting[parent][1].discard(item)
                    if not self._waiting[parent][1]:
                        pending.append(parent)

    def _locked(self, done: Done) -> Done:
        """The same, with the passwords tried on what stayed encrypted in it: new ones are a reason to read again."""
        if "tried" in done:
            return done
        own = any(issue["reason"] == Reason.ENCRYPTED for issue in done["issues"])
        below = (self.result(child["item"]) for child in done["children"])
        return {**done, "tried": self._tried} if own or any("tried" in (b or ()) for b in below) else done

    def _release(self, parent: str, child: str = "") -> None:
        """Let go of the bytes of a container's children once they are read."""
        if parent in self._spools:
            spool, users = self._spools[parent]
            users.discard(child)
            if not users:
                spool.close()
                del self._spools[parent]


def _sha256(log: FileSource) -> str:
    """The item of a transaction log; one that cannot be read is said to be so as an item of its own."""
    try:
        return log.sha256()
    except (ChangedError, OSError):
        return ""


def _fingerprint(password: str, salt: bytes) -> str:
    """Tells whether a password was tried before, and is slow to guess from."""
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, n=4096, r=8, p=1, dklen=16).hex()


def _known(state: State) -> frozenset[tuple[str, int]]:
    """Path and size of what earlier runs listed."""
    entries = (entry for listing in state.listings() for entry in listing)
    return frozenset((entry["path"], entry["bytes"]) for entry in entries if "bytes" in entry)


def _depth(group: Sequence[_Open]) -> int:
    return max((entry.depth for entry in group), default=0)


def _parts(done: Done) -> list[str]:
    return list(done["parts"].values())
