# SPDX-License-Identifier: Apache-2.0
"""Whatever the code names as a message of the tool is worded."""

from __future__ import annotations

import ast
from pathlib import Path

import hikeshi.words
from hikeshi import words
from hikeshi.words import texts

SOURCE = Path(hikeshi.words.__file__).parent.parent
# Kinds whose ids are written out in code; the others are built from enum values.
KINDS = ("unknown", "rule", "notice", "explain")


def named() -> set[str]:
    """String literals that look like a message id of one of the kinds."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        if path.relative_to(SOURCE).parts[0] in ("words", "families"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                kind, dot, rest = node.value.partition(".")
                if kind in KINDS and dot and rest.replace("-", "").replace(".", "").isalpha():
                    found.add(node.value)
    return found


def test_every_message_named_in_code_is_worded() -> None:
    found = named()
    assert "unknown.not-judged" in found
    assert [id_ for id_ in sorted(found) if not words.knows(id_)] == []


def test_tables_of_texts_are_not_texts() -> None:
    for lang in words.LANGS:
        keys = set(texts.own(lang))
        assert "unknown" not in keys
        assert "grade" not in keys
