# SPDX-License-Identifier: Apache-2.0
"""hikeshi packs: what the tool itself knows of malware."""

from __future__ import annotations

import argparse
import json
from typing import Any


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "packs", help="list the family packs, what they look for and where their knowledge is from"
    )
    verb.add_argument(
        "--lang", choices=("ja", "en"), default="en", help="language of sentences (default: %(default)s)"
    )
    verb.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> int:
    """Print the packs."""
    from hikeshi import words
    from hikeshi.families import packs

    for pack in packs():
        functions = sorted(pack.functions)
        if options.json:
            row: dict[str, Any] = {"name": pack.name, "version": pack.version, "status": pack.status}
            row |= {"aliases": list(pack.aliases), "attack": pack.attack_id, "functions": functions}
            row |= {"rules": [rule.id for rule in pack.sigma]}
            row |= {"sources": [{"title": s.title, "url": s.url, "licence": s.licence} for s in pack.sources]}
            print(json.dumps(row, ensure_ascii=False))
            continue
        print(f"{pack.name} {pack.version} ({pack.status}) {words.text(f'{pack.name}.title', options.lang)}")
        if functions:
            print("  " + ", ".join(words.name("function", function, options.lang) for function in functions))
        for source in pack.sources:
            print(f"  {source.title} <{source.url}>")
    return 0
