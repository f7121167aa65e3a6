# SPDX-License-Identifier: Apache-2.0
"""Sigma YAML → RuleSet. pySigma parses and expands modifiers; its pipelines are not used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

import re2
import yaml
from sigma.exceptions import SigmaError
from sigma.modifiers import SigmaWideModifier, modifier_mapping
from sigma.policy import SigmaPolicy
from sigma.rule import SigmaRule as Parsed
from sigma.rule.base import SigmaYAMLLoader

from hikeshi.detect.sigma.chains import Chain, chain, resolved
from hikeshi.detect.sigma.credits import credits
from hikeshi.detect.sigma.filters import Filter, filtered, read_filter
from hikeshi.detect.sigma.leaves import Placeholders, Unsupported
from hikeshi.detect.sigma.regex import compiled
from hikeshi.detect.sigma.rules import Refused, RuleSet, SigmaRule
from hikeshi.detect.sigma.trees import Grove, compact

modifier_mapping.setdefault("utf16le", SigmaWideModifier)  # the specification's other name of `wide`


class _Expressions:
    """Regular expressions as pySigma wants to check them."""

    error = re2.error

    def compile(self, pattern: str, flags: int = 0) -> Any:
        return compiled(pattern)


_POLICY = SigmaPolicy(regex_engine=cast(Any, _Expressions()))
_MARK = re.compile(rb"(?m)^---(?=\s|$)")
_TEXTS = ("id", "name", "title", "author", "level", "status", "license")
_FAULTS = (
    SigmaError,
    Unsupported,
    yaml.YAMLError,
    AttributeError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
)


def compile_rules(
    sources: Iterable[tuple[str, bytes]], licence: str | None = None, placeholders: Placeholders | None = None
) -> RuleSet:
    """Compile rule files given as (path, YAML bytes); what cannot be compiled is named in `refused`.

    `licence` is that of the rule set, for rules that state none. `placeholders` gives the values of `expand`.
    """
    grove = Grove(placeholders or {})
    rules: list[SigmaRule] = []
    chains: list[Chain] = []
    filters: list[Filter] = []
    refused: list[Refused] = []
    for path, text in ((path, text) for path, data in sorted(sources) for text in _documents(data)):
        try:
            document = yaml.load(text.decode("utf-8-sig"), SigmaYAMLLoader)
            if isinstance(document, dict) and "correlation" in document:
                chains.append(chain(path, text, document, licence))
            elif isinstance(document, dict) and "filter" in document:
                filters.append(read_filter(path, document, grove, _POLICY))
            elif document is not None:
                rules.append(_rule(path, text, document, licence, grove))
        except _FAULTS as error:
            refused.append(Refused(path, _reason(error)))
    rules, idle = filtered(rules, filters, grove)
    trees, leaves = compact([rule.tree for rule in rules], grove.leaves)
    rules = [replace(rule, tree=tree) for rule, tree in zip(rules, trees, strict=True)]
    rules, correlations, unresolved = resolved(rules, chains)
    return RuleSet(tuple(rules), leaves, tuple(correlations), tuple(sorted([*refused, *idle, *unresolved])))


def _documents(data: bytes) -> list[bytes]:
    parts = [part for part in _MARK.split(data) if part.strip()]
    return parts if len(parts) > 1 else [data]


def _rule(path: str, text: bytes, document: Any, licence: str | None, grove: Grove) -> SigmaRule:
    if not isinstance(document, dict) or not isinstance(document.get("detection"), dict):
        raise Unsupported("not a Sigma rule: it has no detection section")
    texts = {key: value for key, value in document.items() if key not in _TEXTS or isinstance(value, str)}
    parsed = Parsed.from_dict(texts, collect_errors=True, policy=_POLICY)
    judged = parsed
    if parsed.errors:  # Mistakes in what a rule says about itself do not keep it from being judged.
        sections = {key: document.get(key) for key in ("logsource", "detection")}
        judged = Parsed.from_dict({"title": "-", **sections}, policy=_POLICY)
    tree = grove.branch(
        "or", [grove.tree(condition.parsed) for condition in judged.detection.parsed_condition]
    )
    source = judged.logsource
    return SigmaRule(
        **credits(path, text, parsed, licence),
        tree=tree,
        product=source.product,
        category=source.category,
        service=source.service,
    )


def _reason(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__
