# SPDX-License-Identifier: Apache-2.0
"""Files that belong together: the segments of a split image, read as one, and the logs of a registry hive.

Names as dd tools (.000 or .001 upwards) and libewf's format documentation (.E01 to .E99, then .EAA to .EZZ) give them.
"""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from string import ascii_uppercase
from typing import Any, BinaryIO

from hikeshi.evidence.positioned import Positioned

MOST = 200
_LOGS = (".LOG1", ".LOG2", ".log1", ".log2")
_HIVES = ("system", "software", "sam", "security", "default", "ntuser.dat", "usrclass.dat")

_FIRST = re.compile(r"(.*\.)(000|001|E01|e01)", re.DOTALL)


def segments(first: str, names: Collection[str]) -> list[str]:
    """The names of all segments of the set that begins with `first`, in order; [first] when it begins none."""
    match = _FIRST.fullmatch(first)
    if not match:
        return [first]
    base, number = match.groups()
    if number == "001" and f"{base}000" in names:
        return [first]
    found = [first]
    for suffix in _after(number):
        if f"{base}{suffix}" not in names:
            break
        found.append(f"{base}{suffix}")
    return found


def _after(number: str) -> Iterator[str]:
    """The suffixes that follow the first one."""
    if number.isdigit():
        yield from (f"{n:03}" for n in range(int(number) + 1, 1000))
        return
    case = str.upper if number[0] == "E" else str.lower
    yield from (case(f"E{n:02}") for n in range(2, 100))
    yield from (case(f"E{one}{two}") for one in ascii_uppercase for two in ascii_uppercase)


def logs_of(name: str, names: Collection[str]) -> list[str]:
    """The transaction logs of a registry hive among the names of its folder: NAME.LOG1, .LOG2, or the older .LOG."""
    ends = (*_LOGS, ".LOG", ".log") if name.rpartition("/")[2].lower() in _HIVES else _LOGS
    return [f"{name}{end}" for end in ends if f"{name}{end}" in names]


class Joined(Positioned):
    """Several files read as one."""

    def __init__(self, files: Sequence[BinaryIO]) -> None:
        self._files = files
        self._ends = list(accumulate(file.seek(0, io.SEEK_END) for file in files))
        self.size = self._ends[-1]

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as one segment goes."""
        number = bisect_right(self._ends, self._at)
        if number == len(self._files):
            return 0
        left = self._ends[number] - self._at
        file = self._files[number]
        file.seek(self._at - (self._ends[number - 1] if number else 0))
        view = memoryview(buffer)[:left]
        got = file.readinto(view)  # type: ignore[attr-defined]
        self._at += got
        return int(got)


def joined(files: Sequence[BinaryIO]) -> BinaryIO:
    """One file: the only one, or all of them in order."""
    return files[0] if len(files) == 1 else io.BufferedReader(Joined(files))
