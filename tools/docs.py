# SPDX-License-Identifier: Apache-2.0
"""Writes the generated parts of docs/: help texts, tables, packs. Run it after changing any of them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hikeshi import cli, schema, words
from hikeshi.families import packs
from hikeshi.families.smokeloader import lines

DOCS = Path(__file__).parents[1] / "docs"
MARK = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def help_of(verb: str) -> str:
    """The help of one verb as a code block, whatever the width of the terminal."""
    os.environ["COLUMNS"] = "100"
    parser = cli.parser()
    chosen = next(a for a in parser._actions if a.dest == "verb").choices[verb]  # type: ignore[index]
    return f"```\n{chosen.format_help()}```\n"


def table(name: str) -> str:
    """The columns of one table."""
    rows = "".join(f"| `{column}` | {kind} |\n" for column, kind in schema.TABLES[name])
    return f"| column | type |\n|---|---|\n{rows}"


def pack(lang: str) -> str:
    """What every pack is, does and cites."""
    parts = []
    for found in packs():
        functions = ", ".join(words.name("function", f, lang) for f in found.functions) or "-"
        sources = "".join(f"- [{s.title}]({s.url}) ({s.licence})\n" for s in found.sources)
        parts.append(
            f"## `{found.name}`\n\n{words.text(f'{found.name}.about', lang)}\n\n{functions}\n\n{sources}"
        )
    return "\n".join(parts)


def generated(key: str) -> str:
    """The text of one generated part."""
    kind, _, name = key.partition(":")
    return {"help": help_of, "lines": lines.table, "table": table, "packs": pack}[kind](name)


def render(text: str) -> str:
    """A document with its generated parts made anew."""
    return MARK.sub(lambda m: m[1] + generated(m[2]) + m[3], text)


def main() -> None:
    """Rewrite every document that has generated parts."""
    for path in sorted(DOCS.glob("*.md")):
        path.write_text(render(path.read_text()))


if __name__ == "__main__":
    main()
