# SPDX-License-Identifier: Apache-2.0
import hashlib

import pytest

from hikeshi.errors import UsageError
from hikeshi.report.build import build
from hikeshi.report.custody import custody
from hikeshi.report.wording import labels
from report import cases, pages


def intake(folder, text):
    saved = cases.empty(folder)
    (folder / "intake.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return custody(folder, saved.account)


def test_values_stay_the_text_the_analyst_wrote_and_what_is_empty_is_left_out(tmp_path):
    made = intake(tmp_path / "case", "examiner: no\ncase: 0012E4\nexhibits:\n- name: 010\n  serial:\n")
    expected = [
        (0, "case", "0012E4"),
        (0, "examiner", "no"),
        (0, "exhibits", None),
        (1, "1", None),
        (2, "name", "010"),
        (2, "copy", "unknown"),
    ]
    assert expected == [(row.depth, row.key, row.value) for row in made.intake]


def test_hand_overs_stand_under_their_exhibit(tmp_path):
    made = intake(tmp_path / "case", cases.INTAKE)
    rows = [(row.depth, row.key, row.value) for row in made.intake]
    at = rows.index((2, "hand_overs", None))
    assert [(3, "1", None), (4, "when", "2018-02-01T17:05+09:00")] == rows[at + 1 : at + 3]
    assert (4, "witness", "総務課 乙山 試") in rows


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_every_field_has_a_name_in_both_languages(tmp_path, lang):
    saved = cases.incident(tmp_path / "case")
    part = pages.language(pages.read(build(saved, (lang,), "Asia/Tokyo")["index.html"]), lang)
    names = {
        labels(lang)[f"intake.{row.key}"]
        for row in custody(saved.path, {"tool": 0, "options": 0}).intake
        if not row.numbered
    }
    printed = part.table(f"{lang}-intake").rows()
    assert names == {row[0] for row in printed if not row[0].startswith("(")}
    assert [labels(lang)["intake.copy"], labels(lang)["copy.copy"]] in printed


def test_files_of_the_case_with_their_hashes(tmp_path):
    made = intake(tmp_path / "case", "examiner: b\n")
    assert ["case.json", "findings.jsonl", "issues.jsonl", "intake.yaml"] == [
        file.name for file in made.files
    ]
    for file in made.files:
        data = (tmp_path / "case" / file.name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.bytes, file.sha256)


@pytest.mark.parametrize("text", ["a: [", "\x00", b"\xff\xfe\xff", "", "examinr: x", "[" * 20_000])
def test_a_wrong_intake_is_said_in_one_sentence(tmp_path, text):
    with pytest.raises(UsageError, match=r"intake\.yaml"):
        intake(tmp_path / "case", text)


def test_without_intake(tmp_path):
    saved = cases.empty(tmp_path / "case")
    assert custody(tmp_path / "case", saved.account).intake is None
