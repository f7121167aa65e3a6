# SPDX-License-Identifier: Apache-2.0
"""share/bundle.stix.json: STIX 2.1 (OASIS Standard, 10 June 2021) as plain mappings.

An object's id is a UUIDv5 of its content: the same case gives the same bytes, and changed content never comes
under an old id. TLP 2.0 markings are OASIS's own (cti-stix-common-objects, extension 60a3c5c5).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from hikeshi.codecs.escape import plain
from hikeshi.export.allowed import Value
from hikeshi.export.share import CONFIDENCE, NAMESPACE, Seen, Shared, SharedRule, credit, warning
from hikeshi.words import attack

# STIX 2.1, section 2.9: the namespace of the ids of cyber-observable objects.
OBSERVABLES = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP = {
    "CLEAR": "94868c89-83c2-464b-929b-a1a8aa3c8487",
    "GREEN": "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "AMBER": "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "AMBER+STRICT": "939a9414-2ddd-4d32-a0cd-375ea402b003",
    "RED": "e828b379-4e03-4974-9ac4-e53a884c97c1",
}
_OBSERVABLE = {"ipv4": "ipv4-addr", "ipv6": "ipv6-addr", "domain": "domain-name", "url": "url"}
_HASH = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256"}
LONG = 1_000

Object = dict[str, Any]


def bundle(shared: Shared) -> bytes:
    """The bundle of everything shared."""
    marking = _marking(shared.tlp)
    made = [_finish(shape, marking["id"]) for shape in _shapes(shared)]
    linked = [*made, *(_finish(link, marking["id"]) for link in _links(shared, made))]
    linked = sorted({o["id"]: o for o in linked}.values(), key=lambda o: (o["type"], o["id"]))
    objects = [marking, *linked]
    if linked:
        objects.append(_finish(_grouping(shared, linked), marking["id"]))
    whole = {"type": "bundle", "id": _id("bundle", objects), "objects": objects}
    return (json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _marking(tlp: str) -> Object:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{TLP[tlp]}",
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{tlp}",
        "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp.lower()}},
    }


def _id(kind: str, content: Any) -> str:
    return f"{kind}--{uuid.uuid5(NAMESPACE, kind + json.dumps(content, sort_keys=True))}"


def _finish(shape: Mapping[str, Any], marking: str) -> Object:
    """The object with the id of its content, its marking and the version of the standard."""
    made = {"spec_version": "2.1", **shape, "object_marking_refs": [marking]}
    return made if "id" in made else {**made, "id": _id(made["type"], made)}


def when(hour: str) -> str:
    """An hour as a STIX timestamp."""
    return f"{hour}:00:00.000Z"


def _dates(shared: Shared, seen: Seen | None = None) -> Object:
    first, last = shared.hours
    if seen and seen.first and seen.last:
        first, last = seen.first, seen.last
    return {"created": when(first), "modified": when(last)}


def _shapes(shared: Shared) -> Iterator[Object]:
    for family, seen in sorted(shared.families.items()):
        yield {"type": "malware", "name": family, "is_family": True, **_dates(shared, seen), **_span(seen)}
    for technique in sorted({technique for _, technique in shared.techniques}):
        yield {
            "type": "attack-pattern",
            "name": plain(attack.full_name(technique), LONG),
            "external_references": [_mitre(technique)],
            **_dates(shared),
        }
    observables = {value.text: _observable(value) for _, value, _ in shared.indicators()}
    yield from (observables[text_] for text_ in sorted(observables))
    for family, value, seen in shared.indicators():
        yield _indicator(shared, family, value, seen)


def _span(seen: Seen) -> Object:
    return {"first_seen": when(seen.first), "last_seen": when(seen.last)} if seen.first and seen.last else {}


def _mitre(technique: str) -> Object:
    url = f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/"
    return {"source_name": "mitre-attack", "external_id": technique, "url": url}


def _observable(value: Value) -> Object:
    if value.kind in _HASH:
        content: Object = {"hashes": {_HASH[value.kind]: value.text}}
        kind = "file"
    else:
        content, kind = {"value": value.text}, _OBSERVABLE[value.kind]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {"type": kind, "id": f"{kind}--{uuid.uuid5(OBSERVABLES, canonical)}", **content}


def _indicator(shared: Shared, family: str, value: Value, seen: Seen) -> Object:
    return {
        "type": "indicator",
        "name": _name(family, value),
        "description": warning(value),
        "indicator_types": ["malicious-activity"],
        "pattern": _pattern(value),
        "pattern_type": "stix",
        "confidence": CONFIDENCE[seen.grade],
        "valid_from": when(seen.first or shared.hours[0]),
        **_dates(shared, seen),
    }


def _name(family: str, value: Value) -> str:
    port = f" port {value.port}" if value.port else ""
    return plain(f"{family}: {value.kind} {value.text}{port}", LONG)


def _pattern(value: Value) -> str:
    quoted = value.text.replace("\\", "\\\\").replace("'", "\\'")
    if value.kind in _HASH:
        return f"[file:hashes.'{_HASH[value.kind]}' = '{quoted}']"
    return f"[{_OBSERVABLE[value.kind]}:value = '{quoted}']"


def _links(shared: Shared, made: list[Object]) -> Iterator[Object]:
    """Relationships of families to techniques, indicators and places, and notes on their configuration."""
    malware = {o["name"]: o["id"] for o in made if o["type"] == "malware"}
    patterns = (o for o in made if o["type"] == "attack-pattern")
    technique_ids = {o["external_references"][0]["external_id"]: o["id"] for o in patterns}
    indicator = {o["name"]: o["id"] for o in made if o["type"] == "indicator"}
    for (family, technique), seen in sorted(shared.techniques.items()):
        if family:
            yield _relation(shared, malware[family], "uses", technique_ids[technique], seen)
    for family, value, seen in shared.indicators():
        yield _relation(shared, indicator[_name(family, value)], "indicates", malware[family], seen)
        if value.kind not in _HASH:
            yield _relation(shared, malware[family], "communicates-with", _observable(value)["id"], seen)
    for family in sorted(shared.families):
        yield from (_note(shared, malware[family], value, seen) for value, seen in shared.settings(family))


def _relation(shared: Shared, source: str, kind: str, target: str, seen: Seen) -> Object:
    ends = {"source_ref": source, "relationship_type": kind, "target_ref": target}
    return {"type": "relationship", **ends, "confidence": CONFIDENCE[seen.grade], **_dates(shared, seen)}


def _note(shared: Shared, malware: str, value: Value, seen: Seen) -> Object:
    content = {"abstract": f"configuration: {value.kind}", "content": plain(value.text, LONG)}
    return {"type": "note", **content, "object_refs": [malware], **_dates(shared, seen)}


def _grouping(shared: Shared, objects: list[Object]) -> Object:
    rules = [_rule(rule) for rule in sorted(shared.rules, key=str)]
    return {
        "type": "grouping",
        "name": f"hikeshi {shared.version}: " + (", ".join(sorted(shared.families)) or "rule matches"),
        "description": plain(attack.notice(), 2 * LONG),
        "context": "malware-analysis",
        "object_refs": [o["id"] for o in objects],
        **({"external_references": rules} if rules else {}),
        **_dates(shared),
    }


def _rule(rule: SharedRule) -> Object:
    words = credit(rule)
    about = {"description": plain(words, LONG)} if words else {}
    return {"source_name": rule.kind, "external_id": rule.id, **about}
