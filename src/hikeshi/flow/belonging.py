# SPDX-License-Identifier: Apache-2.0
"""Which file of an image a hit in its raw bytes belongs to, from where the bytes of each file lie."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Query = Callable[[str, list[Any]], list[dict[str, Any]]]
Extent = tuple[int, int, str, str]


def belonging(hits: Iterable[Mapping[str, Any]], query: Query) -> list[Mapping[str, Any]]:
    """The same hits; those inside a file of an image name it and its state."""
    hits = list(hits)
    items = sorted({hit["item"] for hit in hits if _raw(hit)})
    files = _extents(query, items) if items else {}
    return [_named(hit, files.get(hit["item"], ())) if _raw(hit) else hit for hit in hits]


def _raw(hit: Mapping[str, Any]) -> bool:
    return hit["record"] is None and hit["offset"] is not None


def _extents(query: Query, items: Sequence[str]) -> dict[str, list[Extent]]:
    rows = query(
        "SELECT item, path, state, unnest(extents) AS extent FROM files WHERE list_contains(?, item)",
        [list(items)],
    )
    found: defaultdict[str, list[Extent]] = defaultdict(list)
    for row in rows:
        start, _, size = row["extent"].partition("+")
        found[row["item"]].append((int(start), int(start) + int(size), row["path"], row["state"]))
    return {item: sorted(extents) for item, extents in found.items()}


def _named(hit: Mapping[str, Any], extents: Sequence[Extent]) -> Mapping[str, Any]:
    """The nearest files that begin before the hit are asked; an allocated one is believed before a deleted one."""
    at = bisect_right(extents, hit["offset"], key=lambda extent: extent[0])
    owners = [extent for extent in extents[max(0, at - 64) : at] if hit["offset"] < extent[1]]
    if not owners:
        return hit
    _, _, path, state = min(owners, key=lambda extent: (extent[3], extent[2]))
    return {**hit, "fields": {**hit["fields"], "file": path, "file_state": state}}
