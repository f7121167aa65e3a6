# SPDX-License-Identifier: Apache-2.0
"""Access logs of a seized server: which networks asked its gate, when, and what they were sent, by size.

Only what a web server writes is used; layouts of panels are not. An examiner's own ranges are listed, other victims
are counted, unless the analyst works for a CERT and asks for all.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from hikeshi.families.smokeloader.config import FAMILY
from hikeshi.pack import Grade, Hit, Issue, Machine, Reason, iso, replace

ASKED, VISITED = "smokeloader.panel-requests", "smokeloader.panel-visits"
GATE, CLIENT, VISITOR = "smokeloader.panel-gate", "smokeloader.panel-client", "smokeloader.panel-visitor"
CLUES = (ASKED, VISITED)
# Marks of no machine that say what the analyst asked for.
OWN_RANGE, EVERYONE = "own-range", "list-everyone"
SECOND = 1_000_000
_PERIOD, _SLACK, _WINDOW, _NEAR = 600, 60, 540, 20
_FEWEST, _MOST, _MOST_SIZES, _VISITS, _MOST_VISITORS = 4, 50_000, 8, 20, 50
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))


@dataclass
class Asking:
    """What one address did at one place of the server."""

    where: dict[str, Any]
    times: list[int] = field(default_factory=list)
    sizes: Counter[int] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    agent: str = ""

    def add(self, row: dict[str, Any]) -> None:
        """One line of the log."""
        if row["time"] is not None:
            self.times.append(row["time"])
        self.sizes[row["response_bytes"] or 0] += 1
        self.statuses[row["status_code"] or 0] += 1
        self.agent = self.agent or row["user_agent"] or ""

    @property
    def count(self) -> int:
        """Lines."""
        return sum(self.sizes.values())

    @property
    def period(self) -> float | None:
        """Median seconds between requests."""
        steps = [(b - a) / SECOND for a, b in pairwise(sorted(self.times))]
        return median(steps) if len(steps) >= _FEWEST - 1 else None

    @property
    def parallel(self) -> int:
        """How many ten-minute rhythms run side by side at least: requests in the median window shorter than one."""
        if not self.times:
            return 0
        first = min(self.times)
        windows = Counter((time - first) // (_WINDOW * SECOND) for time in self.times)
        return max(1, int(median(sorted(windows.values()))))

    @property
    def regular(self) -> bool:
        """Whether requests come every ten minutes, from one machine or, at uneven steps, from several side by side."""
        if self.period is None:
            return False
        if abs(self.period - _PERIOD) <= _SLACK:
            return True
        times = sorted(self.times)
        uneven = median(abs((b - a) / SECOND - self.period) for a, b in pairwise(times))
        return self.parallel > 1 and uneven > self.period / 10 and 2 * self._again(times) > len(times)

    def _again(self, times: Sequence[int]) -> int:
        """How many requests are followed by another after ten minutes."""
        found = 0
        for time in times:
            at = bisect_left(times, time + (_PERIOD - _NEAR) * SECOND)
            found += at < len(times) and times[at] <= time + (_PERIOD + _NEAR) * SECOND
        return found


def requests(rows: Iterable[dict[str, Any]]) -> Iterator[Hit | Issue]:
    """Clues of an access log: who posts to a place at which somebody posts every ten minutes, and who looks around."""
    posted: dict[tuple[str, str], Asking] = {}
    looked: dict[str, Asking] = {}
    left = 0
    for row in rows:
        place = (row["uri"] or "").partition("?")[0][:300]
        if not row["client"] or not place:
            continue
        held: Asking | None = None
        if row["method"] == "POST":
            key = (place, row["client"])
            held = posted.get(key) or (posted.setdefault(key, Asking(row)) if len(posted) < _MOST else None)
            left += held is None
        elif row["status_code"] in (200, 302) and len(looked) < _MOST:
            held = looked.setdefault(row["client"], Asking(row))
        if held is not None:
            held.add(row)
    gates = {place for (place, _), one in posted.items() if one.regular}
    bots = {client for place, client in posted if place in gates}
    for (place, client), one in sorted(posted.items()):
        if place in gates:
            yield _clue(ASKED, one, client, {"uri": place, "regular": "yes" if one.regular else "no"})
    for client, one in sorted(looked.items()):
        if gates and client not in bots and one.count >= _VISITS:
            yield _clue(VISITED, one, client, {"user_agent": one.agent[:200]})
    if left and posted:
        item = next(iter(posted.values())).where["item"]
        fields = {"limit": str(_MOST), "what": "clients and places"}
        yield Issue(item, Reason.SEARCH_LIMIT, fields=fields, unknown="unknown.not-judged")


def _clue(message: str, one: Asking, client: str, more: dict[str, str]) -> Hit:
    fields = {
        "client": client, "requests": str(one.count), "first": str(min(one.times, default="")),
        "last": str(max(one.times, default="")), "period": f"{one.period:.0f}" if one.period is not None else "",
        "parallel": str(one.parallel), "sizes": _counted(one.sizes), "statuses": _counted(one.statuses), **more,
    }  # fmt: skip
    where, time = one.where, min(one.times, default=None)
    return Hit(
        where["item"], Grade.WEAK, message, record=where["record"], offset=where["offset"], time=time,
        time_text=iso(time), family=FAMILY, fields={name: value for name, value in fields.items() if value},
    )  # fmt: skip


def _counted(numbers: Counter[int]) -> str:
    """Numbers with how often they occur, the most frequent first."""
    ordered = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_SIZES]
    return ", ".join(f"{number}: {count}" for number, count in ordered)


def _read(text: str) -> Counter[int]:
    pairs = (part.partition(": ") for part in text.split(", ") if part)
    return Counter({int(number): int(count) for number, _, count in pairs})


def joined(hits: Iterable[Hit], machines: Sequence[Machine] = ()) -> Iterator[Hit]:
    """Findings of all logs: each gate with counts, each client that may be listed, and visitors."""
    every = sorted(
        hits, key=lambda hit: (hit.time or 0, hit.item, hit.record or 0, hit.fields.get("uri", ""))
    )
    owned = Owned(machines)
    gates: dict[str, dict[str, list[Hit]]] = {}
    for hit in every:
        if hit.message == ASKED:
            gates.setdefault(hit.fields["uri"], {}).setdefault(hit.fields["client"], []).append(hit)
    for place, clients in sorted(gates.items()):
        listed = {client for client in clients if owned.everyone or owned.holds(client)}
        yield _gate(place, clients, listed)
        for client in sorted(listed):
            yield _client(clients[client], owned)
    visitors = [hit for hit in every if hit.message == VISITED][:_MOST_VISITORS]
    for hit in visitors if gates else ():
        fields = {
            **hit.fields,
            "first": _when(hit.fields.get("first")),
            "last": _when(hit.fields.get("last")),
        }
        yield replace(hit, message=VISITOR, grade=Grade.WEAK, fields=fields)


class Owned:
    """Which addresses are the examiner's own: those of the case's machines, private ones, and the ranges given."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        marks = [(machine.host, mark) for machine in machines for mark in machine.marks]
        self.everyone = any(mark.kind == EVERYONE for _, mark in marks)
        self.hosts = {mark.value: host for host, mark in marks if host and mark.kind == "address"}
        given = (mark.value for _, mark in marks if mark.kind == OWN_RANGE)
        self._ranges = (*_PRIVATE, *(ipaddress.ip_network(text, strict=False) for text in given))

    def holds(self, client: str) -> bool:
        """Whether an address is the examiner's own."""
        if client in self.hosts:
            return True
        try:
            found = ipaddress.ip_address(client)
        except ValueError:
            return False
        return any(found.version == network.version and found in network for network in self._ranges)


def _gate(place: str, clients: dict[str, list[Hit]], listed: set[str]) -> Hit:
    hits = [hit for some in clients.values() for hit in some]
    first = min(hits, key=lambda hit: (hit.time or 0, hit.item, hit.record or 0))
    fields = {
        "uri": place, "networks": str(len(clients)), "listed": str(len(listed)),
        "counted": str(len(clients) - len(listed)),
        "regular": str(sum(any(hit.fields["regular"] == "yes" for hit in some) for some in clients.values())),
        **_summed(hits),
    }  # fmt: skip
    return replace(first, message=GATE, grade=Grade.INDICATED, techniques=("T1071.001",), fields=fields)


def _client(hits: Sequence[Hit], owned: Owned) -> Hit:
    first = hits[0]
    client = first.fields["client"]
    periods = [hit.fields["period"] for hit in hits if "period" in hit.fields]
    fields = {
        "client": client, "uri": first.fields["uri"],
        "parallel": str(max(int(hit.fields["parallel"]) for hit in hits)),
        "period": periods[0] if periods else "", **_summed(hits),
    }  # fmt: skip
    return replace(
        first, message=CLIENT, grade=Grade.INDICATED, function="registration", techniques=("T1071.001",),
        host=owned.hosts.get(client), fields={name: value for name, value in fields.items() if value},
    )  # fmt: skip


def _summed(hits: Sequence[Hit]) -> dict[str, str]:
    sizes, statuses = Counter[int](), Counter[int]()
    for hit in hits:
        sizes += _read(hit.fields.get("sizes", ""))
        statuses += _read(hit.fields.get("statuses", ""))
    firsts = [hit.fields["first"] for hit in hits if "first" in hit.fields]
    lasts = [hit.fields["last"] for hit in hits if "last" in hit.fields]
    return {
        "requests": str(sum(int(hit.fields["requests"]) for hit in hits)),
        "first": _when(min(firsts, key=int, default=None)), "last": _when(max(lasts, key=int, default=None)),
        "sizes": _counted(sizes), "statuses": _counted(statuses),
    }  # fmt: skip


def _when(text: str | None) -> str:
    return (iso(int(text)) or "") if text else ""
