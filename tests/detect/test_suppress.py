# SPDX-License-Identifier: Apache-2.0
"""Suppression files: what is read, what is refused and where, and which findings an entry means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hikeshi.detect.suppress import Suppressions, load
from hikeshi.errors import RuleError

FINDING = {
    "id": "f-1",
    "time": "2018-01-26T00:00:00.000000Z",
    "host": "PC1.corp.example",
    "user": None,
    "family": None,
    "function": None,
    "message": "rule.sigma",
    "fields": {"title": "Notepad", "program": "C:\\Windows\\notepad.exe"},
    "rule": {"id": "abc-1"},
    "evidence": {"id": "00ff", "path": "one/log.jsonl"},
    "also": ["two/log.jsonl"],
}


def loaded(tmp_path: Path, text: str | bytes) -> Suppressions:
    path = tmp_path / "s.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load([str(path)], "Asia/Tokyo")


@pytest.mark.parametrize(
    ("entry", "falls"),
    [
        ("rule: abc-1", True),
        ("rule: 'ABC-?'", True),
        ("rule: abc", False),
        ("rule: [xyz, abc-1]", True),
        ("id: f-1", True),
        ("message: rule.*", True),
        ("message: 'rule?sigma'", True),
        ("message: ruleXsigma", False),
        ("host: pc1.*", True),
        ("host: pc1", False),
        ("user: a*", False),
        ("item: 00ff", True),
        ("path: '*/log.jsonl'", True),
        ("path: one/*", False),  # it lies at another place too
        ("path: [one/*, two/*]", True),
        ("fields: {program: 'c:\\windows\\*.exe'}", True),
        ("fields: {program: 'c:\\*', title: Notepad}", True),
        ("fields: {program: 'c:\\*', title: Other}", False),
        ("fields: {absent: 'a*'}", False),
        ("rule: abc-1, host: other", False),
        ("rule: abc-1, expires: 2018-01-26", True),
        ("rule: abc-1, expires: 2018-01-25", False),
        ("rule: abc-1, expires: '2018-01-26T09:00:00'", True),
        ("rule: abc-1, expires: '2018-01-26T08:59:59'", False),
    ],
)
def test_conditions(tmp_path: Path, entry: str, falls: bool) -> None:
    matcher = loaded(tmp_path, f"suppress:\n- {{reason: because, {entry}}}\n").matcher()
    assert falls == (matcher.entry(FINDING) is not None)


def test_what_has_no_time_never_falls_under_an_entry_that_expires(tmp_path: Path) -> None:
    matcher = loaded(tmp_path, "suppress: [{reason: r, rule: abc-1, expires: 2030-01-01}]").matcher()
    undated: dict[str, Any] = {**FINDING, "time": None}
    assert matcher.entry(undated) is None


def test_the_first_entry_that_holds(tmp_path: Path) -> None:
    found = loaded(
        tmp_path, "suppress:\n- {reason: a, rule: x}\n- {reason: b, rule: abc*}\n- {reason: c, rule: abc-1}"
    )
    entry = found.matcher().entry(FINDING)
    assert entry is not None
    assert ("b", "s.yml:3") == (entry.reason, entry.place)


def test_hostile_values_take_no_time(tmp_path: Path) -> None:
    matcher = loaded(tmp_path, "suppress: [{reason: r, fields: {program: '*a*a*a*a*a*a*a*a*b'}}]").matcher()
    finding: dict[str, Any] = {**FINDING, "fields": {"program": "a" * 100_000}}
    assert matcher.entry(finding) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "s.yml:1:1: the file is empty"),
        ("suppress: []", "s.yml:1:11: a list of entries"),
        ("suppress: x", "s.yml:1:11: a list of entries"),
        ("other: 1", "s.yml:1:1: unknown key 'other'"),
        ("- 1", "s.yml:1:1: keys with values"),
        ("suppress:\n- text", "s.yml:2:3: keys with values"),
        ("suppress:\n- rule: x", "s.yml:2:3: every entry needs a reason"),
        ("suppress:\n- {rule: x, reason: ' '}", "s.yml:2:3: every entry needs a reason"),
        ("suppress:\n- reason: r", "s.yml:2:3: every entry needs a condition"),
        ("suppress:\n- reason: r\n  hots: x", "s.yml:3:3: unknown key 'hots'"),
        ("suppress:\n- reason: r\n  host: x\n  host: y", "s.yml:4:3: the key 'host' stands here twice"),
        ("suppress:\n- reason: r\n  host: '*'", "s.yml:3:9: '*' would match anything"),
        ("suppress:\n- reason: r\n  host: ''", "s.yml:3:9: '' would match anything"),
        ("suppress:\n- reason: r\n  host: []", "s.yml:3:9: a condition needs a value"),
        ("suppress:\n- reason: r\n  host: {a: b}", "s.yml:3:9: text is needed"),
        ("suppress:\n- reason: r\n  fields: x", "s.yml:3:11: keys with values"),
        ("suppress:\n- reason: r\n  host: x\n  expires: soon", "s.yml:4:12: 'soon' is no time"),
        ("suppress: [", "s.yml:1:12: not YAML"),
        ("suppress: *a", "s.yml:1:11: not YAML"),
        (b"suppress: \xff", "s.yml: not UTF-8 (byte 10)"),
        ("[" * 10_000, "s.yml: not YAML"),
        ("a: \x01", "s.yml: not YAML"),
    ],
)
def test_complaints_name_the_place(tmp_path: Path, text: str | bytes, complaint: str) -> None:
    with pytest.raises(RuleError) as error:
        loaded(tmp_path, text)
    assert str(error.value).startswith(complaint)


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="cannot be read"):
        load([str(tmp_path / "absent.yml")], "UTC")


def test_order_of_files_changes_nothing(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.yml").write_text(f"suppress: [{{reason: {name}, rule: abc-1}}]")
    paths = [str(tmp_path / f"{name}.yml") for name in "ab"]
    assert load(paths, "UTC") == load(paths[::-1], "UTC")
