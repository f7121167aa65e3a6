# SPDX-License-Identifier: Apache-2.0
"""Ledger and case to one self-contained HTML file: it loads nothing, and all but sums of your own need no script."""

from __future__ import annotations

import base64
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hikeshi.ledger import say
from hikeshi.ledger.load import ids
from hikeshi.ledger.model import Ledger, Words
from hikeshi.ledger.policy import RESIDUAL_FLOOR, SEED
from hikeshi.ledger.queries import likelihood_word
from hikeshi.ledger.say_lint import Sentence
from hikeshi.report import build as report
from hikeshi.report.dossier.case import Facts
from hikeshi.report.dossier.model import Dossier, dossier
from hikeshi.report.escape import shown
from hikeshi.report.stage.wording import Speaker, defanged
from hikeshi.report.wording import Wording
from hikeshi.words import attack
from hikeshi.words.commodity import commodities

HERE = Path(__file__).parent
CHAPTERS = (
    "summary",
    "scope",
    "parties",
    "impact",
    "timeline",
    "entry",
    "malware",
    "indicators",
    "hypotheses",
    "contradictions",
    "response",
    "notified",
    "limits",
    "annex-a",
    "annex-b",
    "sources",
    "revisions",
)
LAYOUTS = {"full": CHAPTERS, "court": ("scope", "hypotheses", "limits", "annex-a", "annex-b", "sources")}
DRAWS = 20_000
EDITOR = ("group", "prior", "low", "high", "hypothesis", "range", "hull", "by-name", "copy", "reset", "wrong")


@cache
def labels(lang: str) -> Mapping[str, str]:
    """The dossier's own words in one language."""
    return tomllib.loads((HERE / f"labels.{lang}.toml").read_text(encoding="utf-8"))


def build(
    ledger: Ledger,
    languages: Sequence[str],
    tlp: str,
    findings: Iterable[Mapping[str, Any]] = (),
    as_of: str | None = None,
    facts: Facts | None = None,
    layout: str = "full",
) -> bytes:
    """The dossier of a ledger, and of the case behind it, as HTML; one part a language."""
    made = dossier(ledger, findings, as_of)
    style = _style(tlp, languages) + _slider(made, languages)
    script = (HERE / "templates" / "dossier.js").read_text(encoding="utf-8")
    parts = [(lang, labels(lang), Markup(_part(made, facts, lang, tlp, layout))) for lang in languages]
    frame = _environment(languages[0]).get_template("frame.html.j2")
    return frame.render(
        parts=parts,
        style=Markup(style),
        digest=digest(style),
        script=Markup(script),
        script_digest=digest(script),
        data=Markup(_data(made, languages)),
        tlp=tlp,
    ).encode("utf-8")


def digest(text: str) -> str:
    """A style sheet's or script's hash as a content security policy names it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _style(tlp: str, languages: Sequence[str]) -> str:
    base = report.style(tlp, languages)
    return base + (HERE / "templates" / "dossier.css").read_text(encoding="utf-8")


def _data(made: Dossier, languages: Sequence[str]) -> str:
    """What the page's script computes with; no character of it can end the element it stands in."""
    now = made.now.weighing
    data = {
        "priors": {h.id: list(h.prior) for h in made.ledger.hypotheses},
        "groups": {group.id: {h: list(ends) for h, ends in group.ranges.items()} for group, _ in made.groups},
        "residual": next(h.id for h in made.ledger.hypotheses if h.residual),
        "floor": RESIDUAL_FLOOR,
        "seed": SEED,
        "draws": DRAWS,
        "date": now.view.as_of.day.isoformat(),
        "words": {
            lang: {key.removesuffix("-name"): labels(lang)[key] for key in EDITOR} for lang in languages
        },
    }
    text = json.dumps(data, ensure_ascii=True, sort_keys=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _slider(made: Dossier, languages: Sequence[str]) -> str:
    """Which step shows: the one whose radio is chosen; on paper a table of all."""
    rules = []
    for lang in languages:
        for number in range(len(made.steps)):
            name = f"{lang}-step-{number}"
            rules.append(f"#{name}:checked~.steps>.{name}{{display:block}}")
            rules.append(f"#{name}:checked~.dates label[for={name}]{{background:#1f4368;color:#fff}}")
    return "\n".join(rules) + "\n"


def _part(made: Dossier, facts: Facts | None, lang: str, tlp: str, layout: str) -> str:
    environment = _environment(lang)
    environment.globals |= {
        "t": labels(lang),
        "lang": lang,
        "both": partial(_words, lang=lang),
        "say": say,
        "word": lambda spread: likelihood_word(spread.low, spread.median, spread.high),
        "missing": ids(made.ledger.missing),
        "commodities": commodities(),
        "defanged": defanged,
        "layout": layout,
    }
    speaker = Speaker(facts.stage, lang) if facts else None
    return environment.get_template("dossier.html.j2").render(
        d=made,
        f=facts,
        m=facts.model if facts else None,
        s=facts.model.summary if facts else None,
        p=speaker,
        w=Wording(lang),
        tlp=tlp,
        chapters=LAYOUTS[layout],
        attack_notice=attack.notice(),
    )


def _words(words: Words | Sentence, lang: str) -> str:
    return (words.ja or words.en) if lang == "ja" else (words.en or words.ja)


def _environment(lang: str) -> Environment:
    return Environment(
        loader=FileSystemLoader([HERE / "templates", report.TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=partial(shown, lang=lang),
        trim_blocks=True,
        lstrip_blocks=True,
    )
