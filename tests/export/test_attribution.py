# SPDX-License-Identifier: Apache-2.0
"""`attributed-to` only from level 2; otherwise notes in a grouping. Both formats by their publishers' readers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import stix2
from pymisp import MISPEvent
from stix2validator import ValidationOptions, validate_string

from hikeshi.export.attribution import SCALES, misp, stix
from hikeshi.ledger.load import load_file
from hikeshi.ledger.say_lint import forbidden
from hikeshi.ledger.weigh import Weighing, weigh
from ledger.small import FINDING, loaded
from ledger.test_gate import strong

EXAMPLE = Path(__file__).parents[2] / "examples" / "coincheck-2018" / "ledger.yaml"


def low() -> Weighing:
    return weigh(load_file(EXAMPLE), "2021-02-28")


def high() -> Weighing:
    return weigh(loaded(strong()), findings=[FINDING])


def objects(weighing: Weighing) -> list[dict]:
    return json.loads(stix(weighing, "AMBER+STRICT"))["objects"]


@pytest.mark.parametrize("make", [low, high])
def test_stix_is_valid_for_its_own_reader_and_the_oasis_validator(make) -> None:  # type: ignore[no-untyped-def]
    text = stix(make(), "AMBER+STRICT").decode()
    assert stix2.parse(text, allow_custom=False)["type"] == "bundle"
    result = validate_string(text, ValidationOptions(version="2.1", strict_types=True))
    assert result.is_valid, [str(error) for error in result.errors]


def test_no_link_below_level_2() -> None:
    found = objects(low())
    assert not [
        one for one in found if one["type"] in ("relationship", "threat-actor", "opinion", "intrusion-set")
    ]
    grouping = next(one for one in found if one["type"] == "grouping")
    assert set(grouping["object_refs"]) == {one["id"] for one in found} - {grouping["id"], found[0]["id"]}


def test_a_link_from_level_2_with_an_opinion_on_it() -> None:
    weighing = high()
    found = objects(weighing)
    link = next(one for one in found if one["type"] == "relationship")
    assert link["relationship_type"] == "attributed-to"
    assert link["confidence"] == round(100 * weighing.shared["H1"].median)
    opinion = next(one for one in found if one["type"] == "opinion")
    assert opinion["object_refs"] == [link["id"]]
    assert opinion["opinion"] == "strongly-agree"
    assert not [one for one in found if one["type"] == "grouping"]


@pytest.mark.parametrize("make", [low, high])
def test_the_sentence_about_scales_always_travels(make) -> None:  # type: ignore[no-untyped-def]
    assert SCALES in [one.get("content") for one in objects(make())]
    notes = json.loads(misp(make(), "AMBER"))["Event"]["Note"]
    assert SCALES in [one["note"] for one in notes]
    assert not any(forbidden(one["note"], one["note"]) for one in notes)


def test_misp_analyst_data_is_read_by_pymisp() -> None:
    weighing = low()
    event = MISPEvent()
    event.from_json(misp(weighing, "AMBER").decode())
    assert len(event.opinions) == 4
    assert {opinion.opinion for opinion in event.opinions} == {
        round(100 * spread.median) for spread in weighing.shared.values()
    }
    assert all(0 <= opinion.opinion <= 100 for opinion in event.opinions)
    assert any("判断できない" in note.note for note in event.notes)
    assert len({note.uuid for note in event.notes}) == len(event.notes)


def test_the_same_ledger_gives_the_same_bytes() -> None:
    assert stix(low(), "AMBER") == stix(low(), "AMBER")
    assert misp(low(), "AMBER") == misp(low(), "AMBER")
