# SPDX-License-Identifier: Apache-2.0
"""Where SmokeLoader keeps itself and what its traces look like in a path, a task or a text.

Sources: irfan-eternal, "Understanding Internals of SmokeLoader" (2024); Microsoft, 2018-03-07 (Dofoil);
the paths of Mozilla's own task from public scripts that remove it.
"""

from __future__ import annotations

import re

_ROOT = (
    r"(?:^|[\\/])(?i:AppData[\\/]Roaming|AppData[\\/]Local[\\/]Temp|Application Data|Local Settings[\\/]Temp"
    r"|Windows[\\/]Temp|%APPDATA%|%TEMP%)[\\/]"
)
_FILE = re.compile(_ROOT + r"([a-jr-w]{7})$")
_PROGRAM = re.compile(r"[\\/](?i:AppData[\\/]Roaming)[\\/]([a-jr-w]{8})\.exe\"?$")
_AGENT = re.compile(r"\\?Firefox Default Browser Agent ([0-9A-F]{16})")
_CACHE = re.compile(r"(?i:\\Schedule\\TaskCache\\Tree\\)Firefox Default Browser Agent ([0-9A-F]{16})$")
_SHIM = re.compile(
    r"[A-Za-z]:\\[^\x00-\x1f]{1,200}\\(?i:AppData\\(?:Roaming|Local\\Temp))\\[a-jr-w]{7}(?![!-~])"
)
_ADVAPI = re.compile(r"(?:^|[\\/])(?i:Windows[\\/]System32[\\/]advapi32\.dll)$")
_VIEWER = re.compile(r"[\\/](?i:tv_w32\.dll|tv_x64\.dll|teamviewer\.exe)$")
_VIEWER_HOME = re.compile(r"[\\/](?i:Program Files(?: \(x86\))?|WinSxS|Installer)[\\/]")
_UPDATE = re.compile(r"[\\/](?i:wuauclt\.exe)$")
_WINDOWS = re.compile(r"(?:^|[\\/])(?i:Windows|\$WINDOWS\.~BT|Windows\.old)[\\/]")

# The digits of Mozilla's own task where Firefox is installed in its usual folders.
MOZILLA = ("308046B0AF4A39CB", "D2CEEC440E2074BD")
BOUNDARY = "1999-11-30T00:00:00"
LONGEST, SHIM = 1024, 1 << 22


def seven(path: str | None) -> str | None:
    """The name of a file in the root of Roaming or Temp that is spelled in seven of the sixteen letters."""
    found = _FILE.search(path) if path and len(path) <= LONGEST else None
    return found[1] if found else None


def eight(path: str | None) -> str | None:
    """The name of a program in Roaming that is spelled in eight of the letters, as in early 2018."""
    found = _PROGRAM.search(path) if path and len(path) <= LONGEST else None
    return found[1] if found else None


def suffix(task: str | None) -> str | None:
    """The sixteen digits in the name of a Firefox agent task that lies in the root folder and is not Mozilla's."""
    found = _AGENT.fullmatch(task or "")
    return found[1] if found and found[1] not in MOZILLA else None


def cached(key: str | None) -> str | None:
    """The same digits in a registry key of the Task Scheduler's cache."""
    found = _CACHE.search(key or "")
    return found[1] if found and found[1] not in MOZILLA else None


def cached_programs(data: str) -> list[str]:
    """Such paths in the value AppCompatCache (ShimCache), given as hexadecimal digits."""
    try:
        wide = bytes.fromhex(data[:SHIM])
    except ValueError:
        return []
    found = (_SHIM.findall(wide[odd:].decode("utf-16-le", "replace")) for odd in (0, 1))
    return sorted({path for paths in found for path in paths})


def is_advapi(path: str) -> bool:
    """Whether the path is the library whose times SmokeLoader copies."""
    return _ADVAPI.search(path) is not None


def is_odd_viewer(path: str) -> bool:
    """Whether a part of TeamViewer lies where its installer does not put it."""
    return _VIEWER.search(path) is not None and _VIEWER_HOME.search(path) is None


def is_odd_update(path: str) -> bool:
    """Whether a program named like Windows' update client lies outside Windows' folder."""
    return _UPDATE.search(path) is not None and _WINDOWS.search(path) is None
