# SPDX-License-Identifier: Apache-2.0
"""A capture file as a window of bytes that moves forward, and what one window's packets look like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import BufferedReader
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

WINDOW = 4 << 20
LARGEST = 16 << 20
SLACK = 128
MOST_DAMAGES = 1000


class Window:
    """Forward view of a file: `data` holds bytes `base` to `base + size`, then at least SLACK other bytes."""

    def __init__(self, file: BinaryIO, size: int, start: int = 0) -> None:
        self.file = file
        self.length = size
        self._buffer = bytearray(min(WINDOW, max(size - start, 0)) + SLACK)
        self._start = 0
        self.base = start
        self.size = 0
        self.file.seek(start)
        self._fill()

    def _fill(self) -> None:
        """Move the bytes to the front of the buffer and read on."""
        if self._start:
            self._buffer[: self.size] = self._buffer[self._start : self._start + self.size]
            self._start = 0
        view = memoryview(self._buffer)[: len(self._buffer) - SLACK]
        while self.size < len(view):
            count = cast(BufferedReader, self.file).readinto(view[self.size :])
            if not count:
                self.length = self.base + self.size
                break
            self.size += count
        self._buffer[self.size : self.size + SLACK] = bytes(SLACK)

    @property
    def data(self) -> memoryview:
        """Bytes of the window."""
        return memoryview(self._buffer)[self._start : self._start + self.size]

    @property
    def bytes(self) -> Bytes:
        """Bytes of the window and the zero bytes after them, as an array that shares the memory."""
        return np.frombuffer(self._buffer, np.uint8, self.size + SLACK, self._start)

    @property
    def last(self) -> bool:
        """Whether the window reaches the end of the file."""
        return self.base + self.size >= self.length

    def move(self, by: int, need: int = 0) -> None:
        """Move the start forward by so many bytes, and read on once little is left or less than `need` bytes."""
        self.base += by
        if by > self.size:
            self.file.seek(self.base)
        self._start, self.size = (self._start + by, self.size - by) if by <= self.size else (0, 0)
        room = len(self._buffer) - SLACK
        if need > room:
            self._buffer = self._buffer[self._start : self._start + self.size] + bytearray(
                need + SLACK - self.size
            )
            self._start = 0
            self._fill()
        elif not self.last and self.size < max(need, room // 2):
            self._fill()


@dataclass
class Block:
    """Packets of one window: positions are relative to `bytes`, which is overwritten when the next block is read."""

    base: int
    bytes: Bytes
    offset: Ints
    start: Ints
    captured: Ints
    length: Ints
    time: Ints
    interface: Ints
    link: Ints
    comment: dict[int, str] = field(default_factory=dict)

    def take(self, chosen: Ints) -> Block:
        """The chosen packets."""
        names = ("offset", "start", "captured", "length", "time", "interface", "link")
        old = {int(row): new for new, row in enumerate(chosen)} if self.comment else {}
        comment = {old[row]: text for row, text in self.comment.items() if row in old}
        return replace(self, comment=comment, **{name: getattr(self, name)[chosen] for name in names})


@dataclass(frozen=True)
class Loss:
    """Part of a capture file that could not be read as packets: `packets` is the least number lost."""

    reason: str
    offset: int
    packets: int
    fields: dict[str, str]


Parts = Iterator[Block | Loss]


def rows(data: Bytes, at: Ints, width: int) -> NDArray[Any]:
    """The `width` bytes at each position as one contiguous row each; beyond the end they read as zero."""
    limit = len(data) - width
    view = np.ndarray((limit + 1,), dtype=f"V{width}", buffer=data, strides=(1,))
    taken: NDArray[Any] = view[np.minimum(at, limit)]
    for index in np.flatnonzero(at > limit):
        tail = data[int(at[index]) :].tobytes()[:width]
        taken[index] = np.void(tail.ljust(width, b"\0"))
    return taken
