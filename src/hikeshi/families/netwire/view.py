# SPDX-License-Identifier: Apache-2.0
"""A stack as far as its pages are at hand: reads by offset from the stack's base, wherever its pages lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

PAGE = 0x1000
SIZE = 0x34000
Wanted = Callable[[int, int], bool]


@dataclass(frozen=True)
class View:
    """`pages` maps page numbers (address / 4096) to offsets in `data`; `start` is the base's address used for it."""

    data: bytes
    start: int
    base: int | None
    pages: Mapping[int, int]

    @classmethod
    def linear(cls, data: bytes, at: int, known: int, base: int | None, wanted: Wanted | None) -> View:
        """The stack whose offset `known` lies at `at` in the image; pages that are not `wanted` are left out."""
        start = base if base is not None else (at - known) % PAGE + PAGE
        own = (start + known) // PAGE
        pages = {}
        for number in range(start // PAGE, (start + SIZE - 1) // PAGE + 1):
            offset = at - known + number * PAGE - start
            if (wanted is None or wanted(number, own)) and offset + PAGE > 0 and offset < len(data):
                pages[number] = offset
        return cls(data, start, base, pages)

    def mapped(self, known: Mapping[int, int]) -> View:
        """The same stack with its pages where a table of addresses says they are."""
        first, last = self.start // PAGE, (self.start + SIZE - 1) // PAGE
        found = {a // PAGE: offset for a, offset in known.items() if first <= a // PAGE <= last}
        return replace(self, pages={**found, **self.pages})

    def with_page(self, at: int, known: int) -> View:
        """The same stack with the page on which offset `known` lies at `at`."""
        number = (self.start + known) // PAGE
        return replace(self, pages={**self.pages, number: at - (self.start + known - number * PAGE)})

    def offset(self, at: int) -> int | None:
        """Where in the image an offset of the stack lies; None when its page is missing."""
        number, inside = divmod(self.start + at, PAGE)
        place = self.pages.get(number)
        return None if place is None or not 0 <= place + inside < len(self.data) else place + inside

    def upto(self, at: int, size: int) -> bytes:
        """Up to `size` bytes from an offset of the stack, ending before the first missing page."""
        out = bytearray()
        while size > 0:
            place = self.offset(at)
            if place is None:
                break
            step = min(size, PAGE - (self.start + at) % PAGE, len(self.data) - place)
            out += self.data[place : place + step]
            at, size = at + step, size - step
        return bytes(out)

    def number(self, at: int, size: int = 4) -> int | None:
        """A little-endian number, None when it is not at hand."""
        raw = self.upto(at, size)
        return int.from_bytes(raw, "little") if len(raw) == size else None

    def missing(self) -> tuple[int, ...]:
        """Offsets of the stack at which pages are missing."""
        numbers = range(self.start // PAGE, (self.start + SIZE - 1) // PAGE + 1)
        return tuple(n * PAGE - self.start for n in numbers if n not in self.pages)

    @property
    def whole(self) -> bool:
        """Whether no page is missing."""
        return not self.missing()


def cut(data: bytes) -> bytes:
    """Bytes up to the first NUL."""
    return data.partition(b"\0")[0]
