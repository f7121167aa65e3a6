# SPDX-License-Identifier: Apache-2.0
"""From pySigma's condition trees to ours: flattened, alternatives on one field merged, cheap tests first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)

from hikeshi.detect.sigma.leaves import Placeholders, Unsupported, leaves
from hikeshi.detect.sigma.rules import Branch, Leaf, Node

# What one value costs to test, relative to a look-up; fields that hold long texts cost more.
_COST = {"exists": 0, "null": 0, "any": 0, "equals": 1, "startswith": 2, "endswith": 2, "contains": 3}
_DEAR = 20
_LONG = {"CommandLine": 8, "ParentCommandLine": 8, "ScriptBlockText": 40, "Payload": 40, None: 80}


@dataclass
class Grove:
    """The leaves of all rules, each kept once."""

    placeholders: Placeholders
    leaves: list[Leaf] = field(default_factory=list)
    _numbers: dict[Leaf, int] = field(default_factory=dict)

    def tree(self, condition: Any) -> Node:
        """The node of a parsed condition."""
        match condition:
            case ConditionFieldEqualsValueExpression():
                return self._any(list(leaves(condition.field, condition.value, self.placeholders)))
            case ConditionValueExpression():
                return self._any(list(leaves(None, condition.value, self.placeholders)))
            case ConditionNOT():
                return Branch("not", (self.tree(condition.args[0]),))
            case ConditionAND():
                return self.branch("and", [self.tree(arg) for arg in condition.args])
            case ConditionOR():
                return self.branch("or", [self.tree(arg) for arg in condition.args])
        raise Unsupported("the condition is empty")

    def branch(self, op: str, nodes: list[Node]) -> Node:
        """`and` or `or` over nodes, flattened and with the cheapest first."""
        flat: list[Node] = []
        for node in nodes:
            flat.extend(node.nodes if isinstance(node, Branch) and node.op == op else (node,))
        if op == "or":
            flat = self._merged(flat)
        flat = sorted(dict.fromkeys(flat), key=self.cost)
        return flat[0] if len(flat) == 1 else Branch(op, tuple(flat))

    def cost(self, node: Node) -> float:
        """What testing the node costs, roughly and relative to other nodes."""
        if isinstance(node, Branch):
            costs = [self.cost(child) for child in node.nodes]
            return costs[0] * 1.5 if node.op == "and" else sum(costs)
        leaf = self.leaves[node]
        return _COST.get(leaf.op, _DEAR) * _LONG.get(leaf.field, 1) * (9 + len(leaf.values)) / 10

    def _any(self, found: list[Leaf]) -> Node:
        return self.branch("or", [self._number(leaf) for leaf in found])

    def _number(self, leaf: Leaf) -> int:
        number = self._numbers.setdefault(leaf, len(self.leaves))
        if number == len(self.leaves):
            self.leaves.append(leaf)
        return number

    def _merged(self, nodes: list[Node]) -> list[Node]:
        kept: list[Node] = [node for node in nodes if isinstance(node, Branch)]
        values: dict[Leaf, dict[str, None]] = {}
        for node in nodes:
            if isinstance(node, int):
                leaf = self.leaves[node]
                key = leaf if leaf.op == "exists" else replace(leaf, values=())
                values.setdefault(key, {}).update(dict.fromkeys(leaf.values))
        return kept + [self._number(replace(leaf, values=tuple(texts))) for leaf, texts in values.items()]


def compact(trees: list[Node], found: list[Leaf]) -> tuple[list[Node], tuple[Leaf, ...]]:
    """The same trees and only the leaves they use, numbered in order of use."""
    numbers: dict[int, int] = {}

    def renumbered(node: Node) -> Node:
        if isinstance(node, int):
            return numbers.setdefault(node, len(numbers))
        return Branch(node.op, tuple(map(renumbered, node.nodes)))

    kept = [renumbered(tree) for tree in trees]
    return kept, tuple(found[number] for number in numbers)
