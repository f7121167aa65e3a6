# SPDX-License-Identifier: Apache-2.0
"""Sigma filters: documents that narrow other rules. Source: the Sigma filters specification, version 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sigma.filters import SigmaFilter

from hikeshi.detect.sigma.rules import Node, Refused, SigmaRule
from hikeshi.detect.sigma.trees import Grove


@dataclass(frozen=True)
class Filter:
    """A condition that rules must meet as well; `rules` are ids or names, none for every rule of the log source."""

    path: str
    tree: Node
    rules: tuple[str, ...]
    source: tuple[str | None, str | None, str | None]

    def concerns(self, rule: SigmaRule) -> bool:
        """Whether the rule is one of those to narrow."""
        same = zip(self.source, (rule.product, rule.category, rule.service), strict=True)
        named = not self.rules or rule.id in self.rules or rule.name in self.rules
        return named and all(mine in (None, its) for mine, its in same)


def read_filter(path: str, document: dict[str, Any], grove: Grove, policy: Any) -> Filter:
    """A filter as written."""
    parsed = SigmaFilter.from_dict(document, policy=policy)
    trees = [grove.tree(condition.parsed) for condition in parsed.filter.parsed_condition]
    rules = parsed.filter.rules
    named = () if isinstance(rules, str) else tuple(reference.reference for reference in rules)
    source = parsed.logsource
    return Filter(path, grove.branch("or", trees), named, (source.product, source.category, source.service))


def filtered(
    rules: Sequence[SigmaRule], filters: Sequence[Filter], grove: Grove
) -> tuple[list[SigmaRule], list[Refused]]:
    """Rules narrowed by the filters, and the filters that concern none."""
    narrowed = []
    for rule in rules:
        trees = [each.tree for each in filters if each.concerns(rule)]
        narrowed.append(replace(rule, tree=grove.branch("and", [rule.tree, *trees])) if trees else rule)
    idle = [each for each in filters if not any(map(each.concerns, rules))]
    return narrowed, [Refused(each.path, "a filter that concerns none of the rules") for each in idle]
