# SPDX-License-Identifier: Apache-2.0
"""NetWire: what agrees on one machine, what an emulation leaves, and the list MITRE publishes."""

from __future__ import annotations

import itertools
import json
import os
import tarfile
from dataclasses import replace
from typing import Any

import pytest

import pack_expected
from hikeshi import families
from hikeshi.families.netwire.joins import joined
from hikeshi.pack import Grade, Hit, LogRecord

PACK = next(pack for pack in families.packs() if pack.name == "netwire")
SYSMON = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon")
USER = r"HKU\S-1-5-21-1000000001-1000000002-1000000003-1001"


def hit(message: str, machine: str | None = "ws-01.example", time: int | None = 1, **fields: str) -> Hit:
    return Hit(
        "0" * 64, Grade.STRONG, message, record=1, time=time, host=machine, family="netwire", fields=fields
    )


IDENTITY = hit("netwire.identity", registry_path=r"SOFTWARE\NetWire\HostId", program=r"C:\a\Host.exe")
RUN = hit("netwire.run-value", registry_path=r"Run\NetWire", program=r"C:\a\Host.exe")
LOG = hit("netwire.key-log", file=r"Logs\12-03-2024")


def told(*hits: Hit) -> list[tuple[str, str, str]]:
    return [(one.fields["identity"], one.fields["other"], str(one.grade)) for one in joined(hits)]


def test_one_trace_alone_proves_nothing() -> None:
    assert told(IDENTITY) == []
    assert told(RUN, LOG) == []
    assert told() == []


def test_identity_and_run_value_prove_each_other() -> None:
    names = (r"SOFTWARE\NetWire\HostId", r"Run\NetWire")
    assert told(IDENTITY, RUN) == [(*names, "proven"), (*names, "proven")]
    assert [one.message for one in joined([IDENTITY, RUN])] == ["netwire.agreed"] * 2


def test_a_key_log_becomes_strong_and_does_not_prove_the_identity() -> None:
    assert told(IDENTITY, LOG) == [(r"SOFTWARE\NetWire\HostId", r"Logs\12-03-2024", "strong")]
    assert [one.message for one in joined([IDENTITY, LOG])] == ["netwire.beside"]


def test_machines_are_kept_apart_and_case_is_not_a_difference() -> None:
    assert told(IDENTITY, replace(RUN, host="ws-02.example")) == []
    assert told(IDENTITY, replace(RUN, host=None)) == []
    assert len(told(IDENTITY, replace(RUN, host="WS-01.EXAMPLE"))) == 2


@pytest.mark.parametrize("tool", ["reg.exe", "REGEDIT.EXE", r"C:\Windows\System32\reg.exe"])
def test_what_a_registry_tool_wrote_never_counts(tool: str) -> None:
    assert told(replace(IDENTITY, fields={**IDENTITY.fields, "program": tool}), RUN) == []
    assert told(IDENTITY, replace(RUN, fields={**RUN.fields, "program": tool})) == []


def test_order_of_the_findings_changes_nothing() -> None:
    late = replace(RUN, time=None, record=None)
    found = [list(joined(order)) for order in itertools.permutations([IDENTITY, RUN, LOG, late])]
    assert all(one == found[0] for one in found)


def set_by_reg(name: str, data: str) -> LogRecord:
    fields = {
        "EventType": "SetValue",
        "Image": r"C:\Windows\system32\reg.exe",
        "TargetObject": name,
        "Details": data,
    }
    return LogRecord(0, "ws-02.example", *SYSMON, 13, fields)


def test_the_published_emulation_is_neither_strong_nor_proven() -> None:
    """Atomic Red Team T1112, test 40, sets these three values with reg.exe."""
    program = r"C:\Users\admin\AppData\Roaming\Install\Host.exe"
    records = [
        set_by_reg(USER + r"\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\NetWire", program),
        set_by_reg(USER + r"\SOFTWARE\NetWire\HostId", "HostId-kai6Ci"),
        set_by_reg(USER + r"\SOFTWARE\NetWire\Install Date", "2021-08-30 07:17:27"),
    ]
    found = pack_expected.judged(PACK, [pack_expected.row(r, n) for n, r in enumerate(records)])
    assert [(one.record, one.message, one.grade) for one in found if isinstance(one, Hit)] == [
        (0, "netwire.run-partial", "indicated"),
        (1, "netwire.identity-by-tool", "weak"),
        (2, "netwire.identity-by-tool", "weak"),
    ]


def test_the_incident_of_the_synthetic_traces_is_proven() -> None:
    rows = [pack_expected.row(r, n) for n, r in enumerate(families.entry(PACK, "synth")(3))]
    best: dict[str | None, Any] = {}
    for one in pack_expected.judged(PACK, rows):
        if isinstance(one, Hit):
            best[one.function] = min(best.get(one.function, one.grade), one.grade, key=list(Grade).index)
    assert best == {
        None: "proven",
        "clean-up": "indicated",
        "credential-theft": "strong",
        "keylogging": "strong",
        "persistence": "proven",
        "registration": "proven",
    }


def test_the_list_of_techniques_is_that_of_mitre() -> None:
    folder = os.environ.get("HIKESHI_EVIDENCE")
    if not folder:
        pytest.skip("HIKESHI_EVIDENCE is not set: the ATT&CK archive is not at hand")
    with tarfile.open(os.path.join(folder, "cti", "attack-stix.tar.xz")) as archive:
        software, relations, patterns = (
            json.load(archive.extractfile(f"v18.1/{name}-lookup-v18.1.json"))  # type: ignore[arg-type]
            for name in ("software", "relationships", "attack-patterns")
        )
    ids = {pattern["stix_id"]: pattern["external_id"] for pattern in patterns["attack_patterns"]}
    for pack in families.packs():
        if pack.attack_id is None:
            continue
        rows = next(value for key, value in software.items() if key != "_metadata")
        own = {row["stix_id"] for row in rows if row["external_id"] == pack.attack_id}
        used = {
            ids[r["target_ref"]]
            for r in relations["relationships"]
            if r["relationship_type"] == "uses" and r["source_ref"] in own and r["target_ref"] in ids
        }
        assert sorted(pack.mitre) == sorted(used)
