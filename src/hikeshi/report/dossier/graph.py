# SPDX-License-Identifier: Apache-2.0
"""The origins as a drawing: what rests on what, left to right, and which groups they feed."""

from __future__ import annotations

from dataclasses import dataclass

from hikeshi.ledger.model import Ledger
from hikeshi.ledger.origins import feeds, reach

WIDTH, HEIGHT, COLUMN, ROW = 170, 34, 230, 46
MARKS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


@dataclass(frozen=True)
class Box:
    """An origin or a group, with its place in the drawing."""

    id: str
    x: int
    y: int
    group: bool
    mark: str = ""


@dataclass(frozen=True)
class Line:
    """From one box to another; a dashed line is possible, not stated."""

    x1: int
    y1: int
    x2: int
    y2: int
    kind: str


@dataclass(frozen=True)
class Graph:
    """The drawing."""

    boxes: list[Box]
    lines: list[Line]
    width: int
    height: int


def marks(ledger: Ledger) -> dict[str, str]:
    """The same mark for all origins that hang together; claims under one mark are not independent."""
    parts: list[set[str]] = []
    for name in ledger.origins:
        mine = set(reach(ledger.origins, name))
        joined = [part for part in parts if part & mine]
        parts = [part for part in parts if not part & mine] + [mine.union(*joined)]
    ordered = sorted(
        parts, key=lambda part: min(list(ledger.origins).index(n) for n in part & set(ledger.origins))
    )
    signs = [MARKS[n] if n < len(MARKS) else f"({n + 1})" for n in range(len(ordered))]
    return {name: sign for part, sign in zip(ordered, signs, strict=True) for name in part}


def graph(ledger: Ledger) -> Graph:
    """Origins by how many steps they derive, those they rest on further left; groups on the right."""
    depth = {name: _depth(ledger, name, frozenset()) for name in ledger.origins}
    last = max(depth.values(), default=0) + 1
    rows: dict[int, int] = {}
    boxes: dict[str, Box] = {}
    sign = marks(ledger)
    for name in sorted(ledger.origins, key=lambda n: (depth[n], sign[n], n)):
        boxes[name] = _box(name, depth[name], rows, sign[name])
    for name in sorted({item.group for item in ledger.evidence}):
        boxes[f"group {name}"] = _box(name, last, rows)
    lines = []
    for name, origin in ledger.origins.items():
        for source in origin.derives_from:
            if source in boxes:
                lines.append(_line(boxes[source], boxes[name], origin.link or "stated"))
    claims = {claim.id: claim for claim in ledger.claims}
    fed = {
        (claims[name].origin, item.group)
        for item in ledger.evidence
        for name in item.claims
        if name in claims and feeds(claims[name])
    }
    lines += [_line(boxes[o], boxes[f"group {g}"], "feeds") for o, g in sorted(fed) if o in boxes]
    height = max(rows.values(), default=1) * ROW
    return Graph(list(boxes.values()), lines, last * COLUMN + WIDTH + 2, height)


def _depth(ledger: Ledger, name: str, above: frozenset[str]) -> int:
    origin = ledger.origins.get(name)
    if origin is None or name in above:
        return 0
    known = [source for source in origin.derives_from if source in ledger.origins and source not in above]
    return max((1 + _depth(ledger, source, above | {name}) for source in known), default=0)


def _box(name: str, column: int, rows: dict[int, int], mark: str = "") -> Box:
    """A box below those of its column; only origins carry a mark."""
    row = rows.get(column, 0)
    rows[column] = row + 1
    return Box(name, column * COLUMN + 1, row * ROW + 4, not mark, mark)


def _line(one: Box, other: Box, kind: str) -> Line:
    return Line(one.x + WIDTH, one.y + HEIGHT // 2, other.x, other.y + HEIGHT // 2, kind)
