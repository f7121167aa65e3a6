# SPDX-License-Identifier: Apache-2.0
"""Where every item was found: its paths, the collection each lies in, the machine, and the path on that machine."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hikeshi.evidence.collections import Collection, find, innermost
from hikeshi.flow import naming
from hikeshi.reconstruct import Query
from hikeshi.reconstruct.hosts import aliases

# How a collection's machine is known, the surest first.
FILE, NAME, LOGS = "collection-file", "collection-name", "event-logs"

_NAMED = "SELECT item, value FROM machines WHERE kind = 'collection' ORDER BY item, value"
_LOGGED = (
    "SELECT DISTINCT item, host FROM events WHERE host IS NOT NULL AND host <> ''"
    " AND channel IS DISTINCT FROM 'ForwardedEvents' ORDER BY item, host"
)
# Names that a system's own settings state; events state theirs in a table of their own.
_SETTINGS = (
    "SELECT item, value, item IN (SELECT item FROM registry) AS hive FROM machines"
    " WHERE kind = 'name' AND item NOT IN (SELECT item FROM events) ORDER BY item, record, value"
)
_HIVE = re.compile(r"(?i)[a-z]:\\windows\\system32\\config\\system")


def places(
    where: Mapping[str, Sequence[str]], query: Query, images: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Rows of `places`; `where` gives the paths of each item, `images` which items are images."""
    paths = sorted((path, item) for item in where for path in where[item])
    collections = find([path for path, _ in paths])
    names: defaultdict[str, list[str]] = defaultdict(list)
    own: dict[str, str] = {}
    for said in query(_SETTINGS):
        names[said["item"]].append(said["value"])
        own[said["item"]] = naming.REGISTRY if said["hive"] else naming.SETTINGS
    machines = _machines(collections, paths, query, names) if collections else {}
    scopes = naming.scopes(paths, names, [path for item in images for path in where.get(item, ())])
    rows = []
    for item in sorted(where):
        for path in where[item]:
            row: dict[str, Any] = {"item": item, "path": path}
            if collection := innermost(collections, path):
                host, ground = machines.get(collection.root, (None, None))
                row |= {"collection": collection.root, "layout": collection.layout}
                row |= {"host": host, "ground": ground, "original": collection.original(path)}
            if row.get("host") is None and (scope := naming.above(scopes, path)):
                row |= {"host": scope.host, "ground": scope.ground}
            if row.get("host") is None and item in own:
                row |= {"host": naming.one_name(names[item]), "ground": own[item]}
            rows.append(row)
    return rows


def _machines(
    collections: Mapping[str, Collection],
    paths: Sequence[tuple[str, str]],
    query: Query,
    names: Mapping[str, Sequence[str]],
) -> dict[str, tuple[str, str]]:
    """The machine of each collection by its root, with the ground."""
    named: defaultdict[str, set[str]] = defaultdict(set)
    logged: defaultdict[str, set[str]] = defaultdict(set)
    inside = [(met.root, item) for path, item in paths if (met := innermost(collections, path))]
    for found, rows in ((named, query(_NAMED)), (logged, query(_LOGGED))):
        hosts: defaultdict[str, list[str]] = defaultdict(list)
        for row in rows:
            hosts[row["item"]].append(next(value for key, value in row.items() if key != "item"))
        for root, item in inside:
            found[root].update(hosts[item])
    settled = _settled(collections, paths, names)
    machines = {}
    for root, collection in collections.items():
        stated: tuple[tuple[set[Any], str], ...] = (
            (named[root], FILE),
            (settled[root], naming.REGISTRY),
            ({collection.named} - {None}, NAME),
            (logged[root], LOGS),
        )
        for hosts_, ground in stated:
            if agreed := next(_agreed(hosts_), None):
                machines[root] = (agreed, ground)
                break
    return machines


def _settled(
    collections: Mapping[str, Collection],
    paths: Sequence[tuple[str, str]],
    names: Mapping[str, Sequence[str]],
) -> defaultdict[str, set[str]]:
    """What the SYSTEM hive of each collection calls the machine."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path, item in paths:
        collection = innermost(collections, path) if item in names else None
        if collection and _HIVE.fullmatch(collection.original(path) or ""):
            found[collection.root].add(naming.one_name(names[item]))
    return found


def _agreed(hosts: set[Any]) -> Iterator[str]:
    """The one machine all names stand for; nothing where they stand for more than one."""
    if len(names := set(aliases(hosts).values())) == 1:
        yield from names
