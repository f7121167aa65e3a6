# SPDX-License-Identifier: Apache-2.0
"""Key searches in a run: only when asked for, always used once they are done, and the streams that a key opens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hikeshi.families
import hikeshi.flow
from hikeshi.cli import main
from hikeshi.codecs.keysearch import kernels
from hikeshi.codecs.rc4 import rc4
from hikeshi.flow import Options, judges, keyjobs, sessions
from hikeshi.synth.capture import Conversation, pcap

KEY = bytes.fromhex("02000A0B")
PLAIN = b"\xe6\x07" + b"25948A1110D2E6" + b"\0" + b"WS-01"
BODY = rc4(KEY, PLAIN)
NONE = "5d" * 17


@pytest.fixture(autouse=True)
def locks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The pack `locks`, here and in the workers; four shards of 4,096 keys instead of all."""
    monkeypatch.setattr(judges, "all_packs", judges.all_packs)
    monkeypatch.setattr(sessions, "packs", sessions.packs)
    import flow.locks_pack

    monkeypatch.setattr(hikeshi.flow, "PRELOAD", (*hikeshi.flow.PRELOAD, "flow.locks_pack"))
    monkeypatch.setattr(kernels, "KEY_SHARDS", 4)
    monkeypatch.setattr(kernels, "KEYS", 1 << 12)
    monkeypatch.setattr(keyjobs, "_SIGMAS", 40)
    if flow.locks_pack.FOLDER not in hikeshi.families.__path__:
        hikeshi.families.__path__.append(flow.locks_pack.FOLDER)
    yield
    hikeshi.families.__path__.remove(flow.locks_pack.FOLDER)


@pytest.fixture
def evidence(tmp_path: Path) -> str:
    """Letters with the heads of two bodies, one under no key, and a capture of a stream under the other's key."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    for number, subject in enumerate((f"head {BODY.hex()}", f"head {NONE}")):
        (folder / f"{number}.eml").write_text(
            f"From: a@one.example\r\nTo: b@one.example\r\nSubject: {subject}\r\n"
            f"Date: Tue, 12 Mar 2024 09:00:00 +0900\r\nMessage-ID: <{number}@one.example>\r\n\r\nText\r\n"
        )
    talk = Conversation(server_port=4999).open().send(rc4(KEY, PLAIN[:2] + b"another")).receive(b"answer")
    (folder / "gateway.pcap").write_bytes(pcap(talk.close().packets))
    return str(folder)


def findings(case: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (case / "findings.jsonl").read_text().splitlines()]


def told(case: Path) -> list[str]:
    return sorted(finding["message"] for finding in findings(case))


def test_searched_when_asked_for_and_used_ever_after(tmp_path: Path, evidence: str) -> None:
    once, later = tmp_path / "once", tmp_path / "later"
    outcome = hikeshi.flow.run([evidence], once, Options(search_keys=True), jobs=1)
    assert (0, True) == (outcome.keys_left, outcome.complete)
    assert ["locks.key", "locks.none", "locks.opened"] == told(once)
    opened = next(finding for finding in findings(once) if finding["message"] == "locks.opened")
    assert KEY.hex() == opened["fields"]["key"]
    assert opened["fields"]["source"].startswith("settings in ")
    assert ["3/4", "4/4"] == sorted(
        f["fields"]["searched"] for f in findings(once) if "searched" in f["fields"]
    )

    outcome = hikeshi.flow.run([evidence], later, Options(), jobs=1)
    assert (2, True) == (outcome.keys_left, outcome.complete)
    assert [] == told(later)
    assert 0 == main(["recover-key", str(later), "--jobs", "2"])
    outcome = hikeshi.flow.run([evidence], later, Options(), jobs=1)
    assert (0, 0) == (outcome.keys_left, outcome.read)
    assert findings(once) == findings(later)


def test_recover_key_prints_what_it_came_to(
    tmp_path: Path, evidence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    case = tmp_path / "case"
    hikeshi.flow.run([evidence], case, Options(), jobs=1)
    assert 0 == main(["recover-key", str(case), "--jobs", "1"])
    out, err = capsys.readouterr()
    assert "locks: key 02000A0B opens 1 of 1 bodies; found after 3 of 4 shards" in out
    assert "<E6><07>25948A1110D2E6<00>" in out
    assert "locks: 1 bodies: exhausted, no key: all 4 shards were searched" in out
    assert "4 shards of keys of 4 bytes to search with" in err
    assert "'hikeshi run EVIDENCE --out " in err
    assert 0 == main(["recover-key", str(case), "--json"])
    out, err = capsys.readouterr()
    assert "shards" not in err
    result = json.loads(out)
    assert [("found", ["02000A0B"]), ("exhausted", [])] == sorted(
        ((one["state"], one["values"]) for one in result["searches"]), reverse=True
    )
    assert [] == result["issues"]
    events = [json.loads(line)["event"] for line in (case / "run.log").read_text().splitlines()]
    assert ["start", "end"] * 3 == events


def test_recover_key_from_raw_bodies_continues_where_it_was_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "one.bin", tmp_path / "two.bin"]
    files[0].write_bytes(BODY)
    files[1].write_bytes(rc4(KEY, PLAIN[:2] + b"00" * 7 + b"\0rest"))
    arguments = ["recover-key", "--json", "--keep", str(tmp_path / "kept"), "--body", *map(str, files)]
    for done in (False, True):
        assert 0 == main(arguments)
        out, err = capsys.readouterr()
        (one,) = (one for one in json.loads(out)["searches"] if one["pack"] == "locks")
        assert ("found", ["02000A0B"], 3) == (one["state"], one["values"], one["searched"])
        assert 2 == len(one["opened"])
        assert done == ("shards" not in err)
    files[0].write_bytes(bytes.fromhex(NONE))
    assert 0 == main(["recover-key", "--body", str(files[0])])
    assert "locks: 1 bodies: exhausted, no key" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Give either a case"),
        (["nowhere"], "is no case"),
        (["nowhere", "--keep", "x"], "Give either a case"),
        (["nowhere", "--body", "{here}"], "Give either a case"),
        (["--name", "WS-01"], "No pack can search"),
        (["--jobs", "0", "--body", "{here}"], "1 to 1024"),
    ],
)
def test_one_sentence_says_what_is_missing(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "here").write_bytes(BODY)
    given = [argument.format(here=tmp_path / "here") for argument in arguments]
    assert 2 == main(["recover-key", *given])
    out, err = capsys.readouterr()
    assert "" == out
    assert says in err
    assert 1 == err.count("\n")


def test_a_case_that_asks_for_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "note.txt").write_text("nothing")
    hikeshi.flow.run([str(tmp_path / "note.txt")], tmp_path / "case", Options(), jobs=1)
    assert 2 == main(["recover-key", str(tmp_path / "case")])
    assert "asks for a key" in capsys.readouterr().err
