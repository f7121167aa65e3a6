# SPDX-License-Identifier: Apache-2.0
"""From hits to findings: with their places, one for each host, sorted, under stable ids."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hikeshi.codecs.times import iso

Place = tuple[str, str | None]
MISSING_LAST = "9999"


def findings(
    hits: Iterable[Mapping[str, Any]], places: Mapping[str, Sequence[Place]]
) -> list[dict[str, Any]]:
    """Findings of all hits; `places` gives for each item its (path, host), sorted."""
    made = {finding["id"]: finding for hit in hits for finding in of_hit(hit, places)}
    return sorted(made.values(), key=_order)


def correlated(
    hits: Iterable[Mapping[str, Any]], places: Mapping[str, Sequence[Place]]
) -> Iterator[dict[str, Any]]:
    """Rows of the table `correlated`: every record under a finding that rests on several."""
    for hit in hits:
        for finding in of_hit(hit, places) if hit.get("others") else ():
            yield from ({"finding": finding["id"], **other} for other in hit["others"])


def of_hit(hit: Mapping[str, Any], all_places: Mapping[str, Sequence[Place]]) -> Iterator[dict[str, Any]]:
    """A hit's findings: an event names its host itself; anything else belongs to every host its item was found on."""
    places = all_places[hit["item"]]
    elsewhere = sorted({all_places[other["item"]][0][0] for other in hit.get("others", ())})
    hosts = (
        [hit["host"]] if hit["host"] else sorted({host for _, host in places}, key=lambda host: host or "")
    )
    for host in hosts:
        here = [path for path, at in places if hit["host"] or at == host]
        also = [*here[1:], *(path for path in elsewhere if path not in here)]
        where = {"offset": hit["offset"]} if hit["record"] is None else {"record": hit["record"]}
        finding = {
            "time": iso(hit["time"]),
            "time_text": hit["time_text"],
            "host": host,
            "user": hit["user"],
            "family": hit["family"],
            "function": hit["function"],
            "techniques": list(hit["techniques"]),
            "grade": hit["grade"],
            "message": hit["message"],
            "fields": dict(hit["fields"]),
            "rule": hit["rule"],
            "evidence": {"id": hit["item"], "path": here[0], **where},
            "also": also,
        }
        yield {"id": _id(finding), **finding}


def _id(finding: Mapping[str, Any]) -> str:
    """Stable under rewording, regrading and a second place: what was found, by which rule, where in which bytes."""
    evidence = finding["evidence"]
    rule = finding["rule"]["id"] if finding["rule"] else None
    identity = [finding[key] for key in ("host", "family", "function", "message")]
    identity += [rule, evidence["id"], evidence.get("record"), evidence.get("offset")]
    if rule is None or finding["rule"]["kind"] == "sigma-correlation":
        identity.append(finding["fields"])
    return "f-" + hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def _order(finding: Mapping[str, Any]) -> tuple[str, ...]:
    return (finding["time"] or MISSING_LAST, finding["host"] or "", finding["message"], finding["id"])
