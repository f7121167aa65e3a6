# SPDX-License-Identifier: Apache-2.0
import hashlib

import pytest

from hikeshi.report.custody import ROWS, custody
from report import cases


def intake(folder, text):
    saved = cases.empty(folder)
    (folder / "intake.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return custody(folder, saved.account)


def test_values_stay_the_text_the_analyst_wrote(tmp_path):
    made = intake(tmp_path / "case", "serial: 0012E4\nwhen: 2018-02-01\nok: no\n")
    assert [("serial", "0012E4"), ("when", "2018-02-01"), ("ok", "no")] == [
        (r.key, r.value) for r in made.intake
    ]
    assert made.intake_problem is None


def test_lists_are_numbered_and_inner_values_deeper(tmp_path):
    made = intake(tmp_path / "case", "handovers:\n- from: A\n  to: B\n- from: C\n")
    expected = [
        (0, "handovers", None),
        (1, "1", None),
        (2, "from", "A"),
        (2, "to", "B"),
        (1, "2", None),
        (2, "from", "C"),
    ]
    assert expected == [(row.depth, row.key, row.value) for row in made.intake]


def test_files_of_the_case_with_their_hashes(tmp_path):
    made = intake(tmp_path / "case", "a: b\n")
    assert ["case.json", "findings.jsonl", "issues.jsonl", "intake.yaml"] == [
        file.name for file in made.files
    ]
    for file in made.files:
        data = (tmp_path / "case" / file.name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.bytes, file.sha256)


@pytest.mark.parametrize(
    "text", ["a: [", "\x00", b"\xff\xfe\xff", "a: !!python/object:os.system x", "[" * 20_000]
)
def test_a_broken_intake_is_named_and_does_not_stop_the_report(tmp_path, text):
    made = intake(tmp_path / "case", text)
    assert made.intake_problem is not None or [row.value for row in made.intake] == ["x"]


def test_an_alias_bomb_is_cut(tmp_path):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for n in range(1, 9):
        bomb += f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n"
    made = intake(tmp_path / "case", bomb)
    assert len(made.intake) == ROWS
    assert made.intake_problem == f"> {ROWS}"


def test_without_intake(tmp_path):
    saved = cases.empty(tmp_path / "case")
    made = custody(tmp_path / "case", saved.account)
    assert (made.intake, made.intake_problem) == (None, None)
