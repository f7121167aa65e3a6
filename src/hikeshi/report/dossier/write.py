# SPDX-License-Identifier: Apache-2.0
"""The dossier of a case, written beside its report; only on request, and only where the analyst keeps a ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hikeshi.case.saved import Saved
from hikeshi.case.seal import refuse_sealed
from hikeshi.case.write import replace, write_manifest
from hikeshi.ledger.load import load_file
from hikeshi.report.dossier.build import build
from hikeshi.report.dossier.case import facts
from hikeshi.report.stage.write import tlp_of

NAMES = {"full": "dossier.html", "court": "dossier-court.html"}


def write_dossier(
    case: Path,
    languages: Sequence[str] | None = None,
    as_of: str | None = None,
    zone: str | None = None,
    layout: str = "full",
) -> Path:
    """Write CASE/report/dossier.html and the manifest; gives the page."""
    refuse_sealed(case)
    saved = Saved(case)
    ledger = load_file(case)
    options = saved.account["options"]
    tlp = tlp_of(options)
    held = facts(saved, zone or options["timezone"], tlp)
    page = build(ledger, languages or options["languages"], tlp, saved.findings(), as_of, held, layout)
    path = case / "report" / NAMES[layout]
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, page)
    write_manifest(case)
    return path
