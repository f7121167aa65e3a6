# SPDX-License-Identifier: Apache-2.0
"""Indicators of STIX 2.1 bundles: equality comparisons of their patterns, each value on its own.

Source: STIX Version 2.1 (OASIS Standard, 10 June 2021), sections 4.7 (indicator) and 9 (patterning).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from hikeshi.detect.indicators.sets import Refused, Said

Object = Mapping[str, Any]

_COMPARISON = re.compile(
    r"([a-z0-9-]{2,60}:(?:[\w.\-\[\]*]|'[^']{1,60}'){1,120})\s{0,20}(NOT\s{1,20})?"
    r"(=|!=|<=|>=|<|>|LIKE\b|MATCHES\b|IN\b|ISSUBSET\b|ISSUPERSET\b)\s{0,20}"
    r"(?:t?'((?:[^'\\]|\\.){0,4096}+)'|(\((?:[^'()]|'(?:[^'\\]|\\.){0,4096}+'){0,10000}+\)))?"
)
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*+)'")
_JOINED = re.compile(r"\b(?:AND|FOLLOWEDBY)\b")
# A value that counts only together with others says less on its own.
PART = 20

_PATHS: MappingProxyType[str, str] = MappingProxyType(
    {
        "ipv4-addr:value": "ip",
        "ipv6-addr:value": "ip",
        "domain-name:value": "domain",
        "url:value": "url",
        "email-addr:value": "email",
        "email-message:from_ref.value": "email",
        "email-message:sender_ref.value": "email",
        "email-message:subject": "subject",
        "file:name": "filename",
        "directory:path": "path",
        "file:parent_directory_ref.path": "path",
        "windows-registry-key:key": "registry",
        "mutex:name": "mutex",
    }
)
_HASHES = MappingProxyType({"md5": "md5", "sha1": "sha1", "sha256": "sha256", "imphash": "imphash"})
_HASHED = re.compile(r"(?:file|artifact|x509-certificate):(?:[\w.\[\]*'-]+\.)?hashes\.'?([\w-]+)'?")
_REMOTE = re.compile(r"network-traffic:(?:dst|src)_ref\.value")
_AGENT = re.compile(r"network-traffic:.*user-agent.*", re.IGNORECASE)
_OBSERVED = MappingProxyType(
    {
        **dict.fromkeys(("ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr"), "value"),
        "mutex": "name",
        "windows-registry-key": "key",
        "file": "name",
    }
)


def objects(found: Any) -> list[Object]:
    """The objects of a bundle, an envelope or a bare list; empty when it is none."""
    listed = found.get("objects") if isinstance(found, dict) else found
    if not isinstance(listed, list):
        return []
    return [each for each in listed if isinstance(each, dict) and isinstance(each.get("type"), str)]


def read(path: str, found: Sequence[Object]) -> Iterator[Said | Refused]:
    """Every value of every indicator; of a bundle without indicators, the observed values."""
    names = {each.get("id"): _text(each.get("name")) for each in found}
    indicators = [each for each in found if each["type"] == "indicator"]
    for number, each in enumerate(indicators):
        source = f"{path}:{_text(each.get('id')) or number}"
        if each.get("revoked") is True:
            yield Refused(source, "its source has revoked it")
        elif each.get("pattern_type", "stix") != "stix" or not isinstance(each.get("pattern"), str):
            yield Refused(
                source, f"patterns of the type {_text(each.get('pattern_type'))!r} are not understood"
            )
        else:
            yield from _pattern(source, each, names)
    if not indicators:
        for number, each in enumerate(found):
            yield from _observed(f"{path}:{_text(each.get('id')) or number}", each)


def _pattern(source: str, indicator: Object, names: Mapping[Any, str | None]) -> Iterator[Said | Refused]:
    stated = indicator.get("confidence")
    confidence = stated if isinstance(stated, int) and 0 <= stated <= 100 else None
    pattern = indicator["pattern"]
    if _JOINED.search(_TEXT.sub("''", pattern)):
        confidence = min(PART, PART if confidence is None else confidence)
    marks = [names.get(ref) for ref in _list(indicator.get("object_marking_refs"))]
    about: dict[str, Any] = {
        "confidence": confidence,
        "note": _text(indicator.get("name")) or _text(indicator.get("description")),
        "author": names.get(indicator.get("created_by_ref")),
        "marking": ", ".join(filter(None, marks)),
        "until": _text(indicator.get("valid_until")),
    }
    met = False
    for place, negated, sign, value, listed in _COMPARISON.findall(pattern):
        met = True
        kind = _kind(place)
        if kind is None:
            yield Refused(source, f"values of {place!r} are not searched for")
        elif negated or sign not in ("=", "IN", *(["ISSUBSET"] if kind == "ip" else [])):
            yield Refused(source, f"the comparison {(negated + sign).strip()!r} is not understood")
        else:
            for text in _TEXT.findall(listed) if listed else [value]:
                yield Said(source, re.sub(r"\\(.)", r"\1", text), kind, **about)
    if not met:
        yield Refused(source, "the pattern compares nothing")


def _kind(place: str) -> str | None:
    if hashed := _HASHED.fullmatch(place):
        return _HASHES.get(hashed[1].lower().replace("-", ""))
    if _REMOTE.fullmatch(place):
        return "domain"
    return "user-agent" if _AGENT.fullmatch(place) else _PATHS.get(place)


def _observed(source: str, each: Object) -> Iterator[Said]:
    kind, name = each["type"], _OBSERVED.get(each["type"])
    if name and _text(each.get(name)):
        yield Said(source, each[name], _PATHS[f"{kind}:{name}"], confidence=PART)
    hashes = each.get("hashes")
    for algorithm, value in hashes.items() if isinstance(hashes, dict) else ():
        known = _HASHES.get(str(algorithm).lower().replace("-", ""))
        if known and isinstance(value, str):
            yield Said(source, value, known, confidence=PART)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _list(value: Any) -> list[Any]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
