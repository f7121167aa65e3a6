# SPDX-License-Identifier: Apache-2.0
"""What is publicly known of each line of the malware: lines.toml as typed values."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

UNKNOWN = {"en": "not publicly documented", "ja": "公開資料なし"}


@dataclass(frozen=True)
class Line:
    """One line of the malware; None is what no public source says."""

    name: str
    source: str
    sureness: str
    version_words: tuple[int, ...] | None = None
    id_len: int | None = None
    name_slice: dict[str, tuple[int, int]] | None = None
    name_len: int | None = None
    name_ext: str | None = None
    task_template: str | None = None
    task_suffix_len: int | None = None
    entry_codec: str | None = None
    xor_const: int | None = None
    string_codec: str | None = None
    body_len: int | None = None
    header_order: tuple[tuple[str, ...], ...] | None = None
    decoys: tuple[str, ...] | None = None


@cache
def lines() -> tuple[Line, ...]:
    """Every line, oldest first."""
    text = Path(__file__).with_name("lines.toml").read_text(encoding="utf-8")
    return tuple(
        Line(**{key: _frozen(value) for key, value in row.items()}) for row in tomllib.loads(text)["lines"]
    )


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def named(name: str) -> Line:
    """The line of that name."""
    return next(line for line in lines() if line.name == name)


def documented() -> tuple[Line, ...]:
    """The lines whose names on a machine can be computed."""
    return tuple(line for line in lines() if line.name_slice and line.id_len)


def undocumented() -> tuple[str, ...]:
    """Names of the lines for which no public source says how names on a machine are made."""
    return tuple(line.name for line in lines() if line not in documented())


def shown(name: str, value: Any, lang: str) -> str:
    """A field of a line as people read it; what nobody published says so."""
    if value is None:
        return UNKNOWN[lang]
    if name == "xor_const":
        return f"0x{value:02X}"
    if name == "version_words":
        return ", ".join(f"0x{word:04X}" for word in value)
    if name == "header_order":
        return "; ".join(" › ".join(variant) for variant in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {first}–{last - 1}" for key, (first, last) in value.items())
    return ", ".join(map(str, value)) or "–" if isinstance(value, tuple) else str(value) or "–"


def table(lang: str) -> str:
    """All lines as a Markdown table: what is known of each, and what nobody published."""
    heads = {"en": ("line", "known", "source"), "ja": ("系統", "知られていること", "出典")}[lang]
    rows = [f"| {' | '.join((heads[0], heads[1], UNKNOWN[lang], heads[2]))} |", "|---|---|---|---|"]
    names = [field.name for field in fields(Line)[3:]]
    for line in lines():
        known = [name for name in names if getattr(line, name) is not None]
        said = "<br>".join(f"`{name}` {shown(name, getattr(line, name), lang)}" for name in known)
        unknown = ", ".join(f"`{name}`" for name in names if name not in known)
        cells = (line.name, said or "–", unknown or "–", f"{line.source}. {line.sureness}")
        rows.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    return "\n".join(rows) + "\n"
