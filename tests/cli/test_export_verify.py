# SPDX-License-Identifier: Apache-2.0
"""The verbs export and verify, on the case of the drill."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from hikeshi import drill
from hikeshi.case.saved import Saved
from hikeshi.cli import export, verify
from hikeshi.errors import UsageError


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> drill.Drill:
    """The demo incident, examined."""
    return drill.run(tmp_path_factory.mktemp("drill"), 1)


def call(*words: str, as_json: bool = False) -> int:
    top = argparse.ArgumentParser()
    verbs = top.add_subparsers()
    export.add(verbs)
    verify.add(verbs)
    options = top.parse_args(words)
    options.json = as_json
    return int(options.handle(options))


def test_exports_are_written_and_listed(done: drill.Drill, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("export", str(done.case), "--tlp", "GREEN", as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["tlp"] == "GREEN"
    written = {Path(path).relative_to(done.case).as_posix() for path in said["files"]}
    assert written <= json.loads((done.case / "manifest.json").read_bytes())["files"].keys()
    assert "TLP:GREEN" in (done.case / "export/share/bundle.stix.json").read_text()
    assert call("verify", str(done.case)) == 0


def test_the_incident_leaves_no_name(done: drill.Drill) -> None:
    """Every machine, account, person and mail address that the case holds, against what would be shared."""
    case = Saved(done.case)
    assert call("export", str(done.case)) == 0
    share = "\n".join(path.read_text() for path in sorted((done.case / "export/share").iterdir())).casefold()
    names = {row["v"] for table, column in (("hosts", "host"), ("hosts", "unnest(aliases)"), ("events", '"user"'),
             ("messages", "unnest(recipients)"), ("messages", "sender"), ("messages", "subject"), ("places", "path"))
             for row in case.rows(f"SELECT DISTINCT {column} AS v FROM {table}") if row["v"]}  # fmt: skip
    names |= {part for name in names for part in name.replace("\\", "@").split("@") if len(part) > 4}
    assert len(names) > 20
    assert [name for name in sorted(names) if name.casefold() in share] == []
    truth = next(check for check in done.checks if check.name.startswith("server on "))
    assert truth.expected in share


def test_evidence_is_hashed_again(done: drill.Drill, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("verify", str(done.case), "--evidence", str(done.evidence)) == 0
    changed = next(path for path in sorted(done.evidence.rglob("*")) if path.is_file())
    before = changed.read_bytes()
    changed.write_bytes(before + b"\0")
    assert call("verify", str(done.case), "--evidence", str(done.evidence), as_json=True) == 1
    (difference,) = json.loads(capsys.readouterr().out.splitlines()[-1])["differences"]
    assert difference["what"] == "changed"
    assert difference["path"].endswith(changed.name)
    changed.write_bytes(before)


def test_key_and_seal_go_together(done: drill.Drill, tmp_path: Path) -> None:
    for words in (("--seal",), ("--key", str(tmp_path / "key.pem"))):
        with pytest.raises(UsageError):
            call("verify", str(done.case), *words)
    assert list(tmp_path.iterdir()) == []


def test_a_sealed_case_is_not_exported_again(
    done: drill.Drill, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("verify", str(done.case), "--seal", "--key", str(tmp_path / "key.pem"), as_json=True) == 0
    key = json.loads(capsys.readouterr().out)["key"]
    with pytest.raises(UsageError):
        call("export", str(done.case))
    assert call("verify", str(done.case), as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"differences": [], "key": key, "evidence": False}
