# SPDX-License-Identifier: Apache-2.0
"""One suite asks every pack the same questions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from hikeshi import families
from hikeshi.families import Pack
from pack_questions import QUESTIONS

PACKS = families.packs()

LISTING = """
import sys
from hikeshi import families
names = [pack.name for pack in families.packs()]
run = [m for m in sys.modules if m.startswith(tuple(f"hikeshi.families.{n}" for n in names))]
heavy = [m for m in ("pyarrow", "numpy", "duckdb", "sigma", "yaml", "evtx") if m in sys.modules]
print(names, run, heavy)
"""


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
def test_pack(pack: Pack, question: Callable[[Pack], None]) -> None:
    question(pack)


def test_packs_are_listed_by_name_without_running_them() -> None:
    answer = subprocess.run([sys.executable, "-c", LISTING], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == f"{[pack.name for pack in PACKS]} [] []"
    assert sorted(pack.name for pack in PACKS) == [pack.name for pack in PACKS]


def test_an_override_names_a_pack() -> None:
    names = {pack.name for pack in PACKS}
    for pack in PACKS:
        assert set(pack.overrides) <= names - {pack.name}


def test_no_two_packs_share_a_rule() -> None:
    ids = [rule.id for pack in PACKS for rule in pack.sigma]
    assert len(ids) == len(set(ids))


def said(message: str, record: int, function: str | None) -> dict[str, object]:
    return {"item": "0" * 64, "record": record, "offset": None, "message": message, "function": function}


def test_a_family_wins_over_the_generic_pack_on_the_same_record_and_function() -> None:
    family = said("netwire.store-access", 7, "credential-theft")
    same, other_record = (said("generic.store-access", record, "credential-theft") for record in (7, 8))
    other_function, foreign = (
        said("generic.store-access", 7, "persistence"),
        said("rule.sigma", 7, "credential-theft"),
    )
    hits = [same, family, other_record, other_function, foreign]
    assert families.surviving(hits) == hits[1:]
    assert families.surviving([]) == []
