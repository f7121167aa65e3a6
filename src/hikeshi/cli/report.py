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
        "--attribution",
        action="store_true",
        help="write dossier.html from the case's claims ledger as well; with --stage, print the judgement",
    )
    verb.add_argument(
        "--layout",
        choices=("full", "court"),
        default="full",
        help="what the dossier holds: all of it, or scope, evidence, tools and judgement (default: %(default)s)",
    )
    verb.add_argument("--stage", choices=("first", "update", "final"), help="write the next staged report")
    verb.add_argument(
        "--as-of",
        metavar="TIME",
        help="moment of the staged report, or day of the dossier: what came later is left out",
    )
    verb.add_argument(
        "--since", metavar="PREVIOUS", help="the report to compare with (default: the one before)"
    )
    verb.add_argument(
        "--drafts", action="store_true", help="write fillable drafts for the authorities into report/drafts"
    )
    verb.add_argument(
        "--no-office", action="store_true", help="no .docx and .xlsx beside the staged report and the drafts"
    )
    verb.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> int:
    """Write the report and print where it is."""
    from pathlib import Path

    from hikeshi.flow.reporting import write_report

    languages = {None: None, "both": ("ja", "en")}.get(options.lang, (options.lang,))
    if options.drafts:
        return _drafts(options, languages)
    if options.stage:
        print(_stage(options, languages))
        return 0
    path = write_report(Path(options.case), languages, options.tz)
    paths = {"report": str(path)}
    if options.attribution:
        from hikeshi.report.dossier.write import write_dossier

        paths["dossier"] = str(
            write_dossier(Path(options.case), languages, options.as_of, options.tz, options.layout)
        )
    print(json.dumps(paths) if options.json else "\n".join(paths.values()))
    return 0


def _drafts(options: argparse.Namespace, languages: Any) -> int:
    from pathlib import Path

    from hikeshi.errors import UsageError
    from hikeshi.report.drafts.write import write_drafts

    if not options.as_of:
        raise UsageError("Drafts need --as-of TIME, such as 2018-02-01T18:00.")
    for path in write_drafts(Path(options.case), options.as_of, languages, options.tz, not options.no_office):
        print(json.dumps({"draft": str(path)}) if options.json else path)
    return 0


def _stage(options: argparse.Namespace, languages: Any) -> str:
    from pathlib import Path

    from hikeshi.errors import UsageError
    from hikeshi.report.stage.write import write_stage

    if not options.as_of:
        raise UsageError("A staged report needs --as-of TIME, such as 2018-02-01T18:00.")
    path = write_stage(
        Path(options.case),
        options.stage,
        options.as_of,
        options.since,
        languages,
        options.tz,
        not options.no_office,
        options.attribution,
    )
    return json.dumps({"report": str(path)}) if options.json else str(path)
