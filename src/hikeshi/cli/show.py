# SPDX-License-Identifier: Apache-2.0
"""hikeshi show: what a case holds, also while its run is going."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hikeshi.cli import disclose

WHAT = (
    "findings",
    "hosts",
    "timeline",
    "issues",
    "functions",
    "gaps",
    "evidence",
    "suppressed",
    "correlated",
    "places",
    "secrets",
)


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser("show", help="print what a case holds, also while a run is going")
    verb.add_argument("what", choices=WHAT, metavar="WHAT", help=", ".join(WHAT))
    verb.add_argument("case", metavar="CASE", help="the case folder")
    verb.add_argument(
        "--lang", choices=("ja", "en"), default="en", help="language of sentences (default: %(default)s)"
    )
    disclose.add(verb)
    verb.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> int:
    """Print the rows, one a line; or let out what was asked for."""
    code = disclose.handle(options)
    if code is not None:
        return code
    rows = _rows(Path(options.case), options.what)
    for row in rows:
        print(json.dumps(row, ensure_ascii=False, default=_json) if options.json else _line(row, options))
    return 0


def _json(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _rows(path: Path, what: str) -> Iterable[Mapping[str, Any]]:
    from hikeshi.case.running import running_findings
    from hikeshi.case.saved import Saved

    if what in ("findings", "timeline") and (path / "state").is_dir() and not (path / "case.json").exists():
        return running_findings(path)
    case = Saved(path)
    match what:
        case "findings" | "timeline":
            return case.findings()
        case "issues":
            return case.issues()
        case "evidence":
            return _tree(case.account["evidence"])
        case "secrets":
            from hikeshi.case.secrets import in_findings, secrets

            return map(vars, (*secrets(case), *in_findings(case)))
        case "suppressed":
            rows = case.rows("SELECT * FROM suppressed ORDER BY time NULLS LAST, finding")
            return [{**row, "fields": dict(row["fields"])} for row in rows]
        case "correlated":
            from hikeshi.case.explain import correlated

            return correlated(case)
        case table:
            return case.rows(f'SELECT * FROM "{table}"')


def _tree(nodes: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for node in nodes:
        yield {key: value for key, value in node.items() if key != "children"}
        yield from _tree(node.get("children", ()))


def _line(row: Mapping[str, Any], options: argparse.Namespace) -> str:
    from hikeshi.codecs.escape import terminal

    match options.what:
        case "findings" | "timeline":
            parts = _finding(row, options.lang)
        case "suppressed":
            parts = _suppressed(row, options.lang)
        case "issues":
            parts = _issue(row, options.lang)
        case "evidence":
            parts = [
                row["status"],
                row.get("kind", ""),
                f"{row.get('records_out', 0):,}",
                row["path"],
                row.get("reason", ""),
            ]
        case _:
            parts = [_cell(value) for value in row.values()]
    return "  ".join(terminal(str(part)) for part in parts if part not in ("", None))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return f"{len(value)} findings" if value and str(value[0]).startswith("f-") else ", ".join(value)
    return str(_json(value))


def _finding(row: Mapping[str, Any], lang: str) -> list[Any]:
    from hikeshi import words

    what = words.text(row["message"], lang, row["fields"])
    where = row["evidence"]["path"] if "path" in row["evidence"] else row["evidence"]["id"][:16]
    return [
        row["time"] or "-",
        words.name("grade", row["grade"], lang),
        row["host"] or "-",
        what,
        f"[{where}]",
        row.get("id", ""),
    ]


def _suppressed(row: Mapping[str, Any], lang: str) -> list[Any]:
    from hikeshi import words

    return [
        _json(row["time"]) if row["time"] else "-",
        words.name("grade", row["grade"], lang),
        row["host"] or "-",
        words.text(row["message"], lang, row["fields"]),
        f"[{row['path']}]",
        row["finding"],
        f"{row['entry']}: {row['reason']}",
    ]


def _issue(row: Mapping[str, Any], lang: str) -> list[Any]:
    from hikeshi import words

    count = f"{row['records']:,}" if row["records"] else ""
    offset = f"@{row['offset']}" if row["offset"] is not None else ""
    detail = " ".join(f"{key}={value}" for key, value in row["fields"].items())
    kind = words.next_step(f"kind.{row['fields'].get('kind', '')}", lang)
    step = kind or words.next_step(f"reason.{row['reason']}", lang)
    return [
        words.name("reason", row["reason"], lang),
        count,
        row["path"],
        offset,
        detail,
        f"→ {step}" if step else "",
    ]
