# SPDX-License-Identifier: Apache-2.0
"""From parts and hits to the case: tables, findings, reconstruction, account, report, manifest."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hikeshi import __version__, reconstruct
from hikeshi.case import write as case_write
from hikeshi.case.evidence import Account, Evidence
from hikeshi.case.state import Done, State
from hikeshi.detect.suppress import Suppressions
from hikeshi.families import Pack, fingerprint, packs
from hikeshi.flow.belonging import belonging
from hikeshi.flow.deciding import Decided, decide
from hikeshi.flow.machines import asked, machines
from hikeshi.flow.options import Options
from hikeshi.flow.placing import places
from hikeshi.flow.reporting import write_exports, write_report
from hikeshi.flow.rules import Compiled
from hikeshi.flow.ruling import rows as rule_rows
from hikeshi.flow.sets import item_hits
from hikeshi.flow.starting import placed as start_paths
from hikeshi.pack import Machine
from hikeshi.reconstruct.entries import entries
from hikeshi.reconstruct.functions import functions
from hikeshi.reconstruct.gaps import gaps
from hikeshi.reconstruct.hosts import hosts, sources
from hikeshi.schema import SCHEMA, Grade

# Which kinds of item hold the artefacts that packs ask for beside event logs.
ARTEFACTS = {
    "mail": "mail",
    "mbox": "mail",
    "msg": "mail",
    "capture": "network-capture",
    "raw-image": "disk",
    "memory": "memory",
}
# Which tables hold others of them, and which rows count.
TABLED = {
    "autostart": "SELECT DISTINCT item FROM autostarts",
    "file-system": "SELECT DISTINCT item FROM files",
    "network-capture": "SELECT DISTINCT item FROM exchanges",
    "registry-hive": "SELECT DISTINCT item FROM registry WHERE regexp_matches(key, '^HK(LM.S(OFTWARE|YSTEM)|U).')",
}


@dataclass(frozen=True)
class Merged:
    """What the tables of a case say before anything is concluded: where items were found, and the machines."""

    placed: list[dict[str, Any]]
    machines: tuple[Machine, ...]

    @property
    def places(self) -> dict[str, list[tuple[str, str | None]]]:
        """Path and machine of each place of an item."""
        where: dict[str, list[tuple[str, str | None]]] = {}
        for row in self.placed:
            where.setdefault(row["item"], []).append((row["path"], row.get("host")))
        return where


def merge(out: Path, state: State, tree: Evidence, results: Mapping[str, Done]) -> Merged:
    """Write the tables that reading filled, and where each item was found."""
    from hikeshi.case import tables
    from hikeshi.case.database import Database

    tables.merge(out, state, {item: done["parts"] for item, done in results.items()})
    images = [item for item, account in tree.accounts.items() if account.kind == "raw-image"]
    placed = places(tree.places, Database(out).rows, images)
    tables.write_rows(out, "places", placed)
    start_paths(out, placed)
    tables.write_rows(out, "items", [_item(tree.accounts[item]) for item in sorted(tree.accounts)])
    return Merged(placed, machines(Database(out).rows))


def save(
    out: Path,
    options: Options,
    tree: Evidence,
    merged: Merged,
    hits: Sequence[Mapping[str, Any]],
    losses: Sequence[Mapping[str, Any]],
    rules: Sequence[Compiled],
    suppressions: Suppressions,
) -> dict[str, Any]:
    """Write the case; gives its account (case.json)."""
    from hikeshi.case import tables
    from hikeshi.case.database import Database

    query = Database(out).rows
    where = merged.places
    every = [*belonging(hits, query), *item_hits(rules, merged.placed)]
    known_machines = (*merged.machines, asked(options))
    decided = decide(every, where, known_machines, options, suppressions)
    found = decided.findings
    tables.write_rows(out, "correlated", decided.correlated)
    tables.write_rows(out, "suppressed", decided.suppressed)
    case_write.write_lines(out / "findings.jsonl", found)
    issues = sorted([*tree.issues, *losses], key=case_write.issue_order)
    case_write.write_lines(out / "issues.jsonl", issues)

    known, names = hosts(query)
    logs = sources(query, names)
    tables.write_rows(out, "hosts", known)
    tables.write_rows(out, "sources", logs)
    tables.write_rows(out, "gaps", gaps(query, names))
    tables.write_rows(out, "entries", entries(query, names))
    tables.write_rows(out, "rules", rule_rows(rules, logs, found))
    tabled = {kind: [row["item"] for row in query(sql)] for kind, sql in TABLED.items()}
    examined = _examined(known, logs, tree, where, names, tabled)
    tables.write_rows(out, "functions", functions(found, names, examined, _needs()))

    account = _account(options, tree, rules, decided) | {"suppress": _suppress(suppressions, decided)}
    case_write.write_json(out / "case.json", account)
    write_exports(out)
    write_report(out)
    return account


def _item(account: Account) -> dict[str, Any]:
    return dataclasses.asdict(account)


def _needs() -> dict[str, dict[str, Sequence[str]]]:
    return {
        pack.family or "": {function: seen.seen_in for function, seen in pack.functions.items()}
        for pack in packs()
    }


def _examined(
    machines: Sequence[reconstruct.Row],
    logs: Sequence[reconstruct.Row],
    tree: Evidence,
    where: Mapping[str, Sequence[tuple[str, str | None]]],
    names: Mapping[str, str],
    tabled: Mapping[str, Sequence[str]],
) -> dict[str, frozenset[str]]:
    """For each machine the log sources and artefacts there are; artefacts of no known machine count for all."""
    have: defaultdict[str, set[str]] = defaultdict(set)
    artefacts: set[str] = set()
    held = [
        (ARTEFACTS[a.kind], a.item) for a in tree.accounts.values() if a.kind in ARTEFACTS and a.records_out
    ]
    for kind, item in (*held, *((kind, item) for kind, items in tabled.items() for item in items)):
        for _, host in where.get(item, ()):
            (have[names[host]] if host else artefacts).add(kind)
    for row in logs:
        have[row["host"] or ""].add(f"{row['channel']}/{row['event_id']}")
    return {row["host"]: frozenset(have[row["host"]] | artefacts) for row in machines}


def _account(options: Options, tree: Evidence, rules: Sequence[Compiled], decided: Decided) -> dict[str, Any]:
    found = decided.findings
    grades = {grade.value: sum(1 for finding in found if finding["grade"] == grade) for grade in Grade}
    return {
        "schema": SCHEMA,
        "tool": {
            "name": "hikeshi",
            "version": __version__,
            "packs": [_pack(pack) for pack in packs()],
            "rules": [
                {"name": r.name, "kind": r.kind, "sha256": r.sha256} for r in rules if r.name != "packs"
            ],
        },
        "options": _options(options),
        "evidence": tree.tree,
        "totals": case_write.totals(tree)
        | {"findings": len(found), "grades": grades}
        | {"suppressed": len(decided.suppressed), "outside": decided.outside},
    }


def _suppress(suppressions: Suppressions, decided: Decided) -> dict[str, Any]:
    files = [{"name": name, "sha256": digest} for name, digest in suppressions.files]
    return {"files": files, "entries": decided.entries}


def _options(options: Options) -> dict[str, Any]:
    """Files are named by what they are called, not by where they lay; passwords are counted."""
    names = {
        key: sorted(Path(path).name for path in getattr(options, key))
        for key in ("rules", "yara", "indicators", "suppress")
    }
    return dataclasses.asdict(options) | names | {"passwords": len(set(options.passwords))}


def _pack(pack: Pack) -> dict[str, str]:
    return {"name": pack.name, "version": pack.version, "status": pack.status, "sha256": fingerprint(pack)}
