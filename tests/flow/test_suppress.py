# SPDX-License-Identifier: Apache-2.0
"""Suppressed findings and the asked range through a whole run: what leaves is counted, shown, and comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flow import incident
from flow.test_flow import content
from hikeshi import cli
from hikeshi.case.saved import Saved
from hikeshi.errors import UsageError
from hikeshi.flow import Options, Outcome, run

RULE = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    events = [incident.event(n, host) for n in (0, 30, 60) for host in ("PC1", "PC2")]
    undated = {key: value for key, value in incident.event(90, "PC1").items() if key != "@timestamp"}
    (folder / "log.jsonl").write_bytes(incident.lines([*events, undated]))
    return folder


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rule.yml").write_bytes(incident.RULE)
    return tmp_path / "rule.yml"


def examined(case: Path, evidence: Path, rules: Path, *suppress: Path, **said: Any) -> Outcome:
    given = tuple(map(str, suppress))
    return run([str(evidence)], case, Options(rules=(str(rules),), suppress=given, **said), 1)


def entries(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def left(case: Path) -> list[tuple[str, str]]:
    return [(f["host"], f["time"][11:16] if f["time"] else "-") for f in Saved(case).findings()]


def test_suppressed_findings_are_shown_elsewhere(
    tmp_path: Path, evidence: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"suppress:\n- reason: known <script>\n  rule: {RULE}\n  host: pc1\n- {{reason: never, host: X}}\n"
    given = entries(tmp_path / "known.yml", text)
    outcome = examined(tmp_path / "case", evidence, rules, given)
    assert [("PC2", "00:00"), ("PC2", "00:30"), ("PC2", "01:00")] == left(tmp_path / "case")
    assert (3, 4, 0) == tuple(outcome.totals[key] for key in ("findings", "suppressed", "outside"))
    case = Saved(tmp_path / "case")
    assert [("PC1", "known.yml:2", "known <script>", RULE, "evidence/log.jsonl")] * 4 == [
        tuple(row.values()) for row in case.rows("SELECT host, entry, reason, rule, path FROM suppressed")
    ]
    assert [("known.yml:2", 4), ("known.yml:5", 0)] == [
        (entry["entry"], entry["findings"]) for entry in case.account["suppress"]["entries"]
    ]
    assert [("rule", 3)] == [
        (row["set"][:4], row["hits"]) for row in case.rows('SELECT "set", hits FROM rules WHERE hits > 0')
    ]
    assert 0 == cli.main(["show", "suppressed", str(tmp_path / "case"), "--lang", "ja"])
    lines = capsys.readouterr().out.splitlines()
    assert (4, True) == (len(lines), all(line.endswith("known.yml:2: known <script>") for line in lines))
    page = (tmp_path / "case" / "report" / "index.html").read_text()
    assert "known &lt;script&gt;" in page
    assert "Findings kept out as known to be harmless: 4" in page


def test_suppression_is_no_new_analysis_and_goes_back(tmp_path: Path, evidence: Path, rules: Path) -> None:
    given = entries(tmp_path / "known.yml", "suppress: [{reason: r, host: 'PC?'}]\n")
    examined(tmp_path / "plain", evidence, rules)
    examined(tmp_path / "case", evidence, rules, given)
    assert [] == left(tmp_path / "case")
    again = examined(tmp_path / "case", evidence, rules)
    assert (0, 0) == (again.read, again.judged)
    assert content(tmp_path / "plain") == content(tmp_path / "case")


def test_an_entry_that_expires_holds_for_findings_up_to_then(
    tmp_path: Path, evidence: Path, rules: Path
) -> None:
    text = "suppress: [{reason: r, host: PC1, expires: '2018-01-10T00:30:00Z'}]\n"
    examined(tmp_path / "case", evidence, rules, entries(tmp_path / "known.yml", text))
    kept = [time for host, time in left(tmp_path / "case") if host == "PC1"]
    assert ["01:00", "-"] == kept


def test_a_wrong_file_stops_the_run_before_anything_is_read(
    tmp_path: Path, evidence: Path, rules: Path
) -> None:
    given = entries(tmp_path / "known.yml", "suppress:\n- host: PC1\n")
    with pytest.raises(UsageError, match=r"known\.yml:2:3: every entry needs a reason"):
        examined(tmp_path / "case", evidence, rules, given)
    assert not (tmp_path / "case").exists()


def test_range(tmp_path: Path, evidence: Path, rules: Path) -> None:
    start, end = "2018-01-10T00:30:00.000000Z", "2018-01-10T00:59:59.999999Z"
    outcome = examined(tmp_path / "case", evidence, rules, start=start, end=end)
    assert [("PC1", "00:30"), ("PC2", "00:30"), ("PC1", "-")] == left(tmp_path / "case")
    assert (3, 4) == (outcome.totals["findings"], outcome.totals["outside"])
    assert 7 == Saved(tmp_path / "case").rows("SELECT count(*) AS n FROM events")[0]["n"]
    page = (tmp_path / "case" / "report" / "index.html").read_text()
    assert "Only findings from" in page
    assert "だけを示す" in page


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--from", "2018-01-10T00:30:00Z"], 5),
        (["--from", "2018-01-10T09:30"], 5),  # the case's zone is nine hours ahead
        (["--tz", "UTC", "--from", "2018-01-10T00:30"], 5),
        (["--to", "2018-01-10T09:29:59.999999"], 3),
        (["--to", "2018-01-10"], 7),
        (["--to", "2018-01-09"], 1),
        (["--from", "2018-01-11"], 1),
        (["--from", "2018-01-10", "--to", "2018-01-10"], 7),
    ],
)
def test_bounds_on_the_command_line(
    tmp_path: Path, evidence: Path, rules: Path, arguments: list[str], expected: int
) -> None:
    command = ["run", str(evidence), "--out", str(tmp_path / "case"), "--jobs", "1", "--rules", str(rules)]
    assert 0 == cli.main([*command, *arguments])
    assert expected == len(list(Saved(tmp_path / "case").findings()))


@pytest.mark.parametrize(
    "arguments",
    [["--from", "yesterday"], ["--to", "2018-13-01"], ["--from", "2018-02-01", "--to", "2018-01-01"]],
)
def test_wrong_bounds(tmp_path: Path, evidence: Path, arguments: list[str]) -> None:
    assert 2 == cli.main(["run", str(evidence), "--out", str(tmp_path / "case"), *arguments])
    assert not (tmp_path / "case").exists()
