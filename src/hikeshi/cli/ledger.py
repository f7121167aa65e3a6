# SPDX-License-Identifier: Apache-2.0
"""hikeshi ledger: check, format, compare and weigh a claims ledger; draft evidence from findings."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

WRONG = 2


def add(verbs: Any) -> None:
    """Add the verb and its parts to the parser."""
    verb = verbs.add_parser(
        "ledger", help="check, format, compare and weigh a claims ledger about who did it"
    )
    parts = verb.add_subparsers(dest="part", metavar="PART", required=True, parser_class=type(verb))
    _check(parts)
    _fmt(parts)
    _diff(parts)
    _weigh(parts)
    _what_if(parts)
    _stubs(parts)


def _part(
    parts: Any, name: str, handle: Callable[[argparse.Namespace], int], about: str
) -> argparse.ArgumentParser:
    part: argparse.ArgumentParser = parts.add_parser(name, help=about, description=about)
    part.add_argument("--json", action="store_true", help="print the result as JSON")
    part.add_argument(
        "--lang", choices=("ja", "en"), default="en", help="language of sentences (default: %(default)s)"
    )
    part.add_argument("-v", "--verbose", action="count", default=0, help="-v: more talk, -vv: tracebacks")
    part.set_defaults(handle=handle)
    return part


def _ledger(part: argparse.ArgumentParser) -> None:
    part.add_argument("ledger", metavar="LEDGER", help="a ledger.yaml, or a case folder that holds one")
    part.add_argument("--case", metavar="CASE", help="the case folder whose findings the ledger cites")


def _day(part: argparse.ArgumentParser) -> None:
    part.add_argument(
        "--as-of", metavar="DATE", help="use only what was known on this day (default: everything)"
    )
    part.add_argument(
        "--strict-dates", action="store_true", help="leave out items all of whose claims are later"
    )


def _check(parts: Any) -> None:
    part = _part(parts, "check", check, "run the checks V01 to V15")
    _ledger(part)
    part.add_argument(
        "--previous", metavar="LEDGER", help="an earlier version, to see ids reused and claims gone"
    )


def _fmt(parts: Any) -> None:
    part = _part(parts, "fmt", fmt, "print the ledger in its one canonical form; comments are kept")
    part.add_argument("ledger", metavar="LEDGER", help="a ledger.yaml, or a case folder that holds one")
    part.add_argument("--in-place", action="store_true", help="write the file instead of printing it")


def _diff(parts: Any) -> None:
    part = _part(
        parts, "diff", diff, "what changed between two versions, and what that did to the conclusion"
    )
    part.add_argument("old", metavar="OLD", help="the earlier ledger")
    _ledger(part)
    _day(part)


def _weigh(parts: Any) -> None:
    part = _part(parts, "weigh", weigh, "what may honestly be said about who did it, and what that rests on")
    _ledger(part)
    _day(part)
    part.add_argument("--without", metavar="GROUP", action="append", default=[], help="leave a group out")
    part.add_argument(
        "--naive", action="store_true", help="count every item by itself, to see what copies would do"
    )
    part.add_argument(
        "--ranges", metavar="FILE", action="append", default=[], help="another analyst's ranges, to pool"
    )
    part.add_argument("--details", action="store_true", help="print the tables behind the page")
    part.add_argument(
        "--sign", metavar="NAME", help="keep the judgement in the case's attribution/judgements"
    )
    part.add_argument("--comment", metavar="TEXT", default="", help="the analyst's own words beside it")
    part.add_argument("--matrix", action="store_true", help="print the ACH matrix as CSV and nothing else")


def _what_if(parts: Any) -> None:
    part = _part(parts, "what-if", what_if, "the conclusion with some things otherwise")
    _ledger(part)
    part.add_argument(
        "change",
        metavar="CHANGE",
        nargs="+",
        help="G.H=low,high | H=low,high | without=G | +H=ratio | M=outcome",
    )
    _day(part)


def _stubs(parts: Any) -> None:
    part = _part(
        parts, "stubs", stubs, "write evidence stubs from the findings of a case into attribution/auto"
    )
    part.add_argument("case", metavar="CASE", help="the case folder")
    part.add_argument("--corpus", metavar="FILE", help="counts of values met in unrelated configurations")
    part.add_argument(
        "--incident", metavar="DATE", help="the day of the incident; older public values weigh less"
    )


def _load(options: argparse.Namespace) -> tuple[Any, list[dict[str, Any]]]:
    from hikeshi.ledger.findings import read
    from hikeshi.ledger.load import load_file

    path = Path(options.ledger)
    case = Path(options.case) if options.case else path if path.is_dir() else None
    return load_file(path), read(case / "findings.jsonl") if case else []


def _print(lines: Iterable[str]) -> None:
    from hikeshi.codecs.escape import terminal

    for line in lines:
        print(terminal(line))


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))


def check(options: argparse.Namespace) -> int:
    """Print what the checks found; 2 if there are errors."""
    from hikeshi.ledger.check import check as run
    from hikeshi.ledger.load import load_file
    from hikeshi.ledger.say_problems import line

    ledger, findings = _load(options)
    problems = run(ledger, findings, load_file(options.previous) if options.previous else None)
    for problem in problems:
        text = line(problem, ledger.name, options.lang)
        if options.json:
            place = {"line": problem.place.line, "column": problem.place.column}
            row = {"rule": problem.rule, "warning": problem.warning, "subject": problem.subject, "text": text}
            _print_json(row | place)
        else:
            _print([text])
    errors = sum(not problem.warning for problem in problems)
    print(f"{len(ledger.claims)} claims, {errors} errors, {len(problems) - errors} warnings", file=sys.stderr)
    return WRONG if errors else 0


def fmt(options: argparse.Namespace) -> int:
    """Print or write the canonical form."""
    from hikeshi.case.write import replace
    from hikeshi.ledger.canonical import fmt as canonical
    from hikeshi.ledger.load import bytes_of

    path, data = bytes_of(options.ledger)
    text = canonical(data, path.name)
    if not options.in_place:
        sys.stdout.write(text)
    elif text.encode() != data:
        replace(path, text.encode())
    return 0


def diff(options: argparse.Namespace) -> int:
    """Print what changed, and the conclusion before and after."""
    from hikeshi.ledger.changes import diff as compare
    from hikeshi.ledger.load import load_file
    from hikeshi.ledger.say_tables import as_json, difference

    ledger, findings = _load(options)
    old = load_file(options.old)
    found = compare(old, ledger, options.as_of, findings=findings, strict_dates=options.strict_dates)
    if options.json:
        changes = [{"what": one.what, "subject": one.subject, **one.fields} for one in found.changes]
        before, after = as_json(found.conclusion.before), as_json(found.conclusion.after)
        _print_json({"changes": changes, "before": before, "after": after})
    else:
        _print(difference(found, options.lang))
    return 0


def weigh(options: argparse.Namespace) -> int:
    """Print what may be said, then level, ranges and hull."""
    from hikeshi.ledger import say, say_tables
    from hikeshi.ledger.matrix import as_csv
    from hikeshi.ledger.weigh import weigh as compute

    ledger, findings = _load(options)
    if options.ranges:
        return _pooled(options, ledger, findings)
    settings = {"strict_dates": options.strict_dates, "naive": options.naive, "without": options.without}
    weighing = compute(ledger, options.as_of, findings=findings, **settings)
    if options.sign:
        _sign(options, weighing)
    if options.json:
        _print_json(say_tables.as_json(weighing))
    elif options.matrix:
        _print(as_csv(weighing.matrix).splitlines())
    else:
        lines = say.text(say.sentences(weighing), options.lang)
        details = ["", *say_tables.details(weighing, options.lang)] if options.details else []
        _print([*lines, "", *say_tables.page(weighing, options.lang), *details])
    return 0


def _folder(case: Path, name: str) -> Path:
    """A folder of the case's attribution; a sealed case stays as it is."""
    from hikeshi.case.seal import refuse_sealed
    from hikeshi.errors import UsageError

    if not (case / "findings.jsonl").is_file():
        raise UsageError(f"{case} is no case; give the folder that 'hikeshi run --out' wrote.")
    refuse_sealed(case)
    folder = case / "attribution" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _sign(options: argparse.Namespace, weighing: Any) -> None:
    """Keep weigh.json and a new judgement; an earlier judgement is never touched."""
    from datetime import UTC, datetime

    from hikeshi.case.write import write_json
    from hikeshi.ledger import judgement, say_tables

    case = Path(options.case or options.ledger)
    folder = _folder(case, "judgements")
    date = datetime.now(UTC).date().isoformat()
    path = folder / judgement.next_name(folder)
    with path.open("x", encoding="utf-8") as file:
        file.write(judgement.text(weighing, options.sign, date, options.comment))
    write_json(case / "attribution" / "weigh.json", say_tables.as_json(weighing))
    print(f"kept as {path}", file=sys.stderr)


def _pooled(options: argparse.Namespace, ledger: Any, findings: list[dict[str, Any]]) -> int:
    from hikeshi.ledger import say, say_tables
    from hikeshi.ledger.load import bytes_of
    from hikeshi.ledger.pooling import load_opinion, pool

    files = [bytes_of(name) for name in options.ranges]
    opinions = [load_opinion(data, path.name) for path, data in files]
    pooled = pool(ledger, opinions, options.as_of, findings=findings, strict_dates=options.strict_dates)
    if options.json:
        each = {name: say_tables.as_json(one) for name, one in pooled.each.items()}
        _print_json({"together": say_tables.as_json(pooled.together), "each": each})
        return 0
    lines = say.text(say.sentences(pooled.together), options.lang)
    _print(
        [
            *lines,
            "",
            *say_tables.page(pooled.together, options.lang),
            "",
            *say_tables.analysts(pooled, options.lang),
        ]
    )
    return 0


def what_if(options: argparse.Namespace) -> int:
    """Print the conclusion before and after."""
    from hikeshi.ledger.say_tables import as_json, conclusion
    from hikeshi.ledger.scenario import what_if as imagine

    ledger, findings = _load(options)
    found = imagine(
        ledger, options.change, options.as_of, findings=findings, strict_dates=options.strict_dates
    )
    if options.json:
        shift = found.conclusion
        _print_json({"asked": found.asked, "before": as_json(shift.before), "after": as_json(shift.after)})
    else:
        _print(conclusion(found.conclusion, options.lang))
    return 0


def stubs(options: argparse.Namespace) -> int:
    """Write the stubs and print one line for each."""
    from dataclasses import asdict

    from hikeshi.case.write import replace
    from hikeshi.ledger.auto import files
    from hikeshi.ledger.corpus import load_corpus
    from hikeshi.ledger.findings import read
    from hikeshi.ledger.load import bytes_of
    from hikeshi.ledger.say_tables import stub_line
    from hikeshi.ledger.stubs import stubs as draft

    case = Path(options.case)
    findings = read(case / "findings.jsonl")
    corpus = load_corpus(bytes_of(options.corpus)[1], Path(options.corpus).name) if options.corpus else None
    drafted = draft(findings, corpus, options.incident)
    auto = _folder(case, "auto")
    made = files(drafted)
    for old in auto.glob("R-*.yaml"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        replace(auto / name, text.encode("utf-8", "surrogateescape"))
    for stub in drafted:
        if options.json:
            _print_json(asdict(stub))
        else:
            _print([stub_line(stub, options.lang)])
    print(f"{len(drafted)} stubs in {auto}; none counts until the ledger accepts it", file=sys.stderr)
    return 0
