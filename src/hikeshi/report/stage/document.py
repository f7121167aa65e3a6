# SPDX-License-Identifier: Apache-2.0
"""The management note as a .docx of two A4 pages; the same report gives the same bytes."""

from __future__ import annotations

from typing import Any

from hikeshi.errors import UsageError
from hikeshi.report.stage.model import Stage
from hikeshi.report.stage.note import Block, note
from hikeshi.report.stage.package import fixed, text

LATIN, ASIAN = "Arial", "Yu Gothic"
INK, SOFT = "1C2229", "56606B"


def document(stage: Stage, lang: str) -> bytes:
    """The note as a file."""
    from docx.shared import Pt

    made = note(stage, lang)
    page = blank(made.title, stage.tlp, lang)
    _head(page, made.head)
    for number, blocks in enumerate(made.pages):
        for place, block in enumerate(blocks):
            heading = page.add_heading(text(block.heading), 2)
            heading.paragraph_format.page_break_before = number == 1 and place == 0
            _block(page, block)
    for line in made.foot:
        page.add_paragraph(text(line)).paragraph_format.space_before = Pt(4)
    return fixed(page.save)


def blank(title: str, tlp: str, lang: str) -> Any:
    """A document that holds its title and nothing else: A4, the label and the page's number on every page."""
    try:
        from docx import Document
    except ImportError:
        raise UsageError(
            "The .docx needs python-docx; install hikeshi[office] or give --no-office."
        ) from None
    page = Document()
    page.core_properties.author = "hikeshi"
    page.core_properties.title = text(title)
    _styles(page, lang)
    _sheet(page, tlp)
    page.add_paragraph(text(title), style="Title")
    return page


def _styles(page: Any, lang: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    sizes = {"Normal": 10, "Title": 17, "Heading 2": 11.5, "List Bullet": 10}
    for name, size in sizes.items():
        style = page.styles[name]
        style.font.size = Pt(size)
        style.font.color.rgb = RGBColor.from_string(INK)
        style.font.bold = name in ("Title", "Heading 2")
        style.paragraph_format.line_spacing = Pt(size + 4.5)
        style.paragraph_format.space_before = Pt(7 if name == "Heading 2" else 0)
        style.paragraph_format.space_after = Pt(2 if name == "Heading 2" else 4 if name == "Title" else 0)
        style.paragraph_format.widow_control = False
        properties = style.element.get_or_add_rPr()
        for old in properties.findall(qn("w:rFonts")):
            properties.remove(old)
        fonts = OxmlElement("w:rFonts")
        for key, font in (("ascii", LATIN), ("hAnsi", LATIN), ("cs", LATIN), ("eastAsia", ASIAN)):
            fonts.set(qn(f"w:{key}"), font)
        properties.insert(0, fonts)
        spoken = OxmlElement("w:lang")
        spoken.set(qn("w:val"), "en-GB")
        spoken.set(qn("w:eastAsia"), "ja-JP")
        properties.append(spoken)
    border = page.styles["Title"].element.pPr.find(qn("w:pBdr"))
    if border is not None:
        page.styles["Title"].element.pPr.remove(border)
    page.core_properties.language = {"ja": "ja-JP", "en": "en-GB"}[lang]


def _sheet(page: Any, tlp: str) -> None:
    """A4, and on every page the label and the page's number."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, Pt

    section = page.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin, section.bottom_margin = Mm(20), Mm(16)
    section.header_distance = section.footer_distance = Mm(8)
    head, foot = section.header.paragraphs[0], section.footer.paragraphs[0]
    run = head.add_run(text(tlp))
    run.bold, run.font.size = True, Pt(9)
    foot.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for field in ("PAGE", " / ", "NUMPAGES"):
        if field.isupper():
            _field(foot, field)
        else:
            foot.add_run(field)


def _field(paragraph: Any, name: str) -> None:
    """A number that the word processor fills in."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), name)
    paragraph._p.append(field)


def _head(page: Any, rows: tuple[tuple[str, str], ...]) -> None:
    _table(page, rows, (38, 132), bold=0)


def _block(page: Any, block: Block) -> None:
    for line in block.lines:
        page.add_paragraph(text(line), style="List Bullet")
    if block.rows:
        _table(page, block.rows, (62, 24, 42, 42), heads=True)
    if block.more:
        page.add_paragraph(text(block.more))


def _table(
    page: Any,
    rows: tuple[tuple[str, ...], ...],
    widths: tuple[int, ...],
    bold: int | None = None,
    heads: bool = False,
) -> None:
    from docx.shared import Mm

    table = page.add_table(len(rows), len(widths), style="Table Grid")
    table.autofit = False
    for column, wide in zip(table.columns, widths, strict=True):
        column.width = Mm(wide)
    for number, row in enumerate(rows):
        for column, (value, wide) in enumerate(zip(row, widths, strict=True)):
            cell = table.cell(number, column)
            cell.width = Mm(wide)
            run = cell.paragraphs[0].add_run(text(value))
            run.bold = column == bold or (heads and number == 0)
