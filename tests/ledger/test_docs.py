# SPDX-License-Identifier: Apache-2.0
"""What the ledger understands is in its documents, in both languages."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from hikeshi.cli import ledger as command
from hikeshi.ledger import canonical, corpus, load, model, policy, pooling, say_lint

DOCS = Path(__file__).parents[2] / "docs"


def options() -> set[str]:
    verbs = argparse.ArgumentParser().add_subparsers()
    command.add(verbs)
    parts = next(action for action in verbs.choices["ledger"]._actions if action.dest == "part")
    found = {f"hikeshi ledger {name}" for name in parts.choices}  # type: ignore[union-attr]
    for part in parts.choices.values():  # type: ignore[union-attr]
        found |= {word for action in part._actions for word in action.option_strings if word.startswith("--")}
    return found - {"--help"}


@pytest.mark.parametrize("name", ["ledger.md", "ledger.ja.md"])
def test_docs_are_complete(name: str) -> None:
    text = (DOCS / name).read_text("utf-8")
    wanted = options() | set(load.ROOT) | set(policy.CAPS) | set(policy.FORBIDDEN_JA + policy.FORBIDDEN_EN)
    wanted |= {f"| V{number:02d}" for number in range(1, 16)} | {f"| R{number} |" for number in range(1, 10)}
    wanted |= {
        model.SCHEMA,
        corpus.SCHEMA,
        pooling.SCHEMA,
        policy.POLICY,
        str(policy.SEED),
        f"{policy.DRAWS:,}",
    }
    wanted |= {key for key in canonical.ORDER if key not in ("id", "label", "text", "value")}
    assert sorted(word for word in wanted if word not in text) == []


def test_both_documents_have_the_same_sections_and_rows() -> None:
    one, other = ((DOCS / name).read_text("utf-8").splitlines() for name in ("ledger.md", "ledger.ja.md"))
    for mark in ("#", "| ", "- **", "```"):
        assert sum(line.startswith(mark) for line in one) == sum(line.startswith(mark) for line in other)


def test_levels_are_documented_as_they_are_said() -> None:
    from hikeshi.ledger.say import LEVELS

    english, japanese = ((DOCS / name).read_text("utf-8") for name in ("ledger.md", "ledger.ja.md"))
    for ja, en in LEVELS.values():
        assert en.replace("“{en}”", "L") in english
        assert ja.replace("「{ja}」", "L") in japanese
    assert say_lint.forbidden("判断できない", "likely") == []
