# SPDX-License-Identifier: Apache-2.0
"""Inert traces of machines on which NetWire ran: text only, reserved names and addresses, never a program."""

from __future__ import annotations

import plistlib
import random
import string
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone

from hikeshi.families.netwire.keylog import encoded
from hikeshi.pack import LogRecord, PlacedFile

SYSMON = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon")
SECURITY = ("Security", "Microsoft-Windows-Security-Auditing")
SID = "S-1-5-21-1000000001-1000000002-1000000003-1001"
RUN = r"\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\NetWire"

START = 1_710_204_060_000_000  # 2024-03-12 00:41:00 UTC
JST = timezone(timedelta(hours=9))
TITLES = ("受信トレイ - メール", "無題 - テキスト", "ログイン - 取引所", "見積書.xlsx - 表計算")
TYPED = ("report", "meeting", "tomorrow", "invoice", "[Backspace]", "[Enter]", "thanks", "[Tab]", "draft")
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000


def traces(
    seed: int,
    host: str = "ws-07.aoba.example",
    user: str = "hayashi",
    opened: str = "quotation.exe",
    start: int = START,
) -> Iterator[LogRecord]:
    """The events of one infected machine over three days, in order; the same seed gives the same events."""
    scene = _Scene(random.Random(f"netwire {seed}"), host, user, opened)
    events = [*scene.first_run(start)]
    for day in range(3):
        events += scene.working_day(start + day * DAY, day)
    yield from sorted(events, key=lambda event: event.time)


def files(seed: int, user: str = "ito", start: int = START) -> Iterator[PlacedFile]:
    """Files of an infected macOS machine over three days: the LaunchAgent, the program's place, the logs of keys."""
    chance = random.Random(f"netwire files {seed}")
    home = f"/Users/{user}"
    program = f"{home}/.defaults/Finder.app/Contents/MacOS/Finder"
    agent = {"Label": "com.mac.host", "ProgramArguments": [program], "RunAtLoad": True, "KeepAlive": False}
    written = plistlib.dumps(agent)
    yield PlacedFile(program, start, 600_000 + chance.randrange(90_000))
    yield PlacedFile(f"{home}/Library/LaunchAgents/com.mac.host.plist", start + SECOND, len(written), written)
    for day in range(3):
        begin = start + day * DAY + 2 * MINUTE
        end, log = _day_log(chance, begin)
        local = datetime.fromtimestamp(begin // SECOND, UTC).astimezone(JST)
        yield PlacedFile(f"{home}/.defaults/Logs/{local:%d-%m-%Y}", end, len(log), log)


def _day_log(chance: random.Random, at: int) -> tuple[int, bytes]:
    """When a day's log of keys ends, and its bytes in the published codec."""
    text = ""
    for number in range(chance.randrange(6, 12)):
        local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(JST)
        title = chance.choice(TITLES) if number else "Log Started"
        text += ("\r\n\r\n" if number else "\r\n") + f"[{title}] - [{local:%d/%m/%Y %H:%M:%S}]\r\n"
        text += " ".join(chance.choices(TYPED, k=chance.randrange(12, 60))) if number else ""
        at += chance.randrange(120, 1800) * SECOND
    return at, encoded(text.encode())


class _Scene:
    """One machine and what its user and the malware have in common."""

    def __init__(self, chance: random.Random, host: str, user: str, opened: str) -> None:
        self.chance, self.host, self.user = chance, host, user
        self.domain = host.split(".")[1].upper()
        self.account = f"{self.domain}\\{user}"
        self.opened = rf"C:\Users\{user}\Downloads\{opened}"
        self.copy = rf"C:\Users\{user}\AppData\Roaming\Install\Host.exe"
        self.batch = rf"C:\Users\{user}\AppData\Roaming\{self.letters(8)}.bat"
        self.server, self.port = (
            f"203.0.113.{chance.randrange(1, 255)}",
            chance.choice(("3360", "4000", "1972")),
        )
        self.pid = chance.randrange(2000, 9000, 4)

    def letters(self, count: int) -> str:
        return "".join(self.chance.choices(string.ascii_letters, k=count))

    def first_run(self, at: int) -> Iterator[LogRecord]:
        """The attachment is opened, copies itself, registers itself and deletes what was opened."""
        key, hive = r"\SOFTWARE\NetWire", f"HKU\\{SID}"
        host_id = "HostId-" + "".join(self.chance.choices(string.ascii_letters + string.digits, k=6))
        local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(JST)
        yield self.started(
            at, self.opened, f'"{self.opened}"', r"C:\Windows\explorer.exe", r"C:\Windows\Explorer.EXE"
        )
        yield self.file(at + 2 * SECOND, self.copy, self.opened)
        yield self.started(
            at + 3 * SECOND, self.copy, f'"{self.copy}" -m "{self.opened}"', self.opened, f'"{self.opened}"'
        )
        yield self.sysmon(
            at + 4 * SECOND, 12, EventType="CreateKey", Image=self.copy, TargetObject=hive + key
        )
        yield self.value(at + 5 * SECOND, f"{hive}{key}\\HostId", host_id)
        yield self.value(at + 6 * SECOND, f"{hive}{key}\\Install Date", f"{local:%Y-%m-%d %H:%M:%S}")
        yield self.value(at + 7 * SECOND, hive + RUN, self.copy)
        yield self.audited_value(at + 7 * SECOND, RUN.rpartition("\\"), self.copy)
        shell, line = r"C:\Windows\SysWOW64\cmd.exe", f'cmd /c ""{self.batch}" "'
        yield self.started(at + 8 * SECOND, shell, line, self.copy, f'"{self.copy}"')
        wait = r"C:\Windows\SysWOW64\PING.EXE"
        yield self.started(at + 9 * SECOND, wait, "ping  192.0.2.2 -n 1 -w 3000", shell, line)

    def working_day(self, at: int, day: int) -> Iterator[LogRecord]:
        """Key logging begins, the server is contacted, and on the second day a password store is opened."""
        local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(JST)
        yield self.file(
            at + 40 * SECOND, rf"C:\Users\{self.user}\AppData\Roaming\Logs\{local:%d-%m-%Y}", self.copy
        )
        yield self.connected(at + 41 * SECOND)
        if day == 1:
            store = rf"C:\Users\{self.user}\AppData\Local\Google\Chrome\User Data\Default\Login Data"
            yield self.audited_file(at + 2 * HOUR, store)
        yield self.connected(at + 3 * HOUR)

    def sysmon(self, at: int, event_id: int, **fields: str) -> LogRecord:
        return self.record(at, *SYSMON, event_id, {**fields, "User": self.account})

    def record(
        self, at: int, channel: str, provider: str, event_id: int, fields: Mapping[str, str]
    ) -> LogRecord:
        at += self.chance.randrange(1000) * 1000
        return LogRecord(at, self.host, channel, provider, event_id, {"ProcessId": str(self.pid), **fields})

    def started(self, at: int, image: str, line: str, parent: str, parent_line: str) -> LogRecord:
        fields = {
            "Image": image,
            "CommandLine": line,
            "ParentImage": parent,
            "ParentCommandLine": parent_line,
        }
        return self.sysmon(at, 1, **fields)

    def file(self, at: int, name: str, image: str) -> LogRecord:
        return self.sysmon(at, 11, Image=image, TargetFilename=name)

    def value(self, at: int, name: str, data: str) -> LogRecord:
        return self.sysmon(at, 13, EventType="SetValue", Image=self.copy, TargetObject=name, Details=data)

    def connected(self, at: int) -> LogRecord:
        fields = {
            "DestinationIp": self.server,
            "DestinationPort": self.port,
            "Protocol": "tcp",
            "Initiated": "true",
        }
        return self.sysmon(at, 3, Image=self.copy, SourceIp="192.0.2.17", **fields)

    def audited_value(self, at: int, name: tuple[str, str, str], data: str) -> LogRecord:
        fields = {
            "ObjectName": f"\\REGISTRY\\USER\\{SID}{name[0]}",
            "ObjectValueName": name[2],
            "NewValue": data,
        }
        return self.audit(at, 4657, **fields, OperationType="%%1904", NewValueType="%%1873")

    def audited_file(self, at: int, name: str) -> LogRecord:
        return self.audit(
            at, 4663, ObjectServer="Security", ObjectType="File", ObjectName=name, AccessMask="0x1"
        )

    def audit(self, at: int, event_id: int, **fields: str) -> LogRecord:
        who = {"SubjectUserName": self.user, "SubjectDomainName": self.domain, "SubjectUserSid": SID}
        return self.record(at, *SECURITY, event_id, {**who, "ProcessName": self.copy, **fields})
