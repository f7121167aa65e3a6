# SPDX-License-Identifier: Apache-2.0
"""Key searches as jobs of shards: what decides a job, what it should count, and whether its counts prove its work."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any

from hikeshi.case.state import task_id
from hikeshi.codecs.keysearch import kernels
from hikeshi.codecs.keysearch.digits import Digits, digits
from hikeshi.codecs.keysearch.heads import LEAST, Heads, heads
from hikeshi.schema import KeySearch

# From here on a value that fits is taken for the one, and a search ends with it.
SURE_BITS = 48
# A shard may differ from the median of its job by 6 sigma (Poisson), from theory by 15 %. Counts over many bodies are
# so large that the small bias of RC4's first bytes would show: 2 % are always allowed.
_SIGMAS, _THEORY, _ALWAYS = 6, 0.15, 0.02


@dataclass(frozen=True)
class Job:
    """One unknown and everything that a shard of its search needs."""

    demand: Heads | Digits

    @property
    def kind(self) -> str:
        """Which kind of search."""
        return "rc4-head" if isinstance(self.demand, Heads) else "md5-digits"

    @cached_property
    def arguments(self) -> Mapping[str, Any]:
        """The demand as a worker is told it."""
        if isinstance(self.demand, Heads):
            texts = [[part.hex() for part in parts] for parts in (self.demand.bodies, self.demand.words)]
            return {"kind": self.kind, "heads": texts[0], "words": texts[1], "layout": self.demand.layout}
        around = {"before": self.demand.before.decode(), "after": self.demand.after.decode()}
        return {"kind": self.kind, **around, "begins": self.demand.begins, "ends": self.demand.ends}

    @property
    def shards(self) -> int:
        """Into how many parts the search is cut."""
        return kernels.KEY_SHARDS if self.kind == "rc4-head" else kernels.DIGIT_SHARDS

    @property
    def size(self) -> int:
        """How many keys, or outer numbers of 65,536 values, are tried in a shard."""
        return kernels.KEYS if self.kind == "rc4-head" else kernels.OUTER

    def start(self, shard: int) -> int:
        """Where a shard begins."""
        return shard * (1 << 24 if self.kind == "rc4-head" else 4096)

    @cached_property
    def id(self) -> str:
        """What decides the result."""
        return task_id("keysearch", kernels.VERSION, self.arguments, self.shards, self.size)

    def task(self, shard: int) -> str:
        """Id of the task of one shard."""
        return task_id("keysearch-shard", self.id, shard)

    @cached_property
    def expected(self) -> float:
        """How many values of a shard should come to the check."""
        return self.size * (self.demand.share if isinstance(self.demand, Heads) else 1.0)

    def ends(self, hits: Sequence[tuple[str, int]]) -> bool:
        """Whether these hits settle the search."""
        if isinstance(self.demand, Heads):
            return len({head for _, head in hits}) == len(self.demand.bodies)
        return bool(hits) and self.demand.bits >= SURE_BITS

    def unproven(self, counts: Mapping[int, int]) -> list[int]:
        """Shards whose count says that they were not searched as they should have been."""
        if not counts:
            return []
        middle = median(counts.values())
        allowed = max(_SIGMAS * math.sqrt(max(middle, 1)), _ALWAYS * middle)
        loose = isinstance(self.demand, Heads) and self.demand.biased
        theory = math.inf if loose else max(_THEORY * self.expected, _SIGMAS * math.sqrt(self.expected))
        return [
            shard
            for shard, count in sorted(counts.items())
            if abs(count - middle) > allowed or abs(count - self.expected) > theory
        ]


def digits_of(search: KeySearch) -> Digits:
    """What a search for digits demands; ValueError says why there can be none."""
    return digits(search.before, search.after, search.begins.upper(), search.ends.upper())


def heads_of(search: KeySearch, hexes: Sequence[str]) -> Heads:
    """What some heads of a search demand; ValueError says why there can be none."""
    return heads(
        [bytes.fromhex(text) for text in hexes], [bytes.fromhex(word) for word in search.words], search.layout
    )


def cut(search: KeySearch) -> list[str]:
    """The heads of a search, each once, as far as its layout goes; those too short to name a key are left out."""
    size = 2 * (2 + len(search.layout))
    found = sorted({head.lower()[:size] for head in search.heads})
    return [head for head in found if len(head) >= 2 * LEAST]
