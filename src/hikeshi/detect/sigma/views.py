# SPDX-License-Identifier: Apache-2.0
"""Security and Defender events under the field names that Sigma's generic categories use.

A translated event has only what its original carries. A field it lacks is unknown, not absent: neither a
predicate on it nor that predicate's negation holds, so a filter that cannot be checked keeps the rule silent.

Sources: Microsoft, "4688(S): A new process has been created", "4657(S): A registry value was modified",
"Well-known SIDs", "Mandatory Integrity Control"; Sysinternals, "Sysmon" (registry roots, event fields).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Event = Mapping[str, str | None]

_ACCOUNTS = {
    "S-1-5-18": "NT AUTHORITY\\SYSTEM",
    "S-1-5-19": "NT AUTHORITY\\LOCAL SERVICE",
    "S-1-5-20": "NT AUTHORITY\\NETWORK SERVICE",
}
_NOBODY = ("", "S-1-0-0")
_INTEGRITY = {
    "S-1-16-0": "Untrusted",
    "S-1-16-4096": "Low",
    "S-1-16-8192": "Medium",
    "S-1-16-8448": "Medium",
    "S-1-16-12288": "High",
    "S-1-16-16384": "System",
}
_ROOTS = (
    (
        re.compile(r"\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet\d{3}(?=\\|$)", re.I),
        "HKLM\\System\\CurrentControlSet",
    ),
    (re.compile(r"\\REGISTRY\\MACHINE(?=\\|$)", re.I), "HKLM"),
    (re.compile(r"\\REGISTRY\\USER(?=\\|$)", re.I), "HKU"),
)
_OPERATIONS = {"%%1904": "SetValue", "%%1905": "SetValue", "%%1906": "DeleteValue"}
_DWORD, _QWORD, _BINARY = "%%1876", "%%1883", "%%1875"


def process(event: Event) -> dict[str, str]:
    """A 4688 event as a process_creation event."""
    found = _kept(
        event,
        Image="NewProcessName",
        CommandLine="CommandLine",
        ParentImage="ParentProcessName",
    )
    label = event.get("MandatoryLabel") or ""
    found["IntegrityLevel"] = _INTEGRITY.get(label, label)
    who = "Subject" if (event.get("TargetUserSid") or "") in _NOBODY else "Target"
    found["User"] = _account(event, who)
    found["LogonId"] = event.get(who + "LogonId") or ""
    found["ProcessId"] = _decimal(event.get("NewProcessId"))
    found["ParentProcessId"] = _decimal(event.get("ProcessId"))
    return {name: value for name, value in found.items() if value}


def registry(event: Event) -> dict[str, str]:
    """A 4657 event as a registry event; nothing when it does not say which value was touched."""
    key, kind = event.get("ObjectName"), _OPERATIONS.get(event.get("OperationType") or "")
    if not key or kind is None:
        return {}
    found = _kept(event, Image="ProcessName")
    found["EventType"] = kind
    found["TargetObject"] = "\\".join(filter(None, (_root(key), event.get("ObjectValueName"))))
    if kind == "SetValue":
        found["Details"] = _details(event.get("NewValueType"), event.get("NewValue") or "")
    found["ProcessId"] = _decimal(event.get("ProcessId"))
    found["User"] = _account(event, "Subject")
    return {name: value for name, value in found.items() if value}


def registry_set(event: Event) -> dict[str, str]:
    """A 4657 event that sets a value, as a registry_set event."""
    found = registry(event)
    return found if found.get("EventType") == "SetValue" else {}


def registry_delete(event: Event) -> dict[str, str]:
    """A 4657 event that deletes a value, as a registry_delete event."""
    found = registry(event)
    return found if found.get("EventType") == "DeleteValue" else {}


def defender(event: Event) -> dict[str, str]:
    """A Windows Defender detection as an antivirus event."""
    return _kept(event, Signature="ThreatName", Filename="Path", User="DetectionUser", Image="ProcessName")


_PROCESS = (
    "Image",
    "CommandLine",
    "ParentImage",
    "IntegrityLevel",
    "User",
    "LogonId",
    "ProcessId",
    "ParentProcessId",
)
_REGISTRY = ("Image", "EventType", "TargetObject", "Details", "ProcessId", "User")
VIEWS: dict[str, tuple[Callable[[Event], dict[str, str]], frozenset[str]]] = {
    "4688": (process, frozenset(_PROCESS)),
    "4657": (registry, frozenset(_REGISTRY)),
    "4657-set": (registry_set, frozenset(_REGISTRY)),
    "4657-delete": (registry_delete, frozenset(_REGISTRY) - {"Details"}),
    "defender": (defender, frozenset(("Signature", "Filename", "User", "Image"))),
}
"""By name: the translation, and the fields it can give."""


def _kept(event: Event, **names: str) -> dict[str, str]:
    return {name: text for name, source in names.items() if (text := event.get(source))}


def _account(event: Event, who: str) -> str:
    sid, name, domain = (event.get(who + part) or "" for part in ("UserSid", "UserName", "DomainName"))
    if sid in _ACCOUNTS:
        return _ACCOUNTS[sid]
    return f"{domain}\\{name}" if domain not in ("", "-") else name


def _decimal(number: str | None) -> str:
    try:
        return str(int(number or "", 0))
    except ValueError:
        return number or ""


def _root(key: str) -> str:
    for pattern, short in _ROOTS:
        if met := pattern.match(key):
            return short + key[met.end() :]
    return key


def _details(kind: str | None, value: str) -> str:
    if kind == _BINARY:
        return "Binary Data"
    if kind not in (_DWORD, _QWORD):
        return value
    try:
        number = int(value, 0)
    except ValueError:
        return value
    if kind == _DWORD:
        return f"DWORD (0x{number:08x})"
    return f"QWORD (0x{number >> 32:08x}-0x{number & 0xFFFFFFFF:08x})"
