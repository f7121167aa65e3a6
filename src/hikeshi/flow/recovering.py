# SPDX-License-Identifier: Apache-2.0
"""Key searches outside a run: those a case asks for, or those that follow from what the analyst gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hikeshi import __version__
from hikeshi.case import write as case_write
from hikeshi.case.logs import logged
from hikeshi.case.state import State
from hikeshi.errors import UsageError
from hikeshi.families import entry, packs
from hikeshi.flow.keyledger import Ledger
from hikeshi.flow.keysearching import Keysearching, Loss, Pace
from hikeshi.schema import KeyFound, KeySearch

Tell = Callable[[Pace], None]
Asked = tuple[str, KeySearch]


@dataclass(frozen=True)
class Recovered:
    """A search with the pack that asked for it, and what it came to."""

    pack: str
    search: KeySearch
    result: KeyFound


def recover(case: Path, jobs: int, tell: Tell) -> tuple[list[Recovered], list[Loss]]:
    """Run the searches that a case asks for; the next run into it uses what they come to."""
    if not (case / "state" / "evidence").is_dir():
        raise UsageError(f"{case} is no case; give the folder that 'hikeshi run --out' wrote.")
    case_write.prepare(case)
    asked = Ledger(State(case)).asked()
    if not asked:
        raise UsageError(
            f"Nothing in {case} asks for a key; 'hikeshi run EVIDENCE --out {case}' looks again."
        )
    with logged(case, {"version": __version__, "verb": "recover-key", "jobs": jobs}) as log:
        found, losses = _searched(asked, case, jobs, tell)
        log |= {"outcome": "partial" if losses else "complete", "searches": len(asked)}
    return found, losses


def recover_given(
    given: Mapping[str, Sequence[str]], folder: Path, jobs: int, tell: Tell
) -> tuple[list[Recovered], list[Loss]]:
    """Run the searches that packs make of what the analyst gives; finished shards are kept in the folder."""
    asked = [
        (pack.name, search) for pack in packs() if (ask := entry(pack, "given")) for search in ask(given)
    ]
    if not asked:
        raise UsageError(
            "No pack can search with that: give bodies of 16 bytes or more, or --name, --serial and names."
        )
    return _searched(asked, folder, jobs, tell)


def _searched(
    asked: Sequence[Asked], folder: Path, jobs: int, tell: Tell
) -> tuple[list[Recovered], list[Loss]]:
    state = State(folder)
    state.prepare()
    ledger = Ledger(state)
    searching = Keysearching(ledger, jobs, tell)
    searches = [search for _, search in asked]
    try:
        left = ledger.open(searches)
        if left:
            searching.run(searches)
        found = [Recovered(pack, search, ledger.result(search)) for pack, search in asked]
    except ValueError as error:
        raise UsageError(f"This cannot be searched for: {error}.") from error
    return found, searching.losses


def told(found: Recovered) -> dict[str, Any]:
    """A result as --json prints it."""
    search, result = found.search, found.result
    asked = (
        {"heads": list(search.heads)} if search.heads else {"before": search.before, "after": search.after}
    )
    state = "found" if result.values else "exhausted" if result.exhausted else "open"
    return {
        "pack": found.pack,
        "kind": search.kind,
        "state": state,
        "values": list(result.values),
        **asked,
        "opened": dict(result.heads),
        "searched": result.searched,
        "of": result.of,
        "exhausted": result.exhausted,
        "bits": round(result.bits, 1),
        "false": result.false,
        "fields": dict(search.fields),
    }
