# SPDX-License-Identifier: Apache-2.0
"""The demo incident: the same bytes every time, inert, and scored against its truth."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hikeshi import drill
from hikeshi.synth import MARKER, incident

ADDRESS = re.compile(rb"\b\d{1,3}(?:\.\d{1,3}){3}\b")
MAIL = re.compile(rb"[\w.-]+@([\w.-]+)")
RESERVED = [ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


def written(folder: Path, seed: int = 1) -> dict[str, bytes]:
    drill.write_incident(folder, seed)
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    first, again, other = (written(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first == again
    assert first != other
    assert list(first) == list(other)


def test_the_bytes_are_those_of_every_python_version(tmp_path: Path) -> None:
    digest = hashlib.sha256()
    for name, data in written(tmp_path).items():
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    assert digest.hexdigest() == "57f63e5f7b77dc541d8022512192f0965bea735bb098ae76d0f4c42cac0e35c4"


def test_everything_is_inert_and_invented(tmp_path: Path) -> None:
    for name, data in written(tmp_path).items():
        assert not data.startswith((b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"))
        for address in ADDRESS.findall(data):
            if not address.startswith(b"122.0."):  # the version of a browser
                assert any(ipaddress.ip_address(address.decode()) in net for net in RESERVED), (name, address)
        for domain in () if name.endswith(".pcap") else MAIL.findall(data):
            assert domain.endswith((b".example", b"example")), domain
    assert written(tmp_path)["ws-03/System.evtx"].endswith(MARKER)


def test_the_truth_counts_what_was_written(tmp_path: Path) -> None:
    truth = drill.write_incident(tmp_path)
    lines = [line for path in tmp_path.rglob("*.jsonl") for line in path.read_bytes().splitlines()]
    whole = [line for line in lines if line.endswith(b"}")]
    assert len(lines) - len(whole) == 1
    assert truth.events == len(whole)
    for line in whole:
        json.loads(line)
    assert truth.messages == len(list(tmp_path.rglob("*.eml"))) + 5


def told(truth: incident.Truth) -> dict[str, Any]:
    host, channel = truth.gap.split()
    findings = []
    for machine in truth.infected:
        first = datetime.fromtimestamp(machine.first / 1e6, UTC).isoformat().replace("+00:00", "Z")
        about = {"family": machine.family, "host": machine.host, "time": first}
        findings += [{**about, "function": name, "grade": grade} for name, grade in machine.functions.items()]
        findings.append({**about, "function": None, "grade": "weak", "fields": {"address": machine.server}})
    return {
        "findings": findings,
        "issues": [{"path": f"evidence/{truth.damaged}"}, {"path": f"evidence/{truth.unreadable}"}],
        "gaps": [{"host": host, "channel": channel}],
        "rows": {"events": truth.events, "messages": truth.messages},
    }


def test_a_run_that_says_what_is_true_passes(tmp_path: Path) -> None:
    truth = drill.write_incident(tmp_path)
    checks = drill.score(truth, **told(truth))
    assert [check.name for check in checks if not check.passed] == []


def test_each_wrong_answer_is_named(tmp_path: Path) -> None:
    truth = drill.write_incident(tmp_path)
    good = told(truth)
    stray = {"family": "netwire", "host": truth.machines[0], "function": None, "grade": "weak", "time": None}
    for change, name in (
        ({"findings": [*good["findings"], stray]}, "infected machines"),
        ({"issues": good["issues"][:1]}, "unreadable file named"),
        ({"issues": good["issues"][1:]}, "damaged line named"),
        ({"gaps": []}, "gaps named"),
        ({"rows": {"events": 1, "messages": truth.messages}}, "events read"),
    ):
        failed = [check.name for check in drill.score(truth, **{**good, **change}) if not check.passed]
        assert name in failed


def test_each_wrong_answer_about_a_machine_is_named(tmp_path: Path) -> None:
    truth = drill.write_incident(tmp_path)
    good = told(truth)
    for machine in truth.infected:
        own = [f for f in good["findings"] if f["host"] == machine.host]
        others = [f for f in good["findings"] if f["host"] != machine.host]
        late = {**own[0], "time": "2024-04-01T00:00:00Z"}
        wrong = {**own[0], "family": "generic"}
        cases = [(own[1:], "functions and grades"), ([*own, late], "findings outside the incident's time"),
                 ([{**f, "time": None} for f in own], "first trace"),
                 ([wrong, *own[1:]], "functions and grades")]  # fmt: skip
        cases += [(own[:-1], "server")] if machine.server else []
        for findings, name in cases:
            checks = drill.score(truth, **{**good, "findings": [*others, *findings]})
            assert f"{name} on {machine.host}" in [check.name for check in checks if not check.passed]


def test_nothing_said_passes_no_check(tmp_path: Path) -> None:
    truth = drill.write_incident(tmp_path)
    passed = [check.name for check in drill.score(truth, []) if check.passed]
    assert {"findings outside the incident's time"} == {name.partition(" on ")[0] for name in passed}


def test_the_infected_machines_are_of_two_systems_and_three_families(tmp_path: Path) -> None:
    truth = drill.write_incident(tmp_path)
    assert [
        ("ws-07", "netwire"),
        ("mac-02", "netwire"),
        ("mac-05", "mokes_qt"),
        ("ws-11", "smokeloader"),
        ("WS-12", "smokeloader"),
        ("WS-14", "smokeloader"),
    ] == [(machine.host.partition(".")[0], machine.family) for machine in truth.infected]
    assert {machine.host for machine in truth.infected} < set(truth.machines)
