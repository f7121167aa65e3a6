# SPDX-License-Identifier: Apache-2.0
"""The run as a whole: same evidence, same bytes; nothing computed twice; a bad item costs itself alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hikeshi.flow
from flow import incident
from hikeshi.case.saved import Saved
from hikeshi.engine import Limits
from hikeshi.flow import reading
from hikeshi.flow.options import Options

LOGS = {"run.log", "reveals.log"}


def hikeshi_run(case: Path, *arguments: Path | str, jobs: int = 2, **environment: str) -> int:
    command = [
        sys.executable,
        "-m",
        "hikeshi",
        "run",
        *map(str, arguments),
        "--out",
        str(case),
        "--jobs",
        str(jobs),
    ]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 3), done.stderr
    return done.returncode


def content(case: Path) -> dict[str, bytes]:
    files = (path for path in case.rglob("*") if path.is_file())
    names = {path.relative_to(case).as_posix(): path for path in files}
    return {n: p.read_bytes() for n, p in names.items() if n.split("/")[0] != "state" and n not in LOGS}


def counts(case: Path, *evidence: Path, rules: tuple[Path, ...] = (), jobs: int = 2) -> hikeshi.flow.Outcome:
    options = Options(rules=tuple(map(str, rules)))
    return hikeshi.flow.run([str(path) for path in evidence], case, options, jobs)


@pytest.fixture
def evidence(tmp_path: Path) -> tuple[Path, Path]:
    return incident.write(tmp_path)


@pytest.fixture
def rules(tmp_path: Path) -> tuple[Path, Path]:
    one, two = tmp_path / "rules-one", tmp_path / "rules-two"
    for folder, rule in ((one, incident.RULE), (two, incident.OTHER_RULE)):
        folder.mkdir()
        (folder / "rule.yml").write_bytes(rule)
    return one, two


def test_same_evidence_same_bytes(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    one, two = evidence
    hikeshi_run(tmp_path / "a", one, two, jobs=1, LANG="C", TZ="UTC", PYTHONHASHSEED="1")
    hikeshi_run(tmp_path / "b", two, one, jobs=2, LANG="ja_JP.UTF-8", TZ="Asia/Tokyo", PYTHONHASHSEED="2")
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_increments_equal_one_run(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path]
) -> None:
    one, two = evidence
    counts(tmp_path / "whole", one, two, rules=rules)
    counts(tmp_path / "steps", one)
    counts(tmp_path / "steps", two, rules=rules[:1])
    counts(tmp_path / "steps", one, rules=rules)
    assert content(tmp_path / "whole") == content(tmp_path / "steps")


def test_new_rules_parse_nothing(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path]
) -> None:
    case = tmp_path / "case"
    first = counts(case, *evidence, rules=rules[:1])
    second = counts(case, *evidence, rules=rules)
    assert (0, 3) == (second.read, second.judged)
    assert first.read + first.judged == second.reused
    assert {"Notepad Started", "Notepad Ran"} == {f["rule"]["title"] for f in Saved(case).findings()}


def test_books_balance_and_name_what_is_unknown(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    case = tmp_path / "case"
    outcome = counts(case, *evidence)
    # 60 + 30 + 40 events, one message, one file of unknown kind: each item once, though two lie at two places
    expected = {"items": 5, "records_in": 132, "records_out": 132, "refused": 0, "duplicate": 0}
    assert expected == {key: outcome.totals[key] for key in expected}
    places = Saved(case).rows("SELECT path FROM places GROUP BY item, path ORDER BY path")
    assert [
        "one/log.jsonl",
        "one/mail.eml",
        "one/unknown.bin",
        "two/collected.zip",
        "two/collected.zip/inner.zip",
        "two/collected.zip/inner.zip/again.jsonl",
        "two/collected.zip/inner.zip/deep/other.jsonl",
        "two/collected.zip/mail/1.eml",
        "two/logs.tar.gz",
        "two/logs.tar.gz",
        "two/logs.tar.gz/third.jsonl",
    ] == [row["path"] for row in places]
    assert [("one/unknown.bin", "unknown-format")] == [(i["path"], i["reason"]) for i in Saved(case).issues()]


def test_a_finding_names_every_place(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path]
) -> None:
    counts(tmp_path / "case", *evidence, rules=rules[:1])
    found = [f for f in Saved(tmp_path / "case").findings() if f["host"] == "PC1.corp.example"]
    assert 60 == len(found)
    assert {"one/log.jsonl"} == {f["evidence"]["path"] for f in found}
    assert [["two/collected.zip/inner.zip/again.jsonl"]] * 60 == [f["also"] for f in found]


def test_evidence_is_left_as_it_was(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    files = sorted(path for folder in evidence for path in folder.rglob("*") if path.is_file())
    before = [(path.read_bytes(), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    counts(tmp_path / "case", *evidence)
    assert before == [(path.read_bytes(), path.stat().st_size, path.stat().st_mtime_ns) for path in files]


def test_nothing_of_a_child_stays_on_disk(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    counts(tmp_path / "case", *evidence)
    assert [] == list((tmp_path / "case" / "state" / "scratch").iterdir())


def kill_and_resume(case: Path, arguments: list[str], after: float) -> tuple[int, hikeshi.flow.Outcome]:
    """Kill a run's whole process group, then continue it; gives the done-files that were there."""
    command = [sys.executable, "-m", "hikeshi", "run", *arguments, "--out", str(case)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, start_new_session=True, **quiet)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = case / "state" / "done"
    present = len(list(done.iterdir())) if done.is_dir() else 0
    split = arguments.index("--rules") if "--rules" in arguments else len(arguments)
    options = Options(rules=tuple(arguments[split + 1 :: 2]))
    return present, hikeshi.flow.run(arguments[:split], case, options, 2)


@pytest.mark.parametrize("after", [0.4, 0.55, 0.7, 0.9])
def test_killed_run_continues(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path], after: float
) -> None:
    arguments = [*map(str, evidence), "--rules", str(rules[0])]
    counts(tmp_path / "whole", *evidence, rules=rules[:1])
    present, outcome = kill_and_resume(tmp_path / "case", arguments, after)
    assert present == outcome.reused
    assert content(tmp_path / "whole") == content(tmp_path / "case")


@pytest.mark.campaign
def test_killed_at_twenty_points_over_real_logs(tmp_path: Path, real_evidence: Path) -> None:
    arguments = [str(real_evidence / "evtx"), "--rules", str(real_evidence / "sigma-rules")]
    began = time.monotonic()
    hikeshi_run(tmp_path / "whole", *arguments)
    whole, length = content(tmp_path / "whole"), time.monotonic() - began
    for point in range(20):
        case = tmp_path / f"case{point}"
        present, outcome = kill_and_resume(case, arguments, length * (point + 0.5) / 20)
        assert present == outcome.reused
        assert whole == content(case)


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import flow.hostile_readers  # noqa: F401

    monkeypatch.setattr(hikeshi.flow, "PRELOAD", (*hikeshi.flow.PRELOAD, "flow.hostile_readers"))
    monkeypatch.setattr(reading, "Limits", lambda **asked: Limits(silence=3, wall=asked["wall"]))
    yield
    hikeshi.readers.READERS = tuple(
        name for name in hikeshi.readers.READERS if name != "flow.hostile_readers"
    )


def test_hostile_items_cost_themselves_alone(
    tmp_path: Path, evidence: tuple[Path, Path], hostile: None, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = evidence[0] / "log.jsonl"
    acts = {
        "crash": "",
        "spin": "",
        "allocate": "",
        "socket": "",
        "exec": "",
        "write": str(tmp_path / "new"),
        "other": str(secret),
    }
    for act, argument in acts.items():
        (evidence[0] / f"{act}.bad").write_text(f"HOSTILE {act} {argument}")
    outcome = counts(tmp_path / "case", *evidence)
    case = Saved(tmp_path / "case")
    losses: dict[str, Any] = {}
    for issue in case.issues():
        losses[issue["path"]] = issue["fields"].get("outcome", issue["reason"])
    assert not outcome.complete
    assert {
        "one/allocate.bad": "out-of-memory",
        "one/crash.bad": "worker-crashed",
        "one/exec.bad": "PermissionError",
        "one/other.bad": "PermissionError",
        "one/socket.bad": "PermissionError",
        "one/spin.bad": "worker-hung",
        "one/unknown.bin": "unknown-format",
        "one/write.bad": "PermissionError",
    } == losses
    assert 130 == case.rows("SELECT count(*) AS n FROM events")[0]["n"]
    assert not (tmp_path / "new").exists()


def test_containers_that_attack(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    log = incident.lines([incident.event(0)])
    (folder / "escape.zip").write_bytes(
        incident.zipped({"../../up.jsonl": log, "C:\\abs.jsonl": log + b"\n"})
    )
    with (
        zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb,
        bomb.open("zeros", "w") as member,
    ):
        for _ in range(300):
            member.write(bytes(1 << 20))
    deep = incident.zipped({"log.jsonl": log})
    for _ in range(12):
        deep = incident.zipped({"deeper.zip": deep})
    (folder / "deep.zip").write_bytes(deep)
    (folder / "nested.jsonl").write_bytes(b'{"EventID":1,"a":' + b"[" * 200_000)
    (folder / "link").symlink_to("/etc/passwd")
    outcome = counts(tmp_path / "case", folder)
    reasons = {(issue["path"].split("/")[1], issue["reason"]) for issue in Saved(tmp_path / "case").issues()}
    assert not outcome.complete
    assert {
        ("escape.zip", "path-escape"),
        ("bomb.zip", "expansion-ratio"),
        ("deep.zip", "too-deep"),
        ("link", "link-not-followed"),
    } <= reasons
    assert [2] == [row["n"] for row in Saved(tmp_path / "case").rows("SELECT count(*) AS n FROM events")]


def test_japanese_names_in_old_zips(tmp_path: Path) -> None:
    name = "請求書/一覧.jsonl"
    archive = incident.zipped({"x" * len(name.encode("cp932")): incident.lines([incident.event(0)])})
    (tmp_path / "old.zip").write_bytes(
        archive.replace(b"x" * len(name.encode("cp932")), name.encode("cp932"))
    )
    counts(tmp_path / "case", tmp_path / "old.zip")
    assert f"old.zip/{name}" in {
        row["path"] for row in Saved(tmp_path / "case").rows("SELECT path FROM places")
    }


def test_refuses_a_folder_that_is_no_case(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    command = [sys.executable, "-m", "hikeshi", "run", str(evidence[0]), "--out", str(tmp_path / "mine")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 2 == done.returncode
    assert 1 == done.stderr.count("\n")
    assert ["notes.txt"] == os.listdir(tmp_path / "mine")


def test_three_removed_hours_are_a_gap(tmp_path: Path) -> None:
    """Record ids go on through the silence: 180 records between 08:59 and 12:00 are missing."""
    kept = [incident.event(n) for n in range(1440) if not 540 <= n < 720]
    (tmp_path / "log.jsonl").write_bytes(incident.lines(kept))
    counts(tmp_path / "case", tmp_path / "log.jsonl")
    gap = Saved(tmp_path / "case").rows('SELECT start, "end", missing, kind FROM gaps')
    assert [("2018-01-10T08:59:00+00:00", "2018-01-10T12:00:00+00:00", 180, "records-missing")] == [
        (g["start"].isoformat(), g["end"].isoformat(), g["missing"], g["kind"]) for g in gap
    ]


def test_manifest_covers_what_the_tool_wrote(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    counts(tmp_path / "case", *evidence)
    listed = json.loads((tmp_path / "case" / "manifest.json").read_text())["files"]
    assert sorted(set(content(tmp_path / "case")) - {"manifest.json"}) == sorted(listed)
