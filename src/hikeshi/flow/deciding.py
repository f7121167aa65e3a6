# SPDX-License-Identifier: Apache-2.0
"""Which hits become findings: joined by what packs conclude, within the asked range, not suppressed."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hikeshi.case import findings as case_findings
from hikeshi.codecs.times import iso
from hikeshi.detect.suppress import Entry, Matcher, Suppressions
from hikeshi.families import Pack, entry, packs, surviving
from hikeshi.flow.options import Options
from hikeshi.pack import Machine
from hikeshi.schema import Grade, Hit, Rule

Row = dict[str, Any]
Hits = Sequence[Mapping[str, Any]]
Places = Mapping[str, Sequence[case_findings.Place]]


@dataclass(frozen=True)
class Decided:
    """Findings and what they rest on; what was suppressed, by which entry; how many lie outside the range."""

    findings: list[Row]
    correlated: list[Row]
    suppressed: list[Row]
    entries: list[Row]
    outside: int


def decide(
    hits: Hits, places: Places, machines: Sequence[Machine], options: Options, suppressions: Suppressions
) -> Decided:
    """Join, leave out what is only a clue, restrict to the range, suppress."""
    matcher = suppressions.matcher()
    clues = {message for pack in packs() for message in pack.clues}
    said = (hit for hit in hits if hit["message"] not in clues)
    every = list(surviving([*said, *_joined(hits, places, machines, matcher)]))
    inside = [hit for hit in every if _within(hit, options)]
    outside = [hit for hit in every if not _within(hit, options)] if len(inside) < len(every) else []
    kept, suppressed = [], []
    counts: Counter[str] = Counter()
    for finding in case_findings.findings(inside, places):
        found = matcher.entry(finding)
        if found is None:
            kept.append(finding)
        else:
            counts[found.place] += 1
            suppressed.append(_suppressed(finding, found))
    return Decided(
        findings=kept,
        correlated=list(case_findings.correlated(inside, places)),
        suppressed=suppressed,
        entries=[_entry(each, counts[each.place]) for each in suppressions.entries],
        outside=len(case_findings.findings(outside, places)),
    )


def _within(hit: Mapping[str, Any], options: Options) -> bool:
    """Whether a record under the hit lies in the range; what has no time is kept."""
    times = [iso(time) for time in (hit["time"], *(other["time"] for other in hit.get("others", ())))]
    dated = [time for time in times if time is not None]
    first, last = options.start or "", options.end or "~"
    return not dated or any(first <= time <= last for time in dated)


def own_hits(pack: Pack, hits: Hits, places: Places) -> list[Hit]:
    """A pack's own hits; one without a machine gets that of its item, where the evidence names just one."""
    return [
        _hit({**hit, "host": hit["host"] or _only_host(places[hit["item"]])})
        for hit in hits
        if hit["family"] == pack.family and hit["message"].startswith(f"{pack.name}.")
    ]


def _only_host(places: Sequence[case_findings.Place]) -> str | None:
    hosts = {host for _, host in places}
    return hosts.pop() if len(hosts) == 1 else None


def _joined(hits: Hits, places: Places, machines: Sequence[Machine], matcher: Matcher) -> Iterator[Row]:
    """What a pack concludes from its own hits together; those that are all suppressed prove nothing."""
    for pack in packs():
        join = entry(pack, "join")
        if join:
            kept = [hit for hit in hits if not all(map(matcher.entry, case_findings.of_hit(hit, places)))]
            own = own_hits(pack, kept, places)
            yield from (dataclasses.asdict(joined) for joined in join(own, machines))


def _hit(hit: Mapping[str, Any]) -> Hit:
    rule = Rule(**hit["rule"]) if hit["rule"] else None
    return Hit(**{**hit, "grade": Grade(hit["grade"]), "rule": rule})


def _suppressed(finding: Mapping[str, Any], entry: Entry) -> Row:
    """A finding as a row of the table `suppressed`."""
    evidence, time = finding["evidence"], finding["time"]
    same = ("time_text", "host", "user", "family", "function", "grade", "message")
    return {
        "finding": finding["id"],
        "time": None if time is None else datetime.fromisoformat(time),
        **{key: finding[key] for key in same},
        "fields": list(finding["fields"].items()),
        "rule": finding["rule"]["id"] if finding["rule"] else None,
        "item": evidence["id"],
        "record": evidence.get("record"),
        "offset": evidence.get("offset"),
        "path": evidence["path"],
        "entry": entry.place,
        "reason": entry.reason,
        "expires": entry.expires,
    }


def _entry(entry: Entry, findings: int) -> Row:
    """An entry as case.json names it, with how many findings it suppressed."""
    conditions = {condition.key: list(condition.patterns) for condition in entry.conditions}
    said = {"entry": entry.place, "reason": entry.reason, "expires": entry.expires}
    return {**said, "conditions": conditions, "findings": findings}
