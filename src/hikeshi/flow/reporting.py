# SPDX-License-Identifier: Apache-2.0
"""From a saved case to its report and exports; nothing is analysed anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hikeshi.case.saved import Saved
from hikeshi.case.write import replace, write_manifest


def write_exports(case: Path) -> None:
    """Write CASE/export under the case's own TLP label."""
    from hikeshi.export.build import write

    saved = Saved(case)
    write(saved, saved.account["options"]["tlp"])


def write_report(case: Path, languages: Sequence[str] | None = None, timezone: str | None = None) -> Path:
    """Write CASE/report and the manifest; languages and time zone are the case's own unless given. Gives the page."""
    from hikeshi.report.build import build

    saved = Saved(case)
    options = saved.account["options"]
    files = build(saved, languages or options["languages"], timezone or options["timezone"])
    for name, data in files.items():
        path = case / "report" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, data)
    write_manifest(case)
    return case / "report" / "index.html"
