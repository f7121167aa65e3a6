# SPDX-License-Identifier: Apache-2.0
"""TCP segments as columns: as they came, and as they lie in their streams.

Nothing is copied: a segment is a position in a stream and a place in the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .blocks import Ints

DATA, OTHER, LOST, CUT, ACKED = range(5)
STATES = ("data", "other", "lost", "cut", "acked")

Fetch = Callable[[int, int], bytes]


@dataclass
class Columns:
    """TCP packets that carry data or open or close a stream."""

    half: Ints
    seq: Ints
    flags: Ints
    record: Ints
    at: Ints
    held: Ints
    wire: Ints
    time: Ints

    def take(self, chosen: Ints) -> Columns:
        """The chosen rows."""
        return Columns(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


class Index:
    """Columns gathered block by block, packed."""

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, ...]] = []
        self.count = 0

    def add(self, columns: Columns) -> None:
        """Append rows."""
        kinds = ("i4", "u4", "u1", "u4", "i8", "u4", "u4", "i8")
        values = [getattr(columns, name) for name in columns.__dataclass_fields__]
        self._parts.append(tuple(v.astype(k) for v, k in zip(values, kinds, strict=True)))
        self.count += len(columns.half)

    def take(self) -> Columns:
        """All rows in order of arrival; the index is empty afterwards."""
        parts, self._parts, self.count = self._parts, [], 0
        if not parts:
            return Columns(*(np.zeros(0, np.int64) for _ in range(8)))
        return Columns(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@dataclass
class Segments:
    """Rows of the table of segments, by half-stream (stream * 2 + direction) and position."""

    half: Ints
    position: Ints
    length: Ints
    record: Ints
    at: Ints
    state: Ints
    time: Ints

    def sorted(self) -> Segments:
        """Rows by half-stream, position and state."""
        order = np.lexsort((self.state, self.position, self.half))
        return Segments(*(getattr(self, name)[order] for name in self.__dataclass_fields__))


@dataclass
class Sums:
    """Per half-stream, by number: bytes of the stream, bytes missing, bytes that differ, and notes."""

    bytes: dict[int, int]
    missing: dict[int, int]
    conflict: dict[int, int]
    notes: dict[int, set[str]]

    def note(self, half: int, text: str) -> None:
        """Add a note on a half-stream."""
        self.notes.setdefault(half, set()).add(text)
