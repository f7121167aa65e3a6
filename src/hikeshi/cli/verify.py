# SPDX-License-Identifier: Apache-2.0
"""hikeshi verify: whether a case and its evidence are as they were; seals a case."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hikeshi.case.verify import Difference


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "verify", help="say whether a case and its evidence are as they were; seal a case"
    )
    verb.add_argument("case", metavar="CASE", help="the case folder")
    verb.add_argument(
        "--evidence", nargs="+", default=[], metavar="PATH", help="hash the evidence again and compare it too"
    )
    verb.add_argument(
        "--seal", action="store_true", help="sign all files of the case; it stays as it is from then on"
    )
    verb.add_argument("--key", metavar="FILE", help="with --seal: the private key; made when there is none")
    verb.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> int:
    """Verify, seal where asked to, and print what differs."""
    from hikeshi.case.saved import Saved
    from hikeshi.case.seal import key, seal
    from hikeshi.case.verify import evidence, verify
    from hikeshi.errors import UsageError

    case = Path(options.case)
    if options.seal != bool(options.key):
        raise UsageError("--seal and --key FILE go together; FILE is made when it does not exist.")
    verdict = verify(case)
    found = list(verdict.differences)
    if options.evidence:
        found += evidence(Saved(case).account, _hashed(options.evidence))
    fingerprint = verdict.key
    if options.seal and not found:
        made = not Path(options.key).exists()
        fingerprint = seal(case, key(Path(options.key), case))
        if made:
            print(f"A new key was made: {options.key}. Keep it offline.", file=sys.stderr)
    _print(found, fingerprint, bool(options.evidence), options.json)
    return 1 if found else 0


def _print(found: Sequence[Difference], fingerprint: str | None, evidence: bool, as_json: bool) -> None:
    from hikeshi.codecs.escape import terminal

    if as_json:
        rows = [{"path": difference.path, "what": difference.what} for difference in found]
        print(json.dumps({"differences": rows, "key": fingerprint, "evidence": evidence}))
        return
    for difference in found:
        print(terminal(f"{difference.what}  {difference.path}"))
    print(f"sealed by the key {fingerprint}" if fingerprint else "not sealed")
    if not found:
        print("The case and its evidence are as they were." if evidence else "The case is as it was written.")


def _hashed(arguments: Sequence[str]) -> Iterator[tuple[str, int, str]]:
    """Path as case.json names it, size and SHA-256 of every file of the evidence."""
    from hikeshi.evidence import discover

    discover.check(arguments)
    for argument in arguments:
        for met in discover.walk(argument):
            if met.source is not None:
                yield met.path, met.source.size, met.source.sha256()
