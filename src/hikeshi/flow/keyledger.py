# SPDX-License-Identifier: Apache-2.0
"""What a case knows of its key searches: finished shards, heads no key opens, keys found, searches asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from hikeshi.case.state import Done, State, task_id
from hikeshi.codecs.keysearch import kernels
from hikeshi.codecs.keysearch.heads import MOST
from hikeshi.flow.keyjobs import Job, cut, digits_of, heads_of
from hikeshi.schema import KeyFound, KeySearch

ASKED, KEYS = "searches", "keys"
_SPACE = 2.0**32


class Ledger:
    """The key searches of one case."""

    def __init__(self, state: State) -> None:
        self._state = state

    def asked(self) -> list[tuple[str, KeySearch]]:
        """The searches that packs asked for in the last run, each with its pack."""
        noted = self._state.noted(ASKED) or []
        return [(pack, KeySearch(**search)) for pack, search in noted]

    def ask(self, searches: Iterable[tuple[str, KeySearch]]) -> None:
        """Remember what packs ask for."""
        self._state.note(ASKED, [(pack, dataclasses.asdict(search)) for pack, search in searches])

    def shards(self, job: Job) -> dict[int, Done]:
        """The finished shards of a job, in order."""
        found = {shard: self._state.usable(job.task(shard)) for shard in range(job.shards)}
        return {shard: done for shard, done in found.items() if done is not None}

    def finish(self, job: Job, shard: int, told: dict[str, Any]) -> None:
        """Keep what a shard came to."""
        self._state.finish(job.task(shard), {**told, "job": job.id, "shard": shard, "parts": {}})

    def forget(self, job: Job, shard: int) -> None:
        """Have a shard searched again."""
        self._state.forget(job.task(shard))

    def keep_keys(self, keys: Iterable[str]) -> None:
        """Keys that are tried on every head from now on."""
        self._state.note(KEYS, sorted({*self.keys(), *keys}))

    def keys(self) -> list[str]:
        """Keys found in this case."""
        return list(self._state.noted(KEYS) or [])

    def exhaust(self, search: KeySearch, heads: Iterable[str]) -> None:
        """Remember that no key opens these heads."""
        for head in heads:
            self._state.finish(_head(search, head), {"exhausted": True, "parts": {}})

    def settle(self, job: Job, values: Sequence[str], searched: int) -> None:
        """Remember what a search for digits came to, after how many shards."""
        self._state.finish(_digits(job), {"values": list(values), "searched": searched, "parts": {}})

    def opened(self, search: KeySearch) -> dict[str, str | None]:
        """Which known key opens each head, and None for those that none opens."""
        found: dict[str, str | None] = dict.fromkeys(cut(search))
        heads = list(found)
        known = [bytes.fromhex(key) for key in {*search.known, *self.keys()}]
        for begin in range(0, len(heads), MOST):
            part = heads[begin : begin + MOST]
            demand = heads_of(search, part)
            for key, body in kernels.try_keys(known, demand):
                found[demand.bodies[body].hex()] = key.hex().upper()
        return found

    def open(self, searches: Iterable[KeySearch]) -> list[KeySearch]:
        """The searches that are not done."""
        return [search for search in searches if not self._done(search)]

    def _done(self, search: KeySearch) -> bool:
        if search.kind != "rc4-head":
            return self.settled(search) is not None
        return all(key or self.exhausted(search, head) for head, key in self.opened(search).items())

    def exhausted(self, search: KeySearch, head: str) -> bool:
        """Whether a search has tried every key on a head in vain."""
        return self._state.done(_head(search, head)) is not None

    def settled(self, search: KeySearch) -> tuple[list[str], int] | None:
        """Values of a search for digits and how many shards that took; None when it is not done."""
        demand = digits_of(search)
        known = sorted({value.upper() for value in search.known if demand.fits(int(value, 16))})
        if known:
            return known, 0
        done = self._state.done(_digits(Job(demand)))
        return (list(done["values"]), int(done["searched"])) if done else None

    def result(self, search: KeySearch) -> KeyFound:
        """What a search came to so far; ValueError when there can be none of that kind."""
        return self._heads(search) if search.kind == "rc4-head" else self._digits(search)

    def _heads(self, search: KeySearch) -> KeyFound:
        opened = self.opened(search)
        keys = {head: key for head, key in opened.items() if key is not None}
        exhausted = len(keys) < len(opened) and all(
            self.exhausted(search, head) for head in opened.keys() - keys.keys()
        )
        known = {key.upper() for key in search.known}
        needed = [0, *(int(key[:2], 16) + 1 for key in keys.values() if key not in known)]
        bits = min((heads_of(search, [head]).bits(len(head) // 2) for head in opened), default=0.0)
        return KeyFound(
            values=tuple(sorted(set(keys.values()))),
            heads=keys,
            searched=kernels.KEY_SHARDS if exhausted else max(needed),
            of=kernels.KEY_SHARDS,
            exhausted=exhausted,
            bits=bits,
            false=_SPACE * len(opened) / 2**bits,
        )

    def _digits(self, search: KeySearch) -> KeyFound:
        job, settled = Job(digits_of(search)), self.settled(search)
        values, searched = settled or ([], 0)
        bits = float(4 * (len(search.begins) + len(search.ends)))
        tried = _SPACE * searched / job.shards if searched else float(len(search.known))
        return KeyFound(
            values=tuple(values),
            heads={},
            searched=searched,
            of=job.shards,
            exhausted=searched == job.shards,
            bits=bits,
            false=tried / 2**bits,
        )


def _head(search: KeySearch, head: str) -> str:
    return task_id("keysearch-head", kernels.VERSION, sorted(search.words), search.layout, head)


def _digits(job: Job) -> str:
    return task_id("keysearch-digits", job.id)
