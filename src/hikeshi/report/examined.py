# SPDX-License-Identifier: Apache-2.0
"""What was and was not examined: the tree of case.json, counted by kind and grouped by what stopped the reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hikeshi.schema import Status

NUMBERS = ("records_in", "records_out", "refused", "duplicate")
STATUSES = tuple(status.value for status in Status)
PATHS = 20
ROWS = 1_000
BAR, LEAST = 1_000, 6


@dataclass
class Kind:
    """All items of one kind of evidence, each once."""

    name: str
    container: bool
    items: int = 0
    bytes: int = 0
    numbers: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)


@dataclass
class Unread:
    """Items that were not read whole for one reason."""

    status: str
    reason: str
    items: int = 0
    refused: int = 0
    paths: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TreeRow:
    """One place of the evidence in the custody table."""

    depth: int
    path: str
    kind: str
    bytes: int | None
    sha256: str | None
    status: str
    reason: str | None


@dataclass(frozen=True)
class Part:
    """A part of the coverage bar; `x` and `width` are written as the drawing needs them."""

    status: str
    count: int
    x: str
    width: str


@dataclass
class Examined:
    """`kinds` sum to the totals of the case where they are no containers; `rows` are the first places of the tree."""

    totals: Mapping[str, Any]
    kinds: list[Kind]
    unread: list[Unread]
    statuses: Counter[str]
    places: int
    rows: list[TreeRow]
    roots: list[str]

    @property
    def items(self) -> int:
        """How many items there are, containers included."""
        return sum(self.statuses.values())

    @property
    def bars(self) -> list[Part]:
        """The coverage bar: each status with its share of BAR."""
        made, x = [], 0
        present = [status for status in STATUSES if self.statuses[status]]
        for status in present:
            count = self.statuses[status]
            width = BAR - x if status == present[-1] else max(BAR * count // self.items, LEAST)
            made.append(Part(status, count, str(x), str(width)))
            x += width
        return made


def examined(account: Mapping[str, Any]) -> Examined:
    """The account of case.json, counted."""
    kinds: dict[tuple[bool, str], Kind] = {}
    unread: dict[tuple[str, str], Unread] = {}
    statuses: Counter[str] = Counter()
    rows: list[TreeRow] = []
    places, met = 0, set()
    for depth, node in _nodes(account["evidence"]):
        places += 1
        if len(rows) < ROWS:
            rows.append(_row(depth, node))
        item = node.get("id")
        if item is None or item not in met:
            if item is not None:
                met.add(item)
                _count(kinds, node)
            statuses[node["status"]] += 1
            if node["status"] != Status.READ:
                _stopped(unread, node)
    return Examined(
        totals=account["totals"],
        kinds=[kinds[key] for key in sorted(kinds)],
        unread=[unread[key] for key in sorted(unread, key=_order)],
        statuses=statuses,
        places=places,
        rows=rows,
        roots=[node["path"] for node in account["evidence"]],
    )


def _nodes(tree: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Every place of the tree with its depth, parents first."""
    pending = [(0, node) for node in reversed(list(tree))]
    while pending:
        depth, node = pending.pop()
        yield depth, node
        pending += [(depth + 1, child) for child in reversed(node.get("children", ()))]


def _row(depth: int, node: Mapping[str, Any]) -> TreeRow:
    kind = node.get("kind", "")
    return TreeRow(
        depth, node["path"], kind, node.get("bytes"), node.get("sha256"), node["status"], node.get("reason")
    )


def _count(kinds: dict[tuple[bool, str], Kind], node: Mapping[str, Any]) -> None:
    container = bool(node.get("container"))
    kind = kinds.setdefault((container, node["kind"]), Kind(node["kind"], container))
    kind.items += 1
    kind.bytes += node["bytes"]
    kind.numbers.update({number: node[number] for number in NUMBERS})
    kind.statuses[node["status"]] += 1


def _stopped(unread: dict[tuple[str, str], Unread], node: Mapping[str, Any]) -> None:
    key = (node["status"], node.get("reason") or "")
    group = unread.setdefault(key, Unread(*key))
    group.items += 1
    group.refused += node.get("refused", 0)
    if len(group.paths) < PATHS:
        group.paths.append(node["path"])


def _order(key: tuple[str, str]) -> tuple[int, str]:
    order = (Status.REFUSED, Status.ENCRYPTED, Status.PARTIAL, Status.BYTES_ONLY)
    return (order.index(Status(key[0])) if key[0] in order else len(order), key[1])
