# SPDX-License-Identifier: Apache-2.0
"""A saved case as the report prints it: numbers, names and ids, no sentence and no language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hikeshi.case.saved import Saved
from hikeshi.report.arrived import Arrived, arrived
from hikeshi.report.clock import Clock
from hikeshi.report.custody import Custody, custody
from hikeshi.report.examined import Examined, examined
from hikeshi.report.found import FoundRow
from hikeshi.report.limits import Loss, losses
from hikeshi.report.matrix import Absent, FamilyMatrix, absent, matrices
from hikeshi.report.network import Network, network
from hikeshi.report.range import Range, asked
from hikeshi.report.strip import Strip, strip
from hikeshi.report.summary import Summary, summary
from hikeshi.report.tally import EPOCH, LAST, Tally, Technique, Use, at
from hikeshi.report.timeline import Gap, Timeline, gaps, timeline
from hikeshi.report.unjudged import Unjudged, unjudged
from hikeshi.words import FUNCTIONS

HITS = 300
TECHNIQUES = 300
GAPS = 200
TLP = ("TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR")
DEFAULT_TLP = TLP[1]


@dataclass(frozen=True)
class MessageGroup:
    """The pack findings that say the same; `findings` are those that are shown."""

    message: str
    use: Use
    findings: list[FoundRow]


@dataclass(frozen=True)
class Model:
    """Everything the templates print."""

    account: Mapping[str, Any]
    clock: Clock
    tlp: str
    summary: Summary
    arrived: list[Arrived]
    examined: Examined
    own_rules_only: bool
    hosts: int
    matrices: list[FamilyMatrix]
    timeline: Timeline
    strip: Strip | None
    network: Network | None
    tally: Tally
    families: list[tuple[str | None, list[MessageGroup]]]
    hits: list[tuple[str, list[tuple[str | None, Use]]]]
    hits_shown: int
    techniques: list[Technique]
    losses: list[Loss]
    gaps: list[Gap]
    absent: list[Absent]
    unjudged: Unjudged
    custody: Custody
    range: Range | None
    suppress: Mapping[str, Any]
    suppressed: int

    @property
    def offset(self) -> str:
        """Distance of the zone from UTC, at the earliest trace where there is one."""
        return self.clock.offset(self.summary.since or EPOCH)


def model(saved: Saved, zone: str) -> Model:
    """Read and count a case."""
    account = saved.account
    hosts = saved.rows("SELECT host, aliases FROM hosts ORDER BY host")
    machines = {alias: row["host"] for row in hosts for alias in row["aliases"] or ()}
    clock = Clock(zone)
    tally = Tally(clock, frozenset(pack["name"] for pack in account["tool"]["packs"]), machines)
    tally.take(saved.findings())
    functions = _timed(saved.rows(FUNCTIONS_SQL), "first", "last")
    functions.sort(
        key=lambda row: (row["family"] or "", row["host"] or "", _place(row["function"]), row["function"])
    )
    silences = gaps(
        row for row in _timed(saved.rows(GAPS_SQL), "start", "end") if row["start"] and row["end"]
    )
    bounds = asked(account)
    drawn = [gap for gap in silences if bounds is None or bounds.meets(gap)]
    seen = examined(account)
    messages = saved.rows("SELECT count(*) AS messages FROM messages")[0]["messages"]
    lost = losses(saved.issues())
    hits, hits_shown = _hits(tally)
    return Model(
        account=account,
        clock=clock,
        tlp=_tlp(account["options"].get("tlp")),
        summary=summary(tally, seen, functions, sum(loss.count for loss in lost), len(silences), messages),
        arrived=arrived(saved),
        examined=seen,
        own_rules_only=all(rules.get("kind", "sigma") != "sigma" for rules in account["tool"]["rules"]),
        hosts=len(hosts),
        matrices=matrices(functions),
        timeline=timeline(tally, drawn),
        strip=strip(saved, tally, drawn),
        network=network(saved, saved.issues(), frozenset(tally.suspects)),
        tally=tally,
        families=_families(tally),
        hits=hits,
        hits_shown=hits_shown,
        techniques=sorted(tally.techniques.values(), key=lambda t: (not t.own, t.all.strength, t.id))[
            :TECHNIQUES
        ],
        losses=lost,
        gaps=sorted(silences, key=lambda gap: (gap.start - gap.end, gap.start, gap.host or "", gap.channel))[
            :GAPS
        ],
        absent=absent(functions, len(hosts)),
        unjudged=unjudged(saved),
        custody=custody(saved.path, account),
        range=bounds,
        suppress=account.get("suppress", {"files": [], "entries": []}),
        suppressed=account["totals"].get("suppressed", 0),
    )


FUNCTIONS_SQL = (
    "SELECT host, family, function, grade, epoch_us(first) AS first, epoch_us(last) AS last, count, seen_in"
    " FROM functions ORDER BY family, host, function"
)
GAPS_SQL = (
    'SELECT host, channel, epoch_us("start") AS "start", epoch_us("end") AS "end", missing, kind FROM gaps'
    " ORDER BY start, host, channel"
)


def _timed(rows: list[dict[str, Any]], *columns: str) -> list[dict[str, Any]]:
    """Microseconds as moments; what lies outside the years 1 to 9999 has none."""
    for row in rows:
        for column in columns:
            row[column] = at(row[column])
    return rows


def _place(function: str) -> int:
    return FUNCTIONS.index(function) if function in FUNCTIONS else len(FUNCTIONS)


def _tlp(label: str | None) -> str:
    wanted = f"TLP:{label}" if label and not label.startswith("TLP:") else label
    return wanted if wanted in TLP else DEFAULT_TLP


def _families(tally: Tally) -> list[tuple[str | None, list[MessageGroup]]]:
    """Shown pack findings by family and message, the strongest family and message first."""
    families: dict[str | None, dict[str, list[FoundRow]]] = {}
    for found in sorted(tally.shown, key=lambda f: (f.strength, f.family is None, f.moment or LAST, f.id)):
        families.setdefault(found.family, {}).setdefault(found.message, []).append(found)
    return [
        (
            family,
            [
                MessageGroup(message, tally.messages[family, message], found)
                for message, found in groups.items()
            ],
        )
        for family, groups in families.items()
    ]


def _hits(tally: Tally) -> tuple[list[tuple[str, list[tuple[str | None, Use]]]], int]:
    """Third-party hits by rule and machine, up to HITS rows, the strongest rules first."""
    by_rule: dict[str, list[tuple[str | None, Use]]] = {}
    for (rule, machine), use in tally.rules.items():
        by_rule.setdefault(rule, []).append((machine, use))
    left, made = HITS, []
    for rule in sorted(by_rule, key=lambda rule: tally.rule_rank(rule, _strongest(by_rule[rule]))):
        rows = sorted(by_rule[rule], key=lambda row: (-row[1].count, row[0] or ""))[:left]
        if rows:
            made.append((rule, rows))
        left -= len(rows)
    return made, HITS - left


def _strongest(rows: Iterable[tuple[str | None, Use]]) -> Use:
    return min((use for _, use in rows), key=lambda use: use.strength)
