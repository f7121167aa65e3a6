# SPDX-License-Identifier: Apache-2.0
"""Everything that traffic of a case says of SmokeLoader: the part of the pack's join that reads captures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hikeshi.families.smokeloader import beside, eras, network, uses, wire
from hikeshi.pack import Hit

CLUES = (*wire.CLUES, *beside.CLUES)


def joined(hits: Iterable[Hit], machines: Sequence[wire.Machine] = ()) -> Iterator[Hit]:
    """Findings of requests, and of what else their clients did; `hits` are the pack's own with all clues."""
    every = list(hits)
    found = list(wire.joined(every, machines))
    yield from found
    flagged = {hit.fields.get("client") for hit in found}
    old = {hit.fields.get("client") for hit in every if hit.message == network.OLD}
    asked = [one for one in wire.requests(every) if one.flow[0] in flagged | old and not _decoy(one)]
    yield from uses.shown(every, asked, machines)


def _decoy(one: wire.Request) -> bool:
    return eras.decoy("POST", one.flow[2], one.hit.fields.get("uri", "")) is not None
