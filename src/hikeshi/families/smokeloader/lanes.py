# SPDX-License-Identifier: Apache-2.0
"""RC4 under many 4-byte keys side by side, and where in raw bytes a key that lies there itself gives a known text.

NumPy is imported when it is used: listing packs loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Places = NDArray[np.intp]

LANES = 4096
SHORTEST, LONGEST = 10, 120
_LOOKED_AT = 12


def keystreams(keys: Bytes, count: int) -> Bytes:
    """The first bytes of the RC4 key stream of each key: a row a key."""
    import numpy as np

    out = np.empty((len(keys), count), np.uint8)
    for at in range(0, len(keys), LANES):
        out[at : at + LANES] = _block(np.ascontiguousarray(keys[at : at + LANES].T), count)
    return out


def _block(keys: Bytes, count: int) -> Bytes:
    import numpy as np

    lanes = keys.shape[1]
    state = np.repeat(np.arange(256, dtype=np.uint8)[:, None], lanes, axis=1)
    flat, lane = state.reshape(-1), np.arange(lanes, dtype=np.intp)
    j, place = np.zeros(lanes, np.uint8), np.empty(lanes, np.intp)

    def swap(i: int) -> Bytes:
        np.multiply(j, lanes, out=place, dtype=np.intp, casting="unsafe")
        np.add(place, lane, out=place)
        other = flat.take(place)
        flat[place] = state[i]
        state[i] = other
        return other

    for i in range(256):
        j += state[i]
        j += keys[i % len(keys)]
        swap(i)
    j[:] = 0
    out = np.empty((lanes, count), np.uint8)
    for number in range(count):
        i = (number + 1) & 255
        mine = state[i].copy()
        j += mine
        place_of_sum = (mine + swap(i)).astype(np.intp) * lanes + lane
        out[:, number] = flat.take(place_of_sum)
    return out


def rich(data: Bytes, places: Places) -> Places:
    """The places behind which twelve bytes look enciphered: one above 7F at least, few that are 00 or FF.

    A 4-byte key and eight bytes under it fail this once in about 4,000 times; text and unused space always do.
    """
    import numpy as np

    places = places[places + 1 + _LOOKED_AT <= len(data)]
    if not len(places):
        return places
    high = np.concatenate(([0], np.cumsum(data >= 0x80, dtype=np.int32)))
    bare = np.concatenate(([0], np.cumsum((data == 0) | (data == 0xFF), dtype=np.int32)))
    begin, end = places + 1, places + 1 + _LOOKED_AT
    good = (high[end] > high[begin]) & (bare[end] - bare[begin] <= 4)
    found: Places = places[good]
    return found


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
    cipher = data[places[:, None] + np.arange(1 if before else 5, 8 if before else 12)]
    plain = keystreams(keys, 7) ^ cipher
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
