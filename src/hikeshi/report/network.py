# SPDX-License-Identifier: Apache-2.0
"""Captures and network logs: who talked to whom, what was regular, what never resolved, and what bounds all of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hikeshi.case.saved import Saved
from hikeshi.report.tally import at
from hikeshi.schema import Reason

TALKS, BEATS, SILENT, SITES = 40, 25, 40, 40
NAMES, SUBJECTS = 4, 2
# A contact is regular with at least STEPS intervals of a second or more that stray by a tenth at the median.
STEPS = 5

_PAIR = "client, server, server_port, protocol"
_TALKS = f"""
SELECT {_PAIR}, count(*) AS connections, coalesce(sum(bytes_sent), 0)::BIGINT AS sent,
  coalesce(sum(bytes_received), 0)::BIGINT AS received, coalesce(sum(missing_sent), 0)::BIGINT AS missing_sent,
  coalesce(sum(missing_received), 0)::BIGINT AS missing_received, epoch_us(min(time)) AS first,
  epoch_us(max(coalesce(last, time))) AS last, count(*) OVER () AS total
FROM streams GROUP BY {_PAIR} ORDER BY sent + received DESC, connections DESC, {_PAIR} LIMIT {TALKS}
"""
_NAMED = """
SELECT server, 'name' AS kind, name FROM handshakes WHERE list_contains($1, server) AND name <> ''
UNION SELECT server, 'name', host FROM exchanges WHERE list_contains($1, server) AND host <> ''
  AND host <> server
UNION SELECT * FROM (SELECT server, 'subject', unnest(subjects) AS name FROM handshakes) WHERE
  list_contains($1, server) AND name <> ''
UNION SELECT server, 'name', name FROM (
  SELECT regexp_extract(unnest(answers), '^A(?:AAA)? ([0-9A-Fa-f.:]+)$', 1) AS server, name FROM names
  WHERE name <> '') WHERE list_contains($1, server)
ORDER BY ALL
"""
# Groups of machines are asked again and again by any desktop; they are no server that somebody keeps.
_GROUPS = r"^(ff[0-9a-f]{2}:|2(2[4-9]|3[0-9])\.|255\.255\.255\.255$)"
_BEATS = f"""
WITH step AS (
  SELECT item, {_PAIR}, time, last,
    epoch_us(time) - lag(epoch_us(time)) OVER (PARTITION BY item, {_PAIR} ORDER BY time, record) AS gap
  FROM streams WHERE time IS NOT NULL AND NOT regexp_matches(coalesce(server, ''), '{_GROUPS}')
), beat AS (
  SELECT {_PAIR}, 'connections' AS basis, count(*) AS connections, median(gap) / 1e6 AS period,
    mad(gap) / 1e6 AS jitter, min(time) AS first, max(coalesce(last, time)) AS last
  FROM step GROUP BY item, {_PAIR} HAVING count(gap) >= {STEPS}
  UNION ALL SELECT {_PAIR}, basis, connections, period, jitter, first, last FROM contacts
  WHERE basis = 'messages' AND NOT regexp_matches(coalesce(server, ''), '{_GROUPS}')
)
SELECT {_PAIR}, basis, connections, period, jitter, epoch_us(first) AS first, epoch_us(last) AS last,
  count(*) OVER () AS total
FROM beat WHERE period >= 1 AND jitter <= period / 10
ORDER BY jitter / period, connections DESC, {_PAIR}, first LIMIT {BEATS}
"""
_SILENT = f"""
SELECT lower(name) AS name, count(DISTINCT client) AS clients, min(client) AS example,
  count(*) FILTER (rcode = 'NXDOMAIN') AS nxdomain,
  count(*) FILTER (list_contains(notes, 'unanswered')) AS unanswered,
  epoch_us(min(time)) AS first, epoch_us(max(time)) AS last, count(*) OVER () AS total
FROM names WHERE name <> '' GROUP BY lower(name)
HAVING max(len(coalesce(answers, []))) = 0 AND nxdomain + unanswered > 0
ORDER BY nxdomain + unanswered DESC, lower(name) LIMIT {SILENT}
"""
_SITES = f"""
SELECT host, count(DISTINCT client) AS clients, min(client) AS example, count(*) AS requests,
  coalesce(sum(request_bytes), 0)::BIGINT AS sent, coalesce(sum(response_bytes), 0)::BIGINT AS received,
  epoch_us(min(time)) AS first, epoch_us(max(time)) AS last, count(*) OVER () AS total
FROM exchanges GROUP BY host ORDER BY sent + received DESC, requests DESC, host LIMIT {SITES}
"""
_WHOLE = """
SELECT count(*) AS streams, count(*) FILTER (coalesce(missing_sent, 0) + coalesce(missing_received, 0) > 0) AS holes,
  coalesce(sum(missing_sent), 0)::BIGINT AS missing_sent,
  coalesce(sum(missing_received), 0)::BIGINT AS missing_received,
  count(*) FILTER (conflicting > 0) AS conflicting,
  epoch_us(min(time)) AS first, epoch_us(max(coalesce(last, time))) AS last FROM streams
"""


@dataclass(frozen=True)
class Talk:
    """One client and one port of a server: connections, bytes each way, and those that are not in the capture."""

    client: str | None
    server: str | None
    server_port: int | None
    protocol: str | None
    connections: int
    sent: int
    received: int
    missing_sent: int
    missing_received: int
    first: datetime | None
    last: datetime | None
    names: tuple[str, ...] = ()
    more_names: int = 0
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Beat:
    """A contact at regular distances; `basis` is what the distances lie between."""

    client: str | None
    server: str | None
    server_port: int | None
    protocol: str | None
    basis: str
    connections: int
    period: float
    jitter: float
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class Silent:
    """A name that was asked for and never had an answer."""

    name: str
    clients: int
    example: str | None
    nxdomain: int
    unanswered: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class Site:
    """A host that HTTP requests name."""

    host: str | None
    clients: int
    example: str | None
    requests: int
    sent: int
    received: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class Bounds:
    """What is not in the captures: bytes of streams, packets cut short, packets the capture itself dropped."""

    streams: int
    holes: int
    missing_sent: int
    missing_received: int
    conflicting: int
    first: datetime | None
    last: datetime | None
    cut_packets: int
    cut_bytes: int
    dropped: int
    refused: int


@dataclass(frozen=True)
class Network:
    """The part of the report on captures and network logs; `total` counts the rows of each table uncut."""

    talks: list[Talk]
    beats: list[Beat]
    silent: list[Silent]
    sites: list[Site]
    total: Mapping[str, int]
    bounds: Bounds
    suspects: frozenset[str]

    def suspect(self, *texts: str | None) -> bool:
        """Whether a finding names one of these as an attacker's address."""
        return any(text.lower() in self.suspects for text in texts if text)


def network(saved: Saved, issues: Iterable[Mapping[str, Any]], suspects: frozenset[str]) -> Network | None:
    """What captures and network logs hold; None when there are none."""
    tables = {
        "talks": saved.rows(_TALKS),
        "beats": saved.rows(_BEATS),
        "silent": saved.rows(_SILENT),
        "sites": saved.rows(_SITES),
    }
    if not any(tables.values()):
        return None
    total = {name: rows[0].pop("total") if rows else 0 for name, rows in tables.items()}
    made = {name: [_timed(row) for row in rows] for name, rows in tables.items()}
    return Network(
        talks=_named(saved, [Talk(**row) for row in made["talks"]]),
        beats=[Beat(**row) for row in made["beats"]],
        silent=[Silent(**row) for row in made["silent"]],
        sites=[Site(**row) for row in made["sites"]],
        total=total,
        bounds=Bounds(**{**_timed(saved.rows(_WHOLE)[0]), **_lost(issues)}),
        suspects=suspects,
    )


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    row.pop("total", None)
    return row | {"first": at(row["first"]), "last": at(row["last"])}


def _named(saved: Saved, talks: list[Talk]) -> list[Talk]:
    """The names under which each shown server was asked for, and what its certificates say."""
    servers = sorted({talk.server for talk in talks if talk.server})
    names: dict[tuple[str, str], list[str]] = {}
    for row in saved.rows(_NAMED, [servers]) if servers else []:
        names.setdefault((row["server"], row["kind"]), []).append(row["name"])
    made = []
    for talk in talks:
        known = names.get((talk.server or "", "name"), [])
        subjects = names.get((talk.server or "", "subject"), [])
        made.append(
            replace(
                talk,
                names=tuple(known[:NAMES]),
                more_names=len(known) - len(known[:NAMES]),
                subjects=tuple(subjects[:SUBJECTS]),
            )
        )
    return made


def _lost(issues: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """A capture may state the same drops at packets and for its interfaces: the larger sum counts."""
    lost = {"cut_packets": 0, "cut_bytes": 0, "refused": 0}
    dropped: dict[str, dict[bool, int]] = {}
    for issue in issues:
        if issue["reason"] == Reason.SNAPLEN:
            lost["cut_packets"] += _count(issue, "packets")
            lost["cut_bytes"] += _count(issue, "bytes")
        elif issue["reason"] == Reason.DROPPED:
            stated = dropped.setdefault(issue["item"], {True: 0, False: 0})
            stated["interface" in issue["fields"]] += _count(issue, "dropped")
        elif issue["reason"] == Reason.UNKNOWN_LINK:
            lost["refused"] += issue.get("records", 0)
    return lost | {"dropped": sum(max(stated.values()) for stated in dropped.values())}


def _count(issue: Mapping[str, Any], field: str) -> int:
    text = str((issue.get("fields") or {}).get(field, ""))
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
