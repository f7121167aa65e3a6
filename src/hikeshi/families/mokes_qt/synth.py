# SPDX-License-Identifier: Apache-2.0
"""Inert traces of machines on which the backdoor would run: text only, reserved names, no program.

`traces` are events of a Linux machine; `collection` is what a triage collection holds of a macOS machine.
"""

from __future__ import annotations

import plistlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from hikeshi.pack import LogRecord

CHANNEL, PROVIDER = "Linux-Sysmon/Operational", "Linux-Sysmon"
START = 1_710_204_060_000_000  # 2024-03-12 00:41:00 UTC
JST = timezone(timedelta(hours=9))
SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
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


def collection(seed: int, user: str = "ito", start: int = START, count: int = 12) -> dict[str, bytes]:
    """What a collection of a macOS machine holds of it, by path on the machine: agent, and a listing (body file)."""
    chance = random.Random(f"mokes_qt collection {seed}")
    home = f"/Users/{user}"
    agent = {
        "Label": "quicklookd",
        "ProgramArguments": [f"{home}/{PROGRAM}"],
        "RunAtLoad": True,
    }
    listed = [
        (f"{home}/{PROGRAM}", 13 << 20, start),
        (f"{home}/Library/LaunchAgents/quicklookd.plist", 412, start),
    ]
    listed += [(f"{TEMPORARY}/{name}", chance.randrange(2_000, 90_000), at)
               for at, name in spool(chance, start + 30 * SECOND, count)]  # fmt: skip
    listed += [
        (f"{home}/Documents/資料_{number:03d}.xlsx", 9_000 + number, start - number * HOUR)
        for number in range(8)
    ]
    lines = [
        _body_line(path, number, size, at // SECOND) for number, (path, size, at) in enumerate(sorted(listed))
    ]
    return {
        f"{home}/Library/LaunchAgents/quicklookd.plist": plistlib.dumps(agent),
        "bodyfile.txt": "".join(lines).encode(),
    }


def _body_line(path: str, number: int, size: int, at: int) -> str:
    """A line of a body file: MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime (The Sleuth Kit)."""
    return f"0|{path}|{4000 + number}|-rw-r--r--|501|20|{size}|{at}|{at}|{at}|{at}\n"
