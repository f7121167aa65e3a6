# SPDX-License-Identifier: Apache-2.0
"""A staged report as one self-contained HTML file in both languages."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import partial

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hikeshi.report.dossier import build as dossier
from hikeshi.report.escape import shown
from hikeshi.report.stage.model import Stage
from hikeshi.report.stage.wording import HERE, Speaker, defanged


def build(stage: Stage, languages: Sequence[str]) -> bytes:
    """The report as HTML."""
    style = (HERE / "templates" / "stage.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    parts = [(lang, Speaker(stage, lang).t, Markup(_part(stage, lang))) for lang in languages]
    frame = _environment(languages[0]).get_template("frame.html.j2")
    return frame.render(
        parts=parts, style=Markup(style), digest=digest, tlp=stage.tlp, script="", data=""
    ).encode("utf-8")


def _part(stage: Stage, lang: str) -> str:
    speaker = Speaker(stage, lang)
    template = _environment(lang).get_template("stage.html.j2")
    return template.render(s=stage, p=speaker, t=speaker.t, lang=lang, defanged=defanged)


def _environment(lang: str) -> Environment:
    return Environment(
        loader=FileSystemLoader([HERE / "templates", dossier.HERE / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=partial(shown, lang=lang),
        trim_blocks=True,
        lstrip_blocks=True,
    )
