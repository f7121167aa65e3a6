# SPDX-License-Identifier: Apache-2.0
"""The search for the 4-byte RC4 keys of captured bodies, compiled by Numba: pairs first, then all bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from hikeshi.codecs.keysearch.compiling import kernel
from hikeshi.codecs.keysearch.rc4_numba import LANES, ROW, ROWS, pairs_of, stream_of, u8


@kernel(f"boolean({ROW},{ROW},int32,{ROWS})")
def _opens(stream: Any, body: Any, size: Any, allowed: Any) -> Any:
    """Whether a keystream opens a body; a loop, because Numba compiles no generator expressions."""
    for at in range(2, min(size, stream.size)):  # noqa: SIM110
        if not allowed[at, u8(stream[at] ^ body[at])]:
            return False
    return True


@kernel(
    f"UniTuple(int64, 2)(uint64,int64,int32[::1],int32[::1],int32[::1],{ROWS},int32[::1],{ROWS},{ROWS},int32[::1])"
)
def search(
    start: Any,
    count: Any,
    first: Any,
    after: Any,
    owner: Any,
    bodies: Any,
    sizes: Any,
    allowed: Any,
    found: Any,
    whose: Any,
) -> Any:
    """Try `count` keys from number `start` on; gives how many came to the check and how many opened a body.

    `first`, `after`, `owner`, `bodies`, `sizes` and `allowed` are those of Heads; hits go to `found` and `whose`.
    """
    keys = np.empty((4, LANES), u8)
    pairs = np.empty(LANES, np.uint16)
    key = np.empty(4, u8)
    stream = np.empty(allowed.shape[0], u8)
    candidates, hits = 0, 0
    for block in range(count // LANES):
        number = np.uint64(start + np.uint64(block * LANES))
        for lane in range(LANES):
            this = np.uint64(number + np.uint64(lane))
            for part in range(4):
                keys[part, lane] = u8(this >> np.uint64(24 - 8 * part))
        pairs_of(keys, pairs)
        for lane in range(LANES):
            link = first[pairs[lane]]
            if link < 0:
                continue
            candidates += 1
            for part in range(4):
                key[part] = keys[part, lane]
            stream[:] = u8(0)
            stream_of(key, stream)
            while link >= 0:
                body = owner[link]
                if hits < whose.size and _opens(stream, bodies[body], sizes[body], allowed):
                    found[hits, :] = key
                    whose[hits] = body
                    hits += 1
                link = after[link]
    return candidates, hits
