# SPDX-License-Identifier: Apache-2.0
"""From a hit to the run of bytes around it: how far the alphabet of a search goes in both directions."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from hikeshi.raw.windows import read_at
from hikeshi.schema import Search

WINDOW, RUN = 16, 4
STEPS = (4 << 10, 64 << 10, 1 << 20, 4 << 20)


class Grower:
    """Runs of one search in one file."""

    def __init__(self, search: Search, file: BinaryIO, size: int) -> None:
        self._search, self._file, self._size = search, file, size
        self._bad = np.frombuffer(search.alphabet or bytes(256), dtype=np.uint8) == 0
        self._most_bad = int(WINDOW * (1 - search.density))

    def grow(self, begin: int, end: int) -> tuple[int, int, bool]:
        """Begin and end of the run around a hit, and whether a limit ended it."""
        if self._search.alphabet is None:
            return max(0, begin - self._search.before), min(self._size, end + self._search.after), False
        right, cut_right = self._side(end, forward=True)
        left, cut_left = self._side(begin, forward=False)
        return begin - left, end + right, cut_left or cut_right

    def _side(self, at: int, forward: bool) -> tuple[int, bool]:
        """How many bytes beside an offset belong to the run, and whether there may be more."""
        for step in STEPS:
            start, stop = (at, min(at + step, self._size)) if forward else (max(0, at - step), at)
            data = np.frombuffer(read_at(self._file, start, stop - start), dtype=np.uint8)
            length = self._length(data if forward else data[::-1])
            if length is not None:
                return length, False
            if len(data) < step:
                return self._trimmed(data if forward else data[::-1]), False
        return STEPS[-1], True

    def _length(self, data: np.ndarray) -> int | None:
        """Bytes before the run ends; None when it goes on."""
        bad = self._bad[data]
        end = _filler(data)
        sums = np.concatenate(([0], np.cumsum(bad, dtype=np.int64)))
        poor = sums[WINDOW:] - sums[:-WINDOW] > self._most_bad if len(data) >= WINDOW else np.zeros(0, bool)
        first = int(poor.argmax()) if poor.any() else None
        if first is not None and (end is None or first < end):
            good = int(bad[first:].argmax())
            end = first + good if end is None else min(end, first + good)
        return None if end is None else self._trimmed(data[:end])

    def _trimmed(self, data: np.ndarray) -> int:
        """The length without what is not of the alphabet at the end."""
        good = np.flatnonzero(~self._bad[data])
        return int(good[-1]) + 1 if len(good) else 0


def _filler(data: np.ndarray) -> int | None:
    """Where four equal bytes 00 or FF begin: unused space ends every run."""
    found = []
    for filler in (0, 255):
        same = data == filler
        if len(same) >= RUN:
            runs = same[3:] & same[2:-1] & same[1:-2] & same[:-3]
            if runs.any():
                found.append(int(runs.argmax()))
    return min(found, default=None)
