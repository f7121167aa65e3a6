# SPDX-License-Identifier: Apache-2.0
"""From pySigma's values, modifiers already expanded, to leaves with the cheapest operation that will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sigma.types import (
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from hikeshi.detect.sigma.rules import Leaf

ANY, ONE = SpecialChars.WILDCARD_MULTI, SpecialChars.WILDCARD_SINGLE

Placeholders = Mapping[str, Sequence[str]]


class Unsupported(Exception):
    """A value we cannot judge; its text is the reason shown for the rule."""


def leaves(field: str | None, value: SigmaType, placeholders: Placeholders) -> list[Leaf]:
    """The leaves of one value, any of which holds where the value matches."""
    match value:
        case SigmaExpansion():
            return [leaf for inner in value.values for leaf in leaves(field, inner, placeholders)]
        case SigmaString():
            return [_text(field, part) for part in _expanded(value, placeholders)]
        case SigmaTimestampPart():
            return [Leaf(field, value.timestamp_part.name.lower(), (str(value.number),))]
        case SigmaNumber():
            return [_literal(field, str(value.number))]
        case SigmaBool():
            return [_literal(field, str(value.boolean).lower())]
        case SigmaRegularExpression():
            return [_regex(field, value, placeholders)]
        case SigmaCIDRExpression():
            return [Leaf(field, "cidr", (str(value.network),))]
        case SigmaCompareExpression():
            return [Leaf(field, value.op.name.lower(), (str(value.number),))]
    if field is None:
        raise Unsupported(f"{type(value).__name__} without a field")
    match value:
        case SigmaNull():
            return [Leaf(field, "null")]
        case SigmaExists():
            return [Leaf(field, "exists", ("true" if value.exists else "false",))]
        case SigmaFieldReference():
            return [Leaf(field, "ref-" + _reference(value), (value.field,))]
    raise Unsupported(f"value type {type(value).__name__}")


def _expanded(value: SigmaString, placeholders: Placeholders) -> list[SigmaString]:
    for part in value.s:
        if isinstance(part, Placeholder) and part.name not in placeholders:
            raise Unsupported(f"no values given for the placeholder %{part.name}%")
    return value.replace_placeholders(lambda p: iter(SigmaString(text) for text in placeholders[p.name]))


def _text(field: str | None, value: SigmaString) -> Leaf:
    cased = isinstance(value, SigmaCasedString)
    parts: list[str | SpecialChars] = []
    for part in [ANY, *value.s, ANY] if field is None else value.s:
        if isinstance(part, str) and not cased:
            part = part.lower()
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        elif not isinstance(part, Placeholder) and (part is not ANY or not parts or parts[-1] is not ANY):
            parts.append(part)
    op, text = _operation(parts)
    return Leaf(field, op, (text,) if op != "any" else (), cased)


def _operation(parts: list[str | SpecialChars]) -> tuple[str, str]:
    match parts:
        case []:
            return "equals", ""
        case [SpecialChars.WILDCARD_MULTI]:
            return "any", ""
        case [str(text)]:
            return "equals", text
        case [str(text), SpecialChars.WILDCARD_MULTI]:
            return "startswith", text
        case [SpecialChars.WILDCARD_MULTI, str(text)]:
            return "endswith", text
        case [SpecialChars.WILDCARD_MULTI, str(text), SpecialChars.WILDCARD_MULTI]:
            return "contains", text
    return "like", "".join("*" if p is ANY else "?" if p is ONE else escaped(str(p)) for p in parts)


def escaped(text: str) -> str:
    """Text as a `like` pattern that matches exactly it."""
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def _literal(field: str | None, text: str) -> Leaf:
    return Leaf(field, "equals" if field is not None else "contains", (text.lower(),))


def _regex(field: str | None, value: SigmaRegularExpression, placeholders: Placeholders) -> Leaf:
    for part in value.regexp.s:
        if isinstance(part, Placeholder):
            raise Unsupported(f"placeholder %{part.name}% inside a regular expression")
    letters = {
        SigmaRegularExpressionFlag.IGNORECASE: "i",
        SigmaRegularExpressionFlag.MULTILINE: "m",
        SigmaRegularExpressionFlag.DOTALL: "s",
    }
    flags = "".join(sorted(letters[flag] for flag in value.flags))
    return Leaf(field, "re", (_pattern(value),), flags=flags)


def _pattern(value: SigmaRegularExpression) -> str:
    marks = {ANY: "*", ONE: "?"}
    return "".join(marks[p] if isinstance(p, SpecialChars) else str(p) for p in value.regexp.s)


def _reference(value: SigmaFieldReference) -> str:
    match value.starts_with, value.ends_with:
        case False, False:
            return "equals"
        case True, False:
            return "startswith"
        case False, True:
            return "endswith"
    return "contains"
