# SPDX-License-Identifier: Apache-2.0
"""hikeshi run: from evidence to a case."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from hikeshi.cli.export import LEVELS

if TYPE_CHECKING:
    from hikeshi.flow import Outcome


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser("run", help="examine evidence into a case and write its report")
    verb.add_argument(
        "evidence", nargs="+", metavar="EVIDENCE", help="files, folders or archives, as they were collected"
    )
    verb.add_argument(
        "--out", required=True, metavar="CASE", help="the case folder; an earlier one is continued"
    )
    verb.add_argument(
        "--rules",
        action="append",
        default=[],
        metavar="RULES",
        help="Sigma rules: a file, a folder or an archive",
    )
    verb.add_argument(
        "--yara",
        action="append",
        default=[],
        metavar="RULES",
        help="YARA rules: a file, a folder or an archive",
    )
    verb.add_argument(
        "--deep", action="store_true",
        help="costly: tests of every offset on inputs of any size, YARA rules over whole images, not regions alone",
    )  # fmt: skip
    verb.add_argument(
        "--indicators",
        action="append",
        default=[],
        metavar="FILE",
        help="indicators to look up: CSV or a plain list, a STIX 2.1 bundle, a MISP event",
    )
    verb.add_argument(
        "--password",
        action="append",
        default=[],
        metavar="PASSWORD",
        help="tried on encrypted archives after 'infected'; may be given more than once, is never saved",
    )
    verb.add_argument(
        "--suppress",
        action="append",
        default=[],
        metavar="FILE",
        help="findings known to be harmless, with the reason of each (YAML)",
    )
    verb.add_argument(
        "--own", action="append", type=_range_of, default=[], metavar="RANGE",
        help="your network, as 203.0.113.0/24: in logs of a seized server these addresses are listed, others counted",
    )  # fmt: skip
    verb.add_argument(
        "--cert", action="store_true", help="list all victims in logs of a seized server, not only one's own"
    )
    verb.add_argument(
        "--search-keys", action="store_true",
        help="search for keys and build constants by trial where a pack asks for it: minutes to hours",
    )  # fmt: skip
    verb.add_argument(
        "--from",
        dest="start",
        metavar="TIME",
        help="findings from this time on only: 2018-01-26 or 2018-01-26T09:30, in the case's zone unless it names one",
    )
    verb.add_argument(
        "--to", dest="end", metavar="TIME", help="findings up to this time only; a date means all of that day"
    )
    verb.add_argument(
        "--jobs",
        type=jobs,
        default=os.cpu_count() or 1,
        metavar="N",
        help="worker processes (default: one for each processor)",
    )
    verb.add_argument(
        "--tz",
        type=_zone,
        default="Asia/Tokyo",
        metavar="ZONE",
        help="time zone of the case (default: %(default)s)",
    )
    verb.add_argument(
        "--lang",
        choices=("ja", "en", "both"),
        default="both",
        help="languages of the report (default: %(default)s)",
    )
    verb.add_argument(
        "--tlp", choices=LEVELS, default="AMBER+STRICT", metavar="LABEL",
        help="TLP 2.0 label of export/share: CLEAR, GREEN, AMBER, AMBER+STRICT or RED (default: %(default)s)",
    )  # fmt: skip
    verb.add_argument(
        "--fail-on", choices=("proven", "strong", "indicated", "weak"), metavar="GRADE",
        help="exit 10 when a finding is at or above proven, strong, indicated or weak",
    )  # fmt: skip
    verb.set_defaults(handle=handle)


def jobs(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1024:
        raise argparse.ArgumentTypeError("a number from 1 to 1024 is needed")
    return number


def _range_of(text: str) -> str:
    import ipaddress

    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no address range; give one such as 203.0.113.0/24"
        ) from error


def _zone(text: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError) as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time zone; give a name such as Asia/Tokyo"
        ) from error
    return text


def handle(options: argparse.Namespace) -> int:
    """Run, and say how it ended."""
    from pathlib import Path

    from hikeshi.cli.progress import Bar
    from hikeshi.flow import run
    from hikeshi.flow.options import Options

    languages = ("ja", "en") if options.lang == "both" else (options.lang,)
    start, end = _range(options)
    with Bar() as bar:
        outcome = run(
            options.evidence,
            Path(options.out),
            Options(
                rules=tuple(options.rules),
                yara=tuple(options.yara),
                indicators=tuple(options.indicators),
                suppress=tuple(options.suppress),
                start=start,
                end=end,
                timezone=options.tz,
                tlp=options.tlp,
                languages=languages,
                search_keys=options.search_keys,
                own=tuple(sorted(set(options.own))),
                cert=options.cert,
                deep=options.deep,
                passwords=tuple(options.password),
            ),
            options.jobs,
            bar.progress,
        )
    if options.json:
        print(json.dumps({"case": str(outcome.case), "complete": outcome.complete, **outcome.totals}))
    else:
        _print(outcome)
    return _code(outcome, options.fail_on)


def _range(options: argparse.Namespace) -> tuple[str | None, str | None]:
    """The bounds of --from and --to in UTC."""
    from hikeshi.codecs.times import iso, moment
    from hikeshi.errors import UsageError

    bounds: list[str | None] = []
    for name, text, last in (("--from", options.start, False), ("--to", options.end, True)):
        try:
            bounds.append(iso(moment(text, options.tz, last)) if text else None)
        except ValueError as error:
            raise UsageError(f"{name}: {error}.") from error
    if bounds[0] and bounds[1] and bounds[0] > bounds[1]:
        raise UsageError("--from lies after --to; give them the other way round.")
    return bounds[0], bounds[1]


def _print(outcome: Outcome) -> None:
    totals = outcome.totals
    grades = ", ".join(f"{count} {grade}" for grade, count in totals["grades"].items())
    print(f"records {totals['records_in']:,} = read {totals['records_out']:,}", end="")
    print(f" + refused {totals['refused']:,} + duplicate {totals['duplicate']:,}")
    print(f"findings {totals['findings']:,} ({grades})")
    if totals["suppressed"]:
        print(f"suppressed {totals['suppressed']:,}; 'hikeshi show suppressed' lists them")
    if totals["outside"]:
        print(f"outside the range {totals['outside']:,}, not shown")
    print(f"report {outcome.case / 'report' / 'index.html'}")
    print(f"tasks: {outcome.read + outcome.judged:,} done now, {outcome.reused:,} reused", file=sys.stderr)
    if outcome.unconfined:
        missing = ", ".join(outcome.unconfined)
        print(
            f"notice: this system offers no {missing}; parsers ran with resource limits only.",
            file=sys.stderr,
        )
    if outcome.keys_left:
        print(
            f"{outcome.keys_left:,} keys or constants can be searched for: 'hikeshi recover-key {outcome.case}'",
            file=sys.stderr,
        )
    if not outcome.complete:
        print("Some evidence was not fully read; 'hikeshi show issues' names it.", file=sys.stderr)


def _code(outcome: Outcome, fail_on: str | None) -> int:
    grades = list(outcome.totals["grades"])
    if fail_on and any(outcome.totals["grades"][grade] for grade in grades[: grades.index(fail_on) + 1]):
        return 10
    return 0 if outcome.complete else 3
