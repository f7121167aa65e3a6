# SPDX-License-Identifier: Apache-2.0
"""Where in raw bytes a 4-byte RC4 key that lies there itself gives a known text.

NumPy is imported when it is used: listing packs loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hikeshi.pack import rc4_pairs, rc4_streams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Places = NDArray[np.intp]

SHORTEST, LONGEST = 10, 120
_LOOKED_AT = 12


def rich(data: Bytes, places: Places) -> Places:
    """The places behind which twelve bytes look enciphered: one above 7F at least, few that are 00 or FF.

    A 4-byte key and eight bytes under it fail this once in about 4,000 times; text and unused space always do.
    """
    import numpy as np

    places = places[places + 1 + _LOOKED_AT <= len(data)]
    if not len(places):
        return places
    if int(data.max()) < 0x80:
        return places[:0]
    if len(places) * 16 < len(data):
        looked = data[places[:, None] + np.arange(1, 1 + _LOOKED_AT)]
        high = (looked >= 0x80).sum(axis=1)
        bare = ((looked == 0) | (looked == 0xFF)).sum(axis=1)
    else:
        high = _counted(data >= 0x80, places)
        bare = _counted((data == 0) | (data == 0xFF), places)
    found: Places = places[(high > 0) & (bare <= 4)]
    return found


def _counted(flags: Any, places: Places) -> Any:
    """How many of the bytes looked at behind each place are flagged."""
    import numpy as np

    sums = np.concatenate(([0], np.cumsum(flags, dtype=np.int32)))
    return sums[places + 1 + _LOOKED_AT] - sums[places + 1]


def link_places(data: Bytes, places: Places, before: bool = False) -> Places:
    """Of places of a length byte, those whose text under its own key begins like a web address.

    The key is the four bytes behind the length or, with `before`, the four in front of it.
    """
    import numpy as np

    room = places + (8 if before else 12) <= len(data)
    places = places[room & (places >= (4 if before else 0))]
    if not len(places):
        return places
    keys = data[places[:, None] + np.arange(-4 if before else 1, 0 if before else 5)]
    first = places + (1 if before else 5)
    pairs = rc4_pairs(keys)
    likely = (pairs & 0xFF == data[first] ^ ord("h")) & (pairs >> 8 == data[first + 1] ^ ord("t"))
    places, keys, first = places[likely], keys[likely], first[likely]
    plain = rc4_streams(keys, 7) ^ data[first[:, None] + np.arange(7)]
    good = np.zeros(len(places), bool)
    for start in (b"http://", b"https:/"):
        good |= (plain == np.frombuffer(start, np.uint8)).all(axis=1)
    found: Places = places[good]
    return found


def lengths(data: Bytes, shortest: int = SHORTEST, longest: int = LONGEST) -> Places:
    """Every place whose byte may be the length of an entry that fits into the data."""
    import numpy as np

    places: Any = np.flatnonzero((data >= shortest) & (data <= longest))
    found: Places = places[places + 5 + data[places] <= len(data)]
    return found
