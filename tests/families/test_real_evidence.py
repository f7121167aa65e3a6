# SPDX-License-Identifier: Apache-2.0
"""The packs' rules on public logs that nobody of this project wrote.

None of these logs comes from a machine with NetWire, so its rules must be silent. The generic pack's counts
are compared with a second reading: the `evtx` wheel's own JSON, and the lines of the JSON sets (one of which
writes the channel as `security`).
"""

from __future__ import annotations

import json
import os
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from evtx import PyEvtxParser

from hikeshi import families
from hikeshi.detect.sigma.compile import compile_rules
from hikeshi.detect.sigma.judge import judge
from hikeshi.readers import evtx, json_events
from hikeshi.schema import Batch, Item

EVENTLOG = "Microsoft-Windows-Eventlog"


@pytest.fixture
def evidence() -> Path:
    folder = os.environ.get("HIKESHI_EVIDENCE")
    if not folder:
        pytest.skip("HIKESHI_EVIDENCE is not set: the public logs are not at hand")
    return Path(folder)


def logs(evidence: Path) -> Iterator[bytes]:
    for pack in sorted((evidence / "evtx").glob("*.tar.xz")):
        with tarfile.open(pack) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.name.endswith(".evtx") else None
                if file is not None:
                    yield file.read()


def hits(reader: Any, data: bytes, rules: Any, names: dict[str, str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for batch in reader.read([Item("0" * 64, "log", len(data), BytesIO(data))]):
        if isinstance(batch, Batch) and batch.table == "events":
            found.update(names[rules.rules[match.rule].id] for match in judge(batch.rows, rules))
    return found


def own_rules() -> tuple[Any, dict[str, str]]:
    packs = families.packs()
    files = [
        (f"{p.name}/{rule.file}", (p.folder / rule.file).read_bytes()) for p in packs for rule in p.sigma
    ]
    return compile_rules(files), {rule.id: rule.message for p in packs for rule in p.sigma}


def cleared(data: bytes) -> Counter[str]:
    """Log-clearing events as the wheel's JSON has them."""
    found: Counter[str] = Counter()
    try:
        for record in PyEvtxParser(BytesIO(data)).records_json():
            system = json.loads(record["data"])["Event"]["System"]
            number = system["EventID"]
            number = number["#text"] if isinstance(number, dict) else number
            provider = (system.get("Provider") or {}).get("#attributes", {}).get("Name")
            found[f"{system.get('Channel')} {number} {provider}"] += 1
    except RuntimeError:
        pass
    return found


def test_event_logs_of_attacks_and_everyday_machines(evidence: Path) -> None:
    rules, names = own_rules()
    found: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for data in logs(evidence):
        found += hits(evtx, data, rules, names)
        second += cleared(data)
    assert [name for name in found if name.startswith("netwire.")] == []
    assert found["generic.security-log-cleared"] == sum(
        count for name, count in second.items() if name.startswith("Security 1102 ")
    )
    assert found["generic.other-log-cleared"] == second[f"System 104 {EVENTLOG}"]
    # Both are persistence samples of EVTX-ATTACK-SAMPLES, as their file names say: NvSmart.exe below Roaming,
    # and tendyron.exe below Public.
    assert found["generic.run-user-folder"] == 2
    assert found["generic.some-log-cleared"] == 0
    # CA_chrome_firefox_opera_4663.evtx: one program reads two stores of Chromium's kind and two of Firefox.
    assert found["generic.store-access"] == 4


@pytest.mark.campaign
def test_recorded_attacks_as_json_lines(evidence: Path) -> None:
    rules, names = own_rules()
    found: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for path in sorted((evidence / "evtx-json").rglob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    data = archive.read(name)
                    found += hits(json_events, data, rules, names)
                    second.update(_numbered(data))
    assert [name for name in found if name.startswith("netwire.")] == []
    assert found["generic.security-log-cleared"] == second["Security 1102"]
    assert found["generic.other-log-cleared"] + found["generic.some-log-cleared"] == second["System 104"]


def _numbered(data: bytes) -> Iterator[str]:
    for line in data.splitlines():
        if b"1102" in line or b"104" in line:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            yield f"{str(event.get('Channel')).capitalize()} {event.get('EventID')}"
