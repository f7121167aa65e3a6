# SPDX-License-Identifier: Apache-2.0
"""YARA through a whole run: every item at every depth, reuse, what is named, and what a second run costs."""

from __future__ import annotations

import base64
import io
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import hikeshi.flow
from flow import incident
from flow.test_flow import content
from hikeshi.case.saved import Saved
from hikeshi.flow import Options, Outcome, run, scanning

MARKED = b"some text, marker-one, inert\n"
MAIL = (
    b"From: a@example.com\r\nTo: b@example.com\r\nDate: Fri, 26 Jan 2018 00:00:00 +0900\r\nSubject: s\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n"
    b"hello\r\n--x\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a.bin\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"attached " + MARKED) + b"\r\n--x--\r\n"
)


def deflated(members: dict[str, bytes]) -> bytes:
    """An archive in whose own bytes no marker stands."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content_ in members.items():
            member = zipfile.ZipInfo(name, (2018, 1, 26, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content_ + b"-" * 200)
    assert b"marker" not in data.getvalue()
    return data.getvalue()


def rule(name: str, text: str) -> bytes:
    return (
        f'rule {name} {{ meta: author = "Test" severity = "high" strings: $m = "{text}" condition: $m }}'
    ).encode()


@pytest.fixture
def rules(tmp_path: Path) -> tuple[Path, Path]:
    one, two = tmp_path / "one.yar", tmp_path / "two.yar"
    one.write_bytes(rule("one", "marker-one"))
    two.write_bytes(rule("two", "marker-two"))
    return one, two


@pytest.fixture
def evidence(tmp_path: Path) -> tuple[Path, Path]:
    one, two = tmp_path / "a", tmp_path / "b"
    one.mkdir()
    two.mkdir()
    (one / "plain.bin").write_bytes(b"\x01" + MARKED + b"-" * 200)
    (one / "log.jsonl").write_bytes(incident.lines([incident.event(n) for n in range(3)]))
    (one / "mail.eml").write_bytes(MAIL)
    inner = deflated({"deep.bin": b"\x02" + MARKED, "copy.bin": b"\x01" + MARKED, "other.bin": b"marker-two"})
    (two / "outer.zip").write_bytes(deflated({"in/inner.zip": inner, "note.bin": b"\x03 nothing\n"}))
    return one, two


def examined(case: Path, *given: Path, yara: tuple[Path, ...] = (), jobs: int = 2) -> Outcome:
    return run([str(path) for path in given], case, Options(yara=tuple(map(str, yara))), jobs)


def found(case: Path) -> list[tuple[str, str]]:
    hits = [f for f in Saved(case).findings() if f["message"] == "rule.yara"]
    return sorted((f["fields"]["title"], path) for f in hits for path in (f["evidence"]["path"], *f["also"]))


EVERYWHERE = [
    ("one", "a/mail.eml/a.bin"),
    ("one", "a/plain.bin"),
    ("one", "b/outer.zip/in/inner.zip/copy.bin"),
    ("one", "b/outer.zip/in/inner.zip/deep.bin"),
]


def losses(case: Path, judge: str = "yara") -> list[tuple[str, str]]:
    return [(i["path"], i["reason"]) for i in Saved(case).issues() if i["fields"].get("judge") == judge]


def test_every_item_at_every_depth(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path]
) -> None:
    examined(tmp_path / "case", *evidence, yara=rules[:1])
    assert EVERYWHERE == found(tmp_path / "case")
    (hit,) = [f for f in Saved(tmp_path / "case").findings() if f["evidence"]["path"] == "a/plain.bin"]
    assert ("indicated", 12, "1", "Test") == (
        hit["grade"], hit["evidence"]["offset"], hit["fields"]["$m"], hit["rule"]["author"]
    )  # fmt: skip
    assert [] == losses(tmp_path / "case")


def test_increments_and_jobs_change_nothing(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path]
) -> None:
    one, two = evidence
    examined(tmp_path / "whole", one, two, yara=rules, jobs=1)
    examined(tmp_path / "steps", two, yara=rules)
    examined(tmp_path / "steps", one, yara=rules[::-1])
    assert content(tmp_path / "whole") == content(tmp_path / "steps")


def test_the_same_again_reuses_every_task(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path]
) -> None:
    first = examined(tmp_path / "case", *evidence, yara=rules[:1])
    done = list((tmp_path / "case" / "state" / "done").iterdir())
    again = examined(tmp_path / "case", *evidence, yara=rules[:1])
    assert (0, 0, len(done)) == (again.read, again.judged, again.reused)
    assert len(done) == first.read + first.judged


def test_other_rules_read_again_only_what_holds_other_items(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path]
) -> None:
    """The mail, the outer and the inner archive are opened once more for the bytes in them; logs are not parsed."""
    examined(tmp_path / "whole", *evidence, yara=rules[1:])
    first = examined(tmp_path / "case", *evidence, yara=rules[:1])
    second = examined(tmp_path / "case", *evidence, yara=rules[1:])
    assert 3 == second.read
    assert first.read + first.judged - 3 - 9 == second.reused  # nine scans under the first rules
    assert 9 == second.judged
    assert [("two", "b/outer.zip/in/inner.zip/other.bin")] == found(tmp_path / "case")
    assert content(tmp_path / "whole") == content(tmp_path / "case")


def test_rules_that_come_later_name_what_is_not_at_hand(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path]
) -> None:
    one, two = evidence
    examined(tmp_path / "case", one)
    outcome = examined(tmp_path / "case", two, yara=rules[:1])
    assert EVERYWHERE[1:] == found(tmp_path / "case")  # plain.bin is also in the archive
    wanted = [(f"a/{name}", "not-at-hand") for name in ("log.jsonl", "mail.eml", "mail.eml/a.bin")]
    assert wanted == [loss for loss in losses(tmp_path / "case") if "a/" in loss[0]]
    assert not outcome.complete
    again = examined(tmp_path / "case", one, two, yara=rules[:1])
    examined(tmp_path / "whole", one, two, yara=rules[:1])
    assert [] == losses(tmp_path / "case")
    assert content(tmp_path / "whole") == content(tmp_path / "case")
    assert 1 == again.read  # the mail, for its attachment


def test_refused_files_are_named(tmp_path: Path, evidence: tuple[Path, Path]) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "good.yar").write_bytes(rule("one", "marker-one"))
    (folder / "bad.yara").write_bytes(b"rule {")
    examined(tmp_path / "case", evidence[0], yara=(folder,))
    rows = Saved(tmp_path / "case").rows("SELECT path, state FROM rules WHERE state = 'refused'")
    assert [("set/bad.yara", "refused")] == [(row["path"], row["state"]) for row in rows]
    assert EVERYWHERE[:2] == found(tmp_path / "case")


def test_items_over_the_limit_are_named_once_and_for_all(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "LARGEST", 300)
    outcome = examined(tmp_path / "case", *evidence, yara=rules[:1])
    assert EVERYWHERE == found(tmp_path / "case")
    large = ["a/log.jsonl", "a/mail.eml", "b/outer.zip", "b/outer.zip/in/inner.zip"]
    assert [(path, "too-large") for path in large] == losses(tmp_path / "case")
    assert not outcome.complete
    again = examined(tmp_path / "case", *evidence, yara=rules[:1])
    assert (0, 0) == (again.read, again.judged)


def test_scans_that_take_too_long_are_named_and_tried_again(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hikeshi.flow, "PRELOAD", (*hikeshi.flow.PRELOAD, "flow.hasty_yara"))
    slow = tmp_path / "slow.yar"
    slow.write_bytes(
        b'rule slow { strings: $s = "hello" condition: $s and for all i in (0..9000000000): (i >= 0) }'
    )
    examined(tmp_path / "case", evidence[0], yara=(rules[0], slow))
    assert EVERYWHERE[:2] == found(tmp_path / "case")
    assert [("a/mail.eml", "worker-hung")] == losses(tmp_path / "case")
    again = examined(tmp_path / "case", evidence[0], yara=(rules[0], slow))
    assert (0, 1) == (again.read, again.judged)


def test_nothing_of_a_child_stays_on_disk(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path]
) -> None:
    examined(tmp_path / "case", *evidence)
    examined(tmp_path / "case", *evidence, yara=rules)
    assert [] == list((tmp_path / "case" / "state" / "scratch").iterdir())


@pytest.mark.parametrize("after", [0.5, 0.8, 1.1, 1.5])
def test_killed_run_continues(
    tmp_path: Path, evidence: tuple[Path, Path], rules: tuple[Path, Path], after: float
) -> None:
    case = tmp_path / "case"
    examined(tmp_path / "whole", *evidence, yara=rules)
    options = [argument for path in rules for argument in ("--yara", str(path))]
    command = [sys.executable, "-m", "hikeshi", "run", *map(str, evidence), *options, "--out", str(case)]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, start_new_session=True, **quiet)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = case / "state" / "done"
    present = len(list(done.iterdir())) if done.is_dir() else 0
    outcome = examined(case, *evidence, yara=rules)
    assert present == outcome.reused
    assert content(tmp_path / "whole") == content(case)
