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

DEFAULT_TLP = "TLP:AMBER+STRICT"


def write_dossier(case: Path, languages: Sequence[str] | None = None, as_of: str | None = None) -> Path:
    """Write CASE/report/dossier.html and the manifest; gives the page."""
    refuse_sealed(case)
    saved = Saved(case)
    ledger = load_file(case)
    options = saved.account["options"]
    tlp = f"TLP:{options['tlp'].removeprefix('TLP:')}" if options.get("tlp") else DEFAULT_TLP
    page = build(ledger, languages or options["languages"], tlp, saved.findings(), as_of)
    path = case / "report" / "dossier.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, page)
    write_manifest(case)
    return path
