# SPDX-License-Identifier: Apache-2.0
"""The Sigma specification read literally, one rule and one event at a time, sharing nothing with the product.

An event is a mapping of field name to text or None. Log sources are not this module's business. What the
specification leaves open is decided as the product documents it: an absent field makes a predicate false,
case folds by str.lower(), a keyword is found anywhere in any value, regular expressions have ASCII classes.
"""

from __future__ import annotations

import base64
import ipaddress
import itertools
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Event = Mapping[str, str | None]
Test = Callable[[str], bool]
Token = tuple[str, str]  # ("text", character) or ("wild", "*" or "?")

DASHES = "-/\u2013\u2014\u2015"


def fires(rule: Mapping[str, Any], event: Event) -> bool:
    """Whether any of the rule's conditions holds for the event."""
    detection = rule["detection"]
    conditions = detection["condition"]
    searches = {name: value for name, value in detection.items() if name != "condition"}
    for condition in conditions if isinstance(conditions, list) else [conditions]:
        words = re.findall(r"[()]|[^\s()]+", condition)
        result, rest = _or(words, searches, event)
        assert not rest
        if result:
            return True
    return False


def _or(words: list[str], searches: Mapping[str, Any], event: Event) -> tuple[bool, list[str]]:
    result, words = _and(words, searches, event)
    while words and words[0] == "or":
        more, words = _and(words[1:], searches, event)
        result = result or more
    return result, words


def _and(words: list[str], searches: Mapping[str, Any], event: Event) -> tuple[bool, list[str]]:
    result, words = _not(words, searches, event)
    while words and words[0] == "and":
        more, words = _not(words[1:], searches, event)
        result = result and more
    return result, words


def _not(words: list[str], searches: Mapping[str, Any], event: Event) -> tuple[bool, list[str]]:
    if words[0] == "not":
        result, words = _not(words[1:], searches, event)
        return not result, words
    if words[0] == "(":
        result, words = _or(words[1:], searches, event)
        assert words[0] == ")"
        return result, words[1:]
    if len(words) > 1 and words[1] == "of":
        pattern = words[2]
        if pattern == "them":
            names = [name for name in searches if not name.startswith("_")]
        else:
            shape = re.compile(pattern.replace("*", ".*"))
            names = [name for name in searches if shape.fullmatch(name)]
        results = [search(searches[name], event) for name in names]
        return (all(results) if words[0] == "all" else any(results)), words[3:]
    return search(searches[words[0]], event), words[1:]


def search(definition: Any, event: Event) -> bool:
    """Whether one search identifier holds."""
    if isinstance(definition, Mapping):
        return all(item(key, value, event) for key, value in definition.items())
    if isinstance(definition, list) and any(isinstance(part, Mapping | list) for part in definition):
        return any(search(part, event) for part in definition)
    return item("", definition, event)


def item(key: str, value: Any, event: Event) -> bool:
    """Whether one `field|modifiers: value` holds."""
    field, *modifiers = key.split("|")
    values = value if isinstance(value, list) else [value]
    results = [one(field, modifiers, each, event) for each in values]
    result = all(results) if "all" in modifiers else any(results)
    return not result if "neq" in modifiers else result


def one(field: str, modifiers: list[str], value: Any, event: Event) -> bool:
    """Whether a field stands as the modifiers say to one value."""
    if value is None:
        return event.get(field) is None
    if "exists" in modifiers:
        return (field in event) is value
    texts = [text for text in ([event.get(field)] if field else event.values()) if text is not None]
    if "fieldref" in modifiers:
        return _refers(texts, event.get(value), modifiers)
    tests = _tests(modifiers, value, keyword=not field)
    return any(holds(text) for text in texts for holds in tests)


def _refers(texts: list[str], other: str | None, modifiers: list[str]) -> bool:
    if other is None or not texts:
        return False
    text, other = texts[0].lower(), other.lower()
    if "contains" in modifiers or {"startswith", "endswith"} <= set(modifiers):
        return other in text
    if "startswith" in modifiers:
        return text[: len(other)] == other
    if "endswith" in modifiers:
        return text[len(text) - len(other) :] == other if len(other) <= len(text) else False
    return text == other


def _tests(modifiers: list[str], value: Any, keyword: bool) -> list[Test]:
    for name, compare in (
        ("lt", lambda a, b: a < b),
        ("lte", lambda a, b: a <= b),
        ("gt", lambda a, b: a > b),
        ("gte", lambda a, b: a >= b),
    ):
        if name in modifiers:
            return [lambda text: (n := as_number(text)) is not None and compare(n, value)]  # noqa: B023
    for name in ("minute", "hour", "day", "week", "month", "year"):
        if name in modifiers:
            return [lambda text: _time_part(text, name) == value]  # noqa: B023
    if "cidr" in modifiers:
        return [lambda text: _in_network(text, value)]
    if "re" in modifiers:
        flags = re.A | ("i" in modifiers) * re.I | ("m" in modifiers) * re.M | ("s" in modifiers) * re.S
        return [lambda text: re.search(value, text, flags) is not None]
    if isinstance(value, bool):
        value = str(value).lower()
    tokens = [parsed(str(value)) if isinstance(value, str) else [("text", c) for c in str(value)]]
    for modifier in modifiers:
        tokens = [changed for each in tokens for changed in _changed(modifier, each, modifiers)]
    star = [("wild", "*")]
    return [_glob(star + each + star if keyword else each, "cased" in modifiers) for each in tokens]


def parsed(text: str) -> list[Token]:
    """A Sigma string as literal characters and wildcards."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\" and text[position + 1 : position + 2] in ("\\", "*", "?"):
            found.append(("text", text[position + 1]))
            position += 2
            continue
        found.append(("wild" if character in "*?" else "text", character))
        position += 1
    return found


def _changed(modifier: str, tokens: list[Token], modifiers: list[str]) -> list[list[Token]]:
    star = ("wild", "*")
    literal = "".join(character for _, character in tokens)
    match modifier:
        case "contains":
            return [[star, *tokens, star]]
        case "startswith":
            return [[*tokens, star]]
        case "endswith":
            return [[star, *tokens]]
        case "windash":
            choices = [
                [(k, d) for d in DASHES] if _is_dash(tokens, i) else [(k, c)]
                for i, (k, c) in enumerate(tokens)
            ]
            return [list(choice) for choice in itertools.product(*choices)]
        case "wide" | "utf16le":
            return [[("text", c) for c in literal.encode("utf-16-le").decode("latin-1")]]
        case "utf16be":
            return [[("text", c) for c in literal.encode("utf-16-be").decode("latin-1")]]
        case "utf16":
            return [[("text", c) for c in (b"\xff\xfe" + literal.encode("utf-16-le")).decode("latin-1")]]
        case "base64":
            return [[("text", c) for c in base64.b64encode(_raw(literal, modifiers)).decode()]]
        case "base64offset":
            return [[("text", c) for c in text] for text in _offsets(_raw(literal, modifiers))]
    return [tokens]


def _is_dash(tokens: list[Token], position: int) -> bool:
    def word(at: int) -> bool:
        return (
            0 <= at < len(tokens)
            and tokens[at][0] == "text"
            and (tokens[at][1].isalnum() or tokens[at][1] == "_")
        )

    return (
        tokens[position] in (("text", "-"), ("text", "/")) and not word(position - 1) and word(position + 1)
    )


def _raw(literal: str, modifiers: list[str]) -> bytes:
    wide = {"wide", "utf16le", "utf16be", "utf16"} & set(modifiers)
    return literal.encode("latin-1" if wide else "utf-8")


def _offsets(data: bytes) -> list[str]:
    """The characters of base64 text that depend on nothing but `data`, at each of the three alignments."""
    found = []
    for before in range(3):
        first = -(-before * 8 // 6)
        last = (before + len(data)) * 8 // 6
        found.append(base64.b64encode(bytes(before) + data + bytes(3)).decode()[first:last])
    return found


def _glob(tokens: list[Token], cased: bool) -> Test:
    runs = itertools.groupby(tokens, key=lambda token: token if token[0] == "wild" else "text")
    pattern = ""
    for kind, run in runs:
        text = "".join(character for _, character in run)
        if kind == "text":
            pattern += re.escape(text if cased else text.lower())
        else:
            pattern += ".*" if "*" in text else "." * len(text)
    whole = re.compile(pattern, re.S)
    return lambda text: whole.fullmatch(text if cased else text.lower()) is not None


def as_number(text: str) -> float | None:
    """The number a text is: decimal, or hexadecimal after 0x."""
    sign, digits = (text[0], text[1:]) if text[:1] in ("+", "-") and text else ("", text)
    if (
        text[:2].lower() == "0x"
        and 0 < len(text) - 2 <= 16
        and set(text[2:]) <= set("0123456789abcdefABCDEF")
    ):
        return int(text, 16)
    whole, point, part = digits.partition(".")
    decimal = set("0123456789")
    if (
        not whole
        or len(whole) > 30
        or not set(whole + part) <= decimal
        or (point and not 0 < len(part) <= 30)
    ):
        return None
    return float(sign + digits)


def _time_part(text: str, part: str) -> int | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.isocalendar()[1] if part == "week" else int(getattr(time, part))


def _in_network(text: str, network: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    wanted = ipaddress.ip_network(network)
    if address.version == 6 and wanted.version == 4:
        mapped = address.ipv4_mapped
        return mapped is not None and mapped in wanted
    return address in wanted
