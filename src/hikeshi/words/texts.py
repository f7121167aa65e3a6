# SPDX-License-Identifier: Apache-2.0
"""Texts read from files: the tool's own `*.<lang>.toml` in this folder, and each pack's `text.<lang>.md`.

A TOML table `[grade.strong]` with `name = "…"` is the text `grade.strong.name`; a message's own sentence is
called `text` and asked for by the id alone. In a pack's file the part before the first heading of second
level is what the family is; a heading `## netwire.host-id` opens one message of three paragraphs: the
sentence, what it means, what to check next.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LANGS = ("ja", "en")
PARTS = ("", ".meaning", ".next")

_PACK = re.compile(r"[a-z][a-z0-9_]{0,40}")
_HEADING = re.compile(r"^## +(\S+) *$", re.MULTILINE)


def _flat(prefix: str, node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield prefix, node
        return
    for key, value in node.items():
        yield from _flat(f"{prefix}.{key}".strip(".") if key != "text" else prefix, value)


@cache
def own(lang: str) -> Mapping[str, str]:
    """Every text of the tool itself in one language, by its dotted key."""
    texts: dict[str, str] = {}
    for path in sorted(Path(__file__).parent.glob(f"*.{lang}.toml")):
        texts.update(_flat("", tomllib.loads(path.read_text(encoding="utf-8"))))
    return texts


def sections(markdown: str) -> tuple[str, dict[str, list[str]]]:
    """A pack's text taken apart: the introduction, and the paragraphs under each message id."""
    head, *rest = _HEADING.split(markdown)
    pairs = zip(rest[::2], rest[1::2], strict=True)
    found = {id_: [p.strip() for p in body.split("\n\n") if p.strip()] for id_, body in pairs}
    return head.strip(), found


def pack_file(pack: str, lang: str) -> Path | None:
    """Where a pack keeps its text in one language; only the file is looked for, no code of the pack runs."""
    spec = find_spec("hikeshi.families") if _PACK.fullmatch(pack) else None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / pack / f"text.{lang}.md"
        if path.is_file():
            return path
    return None


@lru_cache(maxsize=256)
def of_pack(pack: str, lang: str) -> Mapping[str, str]:
    """Every text of one pack in one language; empty when there is no such pack."""
    path = pack_file(pack, lang)
    if path is None:
        return {}
    head, found = sections(path.read_text(encoding="utf-8"))
    title, _, about = head.rpartition("-->")[2].strip().removeprefix("# ").partition("\n")
    texts = {f"{pack}.title": title.strip(), f"{pack}.about": about.strip()}
    for id_, paragraphs in found.items():
        texts.update(zip((id_ + part for part in PARTS), paragraphs, strict=False))
    return texts
