# SPDX-License-Identifier: Apache-2.0
"""Key searches inside a run: what packs ask for, what is known of it, and what packs conclude from that."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hikeshi.case.findings import Place
from hikeshi.case.state import State
from hikeshi.families import Pack, entry, packs
from hikeshi.flow.deciding import own_hits
from hikeshi.flow.keyledger import Ledger
from hikeshi.flow.keysearching import Keysearching, Pace
from hikeshi.pack import Machine
from hikeshi.schema import KeySearch, Reason

Row = dict[str, Any]


class Keyasking:
    """The key searches of one run. They are run only when the analyst asks; what earlier ones found is always used."""

    def __init__(self, state: State, search: bool, jobs: int, tell: Callable[[Pace], None]) -> None:
        self._ledger = Ledger(state)
        self._searching = Keysearching(self._ledger, jobs, tell) if search else None
        self._losses: list[Row] = []
        self.left = 0

    def offer(
        self,
        hits: Sequence[Mapping[str, Any]],
        places: Mapping[str, Sequence[Place]],
        machines: Sequence[Machine],
    ) -> list[Row]:
        """Hits that follow from key searches that these hits give rise to."""
        asked = [
            (pack, search)
            for pack in packs()
            if (jobs := entry(pack, "search"))
            for search in jobs(own_hits(pack, hits, places), machines)
            if self._possible(pack, search)
        ]
        self._ledger.ask((pack.name, search) for pack, search in asked)
        if self._searching and self._ledger.open(search for _, search in asked):
            self._searching.run([search for _, search in asked])
        self.left = len(self._ledger.open(search for _, search in asked))
        return [
            dataclasses.asdict(hit)
            for pack, search in asked
            if (searched := entry(pack, "searched"))
            for hit in searched(search, self._ledger.result(search))
        ]

    def _possible(self, pack: Pack, search: KeySearch) -> bool:
        """Whether a search can be made; one that cannot is a loss."""
        try:
            self._ledger.result(search)
        except ValueError as error:
            where = {"item": None, "path": pack.name, "offset": None, "records": 0}
            fields = {"search": search.kind, "detail": str(error)}
            reason = Reason.KEY_SEARCH.value
            self._losses.append({**where, "reason": reason, "fields": fields, "unknown": "unknown.keys"})
            return False
        return True

    @property
    def losses(self) -> list[Row]:
        """Searches that did not cover everything, as issues."""
        return [*self._losses, *(self._searching.losses if self._searching else ())]

    @property
    def searched(self) -> int:
        """Shards searched in this run."""
        return self._searching.searched if self._searching else 0
