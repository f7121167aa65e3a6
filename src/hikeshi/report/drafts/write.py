# SPDX-License-Identifier: Apache-2.0
"""The drafts of a case as text to copy from: CASE/report/drafts/<name>.<language>.md. Never a legal conclusion."""

from __future__ import annotations

from collections.abc import Sequence
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
from hikeshi.report.stage.model import Stage, stage
from hikeshi.report.stage.snapshot import snapshot
from hikeshi.report.stage.write import DEFAULT_TLP, moment_of

LINE = 900
BLANK = {"ja": "(担当者が記入: ＿＿＿＿＿＿)", "en": "(to be filled in: ______)"}
HEADS = {
    "version": ("下書きの版", "Version of this draft"),
    "sources": ("参照した資料", "Sources"),
    "unconfirmed": ("確認できていないこと", "Not confirmed"),
    "read": ("読んだ範囲", "read"),
    "full": ("全文", "in full"),
    "excerpt": ("抜粋", "excerpt"),
    "people": ("担当者", "entered by people"),
}


def write_drafts(
    case: Path, as_of: str, languages: Sequence[str] | None = None, zone: str | None = None
) -> list[Path]:
    """Write every draft of a case and the manifest; gives their paths."""
    refuse_sealed(case)
    saved = Saved(case)
    options = saved.account["options"]
    clock = Clock(zone or options["timezone"])
    at: datetime = moment_of(as_of, clock)
    made = stage(case, snapshot(saved, 0, "update", at), None, clock, options.get("tlp") or DEFAULT_TLP)
    folder = case / "report" / "drafts"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for lang in languages or options["languages"]:
        known = facts(saved, made, lang)
        for name in NAMES:
            path = folder / f"{name}.{lang}.md"
            replace(path, text(form(name), known, made, lang).encode("utf-8", "replace"))
            written.append(path)
    write_manifest(case)
    return written


def text(asked: Form, known: Facts, made: Stage, lang: str) -> str:
    """One draft: each thing asked, the facts there are, and a blank for what only people know."""
    lines = [
        f"# {_in(asked.words, lang)}",
        "",
        f"{_head('version', lang)} {asked.version}",
        "",
        _in(asked.note, lang),
        "",
    ]
    for item in asked.items:
        lines += [f"## {_in(item.words, lang)}", ""]
        lines += [f"- {_plain(one, lang)}" for name in item.fill for one in known[name]()]
        answer = made.people.answers.get(item.answer)
        if answer:
            lines.append(f"- {_plain(_in(answer, lang), lang)} ({_head('people', lang)})")
        elif item.answer:
            lines.append(f"- {BLANK[lang]}")
        lines.append("")
    lines += [f"## {_head('sources', lang)}", ""]
    for one in asked.sources:
        lines.append(f"- {one.title} <{one.url}> ({_head('read', lang)}: {_head(one.read, lang)})")
    lines += [
        "",
        f"## {_head('unconfirmed', lang)}",
        "",
        *(f"- {_in(one, lang)}" for one in asked.unconfirmed),
    ]
    return "\n".join(lines) + "\n"


def _in(words: Words, lang: str) -> str:
    return words.ja if lang == "ja" else words.en


def _head(key: str, lang: str) -> str:
    return HEADS[key][0 if lang == "ja" else 1]


def _plain(line: str, lang: str) -> str:
    """A line of the evidence shows all it holds and cannot begin another line, a heading or markup."""
    return short(line, lang, LINE).replace("\n", " ⏎ ").replace("<", "‹").replace("`", "ʼ")
