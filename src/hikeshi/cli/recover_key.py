# SPDX-License-Identifier: Apache-2.0
"""hikeshi recover-key: keys and build constants by trial, from evidence at hand."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hikeshi.flow.keysearching import Loss, Pace
    from hikeshi.flow.recovering import Recovered

_ABOUT = """Find what 32 bits hide in evidence at hand: the 4-byte key of captured check-ins or the constant of a build.
Nothing is contacted. The estimate is printed first; an interrupted search of a case continues where it stopped."""


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    import os

    from hikeshi.cli.run import jobs

    verb = verbs.add_parser(
        "recover-key", help="find a request key or a build constant by trying all 2^32", description=_ABOUT
    )
    verb.add_argument(
        "case", nargs="?", metavar="CASE", help="search for what this case asks for; the next run uses it"
    )
    verb.add_argument(
        "--body", nargs="+", default=[], metavar="FILE", help="files with one captured request body each"
    )
    verb.add_argument("--name", metavar="NAME", help="computer name, as the machine writes it")
    verb.add_argument(
        "--serial", metavar="HEX", help="volume serial of its system drive, 8 hexadecimal digits"
    )
    verb.add_argument("--task", metavar="HEX", help="the hexadecimal digits at the end of the task's name")
    verb.add_argument(
        "--files",
        nargs="+",
        default=[],
        metavar="NAME",
        help="the 7-letter names of plug-in store and program",
    )
    verb.add_argument(
        "--keep",
        metavar="FOLDER",
        help="without a case: keep finished parts here, so that the search can continue",
    )
    verb.add_argument(
        "--jobs", type=jobs, default=os.cpu_count() or 1, metavar="N",
        help="worker processes (default: one for each processor)",
    )  # fmt: skip
    verb.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> int:
    """Search, and print what was found."""
    from pathlib import Path

    from hikeshi.codecs.escape import terminal
    from hikeshi.errors import UsageError
    from hikeshi.flow.recovering import recover, told

    given = _given(options)
    if bool(options.case) == bool(given) or (options.case and options.keep):
        raise UsageError("Give either a case, or --body, or --name and --serial with --task or --files.")
    line = _Line()
    if options.case:
        found, losses = recover(Path(options.case), options.jobs, line.tell)
    else:
        found, losses = _searched(given, options, line)
    line.end()
    if options.json:
        print(json.dumps({"searches": [told(one) for one in found], "issues": losses}))
    else:
        for text in (text for one in found for text in _lines(one)):
            print(terminal(text))
    for loss in losses:
        print(terminal(f"hikeshi: {_loss(loss)}"), file=sys.stderr)
    if options.case and any(one.result.values for one in found):
        print(f"'hikeshi run EVIDENCE --out {options.case}' now uses what was found.", file=sys.stderr)
    return 3 if losses else 0


def _given(options: argparse.Namespace) -> dict[str, list[str]]:
    from pathlib import Path

    given = {"body": [Path(path).read_bytes()[:4096].hex() for path in options.body], "files": options.files}
    given |= {key: [value] for key in ("name", "serial", "task") if (value := getattr(options, key))}
    return {key: values for key, values in given.items() if values}


def _searched(
    given: dict[str, list[str]], options: argparse.Namespace, line: _Line
) -> tuple[list[Recovered], list[Loss]]:
    import tempfile
    from pathlib import Path

    from hikeshi.flow.recovering import recover_given

    if options.keep:
        return recover_given(given, Path(options.keep), options.jobs, line.tell)
    with tempfile.TemporaryDirectory() as folder:
        return recover_given(given, Path(folder), options.jobs, line.tell)


class _Line:
    """The estimate, then a progress line where a person is looking."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def tell(self, pace: Pace) -> None:
        if pace.done == 0:
            what = "keys of 4 bytes" if pace.kind == "rc4-head" else "constants"
            about = (
                f"{pace.met} shards of {what} to search with {pace.kernel}: {_duration(pace.left)} at most"
            )
            print(about, file=sys.stderr)
            if pace.kernel != "numba":
                print("pip install 'hikeshi[jit]' makes this about ten times faster.", file=sys.stderr)
        elif self._shown:
            text = f"{pace.done} of {pace.met} shards, {_duration(pace.left)} left"
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def _lines(found: Recovered) -> Iterator[str]:
    """What a search came to: found, exhausted, or not searched to the end."""
    search, result = found.search, found.result
    keys = search.kind == "rc4-head"
    evidence = f"{result.bits:.0f} bits of evidence, {result.false:.2g} expected by chance"
    for value in result.values:
        how = (
            "known before" if not result.searched else f"found after {result.searched} of {result.of} shards"
        )
        bodies = [head for head, key in sorted(result.heads.items()) if key == value]
        opens = f" opens {len(bodies)} of {len(search.heads)} bodies" if keys else f" for {search.before}"
        yield f"{found.pack}: {'key' if keys else 'constant'} {value}{opens}; {how}; {evidence}"
        yield from (f"  {_plain(value, head)}" for head in bodies)
    if len(result.values) > 1 and not keys:
        yield f"  {len(result.values)} constants fit; what a second machine of the same build leaves has one in common"
    of = f"{len(search.heads)} bodies" if keys else search.before
    if result.exhausted and not result.values:
        what = "exhausted, no key" if keys else "exhausted, no constant"
        yield f"{found.pack}: {of}: {what}: all {result.of} shards were searched; {evidence}"
    elif not result.values:
        yield f"{found.pack}: {of}: not searched to the end"


def _plain(key: str, head: str) -> str:
    """The head of a body under its key, what is no printable ASCII as hexadecimal."""
    from hikeshi.codecs.rc4 import rc4

    plain = rc4(bytes.fromhex(key), bytes.fromhex(head))
    return "".join(chr(byte) if 0x20 < byte < 0x7F else f"<{byte:02X}>" for byte in plain)


def _loss(loss: Loss) -> str:
    fields = ", ".join(f"{key} {value}" for key, value in loss["fields"].items())
    return f"the search is not complete ({loss['reason']}: {fields}); run the same command again."
