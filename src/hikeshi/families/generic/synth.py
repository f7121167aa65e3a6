# SPDX-License-Identifier: Apache-2.0
"""Inert log records: an autostart out of Temp, a password store opened, two logs cleared."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hikeshi.pack import LogRecord

START = 1_710_204_060_000_000  # 2024-03-12 00:41:00 UTC
MINUTE = 60_000_000
RUN = r"HKU\S-1-5-21-1000000001-1000000002-1000000003-1001\SOFTWARE\Microsoft\Windows\CurrentVersion\Run"


def traces(
    seed: int, host: str = "ws-07.aoba.example", user: str = "hayashi", start: int = START
) -> Iterator[LogRecord]:
    """Four events of one machine, in order; the same seed gives the same events."""
    chance = random.Random(f"generic {seed}")
    program = rf"C:\Users\{user}\AppData\Local\Temp\{chance.randrange(16**8):08x}.exe"
    value = {"EventType": "SetValue", "Image": program, "TargetObject": RUN + r"\Update", "Details": program}
    sysmon = "Microsoft-Windows-Sysmon"
    yield LogRecord(start, host, f"{sysmon}/Operational", sysmon, 13, {**value, "User": f"AOBA\\{user}"})
    store = rf"C:\Users\{user}\AppData\Local\Google\Chrome\User Data\Default\Login Data"
    opened = {"ObjectType": "File", "ObjectName": store, "ProcessName": program, "SubjectUserName": user}
    yield LogRecord(
        start + MINUTE // 2, host, "Security", "Microsoft-Windows-Security-Auditing", 4663, opened
    )
    log = "Microsoft-Windows-Eventlog"
    start += chance.randrange(1, 30) * MINUTE
    yield LogRecord(
        start, host, "Security", log, 1102, {"SubjectUserName": user, "SubjectDomainName": "AOBA"}
    )
    cleared = {"SubjectUserName": user, "Channel": "Windows PowerShell"}
    yield LogRecord(start + MINUTE, host, "System", log, 104, cleared)
