# SPDX-License-Identifier: Apache-2.0
"""hikeshi report: the report of a case, made again from what is saved."""

from __future__ import annotations

import argparse
import json
from typing import Any


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser("report", help="write the report of a case again; nothing is analysed anew")
    verb.add_argument("case", metavar="CASE", help="the case folder")
    verb.add_argument(
        "--lang", choices=("ja", "en", "both"), help="languages of the report (default: as the case was run)"
    )
    verb.add_argument("--tz", metavar="ZONE", help="time zone of the report (default: the case's)")
    verb.add_argument(
        "--attribution", action="store_true", help="write dossier.html from the case's claims ledger as well"
    )
    verb.add_argument("--as-of", metavar="DATE", help="the dossier uses only what was known on this day")
    verb.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> int:
    """Write the report and print where it is."""
    from pathlib import Path

    from hikeshi.flow.reporting import write_report

    languages = {None: None, "both": ("ja", "en")}.get(options.lang, (options.lang,))
    path = write_report(Path(options.case), languages, options.tz)
    paths = {"report": str(path)}
    if options.attribution:
        from hikeshi.report.dossier.write import write_dossier

        paths["dossier"] = str(write_dossier(Path(options.case), languages, options.as_of))
    print(json.dumps(paths) if options.json else "\n".join(paths.values()))
    return 0
