# SPDX-License-Identifier: Apache-2.0
"""RC4 keys of four bytes by the thousand, with NumPy alone: the textbook schedule over lanes, gather and scatter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hikeshi.codecs.keysearch.heads import Heads

LANES = 2048
_BATCH = 1 << 16


def keystreams(keys: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The first `size` keystream bytes of each key (one a row)."""
    out = np.empty((len(keys), size), np.uint8)
    for begin in range(0, len(keys), LANES):
        out[begin : begin + LANES] = _lanes(np.ascontiguousarray(keys[begin : begin + LANES].T), size).T
    return out


def _lanes(keys: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Keystreams of the keys in the columns, as columns."""
    lanes = keys.shape[1]
    state = np.repeat(np.arange(256, dtype=np.uint8), lanes)
    lane, at, value = np.arange(lanes), np.empty(lanes, np.intp), np.empty(lanes, np.uint8)
    j = np.zeros(lanes, np.uint8)

    def swap(t: int) -> NDArray[np.uint8]:
        row = state[t * lanes : (t + 1) * lanes]
        np.multiply(j, lanes, out=at, dtype=np.intp, casting="unsafe")
        np.add(at, lane, out=at)
        np.copyto(value, row)
        np.take(state, at, out=row, mode="clip")
        state[at] = value
        return row

    for t in range(256):
        j += state[t * lanes : (t + 1) * lanes]
        j += keys[t & 3]
        swap(t)
    j[:] = 0
    out = np.empty((size, lanes), np.uint8)
    for number in range(size):
        i = (number + 1) & 255
        j += state[i * lanes : (i + 1) * lanes]
        picked = (swap(i) + value).astype(np.intp)
        out[number] = state[picked * lanes + lane]
    return out


def pairs(keys: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The first two keystream bytes of each key, the first being the low one."""
    return keystreams(keys, 2).view("<u2").reshape(len(keys)).astype(np.uint16)


def numbered(start: int, count: int) -> NDArray[np.uint8]:
    """Keys by their number, one a row: the number's bytes, the highest first."""
    return np.arange(start, start + count, dtype=np.int64).astype(">u4").view(np.uint8).reshape(count, 4)


def search(start: int, count: int, demand: Heads) -> tuple[int, list[tuple[bytes, int]]]:
    """Try `count` keys from number `start` on: how many came to the check, and (key, body) for each that fits."""
    candidates, hits = 0, list[tuple[bytes, int]]()
    for begin in range(start, start + count, _BATCH):
        some, found = check(numbered(begin, min(_BATCH, start + count - begin)), demand)
        candidates += some
        hits += found
    return candidates, sorted(hits)


def check(keys: NDArray[np.uint8], demand: Heads) -> tuple[int, list[tuple[bytes, int]]]:
    """The same of keys given one a row."""
    first, after, owner = demand.links
    link = first[pairs(keys)]
    keys, link = keys[link >= 0], link[link >= 0]
    streams = keystreams(keys, demand.size)
    row, hits = np.arange(len(keys)), list[tuple[bytes, int]]()
    while len(row):
        hits += _checked(keys, streams, row, owner[link], demand)
        link = after[link]
        row, link = row[link >= 0], link[link >= 0]
    return len(keys), sorted(hits)


def _checked(
    keys: NDArray[np.uint8],
    streams: NDArray[np.uint8],
    row: NDArray[np.intp],
    body: NDArray[np.int32],
    demand: Heads,
) -> list[tuple[bytes, int]]:
    """The pairs of key and body that fit, of pairs given by row and number."""
    for at in range(2, demand.size):
        plain = streams[row, at] ^ demand.bytes[body, at]
        keep = (demand.allowed[at][plain] > 0) | (demand.sizes[body] <= at)
        row, body = row[keep], body[keep]
        if not len(row):
            break
    return [(bytes(keys[n]), int(b)) for n, b in zip(row, body, strict=True)]
