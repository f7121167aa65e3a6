# SPDX-License-Identifier: Apache-2.0
"""Sigma YAML → RuleSet. pySigma parses and expands modifiers; its pipelines are not used."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import yaml
from sigma.exceptions import SigmaError
from sigma.modifiers import SigmaWideModifier, modifier_mapping
from sigma.rule import SigmaRule as Parsed
from sigma.rule.attributes import SigmaLevel, SigmaStatus
from sigma.rule.base import SigmaRuleBase, SigmaYAMLLoader

from hikeshi.detect.sigma.leaves import Placeholders, Unsupported
from hikeshi.detect.sigma.rules import Refused, RuleSet, SigmaRule
from hikeshi.detect.sigma.trees import Grove, compact

modifier_mapping.setdefault("utf16le", SigmaWideModifier)  # the specification's other name of `wide`

_DOCUMENT = re.compile(r"(?m)^---(?=\s|$)")
_TECHNIQUE = re.compile(r"t\d{4}(\.\d{3})?")
_JUDGED = ("logsource", "detection")
_FAULTS = (SigmaError, Unsupported, yaml.YAMLError, UnicodeDecodeError, RecursionError, TypeError, ValueError)
_FAULTS += (AttributeError, KeyError)


def compile_rules(
    sources: Iterable[tuple[str, bytes]], licence: str | None = None, placeholders: Placeholders | None = None
) -> RuleSet:
    """Compile rule files given as (path, YAML bytes); what cannot be compiled is named in `refused`.

    `licence` is that of the rule set, for rules that state none. `placeholders` gives the values of `expand`.
    """
    grove = Grove(placeholders or {})
    rules: list[SigmaRule] = []
    refused: list[Refused] = []
    for path, data in sorted(sources):
        try:
            for text, document in _documents(data):
                rules.append(_rule(path, text, document, licence, grove))
        except _FAULTS as error:
            refused.append(Refused(path, _reason(error)))
    trees, used = compact([rule.tree for rule in rules], grove.leaves)
    numbered = (replace(rule, tree=tree) for rule, tree in zip(rules, trees, strict=True))
    return RuleSet(tuple(numbered), used, (), tuple(refused))


def _documents(data: bytes) -> Iterator[tuple[bytes, Any]]:
    text = data.decode("utf-8-sig")
    parts = [part for part in _DOCUMENT.split(text) if part.strip()]
    for part in parts:
        document = yaml.load(part, SigmaYAMLLoader)
        if document is not None:
            yield (data if len(parts) == 1 else part.encode()), document


def _rule(path: str, text: bytes, document: Any, licence: str | None, grove: Grove) -> SigmaRule:
    if not isinstance(document, dict):
        raise Unsupported("not a mapping")
    parsed = Parsed.from_dict(document, collect_errors=True)
    if parsed.errors:
        parsed_again = {key: document[key] for key in _JUDGED if key in document}
        parsed.detection = Parsed.from_dict({"title": "-", **parsed_again}).detection
    conditions = [grove.tree(condition.parsed) for condition in parsed.detection.parsed_condition]
    source = parsed.logsource
    return SigmaRule(
        **_said(path, text, parsed, licence),
        tree=grove.branch("or", conditions),
        product=source.product,
        category=source.category,
        service=source.service,
    )


def _said(path: str, text: bytes, parsed: SigmaRuleBase, licence: str | None) -> dict[str, Any]:
    sha256 = hashlib.sha256(text).hexdigest()
    return {
        "id": str(parsed.id or sha256),
        "title": str(parsed.title or path),
        "path": path,
        "sha256": sha256,
        "name": parsed.name,
        "level": str(parsed.level) if isinstance(parsed.level, SigmaLevel) else None,
        "status": str(parsed.status) if isinstance(parsed.status, SigmaStatus) else None,
        "author": parsed.author if isinstance(parsed.author, str) else None,
        "licence": parsed.license if isinstance(parsed.license, str) else licence,
        "techniques": _techniques(parsed),
    }


def _techniques(parsed: SigmaRuleBase) -> tuple[str, ...]:
    names = {tag.name for tag in parsed.tags if getattr(tag, "namespace", "") == "attack"}
    return tuple(sorted(name.upper() for name in names if _TECHNIQUE.fullmatch(name)))


def _reason(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__
