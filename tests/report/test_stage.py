# SPDX-License-Identifier: Apache-2.0
"""Staged reports: numbered, compared with the one before, the same facts in both languages and all three formats."""

from __future__ import annotations

import io
import json
import re
import shutil
import tomllib
import zipfile
from pathlib import Path

import pytest

from hikeshi import words
from hikeshi.errors import UsageError
from hikeshi.ledger.say_lint import Kind, Sentence, forbidden
from hikeshi.report.clock import Clock
from hikeshi.report.stage.analyst import LISTS
from hikeshi.report.stage.model import Stage
from hikeshi.report.stage.model import stage as make
from hikeshi.report.stage.note import LINES, SENTENCE, note, width
from hikeshi.report.stage.snapshot import STEALING, Host, Snapshot, Use, read
from hikeshi.report.stage.wording import HERE, defanged, labels
from hikeshi.report.stage.write import write_stage
from hikeshi.schema import Reason
from hikeshi.words import FUNCTIONS
from report import cases

EARLY, LATE = "2018-01-20T00:00", "2018-03-01T00:00"
KEIRI, SOUMU, FILES = cases.KEIRI, cases.SOUMU, cases.FILES


@pytest.fixture
def case(tmp_path: Path) -> Path:
    cases.incident(tmp_path / "case")
    return tmp_path / "case"


def stage(page: Path) -> dict:
    return json.loads((page.parent / "stage.json").read_bytes())


def test_numbers_run_on_and_the_first_report_is_first(case: Path) -> None:
    made = [
        write_stage(case, kind, LATE, office_files=False) for kind in ("first", "update", "update", "final")
    ]
    assert [page.parent.name for page in made] == ["first-001", "update-002", "update-003", "final-004"]
    with pytest.raises(UsageError, match="final-004 is there already"):
        write_stage(case, "first", LATE)
    manifest = json.loads((case / "manifest.json").read_bytes())
    assert any("final-004/report.html" in str(name) for name in json.dumps(manifest).split('"'))


def test_what_came_later_is_left_out_and_counted(case: Path) -> None:
    early, late = (
        stage(write_stage(case, kind, at, office_files=False))
        for kind, at in (("first", EARLY), ("update", LATE))
    )
    assert set(early["findings"]) < set(late["findings"])
    assert early["later"] == len(late["findings"]) - len(early["findings"])
    assert late["later"] == 0
    assert early["as_of"] == "2018-01-20T00:00:00+09:00"


def test_changes_since_the_report_before(case: Path) -> None:
    write_stage(case, "first", EARLY, office_files=False)
    page = write_stage(case, "update", LATE, office_files=False).read_text("utf-8")
    assert f"{SOUMU} の判定が上がった" in page
    assert f"{SOUMU} is now graded higher" in page
    again = write_stage(case, "update", LATE, office_files=False).read_text("utf-8")
    assert "前報からの変更はない。" in again
    against = write_stage(case, "update", LATE, since="001", office_files=False).read_text("utf-8")
    assert f"{SOUMU} の判定が上がった" in against
    with pytest.raises(UsageError, match="no report '009'"):
        write_stage(case, "update", LATE, since="009")


def test_counts_are_ranges_and_unknown_is_not_no(case: Path) -> None:
    data = stage(write_stage(case, "first", LATE, office_files=False))
    page = (case / "report" / "first-001" / "report.html").read_text("utf-8")
    firm = sum(host["grade"] in ("proven", "strong") for host in data["hosts"].values())
    assert f"{firm}台（確かな痕跡あり）から{len(data['hosts'])}台（調べた端末の総数）の間" in page
    assert data["hosts"][KEIRI]["stealing"] == "ran"
    assert data["hosts"][FILES]["stealing"] == "unknown"
    assert "痕跡なしは漏えいなしを意味しない。" in page
    assert words.name("cell", "no-evidence", "ja") in page


def test_the_analyst_knows_more(case: Path) -> None:
    (case / "stage.yaml").write_text(
        "schema: hikeshi.stage-input/1\n"
        "measures:\n  - {ja: 端末を切り離した。, en: The machine was isolated.}\n"
        f"hosts:\n  {SOUMU}: {{contact: blocked, by: x}}\n",
        "utf-8",
    )
    page = write_stage(case, "first", LATE, office_files=False).read_text("utf-8")
    assert "端末を切り離した。" in page
    assert "The machine was isolated." in page
    assert "阻止された" in page
    (case / "stage.yaml").write_text("schema: hikeshi.stage-input/1\nmesures: []\n", "utf-8")
    with pytest.raises(UsageError, match=r"stage\.yaml:2:1.*measures"):
        write_stage(case, "update", LATE)


def test_office_files_hold_the_same_facts_and_the_same_bytes(case: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    pytest.importorskip("docx", reason="python-docx is not installed")
    one = write_stage(case, "first", LATE).parent
    files = {path.name: path.read_bytes() for path in one.iterdir()}
    assert {"management.ja.docx", "management.en.docx", "tables.ja.xlsx", "tables.en.xlsx"} <= set(files)
    book = openpyxl.load_workbook(io.BytesIO(files["tables.ja.xlsx"]))
    assert book.sheetnames == ["時系列", "端末一覧", "IOC"]
    rows = list(book["時系列"].values)
    data = stage(one / "x")
    assert [row[-1] for row in rows[1:]]
    assert {row[-1] for row in rows[1:]} == set(data["findings"])
    note = zipfile.ZipFile(io.BytesIO(files["management.ja.docx"])).read("word/document.xml").decode()
    assert "第一報" in note
    assert "確認済" in note
    shutil.rmtree(one)
    again = write_stage(case, "first", LATE).parent
    assert files == {path.name: path.read_bytes() for path in again.iterdir()}


def test_poison_stays_text(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    cases.poison(tmp_path / "case")
    folder = write_stage(tmp_path / "case", "first", "2030-01-01T00:00").parent
    html = (folder / "report.html").read_text("utf-8")
    assert "<script" not in html
    assert "\u202e" not in html
    book = openpyxl.load_workbook(folder / "tables.en.xlsx")
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_the_workbook_is_laid_out_for_screen_and_paper(case: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    folder = write_stage(case, "first", LATE).parent
    for sheet in openpyxl.load_workbook(folder / "tables.ja.xlsx"):
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.oddHeader.left.text == "TLP:AMBER+STRICT"
        assert None not in (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows)
    ioc = list(openpyxl.load_workbook(folder / "tables.ja.xlsx")["IOC"].values)
    assert ioc[0][0] == "接続・ログインしないこと"


def crowded(tmp_path: Path) -> Stage:
    """A hundred machines with names of two hundred letters, every function, every loss, and talkative people."""
    names = [letter * 200 + str(number) for letter in ("W", "経") for number in range(50)]
    time = "2018-01-20T00:00:00Z"
    uses = {
        function: Use(("proven", "indicated")[place % 2], 10**9, time, time)
        for place, function in enumerate(FUNCTIONS)
    }
    hosts = {
        name: Host("strong", time, time, "traces", "traces", uses, ["netwire", "あ" * 100], list(FUNCTIONS))
        for name in names
    }
    lost = {reason.value: 10**8 for reason in Reason}
    now = Snapshot(99, "update", LATE + "+09:00", hosts, [], [], lost, 10**6, 10**6)
    before = Snapshot(98, "update", EARLY + "+09:00", {}, [], [], {}, 0, 0)
    entry = f"  - {{ja: {'人は長い文を書く' * 60}, en: {'people write long sentences ' * 30}}}\n"
    lists = "".join(f"{name}:\n{entry * 12}" for name in LISTS)
    (tmp_path / "stage.yaml").write_text(f"schema: hikeshi.stage-input/1\n{lists}", "utf-8")
    judged = Sentence(Kind.JUDGEMENT, "判断できない。" * 12, "No judgement is possible. " * 8)
    return make(tmp_path, now, before, Clock("Asia/Tokyo"), "TLP:AMBER+STRICT", (judged,))


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_management_note_never_fills_more_than_two_pages(tmp_path: Path, lang: str) -> None:
    """By the count of lines; what a word processor makes of it is looked at as pictures."""
    made = note(crowded(tmp_path), lang)
    for page, taken in zip(made.pages, (13, 4), strict=True):
        assert sum(block.height for block in page) <= LINES - taken
        assert all(width(line) <= SENTENCE for block in page[:-1] for line in block.lines)
    assert [block.heading for block in made.pages[0]][-1] in (
        "誰が行ったかについての評価",
        "Judgement on who did it",
    )
    assert all(block.more for block in made.pages[0][:4])


def test_the_note_says_machines_and_states_as_the_page_does(case: Path) -> None:
    data = write_stage(case, "first", LATE, office_files=False)
    made = stage(data)
    saved = read(made)
    shown = note(make(case, saved, None, Clock("Asia/Tokyo"), "TLP:AMBER+STRICT"), "ja")
    table = next(block for page in shown.pages for block in page if block.rows)
    assert {row[0] for row in table.rows[1:]} == set(made["hosts"])
    assert next(row for row in table.rows if row[0] == KEIRI)[2] == "動作した"
    assert next(row for row in table.rows if row[0] == FILES)[2:] == ("不明", "不明")


@pytest.mark.parametrize("state", ["ran", "made", "blocked", "unknown", "traces"])
def test_a_machine_is_one_of_three_and_traces_are_unknown(state: str) -> None:
    ja, en = (labels(lang)[f"state-{state}"] for lang in ("ja", "en"))
    traces = state == "traces"
    assert (ja.startswith("不明（"), en.startswith("unknown (")) == (traces, traces)
    assert ("（" in ja, "(" in en) == (traces, traces)


def test_who_did_it_only_on_request(case: Path) -> None:
    (case / "attribution").mkdir(exist_ok=True)
    ledger = (Path(__file__).parents[2] / "examples" / "coincheck-2018" / "ledger.yaml").read_text("utf-8")
    (case / "attribution" / "ledger.yaml").write_text(ledger, "utf-8")
    without = write_stage(case, "first", LATE, office_files=False).read_text("utf-8")
    asked = write_stage(case, "update", LATE, office_files=False, attribution=True).read_text("utf-8")
    for text in ("手元の根拠からは判断できない。", "The evidence does not allow a judgement."):
        assert text not in without
        assert text in asked
    assert "北朝鮮" not in without


def test_an_empty_case_says_so(tmp_path: Path) -> None:
    cases.empty(tmp_path / "case")
    page = write_stage(tmp_path / "case", "first", LATE, office_files=False).read_text("utf-8")
    assert "痕跡なしは漏えいなしを意味しない。" in page


def test_a_snapshot_survives_its_file(case: Path) -> None:
    page = write_stage(case, "first", LATE, office_files=False)
    assert read(stage(page)).as_json() == stage(page)
    (page.parent / "stage.json").write_text("{}")
    with pytest.raises(UsageError, match="cannot be read"):
        write_stage(case, "update", LATE)


def test_wrong_times_are_one_sentence(case: Path) -> None:
    with pytest.raises(UsageError, match="is no time"):
        write_stage(case, "first", "tomorrow")


def test_labels_and_words() -> None:
    ja, en = (tomllib.loads((HERE / f"labels.{lang}.toml").read_text("utf-8")) for lang in ("ja", "en"))
    assert list(ja) == list(en)
    for key in ja:
        assert set(re.findall(r"\{\w+\}", ja[key])) == set(re.findall(r"\{\w+\}", en[key])), key
        assert not forbidden(ja[key], "")
    assert set(STEALING) <= set(FUNCTIONS)
    assert defanged("http://c2.example.net:443") == "http[://]c2[.]example[.]net:443"


def test_every_server_of_a_configuration_is_an_indicator_and_places_in_memory_are_none(
    tmp_path: Path,
) -> None:
    fields = {
        "c2": "c2.example.net:443\n192.0.2.7:80",
        "c2_url": "http://c2.example/g",
        "config_table_address": "4096",
    }
    found = cases.hit(
        "evidence/x", 1, "2018-01-20T00:00:00Z", KEIRI, "netwire.agreed", family="netwire", fields=fields
    )
    cases.write_case(tmp_path / "case", [cases.node("evidence/x", "evtx", 1, (1, 1, 0, 0))], [found])
    made = stage(write_stage(tmp_path / "case", "first", LATE, office_files=False))
    assert sorted(one["value"] for one in made["indicators"]) == [
        "192.0.2.7:80",
        "c2.example.net:443",
        "http://c2.example/g",
    ]


def test_traces_that_name_no_machine_are_no_machine(tmp_path: Path) -> None:
    found = cases.hit(
        "evidence/x", 1, "2018-01-20T00:00:00Z", None, "netwire.agreed", family="netwire", grade="proven"
    )
    cases.write_case(tmp_path / "case", [cases.node("evidence/x", "evtx", 1, (1, 1, 0, 0))], [found])
    page = write_stage(tmp_path / "case", "first", LATE, office_files=False).read_text("utf-8")
    assert "0台（確かな痕跡あり）から0台（調べた端末の総数）の間" in page
    assert "（端末名のない痕跡）" in page
