# SPDX-License-Identifier: Apache-2.0
"""A triage collection of an invented macOS machine, as UAC leaves one: `[root]`, a body file, a log."""

from __future__ import annotations

import plistlib
import random
from collections.abc import Iterable
from datetime import UTC, datetime

from hikeshi.pack import PlacedFile
from hikeshi.synth.disk import Listed, body
from hikeshi.synth.office import DAY, HOUR, MONDAY

SETTINGS = "/Library/Preferences/SystemConfiguration/preferences.plist"
GLOBAL = "/Library/Preferences/.GlobalPreferences.plist"
ORDINARY = ("Documents/売上_3月.numbers", "Documents/memo.txt", "Downloads/地図.pdf", "Pictures/社員旅行.jpg")


def collection(host: str, user: str, taken: int, found: Iterable[PlacedFile]) -> dict[str, bytes]:
    """The collection's files by path, `taken` the moment it was made; `found` is listed among ordinary files."""
    files = [*system(host), *ordinary(host, user), *found]
    stamp = datetime.fromtimestamp(taken // 1_000_000, UTC)
    root = f"uac-{host}-macos-{stamp:%Y%m%d%H%M%S}"
    listed = [
        Listed(file.path, file.size, file.time, file.time) for file in sorted(files, key=lambda f: f.path)
    ]
    kept = {f"{root}/[root]{file.path}": file.data for file in files if file.data is not None}
    about = f"INF Unix-like Artifacts Collector 3.1.0\nINF Hostname: {host}\n"
    return {**kept, f"{root}/bodyfile/bodyfile.txt": body(listed), f"{root}/uac.log": about.encode()}


def system(host: str) -> list[PlacedFile]:
    """Settings of macOS that name the machine and its zone."""
    label = host.partition(".")[0]
    names = {"System": {"Network": {"HostNames": {"LocalHostName": label}}, "System": {"HostName": host}}}
    zone = {"com.apple.preferences.timezone.selected_city": {"Name": "Tokyo", "TimeZoneName": "Asia/Tokyo"}}
    settings = plistlib.dumps({"NetworkServices": {}, **names})
    chosen = plistlib.dumps(zone, fmt=plistlib.FMT_BINARY)
    return [
        PlacedFile(SETTINGS, MONDAY - 90 * DAY, len(settings), settings),
        PlacedFile(GLOBAL, MONDAY - 90 * DAY, len(chosen), chosen),
    ]


def ordinary(host: str, user: str) -> list[PlacedFile]:
    """What anybody keeps at home, and an entry that an update left; listed, not collected."""
    chance = random.Random(f"mac {host}")
    home = f"/Users/{user}"
    paths = [f"{home}/{path}" for path in ORDINARY]
    paths += ["/Applications/Safari.app/Contents/MacOS/Safari", f"{home}/Library/Dropbox/host.db"]
    return [
        PlacedFile(path, MONDAY + chance.randrange(4 * 24) * HOUR, chance.randrange(900, 90_000))
        for path in paths
    ]
