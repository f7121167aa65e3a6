# SPDX-License-Identifier: Apache-2.0
"""What was done on a machine that SmokeLoader ran on: behaviour that means something only beside a sure trace.

explorer.exe opens files, starts threads and connects on every machine. Where a strong trace stands beside it, the
same record becomes an indication of the function it fits; elsewhere it stays as weak as it is, or is not said at all.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from hikeshi.families.smokeloader.clues import number
from hikeshi.families.smokeloader.hosts import Known
from hikeshi.pack import Grade, Hit, replace

SECOND = 1_000_000
BESIDE = "smokeloader.beside"
# Findings that are raised beside a sure trace, whatever function they name.
RAISED = (
    "smokeloader.store-access",
    "smokeloader.mail-access",
    "smokeloader.browser-thread",
    "smokeloader.client-thread",
    "smokeloader.miner-name",
    "smokeloader.teamviewer",
    "smokeloader.dropped",
    "smokeloader.wmic-relaunch",
    "smokeloader.zone-removed",
    "smokeloader.task-nvngx-name",
)
# The pause of the malware between two turns, in seconds, as the constants of its waiting loop give it.
PERIOD, SLACK = 600, 30
FLOOD, FLOOD_TIME = 200, 10 * SECOND
DOCUMENTS = 20
REACTION = 5 * SECOND


@dataclass(frozen=True)
class Contact:
    """The connections of explorer.exe on one machine to one address."""

    address: str
    first: Hit
    times: tuple[int, ...]

    @property
    def period(self) -> float | None:
        """The median time between two connections in seconds."""
        steps = [b - a for a, b in zip(self.times, self.times[1:], strict=False)]
        return median(steps) / SECOND if len(steps) > 4 else None

    @property
    def regular(self) -> bool:
        """Whether it keeps the malware's period."""
        return self.period is not None and abs(self.period - PERIOD) <= SLACK


def conduct(one: Known, sure: Hit | None) -> Iterator[Hit]:
    """Findings about one machine; `sure` is its surest trace of SmokeLoader, if it has one."""
    contacts = _contacts(one)
    yield from _talking(contacts, sure)
    yield from _ended(one, sure)
    if sure is None:
        return
    yield from _raised(one, sure)
    yield from _flooding(contacts)
    yield from _documents(one)
    yield from _misled(one)
    yield from _reacting(one, contacts)
    yield from _typing(one, contacts)
    yield from _placed(one)


def _contacts(one: Known) -> list[Contact]:
    by_address: dict[str, list[Hit]] = {}
    for hit in one.said("smokeloader.clue-connection"):
        if hit.time is not None and hit.fields.get("address"):
            by_address.setdefault(hit.fields["address"], []).append(hit)
    return [
        Contact(address, hits[0], tuple(sorted(hit.time or 0 for hit in hits)))
        for address, hits in sorted(by_address.items())
    ]


def _talking(contacts: Sequence[Contact], sure: Hit | None) -> Iterator[Hit]:
    """Addresses at the malware's period, each; the others as one weak finding for the machine."""
    others = [contact for contact in contacts if not contact.regular]
    for contact in contacts:
        if contact.regular:
            fields = {
                "program": contact.first.fields.get("program", ""),
                "address": contact.address,
                "port": contact.first.fields.get("port", ""),
                "count": str(len(contact.times)),
                "period": f"{contact.period:.0f}",
            }
            grade = Grade.INDICATED if sure else Grade.WEAK
            yield _finding(
                contact.first, grade, "smokeloader.explorer-period", fields, "registration", "T1071.001"
            )
    if others:
        first = min((contact.first for contact in others), key=lambda hit: hit.time or 0)
        fields = {
            "program": first.fields.get("program", ""),
            "count": str(sum(len(contact.times) for contact in others)),
            "addresses": ", ".join(contact.address for contact in others[:5]),
            "places": str(len(others)),
        }
        yield _finding(first, Grade.WEAK, "smokeloader.explorer-connection", fields, None, "T1071.001")


def _ended(one: Known, sure: Hit | None) -> Iterator[Hit]:
    """Tools of analysts that ended within ten seconds although the machine was not shut down or logged off."""
    exits = sorted(_lines(one, "smokeloader.clue-ended"))
    presence = _lines(one, "smokeloader.clue-presence")
    leaving = sorted(time for time, kind in presence if kind in ("down", "away"))
    for place, (time, _) in enumerate(exits):
        burst = [line for line in exits[place : place + 64] if line[0] - time <= 10 * SECOND]
        tools = sorted({tool for _, tool in burst})
        if len(tools) > 1 and not _near(leaving, time, 60 * SECOND):
            grade = Grade.INDICATED if sure else Grade.WEAK
            first = one.said("smokeloader.clue-ended")[0]
            fields = {"programs": ", ".join(tools), "count": str(len(burst))}
            yield _finding(
                replace(first, time=time), grade, "smokeloader.tools-ended", fields, None, "T1562.001"
            )
            return


def _near(times: Sequence[int], time: int, span: int) -> bool:
    """Whether one of the sorted times lies within a span of another."""
    return bisect_right(times, time + span) > bisect_left(times, time - span)


def _raised(one: Known, sure: Hit) -> Iterator[Hit]:
    first: dict[str, Hit] = {}
    for hit in one.hits:
        if hit.message in RAISED and not _same(hit, sure):
            first.setdefault(hit.message, hit)
    for message in RAISED:
        if message in first:
            hit = first[message]
            fields = {
                "trace": named(hit),
                "sure": named(sure),
                "with_item": sure.item,
                "with_message": message,
            }
            yield replace(hit, grade=Grade.INDICATED, message=BESIDE, fields=fields, rule=None)


def named(hit: Hit) -> str:
    """What a finding is about, in one value."""
    order = (
        "task",
        "file",
        "registry_path",
        "command_line",
        "program",
        "address",
        "bot_id",
        "config_constant",
    )
    return next((hit.fields[name] for name in order if hit.fields.get(name)), hit.message)


def _same(hit: Hit, other: Hit) -> bool:
    return (hit.item, hit.record, hit.offset) == (other.item, other.record, other.offset)


def _flooding(contacts: Sequence[Contact]) -> Iterator[Hit]:
    """Hundreds of connections of explorer.exe to one address within ten seconds."""
    for contact in contacts:
        times = contact.times
        most = max(bisect_right(times, time + FLOOD_TIME) - n for n, time in enumerate(times))
        if most >= FLOOD:
            fields = {"program": contact.first.fields.get("program", ""), "address": contact.address}
            fields |= {"count": str(most), "seconds": str(FLOOD_TIME // SECOND)}
            yield _finding(contact.first, Grade.INDICATED, "smokeloader.flood", fields, "flooding", "T1498")


def _documents(one: Known) -> Iterator[Hit]:
    """Many documents that a 32-bit explorer.exe, which no user works with, read within a minute."""
    for hit in one.said("smokeloader.clue-opened"):
        count = number(hit.fields.get("count"))
        if count and count >= DOCUMENTS and "\\syswow64\\" in hit.fields.get("program", "").casefold():
            yield _finding(
                hit, Grade.INDICATED, "smokeloader.documents-read", dict(hit.fields), "file-search", "T1083"
            )
            return


def _misled(one: Known) -> Iterator[Hit]:
    for hit in one.said("smokeloader.clue-mismatch"):
        yield _finding(
            hit, Grade.INDICATED, "smokeloader.other-address", dict(hit.fields), "dns-tampering", "T1565.002"
        )


def _reacting(one: Known, contacts: Sequence[Contact]) -> Iterator[Hit]:
    """explorer.exe connects within seconds of a watched program's start, more often than by chance."""
    times = sorted(time for contact in contacts for time in contact.times)
    for hit in one.said("smokeloader.clue-start"):
        lines = hit.fields.get("times", "").split("\n")
        starts = sorted({start for start in map(number, lines) if start is not None})
        followed = [s for s in starts if bisect_right(times, s + REACTION) > bisect_left(times, s)]
        span = times[-1] - times[0] if len(times) > 1 else 0
        chance = min(1.0, len(times) * REACTION / span) if span else 1.0
        if len(followed) >= 3 and len(followed) > 0.6 * len(starts) and chance < 0.1:
            fields = {"program": hit.fields.get("program", ""), "count": str(len(followed))}
            fields |= {"starts": str(len(starts)), "chance": f"{chance:.3f}"}
            yield _finding(
                hit, Grade.INDICATED, "smokeloader.reacts-to-start", fields, "process-monitor", "T1057"
            )


def _typing(one: Known, contacts: Sequence[Contact]) -> Iterator[Hit]:
    """Connections besides the regular ones that come only while somebody sits at the machine."""
    spans = _present(sorted(_lines(one, "smokeloader.clue-presence")))
    away = sum(b - a for here, a, b in spans if not here)
    there = sum(b - a for here, a, b in spans if here)
    for contact in contacts:
        beats = _off_beat(contact)
        inside: Counter[bool] = Counter()
        for here, a, b in spans:
            inside[here] += bisect_left(beats, b) - bisect_left(beats, a)
        if contact.regular and inside[True] >= 20 and not inside[False] and away >= there > 0:
            fields = {
                "address": contact.address,
                "count": str(inside[True]),
                "hours": f"{away / 3600 / SECOND:.0f}",
            }
            yield _finding(
                contact.first, Grade.INDICATED, "smokeloader.typing-hours", fields, "keylogging", "T1056.001"
            )


def _off_beat(contact: Contact) -> list[int]:
    """Connections that come sooner after the one before than the period and later than a retry."""
    pairs = zip(contact.times, contact.times[1:], strict=False)
    return [b for a, b in pairs if 15 * SECOND < b - a < (PERIOD - SLACK) * SECOND]


def _present(lines: Sequence[tuple[int, str]]) -> list[tuple[bool, int, int]]:
    """Spans in which somebody was at the machine, or nobody was, between two records of it."""
    return [(kind == "here", time, lines[place + 1][0]) for place, (time, kind) in enumerate(lines[:-1])]


def _placed(one: Known) -> Iterator[Hit]:
    """Parts of TeamViewer and a program named wuauclt.exe in odd places, from lists of files."""
    for message, said, function, technique in (
        ("smokeloader.clue-viewer", "smokeloader.viewer-file", "remote-desktop", "T1219"),
        ("smokeloader.clue-update", "smokeloader.miner-file", "mining", "T1496.001"),
    ):
        hits = one.said(message)
        if hits:
            fields = {"file": hits[0].fields.get("file", ""), "count": str(len(hits))}
            yield _finding(hits[0], Grade.INDICATED, said, fields, function, technique)


def _lines(one: Known, message: str) -> list[tuple[int, str]]:
    """Time and word of each line that clues of this kind gathered."""
    found = []
    for hit in one.said(message):
        for line in hit.fields.get("times", "").split("\n"):
            time, _, word = line.partition(" ")
            at = number(time)
            if at is not None:
                found.append((at, word))
    return found


def _finding(
    hit: Hit, grade: Grade, message: str, fields: dict[str, str], function: str | None, technique: str
) -> Hit:
    return replace(
        hit,
        grade=grade,
        message=message,
        function=function,
        techniques=(technique,),
        fields={name: value for name, value in fields.items() if value},
        rule=None,
    )
