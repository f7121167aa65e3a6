# SPDX-License-Identifier: Apache-2.0
"""The drill: write the demo incident, and score what a run made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hikeshi import families, flow
from hikeshi.case.saved import Saved
from hikeshi.errors import UsageError
from hikeshi.flow import Progress
from hikeshi.flow.options import Options
from hikeshi.synth import incident
from hikeshi.synth.incident import (
    FIRST_RUN,
    HEARD,
    LAPTOP,
    LOGGED,
    STUDIO,
    Infected,
    Planted,
    Truth,
)
from hikeshi.synth.office import DAY, DESK, HOUR

# The grade each function must reach on each infected machine: what the packs' own sheets say of its traces.
NETWIRE_WINDOWS = {
    "clean-up": "indicated",
    "credential-theft": "strong",
    "keylogging": "strong",
    "persistence": "proven",
    "registration": "proven",
}
NETWIRE_MACOS = {"keylogging": "proven", "persistence": "proven"}
MOKES_MACOS = {
    "audio-capture": "indicated",
    "file-search": "indicated",
    "keylogging": "indicated",
    "persistence": "strong",
    "screen-capture": "indicated",
}
SMOKELOADER = {
    "clean-up": "indicated",
    "credential-theft": "indicated",
    "download-and-run": "indicated",
    "file-search": "indicated",
    "form-theft": "indicated",
    "mail-theft": "indicated",
    "mining": "indicated",
    "persistence": "proven",
    "registration": "proven",
}
SMOKELOADER_HEARD = {"registration": "proven"}
GRADES = ("proven", "strong", "indicated", "weak")

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class Check:
    """One question of the drill: what is true, and what the run said."""

    name: str
    expected: str
    found: str

    @property
    def passed(self) -> bool:
        """Whether the run said what is true."""
        return self.expected == self.found


@dataclass(frozen=True)
class Drill:
    """A drill that was run: where its evidence and case are, and how it scored."""

    evidence: Path
    case: Path
    checks: list[Check]
    unconfined: tuple[str, ...]


def run(folder: Path, seed: int, progress: Progress | None = None) -> Drill:
    """Write the incident into folder/evidence, examine it into folder/case, and score the case."""
    evidence, case = folder / "evidence", folder / "case"
    if folder.exists() and {path.name for path in folder.iterdir()} - {"evidence", "case"}:
        raise UsageError(f"{folder} holds other things; give --out a new folder.")
    truth = write_incident(evidence, seed)
    outcome = flow.run([str(evidence)], case, Options(), jobs=2, progress=progress)
    saved = Saved(case)
    rows = {
        table: saved.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in ("events", "messages")
    }
    gaps = saved.rows("SELECT * FROM gaps")
    return Drill(
        evidence,
        case,
        score(truth, list(saved.findings()), list(saved.issues()), gaps, rows),
        outcome.unconfined,
    )


def write_incident(folder: Path, seed: int = 1) -> Truth:
    """Write the demo incident's evidence into a folder and return what is true of it."""
    packs = {pack.name: pack for pack in families.packs()}
    netwire, mokes, smoke = packs["netwire"], packs["mokes_qt"], packs["smokeloader"]
    logs, files = (families.entry(netwire, name) for name in ("synth", "synth_files"))
    spied = families.entry(mokes, "synth_files")
    build = {"constant": families.named(smoke, "identity:KNOWN")[0]}
    loaded, asked = (partial(families.entry(smoke, name), **build) for name in ("synth", "synth_requests"))
    planted = (
        Planted(DESK, "hayashi", FIRST_RUN, "netwire", NETWIRE_WINDOWS, logs=logs),
        Planted(STUDIO, "mori", FIRST_RUN + 2 * HOUR, "netwire", NETWIRE_MACOS, files=files),
        Planted(LAPTOP, "ito", FIRST_RUN + DAY, "mokes_qt", MOKES_MACOS, files=spied),
        Planted(LOGGED, "minami", FIRST_RUN + HOUR, "smokeloader", SMOKELOADER, logs=loaded, requests=asked),
        *(Planted(host, "", at, "smokeloader", SMOKELOADER_HEARD, requests=asked) for host, at in HEARD),
    )
    return incident.write(folder, seed, planted)


def score(
    truth: Truth, findings: Rows, issues: Rows = (), gaps: Rows = (), rows: Mapping[str, int] | None = None
) -> list[Check]:
    """The run's answers beside the truth.

    `findings` and `issues` are the lines of findings.jsonl and issues.jsonl, `gaps` the rows of that table,
    `rows` the number of rows of the tables events and messages.
    """
    ours = [finding for finding in findings if finding.get("family")]
    paths = [str(issue.get("path") or "") for issue in issues]
    counts = rows or {}
    infected = _joined(f"{machine.host} {machine.family}" for machine in truth.infected)
    named = _joined(f"{finding['host']} {finding['family']}" for finding in ours if finding.get("host"))
    return [
        Check("infected machines", infected, named),
        *(check for machine in truth.infected for check in _of_machine(machine, ours)),
        Check("damaged line named", "1", str(sum(path.endswith(truth.damaged) for path in paths))),
        Check("unreadable file named", "1", str(sum(path.endswith(truth.unreadable) for path in paths))),
        Check("gaps named", truth.gap, _joined(f"{row['host']} {row['channel']}" for row in gaps)),
        Check("events read", str(truth.events), str(counts.get("events"))),
        Check("messages read", str(truth.messages), str(counts.get("messages"))),
    ]


def _of_machine(machine: Infected, findings: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    """What the run says of one infected machine: functions, first and last trace, server."""
    own = [f for f in findings if f.get("host") == machine.host and f["family"] == machine.family]
    where = f"on {machine.host}"
    yield Check(
        f"functions and grades {where}", _joined(_pairs(machine.functions)), _joined(_pairs(_best(own)))
    )
    yield Check(f"first trace {where}", _minute(machine.first), _minute(min(map(_time, own), default=0)))
    yield Check(
        f"findings outside the incident's time {where}", "0", str(sum(not _within(f, machine) for f in own))
    )
    if machine.server is not None:
        servers = _joined(address for finding in own for address in _servers(finding.get("fields") or {}))
        yield Check(f"server {where}", machine.server, servers)


def _servers(fields: Mapping[str, str]) -> Iterator[str]:
    """Addresses a finding names as those of a server, without ports."""
    yield from (fields[name].partition(":")[0] for name in ("address", "server") if fields.get(name))


def _joined(values: Iterable[str | None]) -> str:
    return ", ".join(sorted({value for value in values if value}))


def _pairs(grades: Mapping[str, str]) -> list[str]:
    return [f"{function} {grade}" for function, grade in grades.items()]


def _best(findings: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    best: dict[str, str] = {}
    for finding in findings:
        function, grade = finding.get("function"), finding["grade"]
        if function:
            best[function] = min(best.get(function, grade), grade, key=GRADES.index)
    return best


def _within(finding: Mapping[str, Any], machine: Infected) -> bool:
    """Whether a finding lies between first and last trace; what evidence gives no time for is no contradiction."""
    return not finding.get("time") or machine.first <= _time(finding) <= machine.last


def _time(finding: Mapping[str, Any]) -> int:
    moment = (
        datetime.fromisoformat(finding["time"]) if finding.get("time") else datetime.max.replace(tzinfo=UTC)
    )
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _minute(moment: int) -> str:
    """To the minute: some evidence keeps whole seconds only."""
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment):%Y-%m-%d %H:%M}"
