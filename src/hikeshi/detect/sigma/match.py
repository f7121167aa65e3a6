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
from hikeshi.detect.sigma.regex import searcher
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
    missing = 0 if leaf.field is None else columns.lacking(leaf.field)
    if leaf.op.startswith("ref-"):
        for name in leaf.values:
            missing |= columns.lacking(name)
    return missing


def _codes(leaf: Leaf, found: Field) -> list[int]:
    if leaf.cased or leaf.op not in ("equals", "contains", *_ENDS):
        tests = [test(leaf.op, value, leaf.flags) for value in leaf.values]
        texts = found.folded if leaf.op == "like" and not leaf.cased else found.texts
        return [code for code, text in enumerate(texts) if any(holds(text) for holds in tests)]
    if leaf.op == "equals":
        return [code for value in leaf.values for code in found.number_of.get(value, ())]
    if leaf.op == "contains":
        return sorted(found.containing(leaf.values))
    before, after = _ENDS[leaf.op]
    compare, texts, haystack = _COMPARE[leaf.op], found.folded, found.haystack
    values = [(value, needle) for value in leaf.values if (needle := before + value + after) in haystack]
    return sorted(
        {code for v, needle in values for code in found.candidates(needle) if compare(texts[code], v)}
    )


_ENDS = {"startswith": ("\x00", ""), "endswith": ("", "\x00")}
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": str.__contains__,
}


def _referring(leaf: Leaf, found: Field, columns: Columns) -> int:
    compare = _COMPARE[leaf.op.removeprefix("ref-")]
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
def test(op: str, value: str, flags: str) -> Test:
    """The test of one value on one text, both already folded where case does not count."""
    match op:
        case "equals" | "startswith" | "endswith" | "contains":
            compare = _COMPARE[op]
            return lambda text: compare(text, value)
        case "like":
            return _like(value)
        case "re":
            return searcher(value, flags)
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
