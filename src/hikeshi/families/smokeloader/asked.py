# SPDX-License-Identifier: Apache-2.0
"""What the pack asks of key searches, and what their answers mean: build constants and request keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hikeshi.families.smokeloader import builds, requestkeys
from hikeshi.pack import Hit, KeyFound, KeySearch, Machine


def jobs(hits: Sequence[Hit], machines: Sequence[Machine]) -> Iterator[KeySearch]:
    """Every search that the hits give ground for."""
    yield from builds.jobs(hits, machines)
    yield from requestkeys.jobs(hits, machines)


def found(search: KeySearch, answer: KeyFound) -> Iterator[Hit]:
    """What an answer says."""
    yield from (requestkeys if search.kind == "rc4-head" else builds).found(search, answer)
