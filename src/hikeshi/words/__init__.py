# SPDX-License-Identifier: Apache-2.0
"""What the tool says, in Japanese and English."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hikeshi.words import attack, texts
from hikeshi.words.functions import FUNCTIONS
from hikeshi.words.texts import LANGS

__all__ = ["FUNCTIONS", "LANGS", "attack", "knows", "meaning", "name", "next_step", "text"]

_PLACE = re.compile(r"\{([A-Za-z][A-Za-z0-9_-]*)\}")


def _find(id_: str, lang: str) -> str | None:
    found = texts.own(lang).get(id_)
    return found if found is not None else texts.of_pack(id_.partition(".")[0], lang).get(id_)


def knows(id_: str) -> bool:
    """Whether a text with this id exists in every language."""
    return all(_find(id_, lang) is not None for lang in LANGS)


def text(id_: str, lang: str, fields: Mapping[str, str] | None = None) -> str:
    """The sentence of a message id with its {places} filled; a place without a field reads as not recorded.

    An id nobody words (a case made by a newer version, or by a pack that is gone) comes back with its fields.
    """
    fields = fields or {}
    sentence = _find(id_, lang)
    if sentence is None:
        return " ".join([f"[{id_}]", *(f"{key}={fields[key]}" for key in sorted(fields))])
    absent = texts.own(lang)["value.absent"]
    return _PLACE.sub(lambda place: fields.get(place[1]) or absent, sentence)


def name(kind: str, value: str, lang: str) -> str:
    """How a value is called: name("function", "keylogging", "ja")."""
    return text(f"{kind}.{value}.name", lang)


def meaning(id_: str, lang: str) -> str:
    """What a message or a named value means, in one or two sentences."""
    return _find(f"{id_}.meaning", lang) or ""


def next_step(id_: str, lang: str) -> str:
    """What to do or to check next."""
    return _find(f"{id_}.next", lang) or ""
