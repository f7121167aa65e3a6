# SPDX-License-Identifier: Apache-2.0
"""Which log sources a rule needs, and which rules can never match on the logs at hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hikeshi.detect.sigma.columns import SYSTEM
from hikeshi.detect.sigma.logsource import Route, routes
from hikeshi.detect.sigma.match import test
from hikeshi.detect.sigma.rules import Branch, Leaf, Node, RuleSet, SigmaRule
from hikeshi.detect.sigma.views import VIEWS

Place = tuple[str, int]
"""A channel and an event id."""

_OTHER_ID = -1


@dataclass(frozen=True, slots=True)
class Need:
    """One way for a rule to match: an event of these channels (lower case; none: any) and ids (none: any)."""

    variant: str
    channels: tuple[str, ...]
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A rule that cannot match, and what it would need; no needs when its log source is unmapped."""

    rule: int
    needs: tuple[Need, ...]


def needs(rule: SigmaRule, leaves: tuple[Leaf, ...]) -> tuple[Need, ...]:
    """The log sources that the rule can match on."""
    found = []
    for route in routes(rule.product, rule.category, rule.service):
        ids = route.ids or tuple(sorted(_asked_ids(rule.tree, leaves)))
        if not route.ids and _may(rule.tree, route, _OTHER_ID, leaves):
            found.append(Need(route.name, route.channels, ()))
        elif possible := tuple(event_id for event_id in ids if _may(rule.tree, route, event_id, leaves)):
            found.append(Need(route.name, route.channels, possible))
    return tuple(found)


def unreachable(rules: RuleSet, present: Iterable[Place]) -> list[Unreachable]:
    """The rules that no event of the present channels and ids can satisfy, in order."""
    places = sorted(present)
    found = []
    for source, numbers in rules.by_source.items():
        ways = [(route, place[1]) for route in routes(*source) for place in places if route.admits(*place)]
        for number in numbers:
            rule = rules.rules[number]
            if not any(_may(rule.tree, route, event_id, rules.leaves) for route, event_id in ways):
                found.append(Unreachable(number, needs(rule, rules.leaves)))
    return sorted(found, key=lambda each: each.rule)


def _may(node: Node, route: Route, event_id: int, leaves: tuple[Leaf, ...], upper: bool = True) -> bool:
    """Whether some event of this id could satisfy the node; whether every one does, unless `upper`."""
    if isinstance(node, Branch):
        if node.op == "not":
            return not _may(node.nodes[0], route, event_id, leaves, not upper)
        results = (_may(child, route, event_id, leaves, upper) for child in node.nodes)
        return all(results) if node.op == "and" else any(results)
    leaf = leaves[node]
    if leaf.field == "EventID":
        return _says(leaf, event_id)
    carried = VIEWS[route.view][1] | SYSTEM.keys() | {None} if route.view else {leaf.field}
    return upper if leaf.field in carried else not upper


def _says(leaf: Leaf, event_id: int) -> bool:
    if leaf.op in ("exists", "null", "any"):
        return leaf.op == "any" or leaf.values == ("true",)
    if leaf.op.startswith("ref-"):
        return True
    return any(test(leaf.op, value, leaf.flags)(str(event_id)) for value in leaf.values)


def _asked_ids(node: Node, leaves: tuple[Leaf, ...]) -> set[int]:
    if isinstance(node, Branch):
        return set().union(*(_asked_ids(child, leaves) for child in node.nodes))
    leaf = leaves[node]
    return {int(value) for value in leaf.values if leaf.field == "EventID" and value.isdecimal()}
