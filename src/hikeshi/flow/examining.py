# SPDX-License-Identifier: Apache-2.0
"""In which evidence each machine could be looked for: its log sources, and artefacts that are its own or show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hikeshi.case.evidence import Account
from hikeshi.case.findings import Place

Query = Callable[[str], list[dict[str, Any]]]

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


def examined(
    query: Query,
    accounts: Iterable[Account],
    where: Mapping[str, Sequence[Place]],
    names: Mapping[str, str],
    findings: Iterable[Mapping[str, Any]],
) -> dict[str, frozenset[str]]:
    """For each machine what of it was examined: log sources as ``channel/event id``, and kinds of artefacts.

    An artefact is a machine's when its place says so or a finding in it names the machine; what names nobody is the
    only machine's where there is just one, and stands under "" where there are more: it shows nothing about others.
    `names` gives for every name the name of its machine.
    """
    have: defaultdict[str, set[str]] = defaultdict(set)
    nobodys: set[str] = set()
    kinds = _kinds(query, accounts)
    for item, held in kinds.items():
        for _, host in where.get(item, ()):
            if host:
                have[names[host]] |= held
            else:
                nobodys |= held
    for row in query("SELECT DISTINCT host, channel, event_id FROM events WHERE host IS NOT NULL"):
        if row["host"] in names:
            have[names[row["host"]]].add(f"{row['channel']}/{row['event_id']}")
    for host in names.values():
        have.setdefault(host, set())
    for finding in findings:
        if finding["host"]:
            have[names.get(finding["host"], finding["host"])] |= kinds.get(finding["evidence"]["id"], set())
    if len(have) == 1:
        next(iter(have.values())).update(nobodys)
    elif nobodys - {"mail"}:
        have[""] = nobodys
    return {host: frozenset(have[host]) for host in sorted(have)}


def _kinds(query: Query, accounts: Iterable[Account]) -> dict[str, set[str]]:
    """The kinds of artefact that each item holds."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for account in accounts:
        if account.kind in ARTEFACTS and account.records_out:
            kinds[account.item].add(ARTEFACTS[account.kind])
    for kind, sql in TABLED.items():
        for row in query(sql):
            kinds[row["item"]].add(kind)
    return kinds
