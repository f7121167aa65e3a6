# SPDX-License-Identifier: Apache-2.0
"""SmokeLoader's rules, clues and join on public logs: none of them comes from a machine with SmokeLoader."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from hikeshi import families
from hikeshi.detect.sigma.compile import compile_rules
from hikeshi.detect.sigma.judge import judge
from hikeshi.pack import Hit, hit, row
from hikeshi.readers import evtx, json_events
from hikeshi.schema import Batch, Item
from smokeloader_machines import findings, pack


@pytest.fixture
def evidence() -> Path:
    folder = os.environ.get("HIKESHI_EVIDENCE")
    if not folder:
        pytest.skip("HIKESHI_EVIDENCE is not set: the public logs are not at hand")
    return Path(folder)


def logs(evidence: Path) -> Iterator[bytes]:
    yield from (path.read_bytes() for path in sorted((evidence / "evtx" / "extra").glob("*.evtx")))
    for path in sorted((evidence / "evtx").glob("*.tar.xz")):
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.name.endswith(".evtx") else None
                if file is not None:
                    yield file.read()


def lines(evidence: Path) -> Iterator[bytes]:
    for path in sorted((evidence / "evtx-json").rglob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist() if name.endswith(".json"))


def said(reader: Any, data: bytes, rules: Any) -> tuple[int, Counter[str]]:
    """How many events there are, and what the pack says of them: its rules, its clues and their join."""
    known = {rule.id: rule for rule in pack().sigma}
    hits: list[Hit] = []
    events = 0
    for batch in reader.read([Item("0" * 64, "log", len(data), BytesIO(data))]):
        if isinstance(batch, Batch) and batch.table == "events":
            events += batch.rows.num_rows
            for match in judge(batch.rows, rules):
                rule = rules.rules[match.rule]
                hits.append(hit(known[rule.id], pack().family, row(batch.rows, match.row), rule.credit()))
            own = families.entry(pack(), "events")(batch.rows)
            hits += [one for one in own if isinstance(one, Hit)]
    return events, Counter(f"{one.message} {one.grade.value}" for one in findings(hits))


def rules_of_the_pack() -> Any:
    return compile_rules((rule.file, (pack().folder / rule.file).read_bytes()) for rule in pack().sigma)


def test_logs_of_attacks_and_everyday_machines(evidence: Path) -> None:
    rules, events, found = rules_of_the_pack(), 0, Counter[str]()
    for data in logs(evidence):
        number, counted = said(evtx, data, rules)
        events, found = events + number, found + counted
    assert events > 43_000
    # Programs that explorer.exe wrote below Roaming or Temp: samples of these collections, named as weak only.
    assert found == {"smokeloader.dropped weak": 10}


def test_a_hundred_thousand_recorded_events(evidence: Path) -> None:
    rules, events, found = rules_of_the_pack(), 0, Counter[str]()
    for data in lines(evidence):
        number, counted = said(json_events, data, rules)
        events, found = events + number, found + counted
        if events > 100_000:
            break
    assert events > 100_000
    assert found == {}


@pytest.mark.campaign
def test_all_recorded_events(evidence: Path) -> None:
    rules, found = rules_of_the_pack(), Counter[str]()
    for data in lines(evidence):
        found += said(json_events, data, rules)[1]
    assert found == {}
