# SPDX-License-Identifier: Apache-2.0
"""hikeshi explain: why something, or nothing, was found."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hikeshi.case.saved import Saved


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser("explain", help="say why something, or nothing, was found")
    verb.add_argument("case", metavar="CASE", help="the case folder")
    verb.add_argument("finding", nargs="?", metavar="FINDING", help="the id of one finding: why it was found")
    verb.add_argument(
        "--rules", action="store_true", help="name every rule that could not match, not only how many"
    )
    verb.add_argument(
        "--lang", choices=("ja", "en"), default="en", help="language of sentences (default: %(default)s)"
    )
    verb.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> int:
    """Print the explanation."""
    from hikeshi.case.explain import explain
    from hikeshi.case.saved import Saved
    from hikeshi.codecs.escape import terminal

    case = Saved(Path(options.case))
    if options.finding:
        facts, lines = _finding(case, options.finding, options.lang)
    else:
        facts = explain(case)
        lines = _lines(facts, options.rules, options.lang)
    if options.json:
        print(json.dumps(facts, ensure_ascii=False, default=str))
    else:
        for line in lines:
            print(terminal(line))
    return 0


def _lines(facts: Mapping[str, Any], every_rule: bool, lang: str) -> Iterator[str]:
    from hikeshi import words

    def say(id_: str, **fields: Any) -> str:
        return words.text(f"explain.{id_}", lang, {key: str(value) for key, value in fields.items()})

    yield say("read")
    for row in facts["read"]:
        yield "  " + say(
            "kind",
            kind=row["kind"],
            status=words.name("status", row["status"], lang),
            items=f"{row['items']:,}",
            records=f"{row['records']:,}",
        )
    yield say("logs")
    for row in facts["logs"]:
        yield "  " + say(
            "log",
            host=row["host"] or "-",
            channel=row["channel"] or "-",
            events=f"{row['events']:,}",
            first=row["first"],
            last=row["last"],
        )
    yield say("rules")
    for row in facts["rules"]:
        yield "  " + say(
            f"state-{row['state']}", set=row["set"], rules=f"{row['rules']:,}", hits=f"{row['hits']:,}"
        )
    for row in facts["missing_logs"] if every_rule else facts["missing_logs"][:12]:
        yield "  " + say("missing", needs=row["needs"], rules=f"{row['rules']:,}")
    for row in facts["cannot_match"] if every_rule else ():
        why = row["reason"] or "; ".join(row["needs"])
        yield f"  {row['state']}  {row['id'] or '-'}  {row['title'] or row['path']}  {why}"
    yield say("gaps", count=f"{len(facts['gaps']):,}")
    for row in facts["gaps"]:
        missing = "-" if row["missing"] is None else f"{row['missing']:,}"
        yield "  " + say(
            row["kind"],
            host=row["host"] or "-",
            channel=row["channel"],
            start=row["start"],
            end=row["end"],
            missing=missing,
        )
    yield say("issues")
    for row in facts["issues"]:
        yield f"  {words.name('reason', row['reason'], lang)}: {row['count']:,}"


def _finding(case: Saved, id_: str, lang: str) -> tuple[dict[str, Any], Iterator[str]]:
    from hikeshi import words
    from hikeshi.case.explain import correlated
    from hikeshi.errors import UsageError

    found = next((finding for finding in case.findings() if finding["id"] == id_), None)
    if found is None:
        raise UsageError(
            f"There is no finding {id_} in this case; 'hikeshi show findings {case.path}' lists them."
        )
    records = correlated(case, id_)

    def lines() -> Iterator[str]:
        yield words.text(found["message"], lang, found["fields"])
        for text in (words.meaning(found["message"], lang), words.next_step(found["message"], lang)):
            if text:
                yield text
        yield f"{words.name('grade', found['grade'], lang)}: {words.meaning('grade.' + found['grade'], lang)}"
        for key, value in found["fields"].items():
            yield f"  {key} = {value}"
        if found["rule"]:
            yield "  " + "  ".join(f"{key}={value}" for key, value in found["rule"].items() if value)
        where = found["evidence"]
        unit = "record" if "record" in where else "offset"
        yield f"  {where['path']}  {unit} {where.get(unit)}"
        for path in found["also"]:
            yield f"  {path}"
        for row in records:
            yield f"  {row['time'].isoformat()}  {row['path']}  record {row['record']}  {row['rule']}"

    return {**found, **({"records": records} if records else {})}, lines()
