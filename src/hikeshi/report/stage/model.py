# SPDX-License-Identifier: Apache-2.0
"""A staged report as it is printed: what is confirmed, examined and unknown, machine by machine; no language."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hikeshi.ledger.say_lint import Sentence
from hikeshi.report.clock import Clock
from hikeshi.report.found import STRENGTH, WEAKEST
from hikeshi.report.stage.analyst import Input, analyst
from hikeshi.report.stage.changes import Change, changes
from hikeshi.report.stage.snapshot import FIRM, STEALING, Snapshot, counts


@dataclass(frozen=True)
class Line:
    """One sentence: a key of the labels, and what fills it; functions and grades are words of words/."""

    what: str
    values: dict[str, str]


@dataclass(frozen=True)
class Stage:
    """Everything the report prints."""

    now: Snapshot
    before: Snapshot | None
    clock: Clock
    tlp: str
    changes: list[Change]
    confirmed: list[Line]
    examining: list[Line]
    unknown: list[Line]
    stealing: dict[str, int]
    contact: dict[str, int]
    people: Input
    judgement: tuple[Sentence, ...] = ()

    @property
    def affected(self) -> tuple[int, int]:
        """Machines with firm traces, and machines that may be affected: those and all with weaker or no answer."""
        named = [host for name, host in self.now.hosts.items() if name]
        return sum(STRENGTH.get(host.grade, WEAKEST) <= FIRM for host in named), len(named)


def stage(
    case: Path,
    now: Snapshot,
    before: Snapshot | None,
    clock: Clock,
    tlp: str,
    judgement: tuple[Sentence, ...] = (),
) -> Stage:
    """The report of a snapshot, with the analyst's own file beside it."""
    people = analyst(case)
    for name, state in people.hosts.items():
        if name in now.hosts:
            now.hosts[name].stealing = state.get("stealing", now.hosts[name].stealing)
            now.hosts[name].contact = state.get("contact", now.hosts[name].contact)
    confirmed: list[Line] = []
    examining: list[Line] = []
    unknown: list[Line] = []
    for name, host in now.hosts.items():
        for function, use in sorted(host.functions.items()):
            line = Line(
                "function", {"host": name, "function": function, "grade": use.grade, "n": str(use.count)}
            )
            (confirmed if STRENGTH.get(use.grade, WEAKEST) <= FIRM else examining).append(line)
        stolen = [function for function in host.closed if function in STEALING]
        if stolen:
            unknown.append(Line("closed", {"host": name, "functions": ",".join(stolen)}))
    for reason, many in now.lost.items():
        unknown.append(Line("lost", {"reason": reason, "n": str(many)}))
    if now.gaps:
        unknown.append(Line("gaps", {"n": str(now.gaps)}))
    hosts = [host for name, host in now.hosts.items() if name]
    return Stage(
        now=now,
        before=before,
        clock=clock,
        tlp=tlp,
        changes=changes(before, now) if before else [],
        confirmed=confirmed,
        examining=examining,
        unknown=unknown,
        stealing=counts(host.stealing for host in hosts),
        contact=counts(host.contact for host in hosts),
        people=people,
        judgement=judgement,
    )
