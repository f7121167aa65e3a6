# SPDX-License-Identifier: Apache-2.0
"""Log sources: which events a rule is held against, under which field names, and when it can never match."""

from __future__ import annotations

from typing import Any

import pytest

from detect import cases
from hikeshi.detect.sigma.logsource import routes, unmapped
from hikeshi.detect.sigma.reach import Need, needs, unreachable

PROCESS = {"product": "windows", "category": "process_creation"}
# Field names and forms as in Microsoft's description of event 4688, version 2.
CREATED: dict[str, str | None] = {
    "SubjectUserSid": "S-1-5-21-1-2-3-1104",
    "SubjectUserName": "dadmin",
    "SubjectDomainName": "EXAMPLE",
    "SubjectLogonId": "0x138830",
    "NewProcessId": "0x2bc",
    "NewProcessName": "C:\\Windows\\System32\\rundll32.exe",
    "TokenElevationType": "%%1938",
    "ProcessId": "0xe74",
    "CommandLine": "rundll32 shell32.dll,Control_RunDLL",
    "TargetUserSid": "S-1-0-0",
    "TargetUserName": "-",
    "TargetDomainName": "-",
    "TargetLogonId": "0x0",
    "ParentProcessName": "C:\\Windows\\explorer.exe",
    "MandatoryLabel": "S-1-16-8192",
}
# Event 4657 as Microsoft describes it.
CHANGED: dict[str, str | None] = {
    "SubjectUserSid": "S-1-5-18",
    "SubjectUserName": "HOST$",
    "SubjectDomainName": "EXAMPLE",
    "SubjectLogonId": "0x3e7",
    "ObjectName": "\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\Bad",
    "ObjectValueName": "ImagePath",
    "HandleId": "0x54",
    "OperationType": "%%1905",
    "OldValueType": "%%1873",
    "OldValue": "",
    "NewValueType": "%%1873",
    "NewValue": "C:\\Temp\\bad.exe",
    "ProcessId": "0xce4",
    "ProcessName": "C:\\Windows\\regedit.exe",
}


def variants(detection: dict[str, Any], source: dict[str, str], row: dict[str, Any]) -> list[str]:
    """By which variants a detection fires on one event."""
    rules = cases.compiled(cases.rule({"s": detection, "condition": "s"}, source))
    return [match.variant for match in cases.matches(rules, [row])]


def sysmon(event_id: int, fields: dict[str, str | None]) -> dict[str, Any]:
    return cases.event(fields, cases.SYSMON, event_id)


def security(event_id: int, fields: dict[str, str | None]) -> dict[str, Any]:
    return cases.event(fields, "Security", event_id)


def test_sysmon_process() -> None:
    detection = {"Image|endswith": "\\a.exe"}
    fields: dict[str, str | None] = {"Image": "C:\\a.exe"}

    assert variants(detection, PROCESS, sysmon(1, fields)) == ["sysmon"]
    assert variants(detection, PROCESS, sysmon(5, fields)) == []
    assert variants(detection, PROCESS, cases.event(fields, "System", 1)) == []
    assert variants(detection, PROCESS, cases.event(fields, None, 1)) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Image", "C:\\Windows\\System32\\rundll32.exe"),
        ("ParentImage", "C:\\Windows\\explorer.exe"),
        ("CommandLine|contains", "control_rundll"),
        ("User", "EXAMPLE\\dadmin"),
        ("IntegrityLevel", ["Medium", "S-1-16-8192"]),
        ("ProcessId", 700),
        ("ParentProcessId", 3700),
        ("LogonId", "0x138830"),
        ("EventID", 4688),
    ],
)
def test_security_process(field: str, value: Any) -> None:
    assert variants({field: value}, PROCESS, security(4688, CREATED)) == ["security-4688"]


def test_security_process_account() -> None:
    system = {**CREATED, "SubjectUserSid": "S-1-5-18", "SubjectUserName": "HOST$"}
    other = {
        **CREATED,
        "TargetUserSid": "S-1-5-21-1-2-3-500",
        "TargetUserName": "admin",
        "TargetDomainName": "EXAMPLE",
    }

    assert variants({"User|contains": "AUTHORI"}, PROCESS, security(4688, system)) == ["security-4688"]
    assert variants({"User": "EXAMPLE\\admin"}, PROCESS, security(4688, other)) == ["security-4688"]


# Condition over: a holds on Image, n asks a field that 4688 does not have; answer on 4688 and on Sysmon 1,
# where the field is merely absent.
UNKNOWN = [
    ("a and n", False, False),
    ("a or n", True, True),
    ("a and not n", False, True),
    ("a and not (n and not a)", True, True),
    ("a and not (n or not a)", False, True),
    ("not n", False, True),
    ("not not n", False, False),
]


@pytest.mark.parametrize(
    "missing", ["ParentCommandLine", "OriginalFileName", "Hashes|contains", "CurrentDirectory"]
)
@pytest.mark.parametrize(("condition", "on_security", "on_sysmon"), UNKNOWN)
def test_what_4688_does_not_say_decides_nothing(
    missing: str, condition: str, on_security: bool, on_sysmon: bool
) -> None:
    detection = {"a": {"Image|endswith": "\\rundll32.exe"}, "n": {missing: "x"}, "condition": condition}
    rules = cases.compiled(cases.rule(detection, PROCESS))

    assert bool(cases.matches(rules, [security(4688, CREATED)])) == on_security
    assert bool(cases.matches(rules, [sysmon(1, {"Image": "c:\\rundll32.exe"})])) == on_sysmon


@pytest.mark.parametrize("line", [{"CommandLine": ""}, {"CommandLine": None}, {}])
def test_command_line_not_recorded(line: dict[str, str | None]) -> None:
    fields = {name: value for name, value in CREATED.items() if name != "CommandLine"} | line
    not_quiet = {
        "a": {"Image|endswith": ".exe"},
        "n": {"CommandLine|contains": "/q"},
        "condition": "a and not n",
    }
    is_null = {"a": {"CommandLine": None}, "condition": "a"}

    assert cases.matches(cases.compiled(cases.rule(not_quiet, PROCESS)), [security(4688, fields)]) == []
    assert cases.matches(cases.compiled(cases.rule(is_null, PROCESS)), [security(4688, fields)]) == []


def test_security_rules_see_security_fields() -> None:
    source = {"product": "windows", "service": "security"}

    assert variants({"EventID": 4688, "ProcessId": "0xe74"}, source, security(4688, CREATED)) == ["security"]
    assert variants({"Image|contains": "rundll32"}, source, security(4688, CREATED)) == []


@pytest.mark.parametrize(
    ("changes", "target", "details"),
    [
        ({}, "HKLM\\System\\CurrentControlSet\\Services\\Bad\\ImagePath", "C:\\Temp\\bad.exe"),
        (
            {"ObjectName": "\\REGISTRY\\USER\\S-1-5-21-1-2-3-1104\\Software\\X", "ObjectValueName": "Y"},
            "HKU\\S-1-5-21-1-2-3-1104\\Software\\X\\Y",
            "C:\\Temp\\bad.exe",
        ),
        (
            {"ObjectName": "\\REGISTRY\\MACHINE\\SOFTWARE\\X", "NewValueType": "%%1876", "NewValue": "1"},
            "HKLM\\SOFTWARE\\X\\ImagePath",
            "DWORD (0x00000001)",
        ),
    ],
)
def test_security_registry(changes: dict[str, str], target: str, details: str) -> None:
    wanted = {
        "TargetObject": target,
        "Details": details,
        "EventType": "SetValue",
        "Image|endswith": "\\regedit.exe",
    }
    row = security(4657, CHANGED | changes)

    for category in ("registry_set", "registry_event"):
        assert variants(wanted, {"product": "windows", "category": category}, row) == ["security-4657"]
    for category in ("registry_add", "registry_delete"):
        assert variants(wanted, {"product": "windows", "category": category}, row) == []


def test_security_registry_delete() -> None:
    row = security(4657, CHANGED | {"OperationType": "%%1906", "NewValueType": "-", "NewValue": "-"})
    wanted = {"TargetObject|endswith": "\\Bad\\ImagePath"}

    assert variants(wanted, {"product": "windows", "category": "registry_delete"}, row) == ["security-4657"]
    assert variants(wanted, {"product": "windows", "category": "registry_set"}, row) == []


def test_own_field_before_column() -> None:
    source = {"product": "windows", "service": "system"}
    cleared = cases.event(
        {"Channel": "Application"}, "System", 104, provider="Microsoft-Windows-Eventlog", host="h1"
    )

    assert variants({"Channel": "Application", "EventID": 104}, source, cleared) == ["system"]
    assert variants({"Channel": "System"}, source, cleared) == []
    assert variants({"Provider_Name": "microsoft-windows-eventlog", "Computer": "H1"}, source, cleared) == [
        "system"
    ]


def test_other_products_are_unmapped() -> None:
    detection = {"s": {"A": "x"}, "condition": "s"}
    sources = [{"product": "linux", "category": "process_creation"}, {"category": "proxy"}, PROCESS]
    sources += [
        {"product": "windows", "service": "no-such-service"},
        {"product": "windows", "category": "no-such"},
    ]
    rules = cases.compiled(*(cases.rule(detection, source) for source in sources))

    assert unmapped(rules.rules) == [0, 1, 3, 4]
    assert cases.matches(rules, [sysmon(1, {"A": "x"})]) == [(2, 0, "sysmon")]


def test_every_route_names_its_channels_in_lower_case() -> None:
    for source in [
        ("windows", "process_creation", None),
        ("windows", None, "security"),
        (None, "antivirus", None),
    ]:
        for route in routes(*source):
            assert route.channels == tuple(map(str.lower, route.channels))


NEEDS = [
    ({"s": {"Image": "x"}}, "s", PROCESS, [("sysmon", (1,)), ("security-4688", (4688,))]),
    ({"s": {"OriginalFileName": "x"}}, "s", PROCESS, [("sysmon", (1,))]),
    ({"s": {"Image": "x"}, "f": {"Hashes": "y"}}, "s and not f", PROCESS, [("sysmon", (1,))]),
    (
        {"s": {"Image": "x"}, "f": {"Hashes": "y"}},
        "s or f",
        PROCESS,
        [("sysmon", (1,)), ("security-4688", (4688,))],
    ),
    ({"s": {"EventID": [1, 2]}}, "s", {"product": "windows", "service": "security"}, [("security", (1, 2))]),
    (
        {"s": {"EventID": 1}, "t": {"B": "x"}},
        "s or t",
        {"product": "windows", "service": "security"},
        [("security", ())],
    ),
    (
        {"s": {"EventID": [1, 2]}, "f": {"EventID": 2}},
        "s and not f",
        {"product": "windows", "service": "security"},
        [("security", (1,))],
    ),
    ({"s": {"A": "x"}}, "s", {"product": "linux"}, []),
]


@pytest.mark.parametrize(("searches", "condition", "source", "expected"), NEEDS)
def test_needs(searches: dict[str, Any], condition: str, source: dict[str, str], expected: list[Any]) -> None:
    rules = cases.compiled(cases.rule({**searches, "condition": condition}, source))
    found = needs(rules.rules[0], rules.leaves)

    assert expected == [(need.variant, need.ids) for need in found]


def test_unreachable() -> None:
    rules = cases.compiled(
        *(
            cases.rule({**searches, "condition": condition}, source)
            for searches, condition, source, _ in NEEDS
        )
    )

    assert [each.rule for each in unreachable(rules, set())] == list(range(len(NEEDS)))
    assert [each.rule for each in unreachable(rules, {("Security", 4688)})] == [1, 2, 4, 6, 7]
    assert [each.rule for each in unreachable(rules, {("Security", 2)})] == [0, 1, 2, 3, 6, 7]
    assert [each.rule for each in unreachable(rules, {(cases.SYSMON, 1), ("Security", 1)})] == [7]
    (absent,) = unreachable(
        cases.compiled(cases.rule({"s": {"A": 1}, "condition": "s"}, PROCESS)), {("Security", 1)}
    )
    assert absent.needs == (Need("sysmon", (cases.SYSMON.lower(),), (1,)),)
