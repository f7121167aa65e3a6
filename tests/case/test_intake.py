# SPDX-License-Identifier: Apache-2.0
"""intake.yaml: what an analyst writes is kept as text, and every mistake is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from hikeshi.case.intake import load
from hikeshi.errors import UsageError

RECORD = """\
case: "2018-017"
examiner: 森 武博
organisation: 青葉商事 CSIRT
exhibits:
  - name: Keiri PC, event logs
    evidence: [logs.zip]
    device: notebook
    serial: 0012345
    copy: copy
    taken-when: 2018-01-27T09:30+09:00
    taken-by: 林 花子
    tool: wevtutil
    write-blocker:
    hand-overs:
      - when: 2018-01-27
        from: 林 花子
        to: 森 武博
        place: Tokyo
        witness: 佐藤 一郎
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "intake.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_values_stay_the_text_they_were(tmp_path: Path) -> None:
    record = load(written(tmp_path, RECORD))
    exhibit = record.exhibits[0]
    assert record.examiner == "森 武博"
    assert exhibit.serial == "0012345"
    assert exhibit.evidence == ("logs.zip",)
    assert exhibit.taken_when == "2018-01-27T09:30+09:00"
    assert exhibit.write_blocker == ""
    assert exhibit.hand_overs[0].witness == "佐藤 一郎"
    assert (exhibit.hand_overs[0].giver, exhibit.hand_overs[0].taker) == ("林 花子", "森 武博")


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("serial: 0012345", "serial: [1]", 8, "one text"),
        ("copy: copy", "copy: kopie", 9, "original, copy, unknown"),
        ("2018-01-27T09:30+09:00", "2018-01-27T09:30", 10, "taken-when"),
        ("2018-01-27T09:30+09:00", "平成30年1月27日", 10, "taken-when"),
        ("tool: wevtutil", "toll: wevtutil", 12, "toll"),
        ("      - when: 2018-01-27\n", "      - when:\n", 15, "when is missing"),
        ("        from: 林 花子\n", "", 15, "from is missing"),
        ("evidence: [logs.zip]", "evidence: logs.zip", 6, "must be a list"),
        ("device: notebook", "device: notebook\n    device: other", 8, "twice"),
        ("exhibits:\n  - name", "exhibits:\n  name", 5, "must be a list"),
    ],
)
def test_each_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, why: str) -> None:
    assert old in RECORD
    text = RECORD.replace(old, new, 1)
    if new.endswith("name"):
        text = "case: x\nexaminer: y\norganisation: z\nexhibits:\n  name: w\n"
    with pytest.raises(UsageError, match=rf"line {line}: .*{why}"):
        load(written(tmp_path, text))


@pytest.mark.parametrize("text", ["", "- a", "a: [", "just text", "examiner: ''", "a: " + "[" * 5_000])
def test_what_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        load(written(tmp_path, text))


def test_a_bomb_of_aliases_stays_small(tmp_path: Path) -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    with pytest.raises(UsageError):
        load(written(tmp_path, "a0: &a0 [x]\n" + levels))


def test_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "intake.yaml"
    path.write_bytes("examiner: 森".encode("cp932"))
    with pytest.raises(UsageError):
        load(path)


@pytest.mark.parametrize("name", ["exports.md", "exports.ja.md"])
def test_the_example_of_the_docs_is_a_record(tmp_path: Path, name: str) -> None:
    docs = (Path(__file__).parents[2] / "docs" / name).read_text(encoding="utf-8")
    record = load(written(tmp_path, docs.split("```yaml\n")[1].split("```")[0]))
    assert (record.case, record.exhibits[0].serial, record.exhibits[0].copy) == (
        "2018-017",
        "0012345",
        "copy",
    )
    assert record.exhibits[0].hand_overs[0].witness
