# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import random
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hikeshi.readers import json_events, pick
from hikeshi.schema import Reason
from readers import evidence
from readers.mutants import damage
from readers.reading import Outcome, run

NXLOG = {
    "EventTime": "2024-01-01 18:00:05",
    "Hostname": "pc-1.corp.example",
    "Keywords": -9223372036854775808,
    "EventID": 1,
    "SourceName": "Microsoft-Windows-Sysmon",
    "ProviderGuid": "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
    "RecordNumber": 77,
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "UtcTime": "2024-01-01 09:00:05.123",
    "Image": "C:\\Windows\\example.exe",
    "User": "CORP\\alice",
    "@timestamp": "2024-01-01T09:00:09.000Z",
    "tags": ["one", "two"],
}
EVTX_DUMP = {
    "Event": {
        "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
            "EventID": 4624,
            "TimeCreated": {"#attributes": {"SystemTime": "2024-01-01T09:00:05.1234567Z"}},
            "EventRecordID": 78,
            "Channel": "Security",
            "Computer": "pc-2.corp.example",
            "Execution": {"#attributes": {"ProcessID": 4, "ThreadID": 8}},
        },
        "EventData": {"SubjectUserName": "-", "TargetUserName": "bob", "LogonType": 3},
    }
}
VELOCIRAPTOR = {
    "System": {
        "Provider": {"Name": "Microsoft-Windows-Security-Auditing", "Guid": "{54849625}"},
        "EventID": {"Value": 4625},
        "TimeCreated": {"SystemTime": 1704099605.123456},
        "EventRecordID": 79,
        "Channel": "Security",
        "Computer": "pc-3.corp.example",
    },
    "EventData": {"SubjectUserName": "carol"},
    "Message": "An account failed to log on.",
}
WINLOGBEAT = {
    "@timestamp": "2024-01-01T18:00:05.123+09:00",
    "message": "A new process has been created.",
    "event": {"code": "4688", "kind": "event"},
    "log": {"level": "information"},
    "winlog": {
        "channel": "Security",
        "computer_name": "pc-4.corp.example",
        "event_id": "4688",
        "provider_name": "Microsoft-Windows-Security-Auditing",
        "record_id": 80,
        "keywords": ["Audit Success"],
        "process": {"pid": 4, "thread": {"id": 9}},
        "user": {"identifier": "S-1-5-18"},
        "event_data": {"NewProcessName": "C:\\Windows\\example.exe", "SubjectUserName": "dave"},
    },
}
DOTTED = {
    "@timestamp": "2024-01-01T09:00:05.123Z",
    "winlog.event_id": "4688",
    "winlog.channel": "Security",
    "winlog.computer_name": ["pc-5.corp.example"],
    "winlog.event_data.NewProcessName": ["C:\\Windows\\example.exe"],
}
ELASTIC = {"_index": "winlogbeat-8", "_id": "x", "_source": WINLOGBEAT}
FORMS = (NXLOG, EVTX_DUMP, VELOCIRAPTOR, WINLOGBEAT, DOTTED, ELASTIC)


def lines(*objects: Mapping[str, Any]) -> bytes:
    return b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in objects)


def only(value: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    outcome = run(json_events, lines(value))
    assert [] == outcome.issues
    (event,) = outcome.events
    return event, dict(event["fields"])


def columns(event: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(event[name] for name in ("host", "channel", "provider", "event_id", "record_id", "user"))


AT = datetime(2024, 1, 1, 9, 0, 5, 123000, UTC)


def test_nxlog() -> None:
    event, fields = only(NXLOG)
    sysmon = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon")
    assert ("pc-1.corp.example", *sysmon, 1, 77, "CORP\\alice") == columns(event)
    assert (AT, "2024-01-01 09:00:05.123") == (event["time"], event["time_text"])
    assert "one\ntwo" == fields["tags"]
    assert ("Microsoft-Windows-Sysmon", "pc-1.corp.example") == (fields["Provider_Name"], fields["Computer"])
    assert ("-9223372036854775808", "2024-01-01 18:00:05") == (fields["Keywords"], fields["EventTime"])
    assert not {"SourceName", "Hostname"} & fields.keys()


def test_evtx_dump() -> None:
    event, fields = only(EVTX_DUMP)
    provider = "Microsoft-Windows-Security-Auditing"
    assert ("pc-2.corp.example", "Security", provider, 4624, 78, "bob") == columns(event)
    assert (AT.replace(microsecond=123456), "2024-01-01T09:00:05.1234567Z") == (
        event["time"],
        event["time_text"],
    )
    assert ("4", "8", "3") == tuple(
        fields[name] for name in ("Execution_ProcessID", "Execution_ThreadID", "LogonType")
    )


def test_velociraptor() -> None:
    event, fields = only(VELOCIRAPTOR)
    provider = "Microsoft-Windows-Security-Auditing"
    assert ("pc-3.corp.example", "Security", provider, 4625, 79, "carol") == columns(event)
    assert (AT.replace(microsecond=123456), "1704099605.123456") == (event["time"], event["time_text"])
    assert "An account failed to log on." == fields["Message"]


@pytest.mark.parametrize("value", [WINLOGBEAT, ELASTIC])
def test_winlogbeat(value: Mapping[str, Any]) -> None:
    event, fields = only(value)
    provider = "Microsoft-Windows-Security-Auditing"
    assert ("pc-4.corp.example", "Security", provider, 4688, 80, "dave") == columns(event)
    assert (AT, "2024-01-01T18:00:05.123+09:00") == (event["time"], event["time_text"])
    assert {
        "Provider_Name": provider,
        "EventID": "4688",
        "Keywords": "Audit Success",
        "Channel": "Security",
        "Computer": "pc-4.corp.example",
        "Level": "information",
        "Security_UserID": "S-1-5-18",
        "Execution_ProcessID": "4",
        "Execution_ThreadID": "9",
        "NewProcessName": "C:\\Windows\\example.exe",
        "SubjectUserName": "dave",
        "Message": "A new process has been created.",
    } == fields


def test_keys_with_dots() -> None:
    event, fields = only(DOTTED)
    assert ("pc-5.corp.example", "Security", None, 4688, None, None) == columns(event)
    assert (AT, "C:\\Windows\\example.exe") == (event["time"], fields["NewProcessName"])


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"UtcTime": "2024-01-01 09:00:05.123", "TimeCreated": "2020-01-01T00:00:00Z"}, AT),
        ({"UtcTime": "-", "TimeCreated": "2024-01-01T09:00:05.123Z"}, AT),
        ({"TimeCreated": "2024-01-01T09:00:05.123Z", "@timestamp": "2020-01-01T00:00:00Z"}, AT),
        ({"@timestamp": "2024-01-01T18:00:05.123+09:00", "EventTime": "2020-01-01 00:00:00"}, AT),
        ({"EventTime": "2024-01-01T18:00:05.123+09:00"}, AT),
        ({"EventTime": "2024-01-01 18:00:05"}, None),
        ({"TimeCreated": "soon"}, None),
        ({}, None),
    ],
)
def test_which_time_counts(times: dict[str, str], expected: datetime | None) -> None:
    event, _ = only({"EventID": 1} | times)
    assert expected == event["time"]
    assert (expected is None) == (event["time_text"] in (None, "soon", "2024-01-01 18:00:05"))


def test_the_same_line_twice_is_a_duplicate_only_with_a_record_id() -> None:
    without = {key: value for key, value in NXLOG.items() if key != "RecordNumber"}
    outcome = run(json_events, lines(NXLOG, without, NXLOG, without, {**NXLOG, "Image": "other"}))
    assert (5, 1, 4) == (outcome.count.records_in, outcome.count.duplicate, len(outcome.events))
    assert [0, 1, 3, 4] == [event["record"] for event in outcome.events]


def test_broken_lines_are_named_with_their_place() -> None:
    first, bad, last = lines(NXLOG), b'{"EventID":1,"Image":"x\n', lines(EVTX_DUMP)
    outcome = run(json_events, first + bad + b"[1]\n" + last + b'{"EventID"')
    end = len(first) + len(bad) + 4 + len(last)
    assert [(Reason.DAMAGED_RECORD, len(first), 2), (Reason.TRUNCATED, end, 1)] == [
        (issue.reason, issue.offset, issue.records) for issue in outcome.issues
    ]
    assert [0, 3] == [event["record"] for event in outcome.events]


def test_replaced_characters_are_said_once() -> None:
    outcome = run(json_events, b'{"EventID":1,"x":"\\ud800"}\n{"EventID":2,"x":"\xff"}\n')
    assert ["\ufffd", "\ufffd"] == [dict(event["fields"])["x"] for event in outcome.events]
    (issue,) = outcome.issues
    assert (Reason.DAMAGED_RECORD, 0, 0, "2") == (
        issue.reason,
        issue.offset,
        issue.records,
        issue.fields["records"],
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_form_is_recognised_by_its_content(form: Mapping[str, Any], encoding: str) -> None:
    for text in (json.dumps(form), json.dumps(form, indent=2), json.dumps([form, form], indent=1)):
        assert pick(text.encode(encoding), "anything") is json_events


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"ts":1.0,"uid":"C1","id.orig_h":"192.0.2.1"}\n',
        b'{"Event":{"info":"example","Attribute":[]}}',
        b"type=SYSCALL msg=audit(1604996384.965:93777): arch=c000003e\n",
        b'EventID: 1 {"EventID":1}',
        b'"EventID":1',
        b'"just text with {\\"EventID\\":1}"',
        b"[[[[[[[[",
    ],
)
def test_what_is_no_windows_event_is_not_ours(content: bytes) -> None:
    assert not json_events.sniff(content, "events.json")


def members(path: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(evidence.folder() / path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield member.filename, archive.read(member)


def public_sets() -> dict[str, dict[str, int]]:
    """Lines the manifest states for each member of each set of Windows events."""
    stated = re.compile(r"(?:\| |; )([^|;]+?) \d+ B (\d+) lines")
    return {
        path: {name: int(count) for name, count in stated.findall(expect) if not name.startswith("__MACOSX/")}
        for path, expect in evidence.manifest().items()
        if path.startswith("evtx-json/atomic/windows/") and path.endswith(".zip")
    }


def check(path: str, stated: Mapping[str, int]) -> int:
    """Read one set; its events are the lines the manifest states, blank ones aside."""
    total = 0
    for name, content in members(path):
        if name.startswith("__MACOSX/"):
            assert pick(content[:65536], name) is None
            continue
        assert pick(content[:65536], name) is json_events
        outcome: Outcome = run(json_events, content)
        blank = sum(not line.strip() for line in content.splitlines())
        assert stated[name] - blank == len(outcome.events), (path, name)
        assert [] == outcome.issues
        assert all(event["time"] and event["host"] and event["channel"] for event in outcome.events)
        total += len(outcome.events)
    return total


def test_some_public_sets_give_the_events_the_manifest_states() -> None:
    sets = public_sets()
    assert 108 == len(sets)
    for path in random.Random(8).sample(sorted(sets), 40):
        if sum(sets[path].values()) < 5000:
            check(path, sets[path])


@pytest.mark.campaign
def test_every_public_set_gives_the_events_the_manifest_states() -> None:
    sets = public_sets()
    assert 479_325 == sum(sum(stated.values()) for stated in sets.values())
    assert 479_325 - 2 == sum(check(path, stated) for path, stated in sets.items())


def test_linux_audit_logs_are_not_ours() -> None:
    for path in evidence.manifest():
        if path.startswith("evtx-json/atomic/linux/"):
            for name, content in members(path):
                assert pick(content[:65536], name) is not json_events


def layouts() -> Iterator[bytes]:
    """The first lines of some public sets, as lines, as an array, printed over many lines, and in UTF-16."""
    for path in sorted(public_sets())[::9]:
        for name, content in members(path):
            if not name.startswith("__MACOSX/"):
                first = content[: content.find(b"\n", 20_000) + 1]
                objects = [json.loads(line) for line in first.splitlines()]
                yield first
                yield json.dumps(objects).encode()
                yield json.dumps(objects, indent=1).encode()
                yield first.decode().encode("utf-16")


def test_damaged_public_sets_never_hang_crash_or_raise(tmp_path: Path) -> None:
    damage(tmp_path, json_events, 1, 200, [*layouts()])


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(100, 110))
def test_many_damaged_public_sets(tmp_path: Path, seed: int) -> None:
    damage(tmp_path, json_events, seed, 5000, [*layouts()])
