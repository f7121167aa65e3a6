# SPDX-License-Identifier: Apache-2.0
"""The installed command on real public evidence, against what others say of it."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hikeshi.case.saved import Saved


def run(case: Path, *arguments: Path | str) -> int:
    command = [sys.executable, "-m", "hikeshi", "run", *map(str, arguments), "--out", str(case)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    return done.returncode


def manifest(folder: Path) -> Iterator[dict[str, str]]:
    text = (folder / "MANIFEST.tsv").read_text(encoding="utf-8")
    yield from csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)


def plain(tree: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every item of the tree that is no container."""
    for node in tree:
        if not node.get("container"):
            yield node
        yield from plain(node.get("children", []))


@pytest.fixture(scope="module")
def logs(real_evidence: Path, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    case = tmp_path_factory.mktemp("case") / "case"
    assert 3 == run(case, real_evidence / "evtx", "--rules", real_evidence / "sigma-rules")
    return Saved(case)


def test_every_event_log_is_reconciled_with_the_manifest(real_evidence: Path, logs: Saved) -> None:
    """599 files; the wheel counted 43,528 events, 89 more stand in the cut-off last chunk of System2.evtx."""
    stated = {}
    for row in manifest(real_evidence):
        count = re.match(r"(?:.*\| )?(\d+) events parse", row["expect"])
        if row["kind"] == "evtx" and count:
            stated[row["sha256"]] = int(count[1])
    read = {node["sha256"]: node for node in plain(logs.account["evidence"]) if node["kind"] == "evtx"}
    assert 599 == len(read)
    more = {read[sha]["path"]: read[sha]["records_out"] - count for sha, count in stated.items()}
    assert [89] == [count for count in more.values() if count]
    assert all(path.endswith("System2.evtx") for path, count in more.items() if count)
    for node in read.values():
        assert node["records_in"] == node["records_out"] + node["refused"] + node["duplicate"]
    assert 43_528 + 89 == sum(node["records_out"] for node in read.values())
    assert (
        43_617
        == logs.rows("SELECT count(*) AS n FROM events JOIN items USING (item) WHERE kind = 'evtx'")[0]["n"]
    )


def test_every_regression_log_fires_its_rule(real_evidence: Path, logs: Saved) -> None:
    fired = defaultdict(Counter)  # type: ignore[var-annotated]
    for finding in logs.findings():
        for path in (finding["evidence"]["path"], *finding["also"]):
            fired[path.partition("sigma-regression.tar.xz/")[2]][finding["rule"]["id"]] += 1
    wanted = counted = 0
    with tarfile.open(real_evidence / "evtx" / "sigma-regression.tar.xz") as pack:
        infos = {m.name: pack.extractfile(m).read() for m in pack if m.name.endswith("info.yml")}  # type: ignore[union-attr]
    for name, data in infos.items():
        info = yaml.safe_load(data)
        rule = info["rule_metadata"][0]["id"]
        for stated in info.get("regression_tests_info") or []:
            path = f"{name.rpartition('/')[0]}/{Path(stated['path']).name}"
            wanted += 1
            assert fired[path][rule], path
            counted += fired[path][rule] == stated.get("match_count")
    assert (122, 103) == (wanted, counted)


def test_every_hit_credits_its_rule(logs: Saved) -> None:
    others = [finding["rule"] for finding in logs.findings() if finding["message"] == "rule.sigma"]
    assert others
    assert all(rule["id"] and rule["author"] and rule["licence"] and rule["title"] for rule in others)


def test_mail_is_read_whole(real_evidence: Path, tmp_path: Path) -> None:
    """706 files, of which one is a README; 105 of the others are ordinary, 600 phishing."""
    run(
        tmp_path / "case",
        real_evidence / "mail" / "phishing_pot.tar.xz",
        real_evidence / "mail" / "ham-notmuch.tar.xz",
    )
    rows = Saved(tmp_path / "case").rows("SELECT count(DISTINCT item) AS n FROM messages")
    kinds = Counter(node["kind"] for node in plain(Saved(tmp_path / "case").account["evidence"]))
    assert rows[0]["n"] >= 705
    assert 0 == Saved(tmp_path / "case").account["totals"]["refused"]
    assert kinds["mail"]


@pytest.mark.campaign
def test_public_attack_sets(real_evidence: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many sets show the technique that their authors state, exactly and by parent technique."""
    run(tmp_path / "case", real_evidence / "evtx-json", "--rules", real_evidence / "sigma-rules")
    case = Saved(tmp_path / "case")
    lines = {}
    for row in manifest(real_evidence):
        if row["path"].startswith("evtx-json/atomic/windows"):
            found = re.findall(r"\| (?!__MACOSX)\S+ \d+ B (\d+) lines", row["expect"].replace("; ", " | "))
            lines[row["path"]] = sum(map(int, found))
    events = Counter()  # type: ignore[var-annotated]
    for node in plain(case.account["evidence"]):
        if node["kind"] == "json-events":
            events[node["path"].rpartition(".zip/")[0] + ".zip"] += node["records_out"]
    blank = {path: lines[path] - events[path] for path in lines if lines[path] != events[path]}
    assert {1} == set(blank.values())
    assert {"schtask_create.zip", "schtask_modification.zip"} == {Path(path).name for path in blank}

    techniques = defaultdict(set)
    for finding in case.findings():
        for path in (finding["evidence"]["path"], *finding["also"]):
            techniques[Path(path.rpartition(".zip/")[0] + ".zip").name] |= set(finding["techniques"])
    exact, parent, missed, total = 0, 0, Counter(), 0  # type: ignore[var-annotated]
    for name, stated in stated_techniques(real_evidence):
        total += 1
        parents = {technique.partition(".")[0] for technique in techniques[name]}
        exact += bool(stated & techniques[name])
        found_parent = {technique.partition(".")[0] for technique in stated} & parents
        parent += bool(found_parent)
        if not found_parent:
            missed[min(stated)] += 1
    with capsys.disabled():
        print(
            f"\n{total} sets: technique found exactly in {exact}, by parent in {parent}; missed: {dict(missed)}"
        )
    assert exact >= 0.4 * total
    assert parent >= 0.6 * total


def stated_techniques(real_evidence: Path) -> Iterator[tuple[str, set[str]]]:
    """File name of each set and the techniques that its metadata states."""
    present = {
        Path(row["path"]).name for row in manifest(real_evidence) if "evtx-json/atomic/windows" in row["path"]
    }
    with tarfile.open(real_evidence / "evtx-json" / "otrf-metadata.tar.xz") as pack:
        for member in pack:
            file = pack.extractfile(member)
            if file is None or not member.name.endswith(".yaml"):
                continue
            data = yaml.safe_load(file.read())
            stated = {
                f"{m['technique']}.{m['sub-technique']}" if m.get("sub-technique") else m["technique"]
                for m in data.get("attack_mappings") or []
            }
            for entry in data.get("files") or []:
                name = Path(entry["link"]).name
                if name in present and stated:
                    yield name, stated


def test_json_output_is_json(logs: Saved) -> None:
    command = [sys.executable, "-m", "hikeshi", "show", "findings", str(logs.path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert logs.account["totals"]["findings"] == len([json.loads(line) for line in done.stdout.splitlines()])
