# SPDX-License-Identifier: Apache-2.0
"""show --reveal and show --quarantine: what leaves a case, and is logged."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hikeshi.errors import UsageError

if TYPE_CHECKING:
    from hikeshi.flow.disclosing import Revealed

NOTICE = "Logged in {log}. Do not log in with what you see, on any system."


def add(verb: Any) -> None:
    """Add the options to the parser of show."""
    leave = verb.add_argument_group("what leaves the case (logged in CASE/reveals.log)")
    leave.add_argument(
        "--reveal",
        metavar="WHICH",
        help="with secrets: decode a masked value again and print it; WHICH is a finding's id, an item or ITEM:RECORD",
    )
    leave.add_argument(
        "--quarantine",
        nargs="+",
        default=[],
        metavar="ITEM",
        help="with evidence: copy items into the encrypted zip given with --out",
    )
    leave.add_argument(
        "--out", metavar="FILE.zip", help="with --quarantine: a new file outside case and evidence"
    )
    leave.add_argument(
        "--zip-password",
        default="infected",
        metavar="PASSWORD",
        help="with --quarantine: the password of the zip (default: %(default)s)",
    )
    leave.add_argument(
        "--evidence", nargs="+", default=[], metavar="PATH", help="where the evidence lies that was examined"
    )
    leave.add_argument(
        "--password",
        action="append",
        default=[],
        metavar="PASSWORD",
        help="opens encrypted archives of the evidence",
    )


def handle(options: argparse.Namespace) -> int | None:
    """Do what was asked for; null when neither option was given."""
    if not options.reveal and not options.quarantine:
        if options.out or options.evidence or options.password:
            raise UsageError("--evidence, --password and --out go with --reveal or --quarantine.")
        return None
    wanted = "secrets" if options.reveal else "evidence"
    if (options.reveal and options.quarantine) or options.what != wanted:
        raise UsageError(
            "--reveal goes with 'hikeshi show secrets', --quarantine with 'hikeshi show evidence'."
        )
    if not options.evidence:
        raise UsageError(
            "Give --evidence PATH: the case holds no secrets and no files, they are read again there."
        )
    case = Path(options.case)
    if options.reveal:
        _reveal(options, case)
    else:
        _quarantine(options, case)
    print(NOTICE.format(log=case / "reveals.log"), file=sys.stderr)
    return 0


def _reveal(options: argparse.Namespace, case: Path) -> None:
    from hikeshi.flow.disclosing import reveal

    for found in reveal(case, options.reveal, options.evidence, options.password):
        if options.json:
            print(json.dumps(vars(found.secret) | {"value": found.value.decode("utf-8", "replace")}))
        else:
            _print(found)


def _print(found: Revealed) -> None:
    """Exact bytes into a pipe or file; a terminal gets them with its escape sequences made visible."""
    from hikeshi.codecs.escape import terminal

    if sys.stdout.isatty():
        for line in found.value.decode("utf-8", "replace").splitlines():
            print(terminal(line))
    else:
        sys.stdout.buffer.write(found.value + b"\n")
        sys.stdout.buffer.flush()


def _quarantine(options: argparse.Namespace, case: Path) -> None:
    from hikeshi.flow.disclosing import quarantine

    if not options.out:
        raise UsageError("--quarantine needs --out FILE.zip, a new file outside the case and the evidence.")
    out = Path(options.out)
    items = quarantine(
        case, options.quarantine, out, options.evidence, options.password, options.zip_password
    )
    if options.json:
        print(json.dumps({"out": str(out), "items": items}))
    else:
        print(*items, out, sep="\n")
