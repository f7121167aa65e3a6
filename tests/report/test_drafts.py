# SPDX-License-Identifier: Apache-2.0
"""Drafts ask what their source asks, hold facts of the case or blanks, and conclude nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from hikeshi.report.drafts.facts import facts
from hikeshi.report.drafts.form import NAMES, form
from hikeshi.report.drafts.write import BLANK, write_drafts
from report import cases

LATE = "2018-03-01T00:00"
# 個人情報の保護に関する法律施行規則 第8条第1項 第1号から第9号
NINE = (
    "概要",
    "個人データの項目",
    "本人の数",
    "原因",
    "二次被害",
    "本人への対応",
    "公表",
    "再発防止",
    "その他参考",
)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    cases.incident(tmp_path / "case")
    return tmp_path / "case"


def read(case: Path, name: str, lang: str) -> str:
    return (case / "report" / "drafts" / f"{name}.{lang}.md").read_text("utf-8")


def test_the_nine_items_in_their_order() -> None:
    titles = [item.words.ja for item in form("ppc").items]
    assert len(titles) == 9
    assert all(wanted in title for wanted, title in zip(NINE, titles, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_draft_names_sources_version_and_what_is_not_confirmed(case: Path, name: str) -> None:
    write_drafts(case, LATE, office_files=False)
    for lang, heads in (
        ("ja", ("参照した資料", "確認できていないこと")),
        ("en", ("## Sources", "## Not confirmed")),
    ):
        text = read(case, name, lang)
        assert all(head in text for head in heads)
        assert all(source.url in text for source in form(name).sources)
        assert BLANK[lang] in text
        assert text.count("\n## ") == len(form(name).items) + 2
    assert all(source.read in ("excerpt", "full") for source in form(name).sources)


def test_drafts_hold_the_facts_of_the_case(case: Path) -> None:
    write_drafts(case, LATE, office_files=False)
    police = read(case, "police", "ja")
    assert cases.KEIRI in police
    assert "SHA-256" in police
    assert "調査員 甲野 例子" in police
    assert "接続・ログインしないこと" in police
    assert "痕跡なしは漏えいなしを意味しない。" in read(case, "ppc", "ja")
    assert "＿＿＿ 〜 ＿＿＿" in read(case, "ppc", "ja")


def test_answers_of_people_fill_the_blanks(case: Path) -> None:
    (case / "stage.yaml").write_text(
        "schema: hikeshi.stage-input/1\nanswers:\n  publication: {ja: 公表していない。, en: Not published.}\n",
        "utf-8",
    )
    write_drafts(case, LATE, office_files=False)
    assert "- 公表していない。（担当者の記入）" in read(case, "ppc", "ja")
    assert "- Not published. (entered by people)" in read(case, "ppc", "en")


def test_no_draft_concludes_anything_in_law(case: Path) -> None:
    write_drafts(case, LATE, office_files=False)
    for name in NAMES:
        text = read(case, name, "ja") + read(case, name, "en")
        assert not any(
            word in text
            for word in ("違反", "義務がある", "報告が必要", "illegal", "must be reported", "liable")
        )


def test_evidence_cannot_write_the_draft(tmp_path: Path) -> None:
    cases.poison(tmp_path / "case")
    write_drafts(tmp_path / "case", "2030-01-01T00:00", office_files=False)
    for name in NAMES:
        text = read(tmp_path / "case", name, "en")
        assert text.count("\n## ") == len(form(name).items) + 2
        assert "<script" not in text
        assert "\u202e" not in text


def test_every_fact_a_draft_asks_for_exists(case: Path) -> None:
    from hikeshi.case.saved import Saved
    from hikeshi.report.clock import Clock
    from hikeshi.report.stage.model import stage
    from hikeshi.report.stage.snapshot import snapshot
    from hikeshi.report.stage.write import moment_of

    clock = Clock("Asia/Tokyo")
    made = stage(case, snapshot(Saved(case), 0, "update", moment_of(LATE, clock)), None, clock, "TLP:AMBER")
    known = facts(Saved(case), made, "ja")
    assert {name for one in NAMES for item in form(one).items for name in item.fill} <= set(known)


def test_docs_name_every_answer_and_draft() -> None:
    from hikeshi.report.stage.analyst import LISTS

    wanted = (
        {item.answer for name in NAMES for item in form(name).items if item.answer} | set(NAMES) | set(LISTS)
    )
    for path in ("staged-reports.md", "staged-reports.ja.md"):
        text = (Path(__file__).parents[2] / "docs" / path).read_text("utf-8")
        assert sorted(word for word in wanted if f"`{word}`" not in text) == []


def test_the_documents_hold_what_the_text_holds(case: Path) -> None:
    docx = pytest.importorskip("docx", reason="python-docx is not installed")
    made = write_drafts(case, LATE)
    assert len(made) == 2 * 2 * len(NAMES)
    before = {path: path.read_bytes() for path in made}
    for name in NAMES:
        paragraphs = docx.Document(str(case / "report" / "drafts" / f"{name}.ja.docx")).paragraphs
        shown = "\n".join(paragraph.text for paragraph in paragraphs)
        for line in read(case, name, "ja").splitlines():
            assert line.lstrip("#- ") in shown
    assert {path: path.read_bytes() for path in write_drafts(case, LATE)} == before


def test_clocks_that_were_set_are_named_and_none_is_not_right(case: Path, tmp_path: Path) -> None:
    write_drafts(case, LATE, office_files=False)
    assert "誤差がないことを意味しない" in read(case, "police", "ja")
    fields = {"PreviousTime": "2018-01-20T01:00:00.000000000Z", "NewTime": "2018-01-20T01:02:03.500000000Z"}
    older = {"OldTime": "2018-01-21T01:00:10Z", "NewTime": "2018-01-21T01:00:00Z"}
    events = [
        {
            "item": "i",
            "record": 1,
            "host": cases.KEIRI,
            "channel": "Security",
            "event_id": 4616,
            "fields": fields,
        },
        {"item": "i", "record": 2, "host": cases.KEIRI, "channel": "System", "event_id": 1, "fields": older},
        {"item": "i", "record": 3, "host": cases.KEIRI, "channel": "System", "event_id": 1, "fields": {}},
    ]
    cases.write_case(tmp_path / "set", [], events=events)
    write_drafts(tmp_path / "set", LATE, office_files=False)
    text = read(tmp_path / "set", "police", "en")
    assert f"{cases.KEIRI}: clock set 2 times, at most by +123.500 s" in text


def test_the_attackers_configuration_is_for_the_police(tmp_path: Path) -> None:
    settings = {"c2": "c2.example.net:443", "config_password": "example", "config_host_id": "Tokyo-%Rand%"}
    found = cases.hit(
        "evidence/x", 1, "2018-01-20T00:00:00Z", None, "netwire.agreed", family="netwire", fields=settings
    )
    cases.write_case(tmp_path / "case", [cases.node("evidence/x", "evtx", 1, (1, 1, 0, 0))], [found])
    write_drafts(tmp_path / "case", LATE, office_files=False)
    text = read(tmp_path / "case", "police", "ja")
    assert "接続・ログインしないこと" in text
    assert "NetWire パスワード: example" in text
    assert "NetWire 接続先（C2）: c2[.]example[.]net:443" in text
