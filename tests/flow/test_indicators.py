# SPDX-License-Identifier: Apache-2.0
"""Indicators through a whole run: every table, the items themselves, increments, and what could not be used."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from flow import incident
from flow.test_flow import content
from hikeshi import cli
from hikeshi.case.saved import Saved
from hikeshi.errors import RuleError
from hikeshi.flow import Options, Outcome, run

BYTES = b"\x01\x02nothing known\n"
SHA256 = hashlib.sha256(BYTES).hexdigest()
MAIL = (
    b"From: Boss <boss@mal.example>\r\nTo: b@example.com\r\nDate: Fri, 26 Jan 2018 00:00:00 +0900\r\n"
    b"Subject: invoice\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain\r\n\r\nhttp://evil.example/login\r\n"
    b"--x\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=inv0ice.bin\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nAQJub3RoaW5nIGtub3duCg==\r\n--x--\r\n"
)


def examined(case: Path, *evidence: Path, given: tuple[Path, ...] = (), jobs: int = 1) -> Outcome:
    return run([str(path) for path in evidence], case, Options(indicators=tuple(map(str, given))), jobs)


def found(case: Path) -> list[dict[str, Any]]:
    return [f for f in Saved(case).findings() if f["message"] == "rule.indicator"]


def brief(case: Path) -> list[tuple[str, str, str, str]]:
    return sorted(
        (f["rule"]["id"], f["evidence"]["path"], f["fields"]["seen_in"], f["grade"]) for f in found(case)
    )


@pytest.fixture
def evidence(tmp_path: Path) -> tuple[Path, Path]:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    events = [
        incident.event(0, DestinationIp="203.0.113.7", DestinationHostname="c2.evil.example"),
        incident.event(1, CommandLine="x -u https://evil.example/a.exe"),
        incident.event(2),
    ]
    (one / "log.jsonl").write_bytes(incident.lines(events))
    (two / "mail.eml").write_bytes(MAIL)
    (two / "files.zip").write_bytes(
        incident.zipped({"in/Bad Thing.exe.txt": BYTES, "in/bad thing.exe": b"text"})
    )
    return one, two


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(line + "\n" for line in lines))
    return path


def test_every_table_and_the_items(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    given = written(
        tmp_path / "iocs.csv", "evil[.]example", "203.0.113.7", "boss@mal.example", SHA256, "bad thing.exe"
    )
    examined(tmp_path / "case", *evidence, given=(given,))
    zipped = "two/files.zip/in"
    assert [
        ("domain:evil.example", "one/log.jsonl", "CommandLine", "indicated"),
        ("domain:evil.example", "one/log.jsonl", "DestinationHostname", "indicated"),
        ("domain:evil.example", "two/mail.eml", "urls", "indicated"),
        ("email:boss@mal.example", "two/mail.eml", "sender", "indicated"),
        ("filename:bad thing.exe", f"{zipped}/bad thing.exe", "path", "weak"),
        ("ip:203.0.113.7", "one/log.jsonl", "DestinationIp", "weak"),
        (f"sha256:{SHA256}", f"{zipped}/Bad Thing.exe.txt", "sha256", "indicated"),
        (f"sha256:{SHA256}", "two/mail.eml", "attachment_ids", "indicated"),
    ] == brief(tmp_path / "case")
    both = next(f for f in found(tmp_path / "case") if f["fields"]["seen_in"] == "sha256")
    assert ["two/mail.eml/inv0ice.bin"] == both["also"]
    event = next(f for f in found(tmp_path / "case") if f["fields"]["seen_in"] == "CommandLine")
    assert ("PC1.corp.example", 1, "2018-01-10T00:01:00.000000Z", "iocs.csv:1", "evil[.]example") == (
        event["host"],
        event["evidence"]["record"],
        event["time"],
        event["fields"]["source"],
        event["rule"]["title"],
    )


def test_rules_table_names_what_was_used_and_what_not(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    given = written(
        tmp_path / "iocs.csv", "evil.example", "unseen.example", "127.0.0.1", "intranet-host", "??"
    )
    examined(tmp_path / "case", *evidence, given=(given,))
    rows = Saved(tmp_path / "case").rows(
        "SELECT id, path, state, hits FROM rules WHERE \"set\" = 'iocs.csv' ORDER BY path"
    )
    assert [
        ("domain:evil.example", "iocs.csv:1", "judged", 3),
        ("domain:unseen.example", "iocs.csv:2", "judged", 0),
        (None, "iocs.csv:3", "refused", 0),
        (None, "iocs.csv:4", "refused", 0),
        (None, "iocs.csv:5", "refused", 0),
    ] == [tuple(row.values()) for row in rows]
    assert [("iocs.csv", "indicators")] == [
        (rules["name"], rules["kind"]) for rules in Saved(tmp_path / "case").account["tool"]["rules"]
    ]


def test_increments_equal_one_run_and_parse_nothing(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    one, two = evidence
    first = written(tmp_path / "a.csv", "evil.example")
    second = written(tmp_path / "b.csv", "203.0.113.7", SHA256)
    examined(tmp_path / "whole", one, two, given=(second, first), jobs=2)
    examined(tmp_path / "steps", one)
    examined(tmp_path / "steps", two, given=(first,))
    again = examined(tmp_path / "steps", one, two, given=(first, second))
    # the second set over the events of one item and the message of another
    assert 0 == again.read
    assert content(tmp_path / "whole") == content(tmp_path / "steps")


def test_the_same_run_again_computes_nothing(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    given = written(tmp_path / "a.csv", "evil.example")
    first = examined(tmp_path / "case", *evidence, given=(given,))
    before = content(tmp_path / "case")
    again = examined(tmp_path / "case", *evidence, given=(given,))
    assert (0, 0, first.read + first.judged) == (again.read, again.judged, again.reused)
    assert before == content(tmp_path / "case")


def test_several_files_in_one_archive(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    archive = tmp_path / "iocs.zip"
    archive.write_bytes(incident.zipped({"a.csv": b"evil.example\n", "b.txt": b"203.0.113.7\nbad\n"}))
    examined(tmp_path / "case", evidence[0], given=(archive,))
    assert {"domain:evil.example", "ip:203.0.113.7"} == {f["rule"]["id"] for f in found(tmp_path / "case")}
    rows = Saved(tmp_path / "case").rows(
        "SELECT path FROM rules WHERE state = 'refused' AND \"set\" = 'iocs.zip'"
    )
    assert ["b.txt:2"] == [row["path"] for row in rows]


def test_indicators_of_others_are_not_shared(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    examined(tmp_path / "case", *evidence, given=(written(tmp_path / "a.csv", "evil.example", SHA256),))
    assert found(tmp_path / "case")
    files = [path for path in (tmp_path / "case" / "export" / "share").rglob("*") if path.is_file()]
    assert files
    text = b"".join(path.read_bytes() for path in files)
    assert b"evil" not in text
    assert SHA256.encode() not in text


def test_no_indicator_at_all(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    with pytest.raises(RuleError, match=r"no indicator in 'empty\.csv'"):
        examined(tmp_path / "case", evidence[0], given=(written(tmp_path / "empty.csv", "# nothing"),))
    with pytest.raises(RuleError, match="no indicator at"):
        examined(tmp_path / "other", evidence[0], given=(tmp_path / "absent.csv",))


def test_command_line(
    tmp_path: Path, evidence: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    given = written(tmp_path / "a.csv", "evil.example")
    arguments = [str(evidence[0]), "--out", str(tmp_path / "case"), "--jobs", "1", "--indicators", str(given)]
    assert 10 == cli.main(["run", *arguments, "--fail-on", "indicated"])
    assert "2 indicated" in capsys.readouterr().out
