# SPDX-License-Identifier: Apache-2.0
"""Staged reports of a case, numbered: CASE/report/<stage>-NNN, each with the snapshot the next one compares with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hikeshi.case.saved import Saved
from hikeshi.case.seal import refuse_sealed
from hikeshi.case.write import replace, write_json, write_manifest
from hikeshi.errors import UsageError
from hikeshi.ledger.load import load_file
from hikeshi.ledger.say import sentences
from hikeshi.ledger.say_lint import Kind, Sentence
from hikeshi.ledger.weigh import weigh
from hikeshi.report.clock import Clock
from hikeshi.report.model import DEFAULT_TLP, TLP
from hikeshi.report.stage.build import build
from hikeshi.report.stage.document import document
from hikeshi.report.stage.model import stage
from hikeshi.report.stage.snapshot import STAGES, Snapshot, read, snapshot
from hikeshi.report.stage.workbook import workbook

_FOLDER = re.compile(rf"(?:{'|'.join(STAGES)})-([0-9]{{3,}})")


def write_stage(
    case: Path,
    kind: str,
    as_of: str,
    since: str | None = None,
    languages: Sequence[str] | None = None,
    zone: str | None = None,
    office_files: bool = True,
    attribution: bool = False,
) -> Path:
    """Write the next report of a stage and the manifest; gives its page.

    Who did it is weighed and printed only on request, with what the ledger held on that day.
    """
    refuse_sealed(case)
    saved = Saved(case)
    options = saved.account["options"]
    clock = Clock(zone or options["timezone"])
    at = moment_of(as_of, clock)
    reports = case / "report"
    earlier = _earlier(reports)
    if kind == "first" and earlier:
        raise UsageError(f"{earlier[-1].name} is there already; give --stage update or --stage final.")
    before = _before(reports, earlier, since)
    number = int(earlier[-1].name.rpartition("-")[2]) + 1 if earlier else 1
    now = snapshot(saved, number, kind, at)
    tlp = tlp_of(options)
    judged = judgement(case, at.date().isoformat(), saved) if attribution else ()
    made = stage(case, now, before, clock, tlp, judged)
    folder = reports / f"{kind}-{number:03d}"
    folder.mkdir(parents=True)
    chosen = languages or options["languages"]
    replace(folder / "report.html", build(made, chosen))
    if office_files:
        for lang in chosen:
            replace(folder / f"management.{lang}.docx", document(made, lang))
            replace(folder / f"tables.{lang}.xlsx", workbook(made, saved.findings(), lang))
    write_json(folder / "stage.json", now.as_json())
    write_manifest(case)
    return folder / "report.html"


def tlp_of(options: Mapping[str, Any]) -> str:
    """The label of a case's reports."""
    wanted = f"TLP:{str(options.get('tlp') or '').removeprefix('TLP:')}"
    return wanted if wanted in TLP else DEFAULT_TLP


def judgement(case: Path, day: str, saved: Saved) -> tuple[Sentence, ...]:
    """What the ledger lets be said on a day: the gate's one sentence and, apart from it, the confidence."""
    said = sentences(weigh(load_file(case), day, findings=list(saved.findings())))
    return tuple(next(one for one in said if one.kind == kind) for kind in (Kind.JUDGEMENT, Kind.CONFIDENCE))


def moment_of(text: str, clock: Clock) -> datetime:
    """A moment as people write it; without a zone it is the case's."""
    try:
        read_at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no time; write 2018-02-01T18:00 or 2018-02-01T18:00+09:00.") from None
    return read_at if read_at.tzinfo else read_at.replace(tzinfo=ZoneInfo(clock.name))


def _earlier(reports: Path) -> list[Path]:
    """The folders of the reports before, in order of their number."""
    found = [(int(match[1]), path) for path in reports.glob("*-*") if (match := _FOLDER.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def _before(reports: Path, earlier: Sequence[Path], since: str | None) -> Snapshot | None:
    if since is None:
        path = earlier[-1] if earlier else None
    else:
        path = next((one for one in earlier if since in (one.name, one.name.rpartition("-")[2])), None)
        if path is None:
            names = ", ".join(one.name for one in earlier) or "none"
            raise UsageError(f"There is no report {since!r} in {reports}; there is: {names}.")
    if path is None:
        return None
    try:
        return read(json.loads((path / "stage.json").read_bytes()))
    except (OSError, ValueError, TypeError, KeyError):
        raise UsageError(f"{path / 'stage.json'} cannot be read; give --since another report.") from None
