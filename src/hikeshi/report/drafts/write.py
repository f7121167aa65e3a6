# SPDX-License-Identifier: Apache-2.0
"""The drafts of a case: CASE/report/drafts/<name>.<language>.md and .docx. Never a legal conclusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hikeshi.case.saved import Saved
from hikeshi.case.seal import refuse_sealed
from hikeshi.case.write import replace, write_manifest
from hikeshi.ledger.model import Words
from hikeshi.report.clock import Clock
from hikeshi.report.drafts.facts import Facts, facts
from hikeshi.report.drafts.form import NAMES, Form, form
from hikeshi.report.escape import short
from hikeshi.report.stage.document import blank
from hikeshi.report.stage.model import Stage, stage
from hikeshi.report.stage.package import fixed
from hikeshi.report.stage.package import text as xml
from hikeshi.report.stage.snapshot import snapshot
from hikeshi.report.stage.write import moment_of, tlp_of

LINE = 900
BLANK = {"ja": "（担当者が記入: ＿＿＿＿＿＿）", "en": "(to be filled in: ______)"}
SIGNED = {"ja": "{text}（担当者の記入）", "en": "{text} (entered by people)"}
CITED = {"ja": "{title} <{url}>（{how}: {read}）", "en": "{title} <{url}> ({how}: {read})"}
HEADS = {
    "version": ("下書きの版", "Version of this draft"),
    "sources": ("参照した資料", "Sources"),
    "unconfirmed": ("確認できていないこと", "Not confirmed"),
    "read": ("読んだ範囲", "read"),
    "full": ("全文", "in full"),
    "excerpt": ("抜粋", "excerpt"),
}


def write_drafts(
    case: Path,
    as_of: str,
    languages: Sequence[str] | None = None,
    zone: str | None = None,
    office_files: bool = True,
) -> list[Path]:
    """Write every draft of a case, as text and as a document to fill in, and the manifest; gives their paths."""
    refuse_sealed(case)
    saved = Saved(case)
    options = saved.account["options"]
    clock = Clock(zone or options["timezone"])
    at: datetime = moment_of(as_of, clock)
    tlp = tlp_of(options)
    made = stage(case, snapshot(saved, 0, "update", at), None, clock, tlp)
    folder = case / "report" / "drafts"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for lang in languages or options["languages"]:
        known = facts(saved, made, lang)
        for name in NAMES:
            draft = filled(form(name), known, made, lang)
            path = folder / f"{name}.{lang}.md"
            replace(path, text(draft).encode("utf-8", "replace"))
            written.append(path)
            if office_files:
                path = folder / f"{name}.{lang}.docx"
                replace(path, draft_document(draft, tlp, lang))
                written.append(path)
    write_manifest(case)
    return written


@dataclass(frozen=True)
class Draft:
    """A draft with what is known filled in: headings with their lines."""

    title: str
    lead: tuple[str, ...]
    parts: tuple[tuple[str, tuple[str, ...]], ...]


def filled(asked: Form, known: Facts, made: Stage, lang: str) -> Draft:
    """One draft: each thing asked, the facts there are, and a blank for what only people know."""
    parts = []
    for item in asked.items:
        lines = [_plain(one, lang) for name in item.fill for one in known[name]()]
        answer = made.people.answers.get(item.answer)
        if answer:
            lines.append(_plain(SIGNED[lang].format(text=_in(answer, lang)), lang))
        elif item.answer:
            lines.append(BLANK[lang])
        parts.append((_in(item.words, lang), tuple(lines)))
    cited = (
        CITED[lang].format(title=one.title, url=one.url, how=_head("read", lang), read=_head(one.read, lang))
        for one in asked.sources
    )
    parts.append((_head("sources", lang), tuple(cited)))
    parts.append((_head("unconfirmed", lang), tuple(_in(one, lang) for one in asked.unconfirmed)))
    return Draft(
        _in(asked.words, lang),
        (f"{_head('version', lang)} {asked.version}", _in(asked.note, lang)),
        tuple(parts),
    )


def text(draft: Draft) -> str:
    """A draft as text to copy from."""
    lines = [f"# {draft.title}", ""]
    for lead in draft.lead:
        lines += [lead, ""]
    for heading, entries in draft.parts:
        lines += [f"## {heading}", "", *(f"- {entry}" for entry in entries), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def draft_document(draft: Draft, tlp: str, lang: str) -> bytes:
    """A draft as a .docx to fill in."""
    page = blank(draft.title, tlp, lang)
    for lead in draft.lead:
        page.add_paragraph(xml(lead))
    for heading, entries in draft.parts:
        page.add_heading(xml(heading), 2)
        for entry in entries:
            page.add_paragraph(xml(entry), style="List Bullet")
    return fixed(page.save)


def _in(words: Words, lang: str) -> str:
    return words.ja if lang == "ja" else words.en


def _head(key: str, lang: str) -> str:
    return HEADS[key][0 if lang == "ja" else 1]


def _plain(line: str, lang: str) -> str:
    """A line of the evidence shows all it holds and cannot begin another line, a heading or markup."""
    return short(line, lang, LINE).replace("\n", " ⏎ ").replace("<", "‹").replace("`", "ʼ")
