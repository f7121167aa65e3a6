# SPDX-License-Identifier: Apache-2.0
"""The command line: arguments in, one call, print. Results go to stdout, talk to stderr."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from hikeshi import __version__
from hikeshi.errors import EngineError, HikeshiError, UsageError

VERBS = (
    "run", "show", "explain", "report", "export", "verify", "packs", "ledger", "recover-key", "demo", "selftest",
)  # fmt: skip

FAILED, USAGE, PARTIAL, FOUND, INTERRUPTED = 1, 2, 3, 10, 130

_ABOUT = "Rebuilds what commodity malware did from the evidence a breached company holds. Reads only; works offline."
_CODES = """exit codes:
  0    complete
  1    failed
  2    the command line or a file given with it is wrong
  3    finished, but some evidence was not fully read
  10   a finding at or above --fail-on GRADE
  130  interrupted; the same command continues
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence with the next step."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Raise UsageError instead of printing the whole usage."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}; see '{self.prog} --help'.")


def parser() -> Parser:
    """The parser of every verb and option."""
    top = Parser(
        prog="hikeshi",
        description=_ABOUT,
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"hikeshi {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=Parser)
    for verb in VERBS:
        import_module(f"hikeshi.cli.{verb.replace('-', '_')}").add(verbs)
    for name, verb_parser in verbs.choices.items():
        if name != "ledger":
            verb_parser.add_argument("--json", action="store_true", help="print the result as JSON")
            verb_parser.add_argument(
                "-v", "--verbose", action="count", default=0, help="-v: more talk, -vv: tracebacks"
            )
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = parser().parse_args(words)
        return int(options.handle(options) or 0)
    except UsageError as error:
        return _say(error, words, USAGE)
    except (HikeshiError, EngineError) as error:
        return _say(error, words, FAILED)
    except OSError as error:
        return _say(error, words, FAILED)
    except KeyboardInterrupt:
        print("hikeshi: interrupted; run the same command again to continue.", file=sys.stderr)
        return INTERRUPTED


def _say(error: Exception, words: Sequence[str], code: int) -> int:
    if any(word.startswith("-vv") for word in words):
        raise error
    from hikeshi.codecs.escape import terminal

    print(f"hikeshi: {terminal(_sentence(error))}", file=sys.stderr)
    return code


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == 28:
        return "The disk is full; make room and run the same command again: it continues where it stopped."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {os.fspath(error.filename) if error.filename else 'no file named'}."
    return str(error)
