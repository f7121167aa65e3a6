# SPDX-License-Identifier: Apache-2.0
"""The state of a case at a moment, small enough to keep beside a report and to compare the next one with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from hikeshi.case.saved import Saved
from hikeshi.report.clock import moment
from hikeshi.report.found import STRENGTH, WEAKEST, contact
from hikeshi.report.matrix import NOT_EXAMINABLE

SCHEMA = "hikeshi.stage/1"
STAGES = ("first", "update", "final")
# Functions that take something away; design's list of functions.
STEALING = (
    "credential-theft",
    "form-theft",
    "mail-theft",
    "password-sniffing",
    "session-theft",
    "wallet-theft",
    "keylogging",
    "clipboard-capture",
    "screen-capture",
    "audio-capture",
    "file-from-victim",
)
HASHES = frozenset({"sha256", "sha1", "md5"})
FIRM = STRENGTH["strong"]


@dataclass
class Use:
    """One function on one machine: strongest grade, count, first and last trace (UTC)."""

    grade: str
    count: int = 0
    first: str = ""
    last: str = ""


@dataclass
class Host:
    """One machine: strongest grade, whether a stealing function ran and whether it reached outside."""

    grade: str = ""
    first: str = ""
    last: str = ""
    stealing: str = "unknown"
    contact: str = "unknown"
    functions: dict[str, Use] = field(default_factory=dict)
    families: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)


@dataclass
class Indicator:
    """Something of the attacker's to look for: kind, value, on how many machines, first and last seen."""

    kind: str
    value: str
    hosts: list[str]
    first: str = ""
    last: str = ""


@dataclass
class Snapshot:
    """The state of a case as of a moment; `later` counts findings after it, which are left out."""

    number: int
    stage: str
    as_of: str
    hosts: dict[str, Host]
    indicators: list[Indicator]
    findings: list[str]
    lost: dict[str, int]
    gaps: int
    later: int
    schema: str = SCHEMA

    def as_json(self) -> dict[str, Any]:
        """Plain data for stage.json."""
        return asdict(self)


def read(data: Mapping[str, Any]) -> Snapshot:
    """A snapshot from stage.json."""
    hosts = {
        name: Host(**{**host, "functions": {key: Use(**use) for key, use in host["functions"].items()}})
        for name, host in data["hosts"].items()
    }
    return Snapshot(
        **{**data, "hosts": hosts, "indicators": [Indicator(**one) for one in data["indicators"]]}
    )


def snapshot(saved: Saved, number: int, stage: str, as_of: datetime) -> Snapshot:
    """What the packs found up to a moment, what could not be read, and what could not be examined."""
    aliases = {
        a: row["host"] for row in saved.rows("SELECT host, aliases FROM hosts") for a in row["aliases"] or ()
    }
    hosts: dict[str, Host] = {
        row["host"]: Host() for row in saved.rows("SELECT host FROM hosts ORDER BY host")
    }
    seen: dict[tuple[str, str], Indicator] = {}
    kept, later = [], 0
    for finding in saved.findings():
        if not finding["family"] and not finding["function"]:
            continue
        at = moment(finding["time"])
        if at and at > as_of:
            later += 1
            continue
        kept.append(finding["id"])
        name = aliases.get(finding["host"] or "", finding["host"] or "")
        _take(hosts.setdefault(name, Host()), finding)
        _indicators(seen, name, finding)
    for row in saved.rows("SELECT host, function, grade FROM functions ORDER BY host, function"):
        if row["grade"] == NOT_EXAMINABLE and row["host"] in hosts:
            _once(hosts[row["host"]].closed, row["function"])
    lost: dict[str, int] = {}
    for issue in saved.issues():
        lost[issue["reason"]] = lost.get(issue["reason"], 0) + max(issue["records"], 1)
    gaps = saved.rows("SELECT count(*) AS n FROM gaps")[0]["n"]
    made = [seen[key] for key in sorted(seen)]
    return Snapshot(
        number, stage, as_of.isoformat(), hosts, made, sorted(kept), dict(sorted(lost.items())), gaps, later
    )


def _take(host: Host, finding: Mapping[str, Any]) -> None:
    time, grade, function = finding["time"] or "", finding["grade"], finding["function"]
    host.grade = _stronger(host.grade, grade)
    host.first, host.last = _span(host.first, host.last, time)
    if finding["family"]:
        _once(host.families, finding["family"])
    if function:
        use = host.functions.setdefault(function, Use(grade))
        use.grade = _stronger(use.grade, grade)
        use.count += 1
        use.first, use.last = _span(use.first, use.last, time)
        if function in STEALING:
            host.stealing = (
                "ran" if STRENGTH.get(use.grade, WEAKEST) <= FIRM or host.stealing == "ran" else "traces"
            )
    if any(_far(key) and value for key, value in finding["fields"].items()):
        host.contact = "made" if STRENGTH.get(grade, WEAKEST) <= FIRM or host.contact == "made" else "traces"


def _indicators(seen: dict[tuple[str, str], Indicator], host: str, finding: Mapping[str, Any]) -> None:
    for key, text in finding["fields"].items():
        if not (_far(key) or key in HASHES):
            continue
        for value in filter(None, str(text).split("\n")):
            one = seen.setdefault((key, value), Indicator(key, value, []))
            _once(one.hosts, host)
            one.first, one.last = _span(one.first, one.last, finding["time"] or "")


def _far(key: str) -> bool:
    """Whether a field names the far end of a contact; settings such as config_table_address do not."""
    return contact(key) and "password" not in key and not key.startswith("config_")


def _stronger(one: str, other: str) -> str:
    return min((one, other), key=lambda grade: STRENGTH.get(grade, WEAKEST)) if one else other


def _span(first: str, last: str, time: str) -> tuple[str, str]:
    if not time:
        return first, last
    return min(first or time, time), max(last or time, time)


def _once(values: list[str], value: str) -> None:
    if value not in values:
        values.append(value)
        values.sort()


def counts(values: Iterable[str]) -> dict[str, int]:
    """How often each state occurs."""
    found: dict[str, int] = {}
    for value in values:
        found[value] = found.get(value, 0) + 1
    return found
