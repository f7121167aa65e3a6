# SPDX-License-Identifier: Apache-2.0
"""Spool files and the clock in their names: kind, number, DDMMyy-HHmmss-milliseconds in local time.

The form is recalled from Kaspersky's articles of 2016; the four extensions are confirmed elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from hikeshi.families.mokes_qt.places import SPOOL_NAME, SPOOLS

_NAME = re.compile(SPOOL_NAME)
TECHNIQUES = {
    "screen-capture": ("T1074.001", "T1113"),
    "audio-capture": ("T1074.001", "T1123"),
    "keylogging": ("T1056.001", "T1074.001"),
    "file-search": ("T1005", "T1074.001"),
}


@dataclass(frozen=True)
class Spooled:
    """What the name of a spool file says: the function, the text of its clock, and that clock read as local time."""

    function: str
    text: str
    clock: datetime


def spooled(path: str) -> Spooled | None:
    """What a path's last step says; None where it is no such name or its clock names no moment."""
    name = path.replace("\\", "/").rpartition("/")[2]
    if not name.isascii() or not _NAME.fullmatch(name):
        return None
    text = name[4:21]
    try:
        clock = datetime.strptime(text[:13], "%d%m%y-%H%M%S").replace(microsecond=int(text[14:]) * 1000)
    except ValueError:
        return None
    return Spooled(SPOOLS[name[:2]][1], text, clock)
