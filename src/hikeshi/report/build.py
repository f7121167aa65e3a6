# SPDX-License-Identifier: Apache-2.0
"""Saved case -> report: one self-contained HTML file that needs no script and loads nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hikeshi.case.saved import Saved
from hikeshi.report.escape import shown
from hikeshi.report.model import Model, model
from hikeshi.report.wording import Wording
from hikeshi.words import attack

TEMPLATES = Path(__file__).parent / "templates"


def build(saved: Saved, languages: Sequence[str], timezone: str) -> dict[str, bytes]:
    """Files of the report by their path inside CASE/report."""
    made = model(saved, timezone)
    style = _style(made, languages)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    pages = [(Wording(lang), Markup(_page(made, lang))) for lang in languages]
    frame = _environment(languages[0]).get_template("index.html.j2")
    html = frame.render(pages=pages, style=Markup(style), digest=digest, model=made)
    return {"index.html": html.encode("utf-8")}


def _style(made: Model, languages: Sequence[str]) -> str:
    """The style sheet; nothing of the evidence goes into it."""
    environment = _environment(languages[0])
    environment.autoescape = False
    return environment.get_template("style.css.j2").render(tlp=made.tlp, languages=languages)


def _page(made: Model, lang: str) -> str:
    environment = _environment(lang)
    return environment.get_template("page.html.j2").render(m=made, s=made.summary, lang=lang)


def _environment(lang: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=partial(shown, lang=lang),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"w": Wording(lang), "attack_notice": attack.notice()}
    return environment
