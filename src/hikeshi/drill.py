# SPDX-License-Identifier: Apache-2.0
"""The drill: write the demo incident, and score what a run made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hikeshi import families, flow
from hikeshi.case.saved import Saved
from hikeshi.errors import UsageError
from hikeshi.flow import Progress
from hikeshi.flow.options import Options
from hikeshi.synth import incident
from hikeshi.synth.incident import Truth

FAMILY = "netwire"

# The grade each function must reach on the infected machine: what the pack's own sheet says of its traces.
FUNCTIONS = {
    "clean-up": "indicated",
    "credential-theft": "strong",
    "keylogging": "strong",
    "persistence": "proven",
    "registration": "proven",
}
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
    pack = next(pack for pack in families.packs() if pack.name == FAMILY)
    return incident.write(folder, seed, FAMILY, FUNCTIONS, families.entry(pack, "synth"))


def score(
    truth: Truth, findings: Rows, issues: Rows = (), gaps: Rows = (), rows: Mapping[str, int] | None = None
) -> list[Check]:
    """The run's answers beside the truth.

    `findings` and `issues` are the lines of findings.jsonl and issues.jsonl, `gaps` the rows of that table,
    `rows` the number of rows of the tables events and messages.
    """
    ours = [finding for finding in findings if finding.get("family") == truth.family]
    infected = [finding for finding in ours if finding.get("host") == truth.infected]
    paths = [str(issue.get("path") or "") for issue in issues]
    counts = rows or {}
    return [
        Check("infected machines", truth.infected, _joined(finding.get("host") for finding in ours)),
        Check("functions and grades", _joined(_pairs(truth.functions)), _joined(_pairs(_best(infected)))),
        Check("findings outside the incident's time", "0", str(sum(not _within(f, truth) for f in infected))),
        Check("server", truth.server, _joined((f.get("fields") or {}).get("address") for f in infected)),
        Check("damaged line named", "1", str(sum(path.endswith(truth.damaged) for path in paths))),
        Check("unreadable file named", "1", str(sum(path.endswith(truth.unreadable) for path in paths))),
        Check("gaps named", truth.gap, _joined(f"{row['host']} {row['channel']}" for row in gaps)),
        Check("events read", str(truth.events), str(counts.get("events"))),
        Check("messages read", str(truth.messages), str(counts.get("messages"))),
    ]


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


def _within(finding: Mapping[str, Any], truth: Truth) -> bool:
    if not finding.get("time"):
        return False
    since = datetime.fromisoformat(finding["time"]) - datetime(1970, 1, 1, tzinfo=UTC)
    return truth.first <= since // timedelta(microseconds=1) <= truth.last
