# SPDX-License-Identifier: Apache-2.0
"""The judge against the literal reading of the specification, same rules and events, in the same window.

Needs HIKESHI_EVIDENCE; prints how many times faster, and what compiling ahead saves.
"""

from __future__ import annotations

import io
import os
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(ROOT / "src"), str(ROOT / "tests")]  # this folder would hide pySigma behind this file

from detect import plain  # noqa: E402
from hikeshi.detect.sigma.compile import compile_rules  # noqa: E402
from hikeshi.detect.sigma.judge import judge  # noqa: E402
from hikeshi.detect.sigma.logsource import routes  # noqa: E402
from hikeshi.detect.sigma.rules import RuleSet  # noqa: E402
from hikeshi.readers import evtx  # noqa: E402
from hikeshi.schema import Batch, Item  # noqa: E402

LOGS = "evtx/evtx-to-mitre-attack.tar.xz"
RULES = "sigma-rules/sigma-rules.tar.xz"
EVENTS, EVERY = 3000, 8


def main() -> int:
    """Print the ratios."""
    place = os.environ.get("HIKESHI_EVIDENCE")
    if not place:
        print("sigma: skipped, HIKESHI_EVIDENCE is not set")
        return 0
    sources = dict(_members(Path(place) / RULES, ".yml")[::EVERY])
    rules = compile_rules(sources.items())
    few = _events(Path(place)).slice(0, EVENTS)
    documents = [yaml.load(sources[rule.path], yaml.CSafeLoader) for rule in rules.rules]
    naive, slow = _timed(lambda: _plainly(few, rules, documents))
    matches, fast = _timed(lambda: list(judge(few, rules)))
    found = [match[:2] for match in matches if match.variant not in ("security-4688", "security-4657")]
    assert sorted(naive) == sorted(found), "the two disagree"
    size = f"{len(rules.rules)} rules, {few.num_rows} events"
    print(f"sigma: {size}: {slow / fast:.0f} times faster than row by row")
    data = rules.to_bytes()
    _, load = _timed(lambda: RuleSet.from_bytes(data))
    _, build = _timed(lambda: compile_rules(sources.items()))
    print(f"sigma: loading compiled rules {build / load:.0f} times faster than compiling them")
    return 0


def _members(pack: Path, ending: str) -> list[tuple[str, bytes]]:
    with tarfile.open(pack) as members:
        opened = [(m.name, members.extractfile(m)) for m in members if m.name.endswith(ending)]
        return sorted((name, file.read()) for name, file in opened if file is not None)


def _events(place: Path) -> pa.Table:
    tables = []
    for name, data in _members(place / LOGS, ".evtx"):
        for batch in evtx.read([Item(name, name, len(data), io.BytesIO(data))]):
            if isinstance(batch, Batch) and batch.table == "events":
                tables.append(batch.rows)
    return pa.concat_tables(tables)


def _plainly(events: pa.Table, rules: RuleSet, documents: list[dict[str, Any]]) -> list[tuple[int, int]]:
    found = []
    rows = events.select(["channel", "event_id", "provider", "host", "fields"]).to_pylist()
    for number, rule in enumerate(rules.rules):
        ways = [way for way in routes(rule.product, rule.category, rule.service) if not way.view]
        for index, row in enumerate(rows):
            if any(way.admits(row["channel"], row["event_id"]) for way in ways):
                system = {"Channel": row["channel"], "EventID": str(row["event_id"])}
                system |= {"Provider_Name": row["provider"], "Computer": row["host"]}
                if plain.fires(documents[number], {**system, **dict(row["fields"])}):
                    found.append((number, index))
    return found


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
