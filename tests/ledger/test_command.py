# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from hikeshi.cli import ledger as command
from hikeshi.errors import LedgerError, UsageError
from hikeshi.ledger.canonical import fmt
from hikeshi.ledger.findings import fingerprint
from hikeshi.ledger.text import parse
from ledger.small import FINDING, small

EXAMPLE = Path(__file__).parents[2] / "examples" / "coincheck-2018" / "ledger.yaml"


def run(*words: str) -> int:
    top = argparse.ArgumentParser()
    command.add(top.add_subparsers())
    options = top.parse_args(["ledger", *words])
    code = options.handle(options)
    assert isinstance(code, int)
    return code


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A case folder with two findings and a ledger that cites one."""
    (tmp_path / "attribution").mkdir()
    other = {"id": "f-2", "family": "netwire", "fields": {"password": "Password"}}
    (tmp_path / "findings.jsonl").write_text(
        "".join(json.dumps(one) + "\n" for one in (FINDING, other)), "utf-8"
    )
    plain = small()
    plain["evidence"][0]["findings"] = [{"id": "f-1", "sha256": fingerprint(FINDING)}]
    (tmp_path / "attribution" / "ledger.yaml").write_text(fmt(json.dumps(plain)), "utf-8")
    return tmp_path


def test_check(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", str(case)) == 0
    path = case / "attribution" / "ledger.yaml"
    assert run("check", str(path)) == 2
    assert "V05 E1: the finding f-1 is not in the case" in capsys.readouterr().out
    assert run("check", str(path), "--case", str(case), "--json") == 0
    assert all(json.loads(line)["line"] >= 0 for line in capsys.readouterr().out.splitlines())


def test_fmt(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = case / "attribution" / "ledger.yaml"
    before = path.read_text("utf-8")
    path.write_text("# mine\n" + before.replace("[0.8, 1]", "[0.8,1]"), "utf-8")
    assert run("fmt", str(case)) == 0
    assert capsys.readouterr().out == "# mine\n" + before
    assert run("fmt", str(path), "--in-place") == 0
    assert path.read_text("utf-8") == "# mine\n" + before
    assert [entry.name for entry in path.parent.iterdir()] == ["ledger.yaml"]


def test_weigh(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("weigh", str(case), "--lang", "ja", "--details") == 0
    assert "評価: " in capsys.readouterr().out
    assert run("weigh", str(case), "--json") == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "hikeshi.weigh/1"
    assert run("weigh", str(case), "--matrix") == 0
    assert capsys.readouterr().out.startswith("item,group,H1,H2,H3,diagnosticity\n")


def test_weigh_with_another_analyst(case: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    ranges = tmp_path / "second.yaml"
    ranges.write_text(
        "schema: hikeshi.ranges/1\nby: second\ndate: 2026\n"
        "ranges:\n  G1: {H1: [1, 1], H2: [1, 1], H3: [1, 1]}\n"
    )
    assert run("weigh", str(case), "--ranges", str(ranges)) == 0
    assert "second" in capsys.readouterr().out
    assert run("weigh", str(case), "--ranges", str(ranges), "--json") == 0
    assert set(json.loads(capsys.readouterr().out)["each"]) == {"ledger", "second"}


def test_diff_and_what_if(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = case / "attribution" / "ledger.yaml"
    old = case / "old.yaml"
    old.write_text(path.read_text("utf-8").replace("H2: [0.2, 0.4]", "H2: [0.3, 0.4]"), "utf-8")
    assert run("diff", str(old), str(case)) == 0
    out = capsys.readouterr().out
    assert "E1: range moved H2: 0.3-0.4 → 0.2-0.4" in out
    assert "level of the judgement" in out
    assert run("what-if", str(case), "without=G1", "+H2=9") == 0
    assert "level of the judgement" in capsys.readouterr().out
    assert run("what-if", str(case), "M1=yes", "--json") == 0
    assert json.loads(capsys.readouterr().out)["asked"] == ["M1=yes"]


def test_stubs(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stubs", str(case)) == 0
    out = capsys.readouterr()
    assert "R-config-default@1" in out.out
    assert "none counts until the ledger accepts it" in out.err
    first = {path.name: path.read_bytes() for path in (case / "attribution" / "auto").iterdir()}
    assert "R-config-default.yaml" in first
    assert run("stubs", str(case), "--json") == 0
    assert first == {path.name: path.read_bytes() for path in (case / "attribution" / "auto").iterdir()}


def test_signing_keeps_a_new_judgement_each_time(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2):
        assert run("weigh", str(case), "--sign", "an analyst", "--comment", "not yet: #1") == 0
        kept = parse((case / "attribution" / "judgements" / f"00{number}.yaml").read_bytes())
        assert isinstance(kept.value, dict)
        assert kept.value["by"].value == "an analyst"
        assert kept.value["comment"].value == "not yet: #1"
        assert kept.value["evidence"].value
    assert json.loads((case / "attribution" / "weigh.json").read_text("utf-8"))["schema"] == "hikeshi.weigh/1"
    (case / "seal").mkdir()
    for words in (("weigh", str(case), "--sign", "x"), ("stubs", str(case))):
        with pytest.raises(UsageError, match="sealed"):
            run(*words)
    capsys.readouterr()


def test_stubs_of_rules_that_no_longer_apply_go(case: Path) -> None:
    assert run("stubs", str(case)) == 0
    (case / "findings.jsonl").write_text("", "utf-8")
    assert run("stubs", str(case)) == 0
    assert list((case / "attribution" / "auto").iterdir()) == []


def test_wrong_paths_and_dates_are_one_sentence(case: Path) -> None:
    for words in (
        ("weigh", "nowhere"),
        ("weigh", str(case), "--as-of", "soon"),
        ("stubs", str(case / "none")),
    ):
        with pytest.raises(LedgerError):
            run(*words)
    (case / "findings.jsonl").write_text("{", "utf-8")
    with pytest.raises(LedgerError, match="damaged"):
        run("check", str(case))


def test_adding_the_verb_imports_nothing_heavy() -> None:
    code = (
        "import sys, argparse; from hikeshi.cli import ledger; "
        "ledger.add(argparse.ArgumentParser().add_subparsers()); "
        "print([m for m in ('numpy', 'yaml', 'pyarrow', 'hikeshi.ledger') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_example_is_canonical_and_weighs_clean(capsys: pytest.CaptureFixture[str]) -> None:
    text = EXAMPLE.read_text("utf-8")
    assert fmt(text) == text
    assert run("check", str(EXAMPLE)) == 0
    assert "0 errors" in capsys.readouterr().err
    for date in ("2018-02-28", "2019-03-31", "2019-06-20", "2021-02-28"):
        assert run("weigh", str(EXAMPLE), "--as-of", date, "--json") == 0
        assert json.loads(capsys.readouterr().out)["level"] == 0


def test_the_example_is_in_our_own_words() -> None:
    from hikeshi.ledger.load import load, load_file
    from ledger.small import shared

    theirs = {text for claim in load(shared()).claims for text in (claim.words.ja, claim.words.en)}
    ours = {text for claim in load_file(EXAMPLE).claims for text in (claim.words.ja, claim.words.en)}
    assert not ours & theirs
    assert all(claim.source.doc for claim in load_file(EXAMPLE).claims)
