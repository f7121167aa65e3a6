# SPDX-License-Identifier: Apache-2.0
"""Compiled Sigma rules: plain typed values that load fast and write to the same JSON bytes every time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import orjson

from hikeshi.schema import Rule as Credit

VERSION = 1
_TREE = 4  # position of `tree` in a row


@dataclass(frozen=True, slots=True)
class Leaf:
    """One predicate: `field` (None: any value of the event) stands in `op` to one of `values`.

    Text operations (equals, startswith, endswith, contains, like) fold case unless `cased`, and their
    values are stored folded; `like` keeps Sigma's wildcards and escapes. `flags` are those of `re`. The
    others: exists, null, any (has a value), cidr, lt, lte, gt, gte, minute to year, and ref-… for the value
    of another field.
    """

    field: str | None
    op: str
    values: tuple[str, ...] = ()
    cased: bool = False
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """`and`, `or` or `not` over nodes."""

    op: str
    nodes: tuple[Node, ...]


Node = int | Branch
"""A leaf's number in RuleSet.leaves, or a branch."""


@dataclass(frozen=True, slots=True)
class SigmaRule:
    """One compiled rule with everything its licence asks to be credited.

    A rule is not `reported` on its own when only correlations ask for it.
    """

    id: str
    title: str
    path: str
    sha256: str
    tree: Node
    name: str | None = None
    level: str | None = None
    status: str | None = None
    author: str | None = None
    licence: str | None = None
    techniques: tuple[str, ...] = ()
    product: str | None = None
    category: str | None = None
    service: str | None = None
    reported: bool = True

    def credit(self) -> Credit:
        """The rule as a finding names it."""
        return Credit(self.id, "sigma", self.level, self.author, self.licence, self.title)


@dataclass(frozen=True, slots=True)
class Correlation:
    """One compiled correlation over the matches of other rules.

    `steps` are what it builds on, in order: ("rule", number) or ("correlation", number). `tree` is an
    extended condition over positions in `steps`; without one, `bounds` are (operator, count) and all must
    hold. `aliases` gives, for a group name, the field that stands for it in each step. Times are in
    microseconds.
    """

    id: str
    title: str
    path: str
    sha256: str
    tree: Node | None
    type: str
    steps: tuple[tuple[str, int], ...]
    timespan: int
    bounds: tuple[tuple[str, float], ...]
    group_by: tuple[str, ...] = ()
    aliases: tuple[tuple[str, tuple[str | None, ...]], ...] = ()
    fields: tuple[str, ...] = ()
    name: str | None = None
    level: str | None = None
    status: str | None = None
    author: str | None = None
    licence: str | None = None
    techniques: tuple[str, ...] = ()
    reported: bool = True

    def credit(self) -> Credit:
        """The correlation as a finding names it."""
        return Credit(self.id, "sigma-correlation", self.level, self.author, self.licence, self.title)


@dataclass(frozen=True, slots=True, order=True)
class Refused:
    """A rule that cannot be judged, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class RuleSet:
    """Compiled rules, the predicates they share, the correlations over them, and what was refused."""

    rules: tuple[SigmaRule, ...]
    leaves: tuple[Leaf, ...]
    correlations: tuple[Correlation, ...] = ()
    refused: tuple[Refused, ...] = ()

    @cached_property
    def by_source(self) -> dict[tuple[str | None, str | None, str | None], tuple[int, ...]]:
        """Rule numbers by (product, category, service)."""
        found: dict[tuple[str | None, str | None, str | None], list[int]] = {}
        for number, rule in enumerate(self.rules):
            found.setdefault((rule.product, rule.category, rule.service), []).append(number)
        return {source: tuple(numbers) for source, numbers in found.items()}

    def to_bytes(self) -> bytes:
        """The rule set as JSON; equal rule sets give equal bytes."""
        return orjson.dumps(
            {
                "version": VERSION,
                "leaves": [_row(leaf) for leaf in self.leaves],
                "rules": [_row(rule) for rule in self.rules],
                "correlations": [_row(correlation) for correlation in self.correlations],
                "refused": [_row(refused) for refused in self.refused],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> RuleSet:
        """The rule set that to_bytes() wrote; ValueError when another version wrote it."""
        read = orjson.loads(data)
        if read.get("version") != VERSION:
            raise ValueError("compiled rules of another version")
        return cls(
            rules=tuple(SigmaRule(*_typed(row)) for row in read["rules"]),
            leaves=tuple(Leaf(row[0], row[1], tuple(row[2]), *row[3:]) for row in read["leaves"]),
            correlations=tuple(Correlation(*_typed(row)) for row in read["correlations"]),
            refused=tuple(Refused(*row) for row in read["refused"]),
        )


def _row(value: Leaf | SigmaRule | Correlation | Refused) -> list[Any]:
    return [_plain(getattr(value, f.name)) for f in fields(value)]


def _plain(value: Any) -> Any:
    if isinstance(value, Branch):
        return [value.op, *map(_plain, value.nodes)]
    return value


def _typed(row: list[Any]) -> list[Any]:
    tree = None if row[_TREE] is None else _node(row[_TREE])
    return [*row[:_TREE], tree, *map(_tuple, row[_TREE + 1 :])]


def _node(data: Any) -> Node:
    if isinstance(data, int):
        return data
    return Branch(data[0], tuple(map(_node, data[1:])))


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
