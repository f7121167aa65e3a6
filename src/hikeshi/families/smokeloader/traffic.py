# SPDX-License-Identifier: Apache-2.0
"""Everything that traffic of a case says of SmokeLoader: the part of the pack's join that reads captures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hikeshi.families.smokeloader import beside, panel, servers, uses, wire
from hikeshi.pack import Hit, Machine

# Messages that only feed the join.
CLUES = (*wire.CLUES, *beside.CLUES, *panel.CLUES)


def joined(hits: Iterable[Hit], machines: Sequence[Machine] = ()) -> Iterator[Hit]:
    """Findings of requests, and of what else their clients did; `hits` are the pack's own with all clues."""
    every = list(hits)
    requests = wire.requests(every)
    found = list(wire.joined(every, requests, machines))
    yield from found
    flows = {tuple(hit.fields.get(name, "") for name in ("client", "server", "site")) for hit in found}
    yield from uses.shown(every, [one for one in requests if one.flow in flows], machines)
    yield from servers.asked(every, machines)
    yield from panel.joined(every, machines)
