# SPDX-License-Identifier: Apache-2.0
"""The management note (.docx, two pages) and the tables (.xlsx); the same report gives the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from hikeshi import words
from hikeshi.errors import UsageError
from hikeshi.report.clock import moment
from hikeshi.report.escape import short
from hikeshi.report.stage.model import Stage
from hikeshi.report.stage.wording import Speaker, defanged

LINES = 6
ROWS = 100_000
FIXED = datetime(2000, 1, 1)
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def note(stage: Stage, lang: str) -> bytes:
    """The management note: what is confirmed, examined and unknown, on two pages at most."""
    try:
        from docx import Document
    except ImportError:
        raise UsageError(
            "The .docx needs python-docx; install hikeshi[office] or give --no-office."
        ) from None
    p = Speaker(stage, lang)
    document = Document()
    document.core_properties.author = "hikeshi"
    document.core_properties.title = _text(f"{p.t['title']} {p.heading()}")
    document.add_paragraph(stage.tlp)
    document.add_heading(f"{p.t['title']} {p.heading()}", 1)
    document.add_paragraph(f"{p.t['as-of']} {p.time(stage.now.as_of)}")
    document.add_paragraph(p.affected())
    if stage.before:
        _list(document, p, "since", stage.changes)
    for key, lines in (
        ("confirmed", stage.confirmed),
        ("examining", stage.examining),
        ("unknown", stage.unknown),
    ):
        _list(document, p, key, lines, stage.people.lists.get(key, ()))
    for key in ("measures", "next"):
        _list(document, p, key, (), stage.people.lists.get(key, ()))
    document.add_paragraph(f"{p.t['no-trace']} {p.t['legal']}")
    return _fixed(document.save)


def _list(document: Any, p: Speaker, key: str, lines: Sequence[Any], people: Sequence[Any] = ()) -> None:
    document.add_heading(p.t[key], 2)
    said = [one.ja if p.lang == "ja" else one.en for one in people] + [
        p.line(one.what, one.values) for one in lines
    ]
    for text in said[:LINES]:
        document.add_paragraph(_text(text), style="List Bullet")
    if len(said) > LINES:
        document.add_paragraph(f"… +{len(said) - LINES}", style="List Bullet")
    if not said:
        document.add_paragraph(p.t["none"], style="List Bullet")


def tables(stage: Stage, findings: Iterable[Mapping[str, Any]], lang: str) -> bytes:
    """The workbook: timeline, machines, indicators."""
    try:
        from openpyxl import Workbook
    except ImportError:
        raise UsageError("The .xlsx needs openpyxl; install hikeshi[office] or give --no-office.") from None
    p = Speaker(stage, lang)
    book = Workbook()
    book.properties.creator = "hikeshi"
    book.properties.created = FIXED
    sheets = (
        ("timeline", _timeline(stage, findings, p)),
        ("hosts", _hosts(stage, p)),
        ("indicators", _indicators(stage, p)),
    )
    book.remove(book.active)
    for key, rows in sheets:
        _sheet(book.create_sheet(re.sub(r"[\[\]:*?/\\]", "", p.t[key])[:31]), rows)
    return _fixed(book.save)


def _timeline(stage: Stage, findings: Iterable[Mapping[str, Any]], p: Speaker) -> Iterator[list[str]]:
    t = p.t
    yield [
        t["time"].format(zone=stage.clock.name),
        t["utc"],
        t["host"],
        t["grade"],
        t["functions"],
        t["what"],
        "id",
    ]
    kept = set(stage.now.findings)
    for finding in findings:
        if finding["id"] not in kept:
            continue
        stamp = stage.clock.at(moment(finding["time"]))
        text = words.text(finding["message"], p.lang, finding["fields"])
        function = p.name("function", finding["function"]) if finding["function"] else ""
        when = [stamp.local, stamp.utc] if stamp else [t["none"], finding["time_text"] or ""]
        yield [*when, finding["host"] or "", p.name("grade", finding["grade"]), function, text, finding["id"]]


def _hosts(stage: Stage, p: Speaker) -> Iterator[list[str]]:
    yield [
        p.t[key] for key in ("host", "grade", "first-seen", "last-seen", "stealing", "contact", "functions")
    ]
    for name, host in stage.now.hosts.items():
        functions = [
            f"{p.name('function', key)} ({p.name('grade', use.grade)})" for key, use in host.functions.items()
        ]
        states = [p.t[f"state-{host.stealing}"], p.t[f"state-{host.contact}"]]
        yield [
            name,
            p.grade(host.grade),
            p.time(host.first),
            p.time(host.last),
            *states,
            ", ".join(functions),
        ]


def _indicators(stage: Stage, p: Speaker) -> Iterator[list[str]]:
    yield [p.t["no-contact"]]
    yield [p.t[key] for key in ("kind", "value", "machines", "first-seen", "last-seen")]
    for one in stage.now.indicators:
        yield [one.kind, defanged(one.value), str(len(one.hosts)), p.time(one.first), p.time(one.last)]


def _sheet(sheet: Any, rows: Iterable[Sequence[str]]) -> None:
    """Every cell is text: what begins like a formula stays text."""
    for number, row in enumerate(rows, 1):
        if number > ROWS:
            sheet.cell(number, 1, "…").data_type = "s"
            return
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column)
            cell.value = _text(short(value, "en", 2000))
            cell.data_type = "s"
            cell.quotePrefix = value[:1] in ("=", "+", "-", "@")


def _text(value: str) -> str:
    """Text without what XML cannot hold."""
    return "".join(char if char >= " " or char in "\t\n" else "�" for char in value)


def _fixed(save: Any) -> bytes:
    """The package rewritten with fixed times, so that the same content is the same file."""
    raw, out = io.BytesIO(), io.BytesIO()
    save(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _STAMP.sub(rb"\g<1>" + FIXED.isoformat().encode() + b"Z", data)
            info = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, data)
    return out.getvalue()
