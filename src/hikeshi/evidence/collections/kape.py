# SPDX-License-Identifier: Apache-2.0
"""What KAPE's targets leave: one folder for each drive letter, streams of NTFS as files of their own, and logs.

Markers as in dissect.target's loader (`$Extend/$J`, `$Extend/$UsnJrnl$J`, `$Secure_$SDS`), and KAPE's own
`<time>_CopyLog.csv`, `_SkipLog.csv` and `_ConsoleLog.txt` beside the drives (EricZimmerman/KapeDocs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

KIND = "kape"
_LOG = re.compile(
    r"^(.*)/\d{4}-\d\d-\d\dT\d\d_?\d\d_?\d\d(?:_\d+)?_(?:CopyLog|SkipLog|ConsoleLog)\.(?:csv|txt)(?:\.csv)?$"
)
_DRIVE = re.compile(r"^(.*?)/([A-Za-z])/(\$Extend/\$J|\$Extend/\$UsnJrnl\$J|\$Secure_\$SDS)$")
_LETTER = re.compile(r"/[A-Za-z](?=/)")
_STREAMS = {
    "$Extend\\$J": "$Extend\\$UsnJrnl:$J",
    "$Extend\\$Max": "$Extend\\$UsnJrnl:$Max",
    "$Extend\\$UsnJrnl$J": "$Extend\\$UsnJrnl:$J",
    "$Extend\\$UsnJrnl$Max": "$Extend\\$UsnJrnl:$Max",
    "$Secure_$SDS": "$Secure:$SDS",
}


def roots(paths: Sequence[str]) -> set[str]:
    """The folder of KAPE's logs where a drive lies beside them, and the folder of a drive with a marker."""
    logs = {met[1] for path in paths if (met := _LOG.match(path))}
    drives = {met[1] for path in paths if (met := _DRIVE.match(path))}
    return drives | {root for path in paths for root in _above_drives(path) if root in logs}


def original(inner: str) -> str | None:
    """The path on the machine."""
    drive, _, rest = inner.partition("/")
    if len(drive) != 1 or not drive.isascii() or not drive.isalpha() or not rest:
        return None
    path = rest.replace("/", "\\")
    return f"{drive.upper()}:\\{_STREAMS.get(path, path)}"


def host(root: str) -> str | None:
    """KAPE's layout names no machine."""
    return None


def _above_drives(path: str) -> Iterator[str]:
    """What stands above each step that is one letter."""
    return (path[: met.start()] for met in _LETTER.finditer(path))
