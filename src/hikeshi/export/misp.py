# SPDX-License-Identifier: Apache-2.0
"""share/misp.json: one MISP event (core format, misp-rfc), unpublished, for the own organisation only."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from hikeshi.codecs.escape import plain
from hikeshi.export.allowed import Value
from hikeshi.export.share import NAMESPACE, Seen, Shared, SharedRule, credit, warning
from hikeshi.words import attack

INFO, VALUE = 255, 1_000
OWN_ORGANISATION, INHERIT = "0", "5"
UNDEFINED, ONGOING = "4", "1"
_TYPES = {"ipv4": "ip-dst", "ipv6": "ip-dst", "domain": "domain", "url": "url"}
_SETTINGS = {
    "mutex": ("Artifacts dropped", "mutex"),
    "user_agent": ("Network activity", "user-agent"),
    "campaign": ("Attribution", "campaign-name"),
}

Attribute = dict[str, Any]


def event(shared: Shared) -> bytes:
    """The event of everything shared."""
    first, last = shared.hours
    attributes = [_indicator(shared, family, value, seen) for family, value, seen in shared.indicators()]
    for family in sorted(shared.families):
        attributes += [_setting(shared, family, value, seen) for value, seen in shared.settings(family)]
    attributes += [_rule(shared, rule, shared.rules[rule]) for rule in sorted(shared.rules, key=str)]
    families = ", ".join(sorted(shared.families)) or "rule matches"
    content = {
        "info": plain(f"hikeshi {shared.version}: {families}", INFO),
        "date": first[:10],
        "timestamp": _seconds(last),
        "published": False,
        "analysis": ONGOING,
        "threat_level_id": UNDEFINED,
        "distribution": OWN_ORGANISATION,
        "Orgc": {"name": "hikeshi", "uuid": str(uuid.uuid5(NAMESPACE, "organisation"))},
        "Tag": [{"name": name} for name in _tags(shared)],
        "Attribute": attributes,
    }
    whole = {"Event": {"uuid": _uuid("event", content), **content}}
    return (json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _tags(shared: Shared) -> list[str]:
    techniques = sorted({technique for _, technique in shared.techniques})
    cluster = 'misp-galaxy:mitre-attack-pattern="{} - {}"'
    tags = [cluster.format(_own_name(technique), technique) for technique in techniques]
    return [f"tlp:{shared.tlp.lower()}", *tags]


def _own_name(technique: str) -> str:
    found = attack.technique(technique)
    return found.name if found else technique


def _uuid(kind: str, content: Any) -> str:
    return str(uuid.uuid5(NAMESPACE, kind + json.dumps(content, sort_keys=True)))


def _seconds(hour: str) -> str:
    return str(int(datetime.fromisoformat(f"{hour}:00:00").replace(tzinfo=UTC).timestamp()))


def _attribute(shared: Shared, seen: Seen, category: str, kind: str, value: str, comment: str) -> Attribute:
    """One attribute; only what is seen on a network or is a file's hash goes to detection systems."""
    hours = {"first_seen": seen.first, "last_seen": seen.last}
    content = {
        "category": category,
        "type": kind,
        "value": plain(value, VALUE),
        "to_ids": kind in _DETECTED,
        "comment": plain(comment, VALUE),
        "distribution": INHERIT,
        "timestamp": _seconds(seen.last or shared.hours[1]),
        **{name: f"{hour}:00:00+00:00" for name, hour in hours.items() if hour},
    }
    return {"uuid": _uuid("attribute", content), **content}


_DETECTED = frozenset([*_TYPES.values(), "ip-dst|port", "hostname|port", "md5", "sha1", "sha256"])


def _indicator(shared: Shared, family: str, value: Value, seen: Seen) -> Attribute:
    comment = f"{family}; {seen.grade}; {warning(value)}"
    if value.kind not in _TYPES:
        return _attribute(shared, seen, "Payload delivery", value.kind, value.text, comment)
    kind, text = _TYPES[value.kind], value.text
    if value.port and value.kind != "url":
        kind, text = f"{'hostname' if kind == 'domain' else kind}|port", f"{text}|{value.port}"
    return _attribute(shared, seen, "Network activity", kind, text, comment)


def _setting(shared: Shared, family: str, value: Value, seen: Seen) -> Attribute:
    category, kind = _SETTINGS.get(value.kind, ("Other", "text"))
    return _attribute(shared, seen, category, kind, value.text, f"{family}; {seen.grade}; {value.kind}")


def _rule(shared: Shared, rule: SharedRule, seen: Seen) -> Attribute:
    """A rule that matched: MISP's types sigma and yara hold a rule's whole text, so its name goes as text."""
    comment = f"{rule.kind} rule that matched; {credit(rule)}"
    return _attribute(shared, seen, "Other", "text", rule.id, comment)
