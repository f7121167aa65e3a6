# SPDX-License-Identifier: Apache-2.0
"""Saved case -> report: one self-contained HTML file that needs no script and loads nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context
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
    styled = style(made.tlp, languages)
    digest = base64.b64encode(hashlib.sha256(styled.encode()).digest()).decode("ascii")
    pages = [(wording, Markup(_page(made, wording))) for wording in map(Wording, languages)]
    html = _template("index.html.j2").render(
        pages=pages, style=Markup(styled), digest=digest, model=made, lang=languages[0]
    )
    return {"index.html": html.encode("utf-8")}


def style(tlp: str, languages: Sequence[str]) -> str:
    """The style sheet for a label and the languages of a page."""
    return _template("style.css.j2").render(tlp=tlp, languages=languages, lang=languages[0])


def _page(made: Model, wording: Wording) -> str:
    return _template("page.html.j2").render(
        m=made, s=made.summary, w=wording, lang=wording.lang, attack_notice=attack.notice()
    )


@pass_context
def _printed(context: Context, value: Any) -> Any:
    """Every value on its way into a template's output, before it is escaped."""
    return shown(value, context["lang"])


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name != "style.css.j2",
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> Template:
    """A template; all but the style sheet, into which nothing of the evidence goes, escape what they print."""
    return _environment().get_template(name)
