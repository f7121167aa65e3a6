# SPDX-License-Identifier: Apache-2.0
"""hikeshi demo: the main job on an invented, inert incident."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "demo", help="write an inert incident, examine it, and check the result against the truth"
    )
    verb.add_argument(
        "--out", default="demo-case", metavar="FOLDER", help="where to write it (default: %(default)s)"
    )
    verb.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="another seed, another incident (default: %(default)s)",
    )
    verb.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> int:
    """Write, run, score, and print where the report is."""
    import json

    from hikeshi import drill
    from hikeshi.cli.progress import Bar

    with Bar() as bar:
        result = drill.run(Path(options.out), options.seed, bar.progress)
    if options.json:
        checks = [
            {"name": c.name, "expected": c.expected, "found": c.found, "passed": c.passed}
            for c in result.checks
        ]
        print(json.dumps({"case": str(result.case), "checks": checks}, ensure_ascii=False))
    else:
        _print(result)
    return 0 if all(check.passed for check in result.checks) else 1


def _print(result: Any) -> None:
    print(f"evidence {result.evidence}")
    for check in result.checks:
        print(f"{'ok  ' if check.passed else 'FAIL'} {check.name}: {check.found}")
        if not check.passed:
            print(f"     expected: {check.expected}")
    print(f"case     {result.case}")
    print(f"report   {result.case / 'report' / 'index.html'}")
