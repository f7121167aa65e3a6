# SPDX-License-Identifier: Apache-2.0
"""SmokeLoader's list of strings: length and cipher in a row, one 4-byte RC4 key in front for all of them.

Layout: MalConfScan (BSD-3-Clause); strings of a build of 2022: OALABS research notes (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hikeshi.families.smokeloader.lanes import LONGEST, link_places, rich
from hikeshi.pack import rc4, rc4_pairs, rc4_streams

if TYPE_CHECKING:
    from hikeshi.families.smokeloader.lanes import Bytes, Places

FEWEST = 10
# The first string of known builds: an address of dns.google (2020b to 2022) or of msftncsi (2020).
FIRST_LENGTHS = (45, 32)
# Strings that together belong to this family: published lists of 2020 to 2022.
TELLING = frozenset(
    ["plugin_size", "svcVersion", "1999-11-30T00:00:00", "PT10M", "%s%08X%08X", ":Zone.Identifier", "%sFF"]
)
_SHORTEST_FIRST, _MOST, _CHAIN = 20, 200, 4


@dataclass(frozen=True)
class Strings:
    """A list of strings: where its first length byte lies, its key, the strings and where each begins."""

    offset: int
    key: bytes
    texts: tuple[str, ...]
    offsets: tuple[int, ...]
    end: int

    @property
    def telling(self) -> list[str]:
        """Those that belong to this family."""
        return sorted(TELLING.intersection(self.texts))


def first_places(data: Bytes) -> Places:
    """Where a list may begin with a first string of known length that is a web address."""
    import numpy as np

    first, second = FIRST_LENGTHS
    found: Any = np.flatnonzero((data == first) | (data == second))
    found = found[found >= 4]
    return link_places(data, _chained(data, rich(data, found - 5) + 5), before=True)


def every_place(data: Bytes) -> Places:
    """Where a list begins, whatever its first string is: costly."""
    import numpy as np

    places = np.flatnonzero(data >= _SHORTEST_FIRST)
    found = _chained(data, rich(data, places[places >= 4] - 5) + 5)
    if not len(found):
        return found
    raw = data.tobytes()
    good = [at for at in _printable(data, found) if strings(raw, at, raw[at - 4 : at])]
    return np.array(good, np.intp)


def _chained(data: Bytes, found: Any) -> Places:
    """The places from which four lengths lead on to one another."""
    here = found
    for _ in range(_CHAIN):
        here = here + 1 + data[here]
        fits = here < len(data)
        found, here = found[fits], here[fits]
        fits = (data[here] > 0) & (data[here] <= LONGEST)
        found, here = found[fits], here[fits]
    places: Places = found
    return places


def lists(data: bytes, offset: int = 0) -> list[Strings]:
    """Every list of ten strings or more, by place, whatever its first string is."""
    import numpy as np

    block = np.frombuffer(data, np.uint8)
    places = np.flatnonzero(block >= _SHORTEST_FIRST)
    places = _chained(block, rich(block, places[places >= 4] - 5) + 5)
    found: list[Strings] = []
    for at in _printable(block, places):
        if not found or at >= found[-1].end - offset:
            one = strings(data, int(at), bytes(data[at - 4 : at]), offset)
            if one is not None:
                found.append(one)
    return found


def _printable(data: Bytes, places: Places) -> Iterator[int]:
    """The places whose first bytes are printable under their key: two of them are tried on all, the rest on few."""
    import numpy as np

    keys = data[places[:, None] + np.arange(-4, 0)]
    pairs = rc4_pairs(keys)
    two = (
        np.stack((pairs & 0xFF, pairs >> 8), axis=1).astype(np.uint8)
        ^ data[places[:, None] + np.arange(1, 3)]
    )
    likely = ((two >= 0x20) & (two < 0x7F)).all(axis=1)
    places, keys = places[likely], keys[likely]
    plain = rc4_streams(keys, _SHORTEST_FIRST) ^ data[places[:, None] + np.arange(1, 1 + _SHORTEST_FIRST)]
    yield from map(int, places[((plain >= 0x20) & (plain < 0x7F)).all(axis=1)])


def strings(data: bytes, at: int, key: bytes, offset: int = 0) -> Strings | None:
    """The list that begins at a place under a key; None where fewer than ten strings follow each other."""
    stream = rc4(key, bytes(255))
    texts, offsets, here = list[str](), list[int](), at
    while here < len(data) and (size := data[here]) and len(texts) < _MOST:
        cipher = data[here + 1 : here + 1 + size]
        text = (
            _text(bytes(a ^ b for a, b in zip(cipher, stream, strict=False))) if len(cipher) == size else None
        )
        if text is None:
            break
        texts.append(text)
        offsets.append(here + offset)
        here += 1 + size
    return (
        Strings(at + offset, key, tuple(texts), tuple(offsets), here + offset)
        if len(texts) >= FEWEST
        else None
    )


def _text(plain: bytes) -> str | None:
    """Printable text of one byte or, every second byte 00, of two bytes a letter."""
    wide = len(plain) % 2 == 0 and len(plain) > 2 and not any(plain[1::2])
    narrow = plain[::2] if wide else plain
    good = all(0x20 <= byte < 0x7F or byte in b"\r\n\t" for byte in narrow)
    return narrow.decode("ascii") if good else None
