# SPDX-License-Identifier: Apache-2.0
"""Correlation documents → Correlation. Source: the Sigma correlation rules specification, version 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionNOT,
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)

from hikeshi.detect.sigma.credits import credits
from hikeshi.detect.sigma.leaves import Unsupported
from hikeshi.detect.sigma.rules import Branch, Correlation, Node, Refused, SigmaRule

_TYPES = ("event_count", "value_count", "temporal", "temporal_ordered")
_BOUNDS = ("eq", "gt", "gte", "lt", "lte", "neq")


@dataclass(frozen=True)
class Chain:
    """A correlation whose references are still names: `rules` in order, `aliases` by group name and rule."""

    made: Correlation
    rules: tuple[str, ...]
    aliases: dict[str, dict[str, str]]
    generate: bool


def chain(path: str, text: bytes, document: dict[str, Any], licence: str | None) -> Chain:
    """A correlation as written."""
    if not isinstance(document["correlation"], dict):
        raise Unsupported("the correlation section is not a mapping")
    single, asked = _bounds(document)
    parsed = SigmaCorrelationRule.from_dict(single)
    kind, condition = parsed.type.name.lower(), parsed.condition
    references = [reference.reference for reference in parsed.rules or ()]
    if kind not in _TYPES:
        raise Unsupported(f"correlation type {kind}")
    tree, counted = None, None
    if isinstance(condition, SigmaExtendedCorrelationCondition):
        if kind != "temporal":
            raise Unsupported(f"an extended condition on {kind}")
        references = references or condition.get_referenced_rules()
        tree = _tree(condition.parsed, references)
    elif isinstance(condition, SigmaCorrelationCondition):
        counted = condition.fieldref
        asked = asked or ((condition.op.name.lower(), condition.count),)
    made = Correlation(
        **credits(path, text, parsed, licence),
        tree=tree,
        type=kind,
        steps=(),
        timespan=parsed.timespan.seconds * 1_000_000,
        bounds=asked,
        group_by=tuple(parsed.group_by or ()),
        fields=tuple([counted] if isinstance(counted, str) else counted or ()),
    )
    return Chain(made, tuple(references), parsed.aliases.to_dict(), parsed.generate)


def resolved(
    rules: Sequence[SigmaRule], chains: Sequence[Chain]
) -> tuple[list[SigmaRule], list[Correlation], list[Refused]]:
    """Rules and correlations with references resolved, and the correlations where one leads nowhere."""
    steps: dict[str, tuple[str, int]] = {}
    for number, rule in enumerate(rules):
        for key in filter(None, (rule.name, rule.id)):
            steps.setdefault(key, ("rule", number))
    found: list[Correlation] = []
    quiet: dict[tuple[str, int], bool] = {}
    waiting = list(chains)
    while ready := [each for each in waiting if all(name in steps for name in each.rules)]:
        for each in ready:
            waiting.remove(each)
            found.append(_linked(each, steps))
            for key in filter(None, (each.made.name, each.made.id)):
                steps.setdefault(key, ("correlation", len(found) - 1))
            for step in found[-1].steps:
                quiet[step] = quiet.get(step, True) and not each.generate
    rules = [replace(r, reported=False) if quiet.get(("rule", n)) else r for n, r in enumerate(rules)]
    found = [replace(c, reported=False) if quiet.get(("correlation", n)) else c for n, c in enumerate(found)]
    return rules, found, [Refused(each.made.path, _missing(each, steps)) for each in waiting]


def _linked(each: Chain, steps: dict[str, tuple[str, int]]) -> Correlation:
    linked = tuple(steps[name] for name in each.rules)
    aliases = []
    for alias, fields in sorted(each.aliases.items()):
        by_step = {steps[name]: field for name, field in fields.items() if name in steps}
        aliases.append((alias, tuple(by_step.get(step) for step in linked)))
    return replace(each.made, steps=linked, aliases=tuple(aliases))


def _missing(each: Chain, steps: dict[str, tuple[str, int]]) -> str:
    names = [name for name in each.rules if name not in steps]
    return f"refers to {', '.join(names)}, which is not among the rules or refers back to this one"


def _bounds(document: dict[str, Any]) -> tuple[dict[str, Any], tuple[tuple[str, float], ...]]:
    """The document with one bound, as pySigma takes it, and all bounds where the document has several."""
    correlation = document["correlation"]
    condition = correlation.get("condition")
    if not isinstance(condition, dict):
        return document, ()
    given = [name for name in _BOUNDS if name in condition]
    if len(given) < 2:
        return document, ()
    one = {key: value for key, value in condition.items() if key not in given[1:]}
    return {**document, "correlation": {**correlation, "condition": one}}, tuple(
        (name, float(condition[name])) for name in given
    )


def _tree(parsed: Any, references: Sequence[str]) -> Node:
    if isinstance(parsed, SigmaRuleReference):
        return references.index(parsed.reference)
    op = "and" if isinstance(parsed, CorrelationConditionAND) else "or"
    if isinstance(parsed, CorrelationConditionNOT):
        op = "not"
    return Branch(op, tuple(_tree(argument, references) for argument in parsed.args))
