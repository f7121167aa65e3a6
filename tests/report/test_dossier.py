# SPDX-License-Identifier: Apache-2.0
"""The dossier: the level in both languages, what could be said when, same-source marks, nothing loaded."""

from __future__ import annotations

import html
import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from hikeshi.ledger import say
from hikeshi.ledger.load import load, load_file
from hikeshi.ledger.pooling import load_opinion, pool
from hikeshi.ledger.say_lint import forbidden
from hikeshi.report.dossier.build import CHAPTERS, HERE, LAYOUTS, build, digest, labels
from hikeshi.report.dossier.graph import graph, marks
from hikeshi.report.dossier.model import dossier
from hikeshi.report.dossier.steps import days
from hikeshi.report.dossier.write import write_dossier
from hikeshi.report.stage.write import write_stage
from ledger.small import loaded, shared, small
from report import cases

EXAMPLE = Path(__file__).parents[2] / "examples" / "coincheck-2018" / "ledger.yaml"
TLP = "TLP:AMBER+STRICT"


def parts(page: bytes) -> dict[str, str]:
    """The page's text by language."""
    text = page.decode()
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
    assert [name for name, _ in families["mokes_qt"]] == ["OSX.Mokes", "Ekoms"]


def test_labels_are_the_same_in_both_languages_and_free_of_certainty() -> None:
    ja, en = (tomllib.loads((HERE / f"labels.{lang}.toml").read_text("utf-8")) for lang in ("ja", "en"))
    assert list(ja) == list(en)
    assert not any(forbidden(ja[key], en[key]) for key in ja)
    for key in ja:
        assert set(re.findall(r"\{\w+", ja[key])) == set(re.findall(r"\{\w+", en[key])), key


def test_every_chapter_is_there_in_both_languages_and_in_its_order() -> None:
    page = parts(build(load_file(EXAMPLE), ("ja", "en"), TLP))
    for lang, text in page.items():
        heads = re.findall(rf'<h2 id="{lang}-([a-z-]+)">', text)
        assert heads == list(CHAPTERS)
        titles = [labels(lang)[f"ch-{name}"] for name in CHAPTERS]
        assert re.findall(r"</span>([^<]+)</h2>", text) == [html.escape(title) for title in titles]
    # The sheet's sections 1 to 17; 0 is the cover.
    assert len(CHAPTERS) == 17


def test_the_court_gets_scope_evidence_tools_and_judgement_only() -> None:
    page = parts(build(load_file(EXAMPLE), ("ja", "en"), TLP, layout="court"))["en"]
    assert re.findall(r'<h2 id="en-([a-z-]+)">', page) == list(LAYOUTS["court"])
    assert "HYDSEVEN" not in page.split("annex-b")[0]


@pytest.fixture
def case(tmp_path: Path) -> Path:
    cases.incident(tmp_path / "case")
    (tmp_path / "case" / "attribution").mkdir(exist_ok=True)
    (tmp_path / "case" / "attribution" / "ledger.yaml").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    return tmp_path / "case"


def test_the_dossier_of_a_case_holds_findings_claims_and_judgement(case: Path) -> None:
    write_stage(case, "first", "2018-03-01T00:00", office_files=False)
    page = write_dossier(case).read_bytes()
    for text in parts(page).values():
        assert cases.KEIRI in text
        assert "NetWire" in text
        assert "SHA-256" in text
    ja = parts(page)["ja"]
    finding = json.loads((case / "findings.jsonl").read_text("utf-8").splitlines()[0])
    assert finding["id"] in ja
    assert "2018-03-01 00:00:00" in ja
    assert "調査員 甲野 例子" in ja
    assert "販売されている" in ja
    assert write_dossier(case).read_bytes() == page


def test_signed_judgements_show_what_each_changed(case: Path) -> None:
    folder = case / "attribution" / "judgements"
    folder.mkdir()
    for number, level in ((1, 0), (2, 1)):
        (folder / f"{number:03d}.yaml").write_text(
            f"date: 2026-0{number}-01\nby: an analyst\nas_of: 2021\nlevel: {level}\nconfidence: low\n",
            "utf-8",
        )
    text = parts(write_dossier(case).read_bytes())
    assert "水準 0 → 1" in text["ja"]
    assert "level 0 → 1" in text["en"]


def test_the_two_clocks_tie_what_was_said_to_when_it_could_be_used() -> None:
    plain = small()
    plain["claims"][0] |= {"date": "2019-01-01", "known": "2021-01-01"}
    plain["claims"][1] |= {"date": "2020-01-01"}
    made = dossier(loaded(plain)).clocks
    assert made is not None
    tie = {one.id: one for one in made.ties}
    assert (tie["c1"].said, tie["c1"].known, tie["c1"].late) == (20, 980, True)
    assert tie["c2"].said == tie["c2"].known
    assert [year for _, year in made.ticks] == ["2020", "2021"]
    for entry in plain["claims"]:
        entry |= {"date": "2020-01-01"}
        entry.pop("known", None)
    assert dossier(loaded(plain)).clocks is None


def test_one_script_and_its_hash_is_all_the_policy_lets_run() -> None:
    page = build(load_file(EXAMPLE), ("ja", "en"), TLP).decode()
    assert page.count("<script") == 2
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert script is not None
    assert f"script-src 'sha256-{digest(script[1])}'" in page
    policy = re.search(r'Content-Security-Policy" content="([^"]+)', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    assert not re.search(
        r"https?:|fetch|XMLHttp|import|innerHTML|eval|localStorage",
        script[1].replace("http://www.w3.org/2000/svg", ""),
    )


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
    assert page.count("<script") == page.count("</script") == 2
    assert "alert(1)</script" not in page
    assert "\u202e" not in page
    assert page.count("</style>") == 1


def test_the_same_ledger_gives_the_same_bytes() -> None:
    assert build(load_file(EXAMPLE), ("en",), TLP) == build(load_file(EXAMPLE), ("en",), TLP)


chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium on this machine")


@chromium
def test_the_page_breaks_none_of_its_own_policy_and_computes_by_itself(tmp_path: Path) -> None:
    from report.test_browser import console

    ledger = load_file(EXAMPLE)
    said, dom = console(build(ledger, ("ja", "en"), TLP), tmp_path)
    assert said == []
    found = dict(re.findall(r'<tr data-h="(H\d)">.*?<td>([0-9.–]+)</td>', dom))
    weighing = dossier(ledger).now.weighing
    assert set(found) == set(weighing.shared)
    for name, spread in weighing.shared.items():
        low, high = map(float, found[name].split("–"))
        assert (low, high) == pytest.approx((spread.low, spread.high), abs=0.02), name
    hulls = re.findall(r'<tr data-h="(H\d)">.*?<td>[0-9.–]+</td><td>.*?</td><td>([0-9.–]+)</td>', dom)
    for name, shown in hulls:
        assert tuple(map(float, shown.split("–"))) == pytest.approx(weighing.hull[name], abs=0.006), name
    assert dom.count('<input type="range"') == 2


@chromium
def test_ranges_to_copy_are_ranges_the_ledger_pools(tmp_path: Path) -> None:
    from report.test_browser import console

    ledger = load_file(EXAMPLE)
    page = build(ledger, ("en",), TLP).decode()
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert script is not None
    changed = script[1].replace(
        "    show();\n  };\n  const slider",
        '    show(); box.append(make("pre", out.value));\n  };\n  const slider',
    )
    assert changed != script[1]
    page = page.replace(script[1], changed).replace(digest(script[1]), digest(changed))
    said, dom = console(page.encode(), tmp_path)
    assert said == []
    copied = re.search(r"<pre>(.*?)</pre>", dom, re.DOTALL)
    assert copied is not None
    opinion = load_opinion(html.unescape(copied[1]))
    pooled = pool(ledger, [opinion])
    assert pooled.together.shared["H1"].median == pytest.approx(
        pooled.each["ledger"].shared["H1"].median, abs=0.01
    )
