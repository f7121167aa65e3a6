# SPDX-License-Identifier: Apache-2.0
"""Inert traces of a machine on which SmokeLoader ran: text only, reserved names and addresses.

Machines made with one constant carry one build; every name follows from computer name, constant and serial.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from hikeshi.families.smokeloader import identity
from hikeshi.families.smokeloader.identity import Names
from hikeshi.families.smokeloader.lines import documented
from hikeshi.pack import LogRecord

SYSMON = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon")
SECURITY = ("Security", "Microsoft-Windows-Security-Auditing")
SCHEDULER = ("Microsoft-Windows-TaskScheduler/Operational", "Microsoft-Windows-TaskScheduler")
EXPLORER, MODULE = r"C:\Windows\explorer.exe", r"C:\Windows\SysWOW64\explorer.exe"
CHROME = r"C:\Program Files\Google\Chrome\Application\chrome.exe"

START = 1_710_204_060_000_000  # 2024-03-12 00:41:00 UTC
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
# The build of all invented machines, unless told otherwise.
CONSTANT = 0x0BADF00D
# What advapi32.dll of an invented system says of itself.
LIBRARY_TIME = 1_552_960_920_000_000

TASK = """<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Author>{account}</Author>
  </RegistrationInfo>
  <Triggers>
    <TimeTrigger>
      <Repetition>
        <Interval>PT10M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
      <StartBoundary>1999-11-30T00:00:00</StartBoundary>
      <Enabled>true</Enabled>
    </TimeTrigger>
    <LogonTrigger>
      <Enabled>true</Enabled>
    </LogonTrigger>
  </Triggers>
  <Settings>
    <StartWhenAvailable>true</StartWhenAvailable>
    <Enabled>true</Enabled>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
    </Exec>
  </Actions>
</Task>"""


def traces(
    seed: int,
    host: str = "ws-11.aoba.example",
    user: str = "minami",
    opened: str = "quotation.exe",
    start: int = START,
    serial: str | None = None,
    constant: int = CONSTANT,
) -> Iterator[LogRecord]:
    """The events of one infected machine, in order; the same seed gives the same events."""
    serial = serial or serial_of(host)
    scene = _Scene(seed, host, user, serial, constant, opened)
    events = [*scene.first_run(start), *scene.persists(start + 20 * SECOND)]
    events += [
        *scene.talks(start + 2 * MINUTE),
        *scene.told(start + 22 * MINUTE),
        *scene.steals(start + HOUR),
    ]
    yield from sorted(events, key=lambda event: event.time)


def rows(
    seed: int,
    host: str = "ws-11.aoba.example",
    user: str = "minami",
    start: int = START,
    serial: str | None = None,
    constant: int = CONSTANT,
) -> dict[str, list[dict[str, Any]]]:
    """The same machine's artefacts as rows of `files`, `autostarts`, `registry` and `machines`, without item."""
    serial = serial or serial_of(host)
    scene = _Scene(seed, host, user, serial, constant, "")
    names, roaming = scene.names, scene.roaming
    old = dict.fromkeys(("created", "modified", "accessed", "changed"), LIBRARY_TIME)
    new = dict.fromkeys(("name_created", "name_modified", "name_accessed", "name_changed"), start)
    library = {"path": r"C:\Windows\System32\advapi32.dll", "kind": "file", **old}
    library |= dict.fromkeys(new, LIBRARY_TIME)
    mine = [
        {"path": path, "kind": "file", "state": "allocated", **old, **new}
        for path in (roaming + "\\" + names.program, roaming + "\\" + names.store)
    ]
    fields = {
        "author": scene.account,
        "triggers": "TimeTrigger 1999-11-30T00:00:00 repeat PT10M\nLogonTrigger",
        "start_boundary": "1999-11-30T00:00:00",
        "interval": "PT10M",
    }
    task = {"kind": "task", "name": names.task, "path": "\\" + names.task, "command": scene.program}
    cache = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree"
    return {
        "files": [library, *mine],
        "autostarts": [{**task, "host": host, "user": scene.account, "fields": list(fields.items())}],
        "registry": [{"key": f"{cache}\\{names.task}", "name": "Index", "type": "REG_DWORD", "data": "3"}],
        "machines": [{"kind": "name", "value": host}, {"kind": "volume-serial", "value": serial}],
    }


def serial_of(host: str) -> str:
    """The volume serial of an invented machine."""
    return f"{zlib.crc32(host.encode()):08X}"


def server_of(seed: int) -> str:
    """The server that all invented machines of a seed talk to."""
    return f"203.0.113.{random.Random(f'smokeloader server {seed}').randrange(1, 255)}"


class _Scene:
    """One machine and what its user and the malware have in common."""

    def __init__(self, seed: int, host: str, user: str, serial: str, constant: int, opened: str) -> None:
        self.chance = random.Random(f"smokeloader {seed} {host}")
        self.host, self.user = host, user
        self.domain = host.split(".")[1].upper() if "." in host else "EXAMPLE"
        self.account = f"{self.domain}\\{user}"
        self.opened = rf"C:\Users\{user}\Downloads\{opened}"
        self.roaming, self.temp = rf"C:\Users\{user}\AppData\Roaming", rf"C:\Users\{user}\AppData\Local\Temp"
        self.names = _names(host, serial, constant)
        self.program = f"{self.roaming}\\{self.names.program}"
        self.server = server_of(seed)

    def first_run(self, at: int) -> Iterator[LogRecord]:
        """The attachment is opened, loads its copy of ntdll.dll, enters explorer.exe; tools that watch it end."""
        yield self.started(at, self.opened, f'"{self.opened}"', EXPLORER)
        copy = f"{self.temp}\\{self.chance.randrange(0x1000, 0x10000):04X}.tmp"
        loaded = {
            "Image": self.opened,
            "ImageLoaded": copy,
            "OriginalFileName": "ntdll.dll",
            "Signed": "true",
        }
        yield self.sysmon(at + SECOND, 7, **loaded)
        yield self.sysmon(at + 2 * SECOND, 8, SourceImage=self.opened, TargetImage=EXPLORER)
        for number, tool in enumerate(("procexp64.exe", "Wireshark.exe")):
            yield self.sysmon(at + (4 + number) * SECOND, 5, Image=rf"C:\Tools\{tool}")

    def persists(self, at: int) -> Iterator[LogRecord]:
        """explorer.exe writes the program, removes its mark of the web and registers the task anew."""
        task = "\\" + self.names.task
        yield self.sysmon(at, 11, Image=EXPLORER, TargetFilename=self.program)
        yield self.sysmon(at + SECOND, 23, Image=EXPLORER, TargetFilename=self.program + ":Zone.Identifier")
        yield self.record(at + 2 * SECOND, SCHEDULER, 141, {"TaskName": task, "UserName": self.account})
        yield self.record(at + 3 * SECOND, SCHEDULER, 106, {"TaskName": task, "UserContext": self.account})
        content = TASK.format(account=self.account, program=self.program)
        who = {"SubjectUserName": self.user, "SubjectDomainName": self.domain}
        yield self.record(at + 3 * SECOND, SECURITY, 4698, {**who, "TaskName": task, "TaskContent": content})
        for turn in range(1, 3):
            ran = {"TaskName": task, "ActionName": self.program}
            yield self.record(at + turn * 10 * MINUTE, SCHEDULER, 200, ran)
        svchost = r"C:\Windows\System32\svchost.exe"
        yield self.started(at + 10 * MINUTE + SECOND, self.program, self.program, svchost)

    def talks(self, at: int) -> Iterator[LogRecord]:
        """Every ten minutes a connection to the server."""
        for turn in range(12):
            yield self.connected(at + turn * 10 * MINUTE + self.chance.randrange(4) * SECOND)

    def told(self, at: int) -> Iterator[LogRecord]:
        """Two files are brought and run, one of them a miner named like Windows' update client."""
        brought = f"{self.temp}\\{self.chance.randrange(0x1000, 0x10000):04X}.exe"
        yield self.sysmon(at, 11, Image=EXPLORER, TargetFilename=brought)
        yield self.started(at + SECOND, brought, brought, EXPLORER)
        scriptlet = (
            f'regsvr32 /s /n /u /i:"{self.temp}\\{self.chance.randrange(0x1000, 0x10000):04X}.tmp" scrobj'
        )
        yield self.started(at + MINUTE, r"C:\Windows\SysWOW64\regsvr32.exe", scriptlet, EXPLORER)
        miner = rf"{self.roaming}\{self.chance.randrange(1 << 31, 1 << 32):08X}\wuauclt.exe"
        yield self.started(at + 2 * MINUTE, miner, "wuauclt.exe", MODULE)

    def steals(self, at: int) -> Iterator[LogRecord]:
        """Instances of explorer.exe open stores of passwords and mail, read documents and enter the browser."""
        profile = rf"C:\Users\{self.user}"
        yield self.read(at, rf"{profile}\AppData\Local\Google\Chrome\User Data\Default\Login Data")
        yield self.read(at + MINUTE, rf"{profile}\Documents\Outlook Files\{self.user}.pst")
        yield self.sysmon(at + 2 * MINUTE, 8, SourceImage=EXPLORER, TargetImage=CHROME)
        for number in range(24):
            name = rf"{profile}\Documents\plan-{number:02}.xlsx"
            yield self.read(at + 3 * MINUTE + number * SECOND, name)

    def sysmon(self, at: int, event_id: int, **fields: str) -> LogRecord:
        return self.record(at, SYSMON, event_id, {**fields, "User": self.account})

    def record(self, at: int, log: tuple[str, str], event_id: int, fields: Mapping[str, str]) -> LogRecord:
        at += self.chance.randrange(1000) * 1000
        return LogRecord(at, self.host, *log, event_id, fields)

    def started(self, at: int, image: str, line: str, parent: str) -> LogRecord:
        return self.sysmon(at, 1, Image=image, CommandLine=line, ParentImage=parent)

    def connected(self, at: int) -> LogRecord:
        fields = {
            "DestinationIp": self.server,
            "DestinationPort": "80",
            "Protocol": "tcp",
            "Initiated": "true",
        }
        return self.sysmon(at, 3, Image=EXPLORER, SourceIp="192.0.2.21", **fields)

    def read(self, at: int, name: str) -> LogRecord:
        fields = {"ObjectServer": "Security", "ObjectType": "File", "ObjectName": name, "AccessMask": "0x1"}
        who = {"SubjectUserName": self.user, "SubjectDomainName": self.domain, "ProcessName": MODULE}
        return self.record(at, SECURITY, 4663, {**who, **fields})


def _names(host: str, serial: str, constant: int) -> Names:
    of = identity.bot_id(identity.computer_name(host) or "WS", constant, serial)
    return next(filter(None, (identity.names(of, line) for line in documented())))
