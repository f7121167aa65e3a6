# SPDX-License-Identifier: Apache-2.0
"""Inert notes to plant, and the search for them."""

from __future__ import annotations

import random
from io import BytesIO

from hikeshi.raw.patterns import Patterns, check, compiled, loaded
from hikeshi.raw.search import Stretch, regions
from hikeshi.schema import Issue, Region, Search

ANCHOR = b"{NOTE}"
PRINTABLE = bytes(1 if 0x20 <= byte <= 0x7E else 0 for byte in range(256))


def note(number: int, length: int = 120) -> bytes:
    """A note of printable text with two anchors."""
    text = f"{number:08d} planted by a test {{;}} ".encode()
    body = (text * (length // len(text) + 1))[: length - 2 * len(ANCHOR)]
    return ANCHOR + body + ANCHOR


def wanted(**changed: object) -> Search:
    """The search for notes."""
    fields: dict[str, object] = {
        "pack": "planted",
        "name": "note",
        "entry": "notes:read",
        "anchors": (r"\x7BNOTE\x7D",),
        "scores": (r"\x7B\x3B\x7D",),
        "least": 2,
        "alphabet": PRINTABLE,
    }
    return Search(**(fields | changed))  # type: ignore[arg-type]


def patterns(*searches: Search) -> Patterns:
    """The searches ready to use, through the form that is kept in a file."""
    return loaded(compiled([check(search) for search in searches or (wanted(),)]))


def search(
    data: bytes, found: Patterns, start: int = 0, end: int | None = None
) -> tuple[list[Region], list[Issue]]:
    """Regions and issues of one stretch of bytes."""
    said = list(
        regions(Stretch("item", BytesIO(data), len(data), start, len(data) if end is None else end), found)
    )
    return [one[1] for one in said if not isinstance(one, Issue)], [o for o in said if isinstance(o, Issue)]


def noise(size: int, seed: int = 1) -> bytearray:
    """Bytes of which few are printable, so that a note's borders are plain to see."""
    table = bytes(byte & 0x1F | 0x80 for byte in range(256))
    return bytearray(random.Random(seed).randbytes(size).translate(table))
