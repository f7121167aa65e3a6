# SPDX-License-Identifier: Apache-2.0
"""Which distinct values of a field a leaf matches, and from that, which events.

Case is folded by str.lower() on both sides. `like` takes Sigma's wildcards: `*` any text, `?` one
character; a backslash before either, or before another backslash, makes it literal. Numbers are decimal or
0x hexadecimal. An IPv4 address written as IPv6 (::ffff:a.b.c.d) counts as the IPv4 address it is.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network

from hikeshi.detect.sigma.columns import Columns, Field
from hikeshi.detect.sigma.regex import searched
from hikeshi.detect.sigma.rules import Leaf

Test = Callable[[str], bool]

_HEX = re.compile(r"0[xX][0-9a-fA-F]{1,16}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")


def rows_of(leaf: Leaf, columns: Columns) -> int:
    """The events for which the leaf holds."""
    found = columns.field(leaf.field)
    if leaf.op == "exists":
        present = found.present if found else 0
        return present if leaf.values == ("true",) else columns.all & ~present
    if leaf.op == "null":
        return columns.all & ~(found.valued if found else 0)
    if found is None:
        return 0
    if leaf.op == "any":
        return found.valued
    if leaf.op.startswith("ref-"):
        return _referring(leaf, found, columns)
    return found.holding(_codes(leaf, found))


def unknown_rows(leaf: Leaf, columns: Columns) -> int:
    """The events that lack a field the leaf speaks of."""
    missing = 0
    for name in (leaf.field, *(leaf.values if leaf.op.startswith("ref-") else ())):
        found = columns.field(name)
        missing |= columns.all & ~(found.valued if found else 0)
    return missing if leaf.field is not None else 0


def _codes(leaf: Leaf, found: Field) -> list[int]:
    if leaf.op == "equals" and not leaf.cased:
        return [code for value in leaf.values for code in found.number_of.get(value, ())]
    if leaf.op == "contains" and not leaf.cased:
        return sorted(set().union(*map(found.containing, leaf.values)))
    if leaf.op == "re":
        return sorted(set().union(*(searched(value, leaf.flags, found) for value in leaf.values)))
    texts = found.folded if leaf.op in ("startswith", "endswith", "contains", "like") else found.texts
    if leaf.cased:
        texts = found.texts
    if leaf.op in _EDGES and not leaf.cased:
        before, after, holds = _EDGES[leaf.op]
        codes = {c for v in leaf.values for c in found.candidates(before + v + after) if holds(texts[c], v)}
        return sorted(codes)
    tests = [test(leaf.op, value) for value in leaf.values]
    return [code for code, text in enumerate(texts) if any(holds(text) for holds in tests)]


_EDGES: dict[str, tuple[str, str, Callable[[str, str], bool]]] = {
    "startswith": ("\x00", "", str.startswith),
    "endswith": ("", "\x00", str.endswith),
    "contains": ("", "", str.__contains__),
}


def _referring(leaf: Leaf, found: Field, columns: Columns) -> int:
    how = leaf.op.removeprefix("ref-")
    compare = str.__eq__ if how == "equals" else _EDGES[how][2]
    rows = 0
    for name in leaf.values:
        other = columns.field(name)
        if other is None:
            continue
        others = other.by_row()
        for row, codes in found.by_row().items():
            pairs = ((found.folded[a], other.folded[b]) for a in codes for b in others.get(row, ()))
            if any(compare(a, b) for a, b in pairs):
                rows |= 1 << row
    return rows


@cache
def test(op: str, value: str) -> Test:
    """The test of one value on one text, both already folded where case does not count."""
    match op:
        case "equals" | "startswith" | "endswith" | "contains":
            compare = str.__eq__ if op == "equals" else _EDGES[op][2]
            return lambda text: compare(text, value)
        case "like":
            return _like(value)
        case "cidr":
            return _network(value)
        case "lt" | "lte" | "gt" | "gte":
            return _number_test(op, value)
    return _time_test(op, int(value))


def _like(pattern: str) -> Test:
    (first, length), *rest = _pieces(pattern)
    if not rest:
        return lambda text: len(text) == length and first.match(text) is not None
    *middle, (last, tail) = rest

    def holds(text: str) -> bool:
        end = len(text) - tail
        met = first.match(text)
        for piece, _ in middle:
            met = met and piece.search(text, met.end(), end)
        return met is not None and met.end() <= end and last.fullmatch(text, end) is not None

    return holds


def _pieces(pattern: str) -> list[tuple[re.Pattern[str], int]]:
    pieces = [("", 0)]
    for token in re.findall(r"(?s)\\[\\*?]|.", pattern):
        if token == "*":
            pieces.append(("", 0))
        else:
            shape, length = pieces[-1]
            pieces[-1] = shape + ("." if token == "?" else re.escape(token[-1])), length + 1
    return [(re.compile(shape, re.DOTALL), length) for shape, length in pieces]


def _network(value: str) -> Test:
    network = ip_network(value)

    def holds(text: str) -> bool:
        try:
            address = ip_address(text.strip())
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped and network.version == 4:
            address = address.ipv4_mapped
        return address in network

    return holds


def number(text: str) -> float | None:
    """The number a text is, or None."""
    if _HEX.fullmatch(text):
        return int(text, 16)
    return float(text) if _DECIMAL.fullmatch(text) else None


def _number_test(op: str, value: str) -> Test:
    compare = {"lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge}[op]
    bound = float(value)
    return lambda text: (found := number(text)) is not None and bool(compare(found, bound))


def _time_test(part: str, value: int) -> Test:
    def holds(text: str) -> bool:
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            return False
        found: int = time.isocalendar().week if part == "week" else getattr(time, part)
        return found == value

    return holds
