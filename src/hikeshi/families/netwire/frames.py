# SPDX-License-Identifier: Apache-2.0
"""The messages in one direction of a stream: `u32 length, u8 command, data`, whatever the packets were.

Framing: pan-unit42/public_tools, netwire; header confirmed by the packet lengths that the published stacks of
version 1.7 hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hikeshi.families.netwire.commands import FIRST, LAST, OLDER

HEAD = 5
LARGEST = 0x30000
CHAIN = 3
_WINDOW = CHAIN * (LARGEST + HEAD)
_HEADS = {
    False: re.compile(rb"[\x00-\x03]\x00(?=[\x97-\xe8])"),
    True: re.compile(rb"[\x00-\x03]\x00(?=[\x01-\x52\x80])"),
}


@dataclass(frozen=True)
class Frame:
    """One message: where its header lies in the stream, its number and its data as far as they are at hand."""

    position: int
    control: int
    size: int
    data: bytes

    @property
    def whole(self) -> bool:
        """Whether all its data are at hand."""
        return len(self.data) == self.size

    @property
    def number(self) -> int:
        """The number as version 1.7 has it."""
        return self.control if self.control >= FIRST else self.control + OLDER


@dataclass
class Tiling:
    """How well a direction divides into messages: bytes in frames and bytes that are in none."""

    older: bool = False
    framed: int = 0
    loose: int = 0
    frames: int = 0
    breaks: int = 0
    middle: bool = False
    kinds: set[int] = field(default_factory=set)


def header(data: bytes | bytearray, at: int, older: bool) -> tuple[int, int] | None:
    """Size of the data and number of the message whose header lies here; None when it is none."""
    if at + HEAD > len(data):
        return None
    length, control = int.from_bytes(data[at : at + 4], "little"), data[at + 4]
    valid = (1 <= control <= LAST - OLDER or control == 0x80) if older else FIRST <= control <= LAST
    return (length - 1, control) if valid and 1 <= length <= LARGEST else None


def frames(runs: Iterable[tuple[int, bytes]], tiling: Tiling) -> Iterator[Frame]:
    """The messages of runs of bytes given as (position, bytes); `tiling` is filled in on the way."""
    splitter = _Splitter(tiling)
    for position, data in runs:
        yield from splitter.feed(position, data)
    yield from splitter.take(True)


def may_begin(head: bytes) -> bool:
    """Whether a direction that begins so, or is met midway, can hold messages at all: cheap, and sure of its no."""
    if not head or header(head, 0, False) or header(head, 0, True):
        return True
    return _border(head, False, False) is not None


class _Splitter:
    """Cuts what it is fed at the borders; after a gap or a break it looks for a chain of headers."""

    def __init__(self, tiling: Tiling) -> None:
        self.tiling = tiling
        self.buffer, self.start = bytearray(), 0
        self.border: int | None = None
        self.begun = False

    def feed(self, position: int, data: bytes) -> Iterator[Frame]:
        """The messages that are complete with these bytes."""
        if position != self.start + len(self.buffer) or not self.begun:
            yield from self.take(True)
            self.start = position
            if self.border is not None and self.border < position:
                self.border = None
            self.begun = True
        self.buffer += data
        yield from self.take(False)

    def take(self, last: bool) -> Iterator[Frame]:
        """Whole messages of the buffer; with `last` also one that is cut."""
        while self.buffer:
            if self.border is None:
                if self.start == 0 and _exchange(self.buffer, self.tiling.older):
                    self.border = 0
                    continue
                if not last and len(self.buffer) < _WINDOW:
                    return
                self._search(last)
                continue
            at = self.border - self.start
            if at >= len(self.buffer):
                self._drop(len(self.buffer))
                return
            if at + HEAD > len(self.buffer):
                if not last:
                    return
                self.tiling.loose += len(self.buffer) - at
                self.border = None
                self._drop(len(self.buffer))
                return
            head = header(self.buffer, at, self.tiling.older)
            if head is None:
                self.tiling.breaks += 1
                self.border = None
                self._drop(at)
                self.tiling.loose += 1
                self._drop(1)
                continue
            end = at + HEAD + head[0]
            if end > len(self.buffer) and not last:
                return
            yield self._frame(at, end, head)

    def _frame(self, at: int, end: int, head: tuple[int, int]) -> Frame:
        data = bytes(self.buffer[at + HEAD : end])
        self.tiling.frames += 1
        self.tiling.framed += HEAD + len(data)
        self.tiling.kinds.add(head[1])
        frame = Frame(self.start + at, head[1], head[0], data)
        self.border = self.start + end
        self._drop(min(end, len(self.buffer)))
        return frame

    def _search(self, last: bool) -> None:
        found = _border(self.buffer, self.tiling.older, last)
        used = len(self.buffer) if found is None else found
        self.tiling.loose += used
        self.tiling.middle = self.tiling.middle or used > 0
        self._drop(used)
        self.border = None if found is None else self.start

    def _drop(self, count: int) -> None:
        del self.buffer[:count]
        self.start += count


def _exchange(buffer: bytes | bytearray, older: bool) -> bool:
    """Whether a stream begins with a message of a key exchange."""
    head = header(buffer, 0, older)
    return head is not None and head[1] in ((0x03, 0x05) if older else (0x99, 0x9B)) and 48 <= head[0] <= 1024


def _border(buffer: bytes | bytearray, older: bool, last: bool) -> int | None:
    """Where the first chain of headers begins; None when there is none."""
    failed: set[int] = set()
    for match in _HEADS[older].finditer(buffer):
        first = at = match.start() - 2
        chain = list[int]()
        if first < 0:
            continue
        while at not in failed and (head := header(buffer, at, older)) is not None:
            chain.append(at)
            at += HEAD + head[0]
            if len(chain) >= CHAIN or (last and (at == len(buffer) or (at > len(buffer) and len(chain) > 1))):
                return first
        failed.update(chain)
        failed.add(at)
    return None
