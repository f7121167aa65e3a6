# SPDX-License-Identifier: Apache-2.0
"""The drafts that exist, read from their data files."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hikeshi.ledger.model import Words

NAMES = ("jpcert", "police", "ppc")


@dataclass(frozen=True)
class Source:
    """Where what the form asks was taken from, and how far it was read."""

    title: str
    url: str
    read: str


@dataclass(frozen=True)
class Item:
    """One thing the form asks: facts of the case by name, and the key of the analyst's answer."""

    words: Words
    fill: tuple[str, ...] = ()
    answer: str = ""


@dataclass(frozen=True)
class Form:
    """One draft: what it is, its sources, what could not be confirmed, and what it asks."""

    name: str
    version: str
    words: Words
    note: Words
    sources: tuple[Source, ...]
    unconfirmed: tuple[Words, ...]
    items: tuple[Item, ...]


@cache
def form(name: str) -> Form:
    """The draft of this name."""
    raw = tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))
    return Form(
        name=name,
        version=raw["version"],
        words=Words(raw["ja"], raw["en"]),
        note=Words(raw["note_ja"], raw["note_en"]),
        sources=tuple(Source(**one) for one in raw["source"]),
        unconfirmed=tuple(Words(one["ja"], one["en"]) for one in raw.get("unconfirmed", ())),
        items=tuple(
            Item(Words(one["ja"], one["en"]), tuple(one.get("fill", ())), one.get("answer", ""))
            for one in raw["item"]
        ),
    )
