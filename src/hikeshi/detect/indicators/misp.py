# SPDX-License-Identifier: Apache-2.0
"""Indicators of MISP events: their attributes and those of their objects.

Source: MISP core format (draft-dulaunoy-misp-core-format), the list of attribute types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from hikeshi.detect.indicators.sets import Refused, Said

# An attribute that its author does not mean for detection is context.
CONTEXT = 20

_TYPES: MappingProxyType[str, tuple[str | None, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("ip-src", "ip-dst"), ("ip",)),
        **dict.fromkeys(("ip-src|port", "ip-dst|port"), ("ip", None)),
        **dict.fromkeys(("domain", "hostname"), ("domain",)),
        "hostname|port": ("domain", None),
        "domain|ip": ("domain", "ip"),
        **dict.fromkeys(("url", "uri"), ("url",)),
        **dict.fromkeys(("email", "email-src", "email-dst", "email-reply-to", "target-email"), ("email",)),
        "email-subject": ("subject",),
        **dict.fromkeys(("filename", "email-attachment", "attachment"), ("filename",)),
        **{kind: (kind,) for kind in ("md5", "sha1", "sha256", "imphash")},
        **{f"filename|{kind}": ("filename", kind) for kind in ("md5", "sha1", "sha256", "imphash")},
        "malware-sample": ("filename", "md5"),
        "regkey": ("registry",),
        "regkey|value": ("registry", None),
        "mutex": ("mutex",),
        "named pipe": ("pipe",),
        "user-agent": ("user-agent",),
        "x509-fingerprint-sha1": ("sha1",),
        "x509-fingerprint-sha256": ("sha256",),
        "x509-fingerprint-md5": ("md5",),
    }
)


def events(found: Any) -> list[Mapping[str, Any]]:
    """The events of one event, a list of them or an answer of a server; empty when there is none."""
    if isinstance(found, dict) and "response" in found:
        found = found["response"]
    listed = found if isinstance(found, list) else [found]
    opened = [each.get("Event", each) for each in listed if isinstance(each, dict)]
    return [each for each in opened if isinstance(each, dict) and ("Attribute" in each or "Object" in each)]


def read(path: str, event: Mapping[str, Any]) -> Iterator[Said | Refused]:
    """Every value of an event."""
    orgc = event.get("Orgc")
    author = _text(orgc.get("name")) if isinstance(orgc, dict) else None
    marking = ", ".join(tag for tag in _tags(event) if tag.lower().startswith("tlp:"))
    info = _text(event.get("info"))
    for number, attribute in enumerate(_attributes(event)):
        source = f"{path}:{_text(attribute.get('uuid')) or number}"
        kinds, value = _TYPES.get(str(attribute.get("type"))), _text(attribute.get("value"))
        if attribute.get("deleted") is True:
            yield Refused(source, "its source has deleted it")
        elif kinds is None or value is None:
            yield Refused(
                source, f"values of the type {str(attribute.get('type'))[:80]!r} are not searched for"
            )
        else:
            confidence = CONTEXT if attribute.get("to_ids") in (False, 0, "0") else None
            note = _text(attribute.get("comment")) or info
            parts = value.split("|", len(kinds) - 1)
            for kind, text in zip(kinds, parts, strict=False):
                if kind:
                    yield Said(source, text, kind, confidence, note, author, marking)


def _attributes(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for holder in (event, *_list(event.get("Object"))):
        yield from _list(holder.get("Attribute"))


def _tags(event: Mapping[str, Any]) -> Iterator[str]:
    for tag in _list(event.get("Tag")):
        if name := _text(tag.get("name")):
            yield name


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
