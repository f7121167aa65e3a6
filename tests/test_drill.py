# SPDX-License-Identifier: Apache-2.0
"""The demo incident: the same bytes every time, inert, and scored against its truth."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from dataclasses import replace
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
    assert digest.hexdigest() == "f876c7d62c253b7235d358fc246697fd0669d9804fbf2ac89e7e2d9b7afeb604"


def test_everything_is_inert_and_invented(tmp_path: Path) -> None:
    for name, data in written(tmp_path).items():
        assert not data.startswith((b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"))
        for address in ADDRESS.findall(data):
            if not address.startswith(b"122.0."):  # the version of a browser
                assert any(ipaddress.ip_address(address.decode()) in net for net in RESERVED), (name, address)
        for domain in MAIL.findall(data):
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
    findings = [
        {
            "family": "netwire",
            "host": truth.infected,
            "function": function,
            "grade": grade,
            "time": "2024-03-12T00:41:05Z",
        }
        for function, grade in truth.functions.items()
    ]
    findings.append({**findings[0], "grade": "weak", "fields": {"address": truth.server}})
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
    late = {**good["findings"][0], "time": "2024-04-01T00:00:00Z"}
    for change, name in (
        ({"findings": [*good["findings"], stray]}, "infected machines"),
        ({"findings": good["findings"][1:]}, "functions and grades"),
        ({"findings": [*good["findings"], late]}, "findings outside the incident's time"),
        ({"findings": good["findings"][:-1]}, "server"),
        ({"issues": good["issues"][:1]}, "unreadable file named"),
        ({"issues": good["issues"][1:]}, "damaged line named"),
        ({"gaps": []}, "gaps named"),
        ({"rows": {"events": 1, "messages": truth.messages}}, "events read"),
    ):
        failed = [check.name for check in drill.score(truth, **{**good, **change}) if not check.passed]
        assert name in failed


def test_nothing_said_passes_no_check(tmp_path: Path) -> None:
    truth = drill.write_incident(tmp_path)
    passed = [check.name for check in drill.score(replace(truth), []) if check.passed]
    assert passed == ["findings outside the incident's time"]
