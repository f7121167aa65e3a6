# SPDX-License-Identifier: Apache-2.0
"""The tables of a report as a workbook: timeline, machines, indicators; the same report gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hikeshi import words
from hikeshi.errors import UsageError
from hikeshi.report.clock import moment
from hikeshi.report.escape import short
from hikeshi.report.stage.model import Stage
from hikeshi.report.stage.note import width
from hikeshi.report.stage.package import FIXED, fixed, text
from hikeshi.report.stage.wording import Speaker, defanged

ROWS = 100_000
LONG = 2_000
FONT = "Yu Gothic"
# Points a printed line takes, and the highest row there may be (Excel specifications and limits).
LINE, HIGHEST = 14.0, 409.0
# Widths of the columns in characters of the default font.
WIDTHS = {
    "timeline": (20, 20, 24, 10, 22, 66, 21),
    "hosts": (24, 12, 26, 26, 20, 20, 56),
    "indicators": (18, 52, 8, 40, 26, 26),
}


def workbook(stage: Stage, findings: Iterable[Mapping[str, Any]], lang: str) -> bytes:
    """The workbook as a file."""
    try:
        from openpyxl import Workbook
    except ImportError:
        raise UsageError("The .xlsx needs openpyxl; install hikeshi[office] or give --no-office.") from None
    p = Speaker(stage, lang)
    book = Workbook()
    book.properties.creator = "hikeshi"
    book.properties.created = FIXED
    book.remove(book.active)
    sheets: tuple[tuple[str, Iterable[Sequence[str]], int], ...] = (
        ("timeline", _timeline(stage, findings, p), 1),
        ("hosts", _hosts(stage, p), 1),
        ("indicators", _indicators(stage, p), 2),
    )
    for key, rows, heads in sheets:
        sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", "", p.t[f"sheet-{key}"])[:31])
        _fill(sheet, rows, heads, WIDTHS[key], p)
        _lay_out(sheet, WIDTHS[key], heads, stage, p)
    return fixed(book.save)


def _timeline(stage: Stage, findings: Iterable[Mapping[str, Any]], p: Speaker) -> Iterator[list[str]]:
    t = p.t
    yield [
        t["time"].format(zone=stage.clock.name),
        *(t[k] for k in ("utc", "host", "grade", "functions", "what")),
        "id",
    ]
    kept = set(stage.now.findings)
    for finding in findings:
        if finding["id"] not in kept:
            continue
        stamp = stage.clock.at(moment(finding["time"]))
        message = finding["message"]
        said = words.text(message, p.lang, finding["fields"]) if words.knows(message) else message
        yield [
            stamp.local if stamp else "",
            stamp.utc if stamp else "",
            finding["host"] or "",
            p.name("grade", finding["grade"]),
            p.name("function", finding["function"]) if finding["function"] else "",
            said,
            finding["id"],
        ]


def _hosts(stage: Stage, p: Speaker) -> Iterator[list[str]]:
    keys = ("host", "grade", "first-seen", "last-seen", "stealing", "contact", "functions")
    yield [p.t[key] for key in keys]
    for name, host in stage.now.hosts.items():
        functions = [
            p.t["graded"].format(name=p.name("function", key), grade=p.name("grade", use.grade))
            for key, use in host.functions.items()
        ]
        states = (p.state(host.stealing), p.state(host.contact))
        times = (_two(p.time(host.first)), _two(p.time(host.last)))
        yield [name or p.t["no-host"], p.grade(host.grade), *times, *states, p.join(functions)]


def _indicators(stage: Stage, p: Speaker) -> Iterator[list[str]]:
    yield [p.t["no-contact"]]
    yield [p.t[key] for key in ("kind", "value", "machines", "host", "first-seen", "last-seen")]
    for one in stage.now.indicators:
        hosts = p.join(one.hosts)
        times = (_two(p.time(one.first)), _two(p.time(one.last)))
        yield [p.kind(one.kind), defanged(one.value), str(len(one.hosts)), hosts, *times]


def _two(time: str) -> str:
    """The zone's time and UTC under it."""
    return time.replace(" (", "\n(")


def _fill(sheet: Any, rows: Iterable[Sequence[str]], heads: int, widths: Sequence[int], p: Speaker) -> None:
    """Every cell is text: what begins like a formula stays text."""
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    plain, bold = Font(name=FONT, size=10), Font(name=FONT, size=10, bold=True)
    wrapped = Alignment(wrap_text=True, vertical="top")
    shade = PatternFill("solid", fgColor="E8EDF2")
    ruled = Border(bottom=Side("thin", color="C4CCD4"))
    for number, row in enumerate(rows, 1):
        if number > ROWS:
            sheet.cell(number, 1, p.t["cut"].format(n=f"{ROWS:,}")).data_type = "s"
            return
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column)
            cell.value = text(short(value, p.lang, LONG))
            cell.data_type = "s"
            cell.quotePrefix = value[:1] in ("=", "+", "-", "@")
            cell.font = bold if number <= heads else plain
            if len(row) > 1:
                cell.alignment, cell.border = wrapped, ruled
            if number == heads:
                cell.fill = shade
        if len(row) > 1:
            lines = max(_lines(value, wide) for value, wide in zip(row, widths, strict=True))
            sheet.row_dimensions[number].height = min(LINE * lines + 2, HIGHEST)


def _lines(value: str, wide: int) -> int:
    """How many lines a value takes in a column, a little more than less."""
    return sum(1 + width(line) // (wide - 3) for line in value[:LONG].split("\n"))


def _lay_out(sheet: Any, widths: Sequence[int], heads: int, stage: Stage, p: Speaker) -> None:
    """Read on the screen and printed: A4 across, one page wide, the heads on every page."""
    from openpyxl.utils import get_column_letter

    last = get_column_letter(len(widths))
    for column, wide in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = wide
    sheet.freeze_panes = f"A{heads + 1}"
    sheet.auto_filter.ref = f"A{heads}:{last}{max(sheet.max_row, heads)}"
    sheet.print_title_rows = f"1:{heads}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddHeader.left.text = text(stage.tlp).replace("&", "&&")
    sheet.oddHeader.right.text = f"{p.t['title']} {p.heading()} {sheet.title}".replace("&", "&&")
    sheet.oddFooter.right.text = "&P / &N"
