# SPDX-License-Identifier: Apache-2.0
"""What a run opens, what it names without opening, and what it leaves behind beside the case."""

from __future__ import annotations

import gzip
import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import hikeshi.flow
from evidence.sealed import aes, traditional
from evidence.test_seven_zip import archive
from flow import incident
from flow.test_flow import content, hikeshi_run
from hikeshi.case.saved import Saved
from hikeshi.evidence.discover import FileSource
from hikeshi.flow.options import Options

SECRET = "ひみつ-Xy7"
LOG = incident.lines([incident.event(n) for n in range(20)])


def run(case: Path, *evidence: Path, **options: Any) -> hikeshi.flow.Outcome:
    return hikeshi.flow.run([str(path) for path in evidence], case, Options(**options), 2)


def losses(case: Path) -> dict[str, str]:
    return {issue["path"]: issue["reason"] for issue in Saved(case).issues()}


def events(case: Path) -> int:
    return int(Saved(case).rows("SELECT count(*) AS n FROM events")[0]["n"])


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """Three logs: under the convention's password, under another one, and that one nested in a plain zip."""
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "usual.zip").write_bytes(traditional({"one.jsonl": LOG}, b"infected"))
    (folder / "aes.zip").write_bytes(aes("two.jsonl", LOG + b"\n", SECRET.encode()))
    inner = aes("three.jsonl", LOG + b"\n\n", SECRET.encode())
    (folder / "nested.zip").write_bytes(incident.zipped({"inner.zip": inner, "note.bin": b"\1\2\3"}))
    return folder


def test_passwords_open_what_is_encrypted_and_are_not_kept(tmp_path: Path, locked: Path) -> None:
    case = tmp_path / "case"
    assert 3 == hikeshi_run(case, locked)
    assert 20 == events(case)
    aes_loss, inner_loss = "locked/aes.zip/two.jsonl", "locked/nested.zip/inner.zip/three.jsonl"
    assert {"encrypted"} == {losses(case)[path] for path in (aes_loss, inner_loss)}
    assert 0 == hikeshi_run(case, locked, "--password", "wrong one", "--password", SECRET)
    assert 60 == events(case)
    assert {"locked/nested.zip/note.bin": "unknown-format"} == losses(case)
    assert 2 == Saved(case).account["options"]["passwords"]
    for path in case.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes()
            assert b"wrong one" not in path.read_bytes()
            assert json.dumps(SECRET).encode() not in path.read_bytes()


def test_only_new_passwords_are_a_reason_to_read_again(tmp_path: Path, locked: Path) -> None:
    case = tmp_path / "case"
    first = run(case, locked, passwords=("wrong",))
    assert 0 == run(case, locked).read
    assert 0 == run(case, locked, passwords=("wrong",)).read
    again = run(case, locked, passwords=("wrong", SECRET))
    # the two locked archives, the plain one around one of them, and the two logs that come out
    assert (6, 5) == (first.read, again.read)
    assert 0 == run(case, locked).read
    assert 60 == events(case)


def test_opening_later_equals_opening_at_once(tmp_path: Path, locked: Path) -> None:
    run(tmp_path / "later", locked)
    run(tmp_path / "later", locked, passwords=(SECRET,))
    run(tmp_path / "once", locked, passwords=(SECRET,))
    assert content(tmp_path / "once") == content(tmp_path / "later")


@pytest.mark.skipif(find_spec("py7zr") is None, reason="the extra 7z (py7zr) is not installed")
def test_7z_in_a_confined_worker(tmp_path: Path) -> None:
    folder = tmp_path / "seven"
    folder.mkdir()
    (folder / "log.7z").write_bytes(archive({"記録/log.jsonl": LOG}, "infected", True))
    assert run(tmp_path / "case", folder).complete
    assert 20 == events(tmp_path / "case")
    paths = [row["path"] for row in Saved(tmp_path / "case").rows("SELECT path FROM places ORDER BY path")]
    assert ["seven/log.7z", "seven/log.7z/記録/log.jsonl"] == paths


@pytest.mark.skipif(find_spec("py7zr") is not None, reason="the extra 7z (py7zr) is installed")
def test_7z_without_the_extra(tmp_path: Path) -> None:
    (tmp_path / "log.7z").write_bytes(b"7z\xbc\xaf\x27\x1c\0\4" + bytes(24))
    assert not run(tmp_path / "case", tmp_path / "log.7z").complete
    (issue,) = Saved(tmp_path / "case").issues()
    assert ("missing-extra", "7z") == (issue["reason"], issue["fields"]["extra"])


def test_what_is_not_read_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "kinds"
    folder.mkdir()
    marks = {"a.rar": b"Rar!\x1a\x07\0", "b.pst": b"!BDN", "c.LOG1": b"regf", "d.pdf": b"%PDF-1.7\n"}
    for name, mark in marks.items():
        (folder / name).write_bytes(mark + b"inert filler")
    (folder / "e").write_bytes(b"\x01\x02nothing known\n")
    assert run(tmp_path / "case", folder).complete
    rows = Saved(tmp_path / "case").rows("SELECT kind, status, reason, records_in, records_out FROM items")
    assert {
        ("rar", "bytes-only", "unsupported-format", 1, 1),
        ("pst", "bytes-only", "unsupported-format", 1, 1),
        ("registry-log", "bytes-only", "unsupported-format", 1, 1),
        ("pdf", "bytes-only", "unsupported-format", 1, 1),
        ("unknown", "bytes-only", "unknown-format", 1, 1),
    } == {tuple(row.values()) for row in rows}


def test_a_cut_child_is_not_fully_read(tmp_path: Path) -> None:
    (tmp_path / "log.gz").write_bytes(gzip.compress(LOG)[:-20])
    assert not run(tmp_path / "case", tmp_path / "log.gz").complete
    assert {"log.gz": "truncated"} == losses(tmp_path / "case")


def test_evidence_that_changes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "live"
    folder.mkdir()
    (folder / "log.jsonl").write_bytes(LOG)
    (folder / "still.jsonl").write_bytes(LOG + b"\n")
    look = FileSource.unchanged

    def written_meanwhile(source: FileSource) -> bool:
        if source.path.endswith("log.jsonl"):
            os.utime(source.path, ns=(1, 1))
        return look(source)

    monkeypatch.setattr(FileSource, "unchanged", written_meanwhile)
    assert not run(tmp_path / "case", folder).complete
    assert {"live/log.jsonl": "changed-while-read"} == losses(tmp_path / "case")
    (node,) = [n for n in Saved(tmp_path / "case").account["evidence"] if n["path"] == "live/log.jsonl"]
    assert ("partial", "changed-while-read") == (node["status"], node["reason"])


def test_every_run_is_logged(tmp_path: Path, locked: Path) -> None:
    case = tmp_path / "case"
    run(case, locked, passwords=(SECRET,))
    run(case, locked)
    lines = [json.loads(line) for line in (case / "run.log").read_text().splitlines()]
    assert ["start", "end"] * 2 == [line["event"] for line in lines]
    assert all(line["operator"] and line["machine"] and line["time"].endswith("+00:00") for line in lines)
    assert ([str(locked)], "1 given") == (lines[0]["evidence"], lines[0]["passwords"])
    assert "complete" == lines[1]["outcome"]
    assert lines[1]["totals"] == Saved(case).account["totals"]
    assert 0 == lines[3]["read"]
    manifest = json.loads((case / "manifest.json").read_bytes())
    assert "run.log" not in manifest["files"]
