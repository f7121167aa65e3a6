# SPDX-License-Identifier: Apache-2.0
"""hikeshi export: files for other tools, made from a case."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

LEVELS = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "export", help="write files for other tools: STIX, MISP, Timesketch, Navigator, MACO, CSV"
    )
    verb.add_argument("case", metavar="CASE", help="the case folder")
    verb.add_argument(
        "--tlp", choices=LEVELS, default="AMBER+STRICT", metavar="LABEL",
        help="TLP 2.0 label of export/share: CLEAR, GREEN, AMBER, AMBER+STRICT or RED (default: %(default)s)",
    )  # fmt: skip
    verb.add_argument(
        "--events",
        action="store_true",
        help="also every event and message for Timesketch; this file is large",
    )
    verb.add_argument(
        "--attribution",
        action="store_true",
        help="also what the case's claims ledger carries, as STIX and MISP",
    )
    verb.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> int:
    """Write the files and print their paths; what was withheld from sharing goes to stderr."""
    from pathlib import Path

    from hikeshi.case.saved import Saved
    from hikeshi.case.seal import refuse_sealed
    from hikeshi.case.write import write_manifest
    from hikeshi.export.build import write

    case = Saved(Path(options.case))
    refuse_sealed(case.path)
    paths, leaving = write(case, options.tlp, options.events)
    if options.attribution:
        paths += _attribution(case, options.tlp)
    write_manifest(case.path)
    withheld = {name: len(values) for name, values in sorted(leaving.withheld.items())}
    if options.json:
        print(json.dumps({"files": [str(path) for path in paths], "tlp": options.tlp, "withheld": withheld}))
        return 0
    for path in paths:
        print(path)
    if withheld:
        counts = ", ".join(f"{count} {name}" for name, count in withheld.items())
        print(f"Kept out of export/share, because it may name the victim: {counts}.", file=sys.stderr)
    return 0


def _attribution(case: Any, tlp: str) -> list[Any]:
    """Write what the ledger carries; it may name the victim and stays internal."""
    from hikeshi.case.write import replace
    from hikeshi.export import attribution
    from hikeshi.ledger.load import load_file
    from hikeshi.ledger.weigh import weigh

    weighing = weigh(load_file(case.path), findings=case.findings())
    folder = case.path / "export" / "internal"
    made = {"stix": attribution.stix(weighing, tlp), "misp": attribution.misp(weighing, tlp)}
    for name, data in made.items():
        replace(folder / f"attribution.{name}.json", data)
    return [folder / f"attribution.{name}.json" for name in made]
