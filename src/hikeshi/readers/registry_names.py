# SPDX-License-Identifier: Apache-2.0
"""Which hive this is, and how the machine is called in it: names, earlier names, addresses, time zone.

Microsoft Learn names the keys: "Registry Hives", ComputerName and Tcpip\\Parameters, TIME_ZONE_INFORMATION.
"""

from __future__ import annotations

import re
import struct
from typing import Any

from hikeshi.codecs import regf
from hikeshi.codecs.addresses import address

_USER = {"software"}
_USERS = {"control panel", "environment", "appevents", "console", "volatile environment"}
_CONTROL = re.compile(
    r"(?i)controlset(\d{3})\\(control\\computername\\computername|control\\timezoneinformation)$"
)
_TCPIP = re.compile(r"(?i)controlset(\d{3})\\services\\tcpip\\parameters(\\interfaces\\[^\\]+)?$")
_FOLDER = re.compile(r"([^\\]+)\\[^\\]+$")
_LABEL = re.compile(r"[^\s\0\\/:*?\"<>|,;=]{1,255}")
_LOGON = r"Software\Microsoft\Windows\CurrentVersion\Explorer"


def root(hive: regf.Hive, data: bytes) -> str:
    """What stands before the paths of a hive: HKLM\\SYSTEM, HKU\\<user> and their like; the file's name for others."""
    own, file = hive.root_name(), hive.name.rpartition("\\")[2]
    below = {name.lower() for name in regf.Hive(data).names("")}
    if own.endswith("_Classes"):
        return f"HKU\\{own}"
    if "select" in below and any(name.startswith("controlset") for name in below):
        return "HKLM\\SYSTEM"
    if "software" in below and below & _USERS:
        return "HKU\\.DEFAULT" if file.upper() == "DEFAULT" else f"HKU\\{_user(hive, data) or file or own}"
    if {"microsoft", "classes"} <= below and own.lower() != "software":
        return "HKLM\\SOFTWARE"
    for name, wanted in (("SECURITY", {"policy"}), ("SAM", {"sam"})):
        if wanted <= below:
            return f"HKLM\\{name}"
    known = file.upper() in ("COMPONENTS", "DRIVERS", "SOFTWARE", "SYSTEM", "ELAM", "BBI")
    return f"HKLM\\{file.upper()}" if known else file or own


def _user(hive: regf.Hive, data: bytes) -> str:
    """Whose hive it is: the folder it lay in, or the name that the shell noted at logon."""
    folder = _FOLDER.search(hive.name)
    if folder and hive.name.lower().endswith("\\ntuser.dat"):
        return folder[1]
    found = regf.Hive(data).value(_LOGON, "Logon User Name")
    return regf.text(found.type, found.data)[:255] if found else ""


class Names:
    """Collects what identifies the machine while the keys of SYSTEM pass by."""

    def __init__(self, item: str, root: str) -> None:
        self._item, self._system = item, root == "HKLM\\SYSTEM"
        self._current = 1
        self._found: list[tuple[int, str, str, int, int]] = []
        self._zones: dict[int, tuple[int, int]] = {}

    def see(self, key: regf.Key, record: int) -> None:
        """Note what a key says; `record` is the number of its first value."""
        if not self._system or not key.values:
            return
        if key.path.lower() == "select":
            for value in key.values:
                if value.name.lower() == "current" and value.type == 4 and len(value.data) == 4:
                    self._current = int.from_bytes(value.data, "little")
        elif met := _CONTROL.match(key.path):
            self._see_control(int(met[1]), met[2].lower().endswith("computername"), key, record)
        elif met := _TCPIP.match(key.path):
            self._see_network(int(met[1]), met[2] is not None, key, record)

    def _see_control(self, number: int, named: bool, key: regf.Key, record: int) -> None:
        texts = {value.name.lower(): (n, value) for n, value in enumerate(key.values)}
        if named and "computername" in texts:
            n, value = texts["computername"]
            self._add(number, "name", regf.text(value.type, value.data), record + n, value.offset)
        elif not named:
            n, zone = texts.get("timezonekeyname") or texts.get("standardname") or (0, None)
            _, bias = texts.get("activetimebias", (0, None))
            text = regf.text(zone.type, zone.data) if zone else ""
            if bias and len(bias.data) == 4:
                text = f"{_offset(-struct.unpack('<i', bias.data)[0])} {text}".strip()
            where = zone or bias
            if text and where:
                self._add(number, "time-zone", text[:255], record + n, where.offset)

    def _see_network(self, number: int, interface: bool, key: regf.Key, record: int) -> None:
        texts = {value.name.lower(): regf.text(value.type, value.data) for value in key.values}
        for n, value in enumerate(key.values):
            name, text = value.name.lower(), texts[value.name.lower()]
            if interface and name in ("ipaddress", "dhcpipaddress"):
                for one in text.split("\n")[:16]:
                    found = address(one)
                    if found and int(found):
                        self._add(number, "address", str(found), record + n, value.offset)
            elif not interface and name in ("hostname", "nv hostname"):
                domain = texts.get("domain") or texts.get("nv domain") or ""
                full = f"{text}.{domain}" if domain and "." not in text else text
                self._add(number, "name", full, record + n, value.offset)

    def _add(self, number: int, kind: str, text: str, record: int, offset: int) -> None:
        if text and (kind == "time-zone" or _LABEL.fullmatch(text)):
            self._found.append((number, kind, text, record, offset))

    def rows(self) -> list[dict[str, Any]]:
        """Rows of `machines`: names of the current control set, and other names in the older sets as former ones."""
        now = {text.lower() for number, kind, text, _, _ in self._found if number == self._current}
        seen: set[tuple[str, str]] = set()
        rows = []
        for number, kind, text, record, offset in self._found:
            old = number != self._current
            if old and (kind != "name" or text.lower() in now):
                continue
            kind = "former-name" if old else kind
            if (kind, text.lower()) not in seen:
                seen.add((kind, text.lower()))
                row = {"item": self._item, "record": record, "offset": offset, "kind": kind, "value": text}
                rows.append(row | {"count": 1})
        return rows


def _offset(minutes: int) -> str:
    sign, minutes = "-" if minutes < 0 else "+", abs(minutes)
    return f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}"
