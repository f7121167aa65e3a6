# SPDX-License-Identifier: Apache-2.0
"""Ledger to one self-contained HTML file that needs no script and loads nothing."""

from __future__ import annotations

import base64
import hashlib
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
from hikeshi.ledger.queries import likelihood_word
from hikeshi.report.dossier.model import Dossier, dossier
from hikeshi.report.escape import shown

HERE = Path(__file__).parent


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
) -> bytes:
    """The dossier of a ledger as HTML, one part a language."""
    made = dossier(ledger, findings, as_of)
    style = (HERE / "templates" / "dossier.css").read_text(encoding="utf-8") + _slider(made, languages)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    parts = [(lang, labels(lang), Markup(_part(made, lang, tlp))) for lang in languages]
    frame = _environment(languages[0]).get_template("frame.html.j2")
    return frame.render(parts=parts, style=Markup(style), digest=digest, tlp=tlp).encode("utf-8")


def _slider(made: Dossier, languages: Sequence[str]) -> str:
    """Which step shows: the one whose radio is chosen; all of them on paper."""
    rules = []
    for lang in languages:
        for number in range(len(made.steps)):
            name = f"{lang}-step-{number}"
            rules.append(f"#{name}:checked~.steps>.{name}{{display:block}}")
            rules.append(f"#{name}:checked~.dates label[for={name}]{{background:#1f4368;color:#fff}}")
    return "\n".join(rules) + "\n"


def _part(made: Dossier, lang: str, tlp: str) -> str:
    environment = _environment(lang)
    environment.globals |= {
        "t": labels(lang),
        "lang": lang,
        "w": partial(_words, lang=lang),
        "say": say,
        "word": lambda spread: likelihood_word(spread.low, spread.median, spread.high),
        "missing": ids(made.ledger.missing),
    }
    return environment.get_template("dossier.html.j2").render(d=made, tlp=tlp)


def _words(words: Words, lang: str) -> str:
    return (words.ja or words.en) if lang == "ja" else (words.en or words.ja)


def _environment(lang: str) -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=partial(shown, lang=lang),
        trim_blocks=True,
        lstrip_blocks=True,
    )
