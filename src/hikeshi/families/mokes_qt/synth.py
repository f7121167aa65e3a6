# SPDX-License-Identifier: Apache-2.0
"""Inert traces of machines on which the backdoor would run: text only, reserved names, no program.

`traces` are events of a Linux machine, `files` what lies on a macOS machine.
"""

from __future__ import annotations

import plistlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from hikeshi.pack import LogRecord, PlacedFile

CHANNEL, PROVIDER = "Linux-Sysmon/Operational", "Linux-Sysmon"
START = 1_710_204_060_000_000  # 2024-03-12 00:41:00 UTC
JST = timezone(timedelta(hours=9))
SECOND, MINUTE = 1_000_000, 60_000_000
KINDS = (("ss", "sst"), ("kk", "kkt"), ("aa", "aat"), ("dd", "ddt"))
PROGRAM = "Library/Dropbox/quicklookd"
# As a macOS listing shows a user's folder for temporary files.
TEMPORARY = "/private/var/folders/4x/inert0example0folder0000000gn/T"


def traces(
    seed: int, host: str = "lx-05.aoba.example", user: str = "mori", start: int = START
) -> Iterator[LogRecord]:
    """Events of Sysmon for Linux on one machine, in order; the same seed gives the same events."""
    chance = random.Random(f"mokes_qt {seed}")
    program = f"/home/{user}/.local/share/.dropbox/DropboxCache"
    dropper = f"/home/{user}/Downloads/mitsumori"

    def event(at: int, number: int, **fields: str) -> LogRecord:
        return LogRecord(at, host, CHANNEL, PROVIDER, number, {"User": user, **fields})

    yield event(start, 1, Image=dropper, CommandLine=dropper)
    yield event(start + SECOND, 11, Image=dropper, TargetFilename=program)
    entry = f"/home/{user}/.config/autostart/profiled.desktop"
    yield event(start + 2 * SECOND, 11, Image=dropper, TargetFilename=entry)
    yield event(start + 3 * SECOND, 1, Image=program, CommandLine=program)
    for at, name in spool(chance, start + MINUTE, 6):
        yield event(at, 11, Image=program, TargetFilename=f"/tmp/{name}")


def spool(chance: random.Random, start: int, count: int) -> Iterator[tuple[int, str]]:
    """Names of spool files with the moment each was written, in order: their clock is Japan's."""
    at = start
    for number in range(count):
        letters, extension = KINDS[number % len(KINDS)]
        local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(JST)
        yield at, f"{letters}0-{local:%d%m%y-%H%M%S}-{at // 1000 % 1000:03d}.{extension}"
        at += chance.randrange(20_000, 90_000) * 1000 + 1000


def files(seed: int, user: str = "mori", start: int = START, count: int = 12) -> Iterator[PlacedFile]:
    """Files of an infected macOS machine: the LaunchAgent, the program's place, and spool files by name and time."""
    chance = random.Random(f"mokes_qt files {seed}")
    program = f"/Users/{user}/{PROGRAM}"
    agent = plistlib.dumps({"Label": "quicklookd", "ProgramArguments": [program], "RunAtLoad": True})
    yield PlacedFile(program, start, (13 << 20) + chance.randrange(1 << 18))
    yield PlacedFile(
        f"/Users/{user}/Library/LaunchAgents/quicklookd.plist", start + SECOND, len(agent), agent
    )
    for at, name in spool(chance, start + MINUTE, count):
        yield PlacedFile(f"{TEMPORARY}/{name}", at, chance.randrange(2_000, 90_000))
