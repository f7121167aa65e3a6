# SPDX-License-Identifier: Apache-2.0
"""Searches for keys and build constants that packs ask for, shard by shard in confined workers; a kill loses one shard.

Shards count from 0, and what was found is what stands in the first shards that settle a search: the result is the same
for any number of workers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Any

from hikeshi.case.state import Done
from hikeshi.codecs.keysearch.heads import MOST
from hikeshi.engine import Limits, Reply, Task, Unit
from hikeshi.engine.local import Pool
from hikeshi.flow.keyjobs import Job, digits_of, heads_of
from hikeshi.flow.keyledger import Ledger
from hikeshi.schema import KeySearch, Reason

WORK, MEASURE = "hikeshi.flow.keywork:shard", "hikeshi.flow.keywork:measure"
PRELOAD = ("hikeshi.flow.keywork",)
# Searches for digits in one run; each takes seconds to minutes.
MOST_DIGITS = 256
_LIMITS = Limits(silence=6 * 3600, wall=6 * 3600, cpu=6 * 3600)

Loss = dict[str, Any]


@dataclass
class Pace:
    """How far a search is: shards done and to do, seconds left, and what searches ("numba" or "numpy")."""

    kind: str
    done: int
    met: int
    left: float
    kernel: str


class Keysearching:
    """Runs what is left of searches; `tell` hears of every finished shard, and of the estimate before the first."""

    def __init__(self, ledger: Ledger, jobs: int, tell: Callable[[Pace], None] = lambda _: None) -> None:
        self._ledger, self._jobs, self._tell = ledger, jobs, tell
        self.losses: list[Loss] = []
        self.searched = 0

    def run(self, searches: Sequence[KeySearch]) -> None:
        """Search for everything that is not known yet."""
        with Pool(self._jobs, PRELOAD) as pool:
            for _, alike in sorted(_shapes(searches).items()):
                self._keys(alike, pool)
            left = list(self._unsettled(searches))
            for job in left[:MOST_DIGITS]:
                done, needed = self._job(job, pool)
                if needed:
                    hits = [hit for shard in range(needed) for hit in done[shard]["hits"]]
                    self._ledger.settle(job, sorted({value for value, _ in hits}), needed)
        if len(left) > MOST_DIGITS:
            self._lose(Reason.KEY_SEARCH, searches=str(len(left) - MOST_DIGITS), limit=str(MOST_DIGITS))

    def _keys(self, search: KeySearch, pool: Pool) -> None:
        """Search for the keys of all heads of one shape, in one pass."""
        heads = self._left(search)
        self._ledger.keep_keys(key for key in self._ledger.opened(search).values() if key)
        if not heads:
            return
        job = Job(heads_of(search, heads[:MOST]))
        done, needed = self._job(job, pool)
        self._ledger.keep_keys(key for shard in range(needed) for key, _ in done[shard]["hits"])
        if needed == job.shards:
            left = set(self._left(search))
            self._ledger.exhaust(search, [head for head in heads[:MOST] if head in left])
        left_out = len(set(heads[MOST:]) & set(self._left(search)))
        if left_out:
            self._lose(Reason.KEY_SEARCH, heads=str(left_out), limit=str(MOST))

    def _left(self, search: KeySearch) -> list[str]:
        opened = self._ledger.opened(search)
        closed = [head for head, key in opened.items() if key is None]
        return [head for head in closed if not self._ledger.exhausted(search, head)]

    def _unsettled(self, searches: Sequence[KeySearch]) -> Iterator[Job]:
        met = set()
        for search in searches:
            if search.kind != "md5-digits" or self._ledger.settled(search) is not None:
                continue
            job = Job(digits_of(search))
            if job.id not in met:
                met.add(job.id)
                yield job

    def _job(self, job: Job, pool: Pool) -> tuple[Mapping[int, Done], int]:
        """The finished shards of a job, and how many of the first were needed; 0 when it did not come to an end."""
        done = self._ledger.shards(job)
        for shard in job.unproven({shard: told["counted"] for shard, told in done.items()}):
            self._ledger.forget(job, shard)
            del done[shard]
        waiting = [shard for shard in range(job.shards) if shard not in done]
        if waiting and not _needed(job, done):
            self._search(job, waiting, done, pool)
        needed = _needed(job, done) or (job.shards if len(done) == job.shards else 0)
        counts = {shard: int(told["counted"]) for shard, told in done.items()}
        if unproven := job.unproven(counts):
            counted = " ".join(f"{shard}:{counts[shard]}" for shard in unproven[:16])
            about = {"expected": f"{job.expected:.0f}", "median": f"{median(counts.values()):.0f}"}
            self._lose(
                Reason.KEY_SEARCH, search=job.kind, shards=str(len(unproven)), counted=counted, **about
            )
            needed = needed if _needed(job, done) else 0
        return done, needed

    def _search(self, job: Job, waiting: list[int], done: dict[int, Done], pool: Pool) -> None:
        kernel, seconds = self._measured(job, pool)
        if not kernel:
            return
        begin, total = time.monotonic(), len(waiting)
        pace = Pace(job.kind, 0, total, seconds * total / min(self._jobs, total), kernel)
        self._tell(pace)
        for shard in waiting[: self._jobs]:
            self._submit(job, shard, pool)
        following = iter(waiting[self._jobs :])
        for reply in pool.replies():
            if not self._take(job, reply, done):
                continue
            pace.done += 1
            pace.left = (time.monotonic() - begin) / pace.done * (total - pace.done)
            self._tell(pace)
            if not _needed(job, done):
                for shard in islice(following, 1):
                    self._submit(job, shard, pool)

    def _submit(self, job: Job, shard: int, pool: Pool) -> None:
        unit = Unit(str(shard), {"start": job.start(shard), "count": job.size})
        pool.submit(Task(WORK, [unit], job.arguments, _LIMITS))

    def _take(self, job: Job, reply: Reply, done: dict[int, Done]) -> bool:
        """Keep what a worker says; whether a shard ended with it."""
        shard = int(reply.unit.key)
        if reply.message:
            told = {name: reply.message.head[name] for name in ("counted", "hits", "kernel", "seconds")}
            self._ledger.finish(job, shard, told)
            done[shard] = told
            self.searched += 1
        if reply.lost:
            self._lose(
                Reason(reply.lost.value), search=job.kind, shard=str(shard), detail=reply.detail[-400:]
            )
        return reply.finished or reply.lost is not None

    def _measured(self, job: Job, pool: Pool) -> tuple[str, float]:
        """What searches on this machine, "" when its test fails, and how many seconds a shard will take it."""
        pool.submit(Task(MEASURE, [Unit("speed", {"start": 0, "count": job.size})], job.arguments, _LIMITS))
        kernel, seconds = "", 0.0
        for reply in pool.replies():
            if reply.message:
                kernel, seconds = str(reply.message.head["kernel"]), float(reply.message.head["seconds"])
            if reply.lost:
                self._lose(Reason(reply.lost.value), search=job.kind, detail=reply.detail[-400:])
        return kernel, seconds

    def _lose(self, reason: Reason, **fields: str) -> None:
        where = {"item": None, "path": "keys", "offset": None, "records": 0}
        self.losses.append({**where, "reason": reason.value, "fields": fields, "unknown": "unknown.keys"})


def _shapes(searches: Sequence[KeySearch]) -> dict[tuple[Any, ...], KeySearch]:
    """The searches for keys whose words and layout are the same, as one search each."""
    found: dict[tuple[Any, ...], KeySearch] = {}
    for search in searches:
        if search.kind != "rc4-head":
            continue
        shape = (tuple(sorted(search.words)), search.layout)
        other = found.get(shape, search)
        both = KeySearch(
            search.kind, heads=(*other.heads, *search.heads), words=shape[0], layout=search.layout,
            known=tuple(sorted({*other.known, *search.known})),
        )  # fmt: skip
        found[shape] = both
    return found


def _needed(job: Job, done: Mapping[int, Done]) -> int:
    """How many of the first shards settle a search; 0 when those that are done do not."""
    hits: list[tuple[str, int]] = []
    for shard in range(job.shards):
        if shard not in done:
            break
        hits += [(value, head) for value, head in done[shard]["hits"]]
        if job.ends(hits):
            return shard + 1
    return 0
