# SPDX-License-Identifier: Apache-2.0
"""Small hives for tests: what SYSTEM, SOFTWARE and a user's hive hold where a reader looks for it."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

from hikeshi.synth.registry import Key, hive, number, text

WHEN = int(datetime(2018, 1, 26, 0, 2, 13, tzinfo=UTC).timestamp()) * 1_000_000
ID = "{11111111-2222-3333-4444-555555555555}"
CACHE = r"Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache"


def system(name: str = "PC-TARO", former: str = "WIN-EXAMPLE") -> bytes:
    """A SYSTEM hive: two control sets, the second with an earlier name."""
    parameters = r"Services\Tcpip\Parameters"
    keys = {
        "Select": Key([("Current", "REG_DWORD", number(1)), ("Default", "REG_DWORD", number(1))]),
        r"ControlSet001\Control\ComputerName\ComputerName": Key(
            [("ComputerName", "REG_SZ", text(name))], WHEN
        ),
        r"ControlSet002\Control\ComputerName\ComputerName": Key([("ComputerName", "REG_SZ", text(former))]),
        r"ControlSet001\Control\TimeZoneInformation": Key(
            [
                ("ActiveTimeBias", "REG_DWORD", number(-540)),
                ("TimeZoneKeyName", "REG_SZ", text("Tokyo Standard Time") + b"left over"),
            ]
        ),
        rf"ControlSet001\{parameters}": Key(
            [("Hostname", "REG_SZ", text(name.lower())), ("Domain", "REG_SZ", text("corp.example"))]
        ),
        rf"ControlSet001\{parameters}\Interfaces\{ID}": Key(
            [
                ("DhcpIPAddress", "REG_SZ", text("192.0.2.10")),
                ("IPAddress", "REG_MULTI_SZ", text("0.0.0.0") + bytes(2)),
            ]
        ),
    }
    return hive(keys, written=WHEN)


def counted(value: str) -> bytes:
    """A string of an Actions value behind its length."""
    raw = value.encode("utf-16-le")
    return struct.pack("<I", len(raw)) + raw


def exec_actions(command: str, arguments: str = "") -> bytes:
    """An Actions value of version 3 with one program to start."""
    return (
        b"\3\0"
        + counted("Author")
        + b"\x66\x66"
        + counted("")
        + counted(command)
        + counted(arguments)
        + counted("")
        + b"\0\0"
    )


def software(*, listed: bool = True) -> bytes:
    """A SOFTWARE hive with one task, which is in the tree unless `listed` is false."""
    task = [
        ("Path", "REG_SZ", text(r"\Example\Update")),
        ("Author", "REG_SZ", text(r"EXAMPLE\taro")),
        ("Actions", "REG_BINARY", exec_actions(r"C:\Users\taro\example.exe", "/quiet")),
    ]
    keys = {
        rf"{CACHE}\Tasks\{ID}": Key(task, WHEN),
        "Classes": Key(),
    }
    if listed:
        keys[rf"{CACHE}\Tree\Example\Update"] = Key(
            [("Id", "REG_SZ", text(ID)), ("SD", "REG_BINARY", bytes(20))]
        )
    return hive(keys, "emRoot\\System32\\Config\\SOFTWARE", written=WHEN)


def user(file: str = r"\??\C:\Users\taro\ntuser.dat", logon: str = "") -> bytes:
    """A user's hive: what runs at logon, and a value of every size."""
    run = r"Software\Microsoft\Windows\CurrentVersion\Run"
    keys = {
        run: Key([("Example", "REG_SZ", text(r"C:\Users\taro\example.exe"))], WHEN),
        "Environment": Key([("", "REG_EXPAND_SZ", text("%USERPROFILE%"))]),
        r"Software\例え": Key([("値", "REG_BINARY", bytes(range(256)) * 160), ("none", "REG_NONE", b"")]),
        r"Software\Numbers": Key(
            [
                ("q", "REG_QWORD", struct.pack("<Q", 1 << 40)),
                ("m", "REG_MULTI_SZ", text("a") + text("b") + bytes(2)),
            ]
        ),
    }
    if logon:
        keys[r"Software\Microsoft\Windows\CurrentVersion\Explorer"] = Key(
            [("Logon User Name", "REG_SZ", text(logon))]
        )
    return hive(keys, file, written=WHEN)
