# SPDX-License-Identifier: Apache-2.0
"""The dossier: the level in both languages, what could be said when, same-source marks, nothing loaded."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from hikeshi.ledger import say
from hikeshi.ledger.load import load, load_file
from hikeshi.ledger.say_lint import forbidden
from hikeshi.report.dossier.build import HERE, build
from hikeshi.report.dossier.graph import graph, marks
from hikeshi.report.dossier.model import dossier
from hikeshi.report.dossier.steps import days
from ledger.small import loaded, shared, small

EXAMPLE = Path(__file__).parents[2] / "examples" / "coincheck-2018" / "ledger.yaml"
TLP = "TLP:AMBER+STRICT"


def parts(html: bytes) -> dict[str, str]:
    """The page's text by language."""
    text = html.decode()
    ja, en = text.index('<div class="page ja"'), text.index('<div class="page en"')
    return {"ja": text[ja:en], "en": text[en:]}


def test_both_languages_state_the_same_level_on_every_day() -> None:
    made = dossier(load_file(EXAMPLE))
    page = parts(build(load_file(EXAMPLE), ("ja", "en"), TLP))
    for step in made.steps:
        ja, en = say.LEVELS[step.weighing.level]
        assert page["ja"].count(ja) >= 1
        assert page["en"].count(en) >= 1
    assert {step.weighing.level for step in made.steps} == {0}


def test_a_day_shows_nothing_later() -> None:
    page = parts(build(load_file(EXAMPLE), ("ja", "en"), TLP, as_of="2019-03-31"))["en"]
    steps = re.findall(r'<label for="en-step-\d+">([0-9-]+)', page)
    assert steps == ["2018-02-05", "2018-10-19", "2019-03-31"]
    assert "HYDSEVEN" not in page
    assert 'id="en-claim-c08"' in page
    assert 'id="en-claim-c17"' not in page


def test_days_are_bounded_and_end_with_the_last() -> None:
    found = days(load(shared()))
    assert found[-1] == "2021-02-17"
    plain = small()
    plain["groups"]["G1"]["as_of"] = [
        {"from": f"2020-{month:02d}-{day:02d}", "joint": plain["evidence"][0]["lik"]}
        for month in range(1, 13)
        for day in (11, 12)
    ]
    assert len(days(loaded(plain))) == 12
    assert days(loaded(plain))[-1] == "2020-12-12"


def test_one_mark_for_what_hangs_together() -> None:
    sign = marks(load_file(EXAMPLE))
    assert sign["O-NIS"] == sign["O-GIB"] == sign["O-UN"]
    assert sign["O-INSIDE"] == sign["O-LAC"]
    assert len(set(sign.values())) == 9


def test_the_drawing_puts_what_rests_on_something_to_its_right() -> None:
    drawn = graph(load(shared()))
    x = {box.id: box.x for box in drawn.boxes if not box.group}
    assert x["O-NIS"] < x["O-GIB"] < x["O-UN"] < x["O-PRESS-UN"]
    assert {line.kind for line in drawn.lines} == {"stated", "possible", "feeds"}
    assert all(box.x > max(x.values()) for box in drawn.boxes if box.group)
    plain = small()
    plain["origins"]["O2"]["derives_from"] = ["O3"]
    assert graph(loaded(plain)).boxes


def test_contradictions_stand_side_by_side_and_names_stay_apart() -> None:
    made = dossier(load_file(EXAMPLE))
    assert {one.said.claim.id for one in made.contradictions} >= {"c08", "c09"}
    families = dict(made.aliases)
    assert [name for name, _ in families["smokeloader"]] == ["Win32.Mokes"]
    assert [name for name, _ in families["mokes"]] == ["OSX.Mokes", "Ekoms"]


def test_labels_are_the_same_in_both_languages_and_free_of_certainty() -> None:
    ja, en = (tomllib.loads((HERE / f"labels.{lang}.toml").read_text("utf-8")) for lang in ("ja", "en"))
    assert list(ja) == list(en)
    assert not any(forbidden(ja[key], en[key]) for key in ja)


def test_markup_in_a_ledger_is_text() -> None:
    plain = small()
    attack = "<script>alert(1)</script>\u202e</style>"
    for entry in (
        plain["claims"][0],
        plain["hypotheses"][0],
        plain["parties"]["lab"],
        plain["origins"]["O1"],
    ):
        entry |= {"ja": attack, "en": attack}
    plain["sources"]["paper"]["title"] = attack
    page = build(loaded(plain), ("ja", "en"), TLP).decode()
    assert "<script" not in page
    assert "\u202e" not in page
    assert page.count("</style>") == 1


def test_the_same_ledger_gives_the_same_bytes() -> None:
    assert build(load_file(EXAMPLE), ("en",), TLP) == build(load_file(EXAMPLE), ("en",), TLP)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium on this machine")
def test_the_page_breaks_none_of_its_own_policy(tmp_path: Path) -> None:
    from report.test_browser import console

    said, dom = console(build(load_file(EXAMPLE), ("ja", "en"), TLP), tmp_path)
    assert said == []
    assert "<script" not in dom
