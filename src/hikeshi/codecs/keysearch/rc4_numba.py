# SPDX-License-Identifier: Apache-2.0
"""RC4 keys of four bytes by the million, compiled by Numba: the first two keystream bytes of 128 keys at a time.

The schedule stores once a step: for the sequence of j only the value that stands at position t at time t counts, and
what a swap puts back there is never read again as such. Steps 0 to 2 are true swaps, so that S[1] and S[2] are final.
Any other final entry is found by walking the swaps backwards. Measured 3 times as fast as the textbook form.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hikeshi.codecs.keysearch.compiling import kernel

LANES = 128
u8 = np.uint8

ROWS = "uint8[:,::1]"
ROW = "uint8[::1]"


@kernel(f"void({ROW},{ROW},{ROW})")
def _advance(last: Any, row: Any, key: Any) -> Any:
    for lane in range(LANES):
        last[lane] = u8(last[lane] + u8(row[lane] + key[lane]))


@kernel(f"void({ROW},{ROW},{ROWS})")
def _store(last: Any, row: Any, state: Any) -> Any:
    for lane in range(LANES):
        state[last[lane], lane] = row[lane]


@kernel(f"void({ROW},{ROW})")
def _copy(target: Any, source: Any) -> Any:
    for lane in range(LANES):
        target[lane] = source[lane]


@kernel(f"void({ROWS},{ROWS},{ROWS},{ROW})")
def _schedule(keys: Any, state: Any, steps: Any, last: Any) -> Any:
    for t in range(256):
        state[t, :] = u8(t)
    last[:] = u8(0)
    for t in range(3):
        for lane in range(LANES):
            value = state[t, lane]
            j = u8(last[lane] + u8(value + keys[t, lane]))
            last[lane] = j
            state[t, lane] = state[j, lane]
            state[j, lane] = value
        _copy(steps[t], last)
    for t in range(3, 256):
        _advance(last, state[t], keys[t & 3])
        _copy(steps[t], last)
        _store(last, state[t], state)


@kernel(f"void(uint8,{ROW},{ROW},{ROW})")
def _track(t: Any, step: Any, first: Any, second: Any) -> Any:
    for lane in range(LANES):
        j = step[lane]
        p, q = first[lane], second[lane]
        first[lane] = j if p == t else (t if p == j else p)
        second[lane] = j if q == t else (t if q == j else q)


@kernel(f"void({ROWS},{ROW},{ROW})")
def _final(steps: Any, first: Any, second: Any) -> Any:
    """Turns positions into the values that stand there when the schedule has ended."""
    for back in range(256):
        t = u8(255 - back)
        _track(t, steps[t], first, second)


@kernel(f"void({ROWS},uint16[::1])")
def pairs_of(keys: Any, out: Any) -> Any:
    """The first two keystream bytes of LANES keys (one a column), the first byte being the low one."""
    state = np.empty((256, LANES), u8)
    steps = np.empty((256, LANES), u8)
    last = np.empty(LANES, u8)
    _schedule(keys, state, steps, last)
    one, two = state[1], state[2]
    b = np.empty(LANES, u8)
    j2 = np.empty(LANES, u8)
    for lane in range(LANES):
        a = one[lane]
        b[lane] = a
        j2[lane] = u8(a + (a if a == 2 else two[lane]))
    c = j2.copy()
    _final(steps, b, c)
    first = np.empty(LANES, u8)
    second = np.empty(LANES, u8)
    d = np.empty(LANES, u8)
    for lane in range(LANES):
        a, at = one[lane], j2[lane]
        d[lane] = a if a == 2 else two[lane]
        c[lane] = a if at == a else (b[lane] if at == 1 else c[lane])
        first[lane] = u8(a + b[lane])
        second[lane] = u8(c[lane] + d[lane])
    e = second.copy()
    o = first.copy()
    _final(steps, first, second)
    for lane in range(LANES):
        a = one[lane]
        x = a if o[lane] == a else (b[lane] if o[lane] == 1 else first[lane])
        y = a if e[lane] == a else (b[lane] if e[lane] == 1 else second[lane])
        y = d[lane] if e[lane] == j2[lane] else y
        y = c[lane] if e[lane] == 2 else y
        out[lane] = np.uint16(np.uint16(x) | np.uint16(np.uint16(y) << 8))


@kernel(f"void({ROW},{ROW})")
def stream_of(key: Any, out: Any) -> Any:
    """XORs the keystream of a key onto `out`, by the textbook: for the few keys that come to the check."""
    state = np.empty(256, u8)
    for t in range(256):
        state[t] = u8(t)
    j = u8(0)
    for t in range(256):
        value = state[t]
        j = u8(j + u8(value + key[t & 3]))
        state[t] = state[j]
        state[j] = value
    i = u8(0)
    j = u8(0)
    for at in range(out.size):
        i = u8(i + u8(1))
        value = state[i]
        j = u8(j + value)
        other = state[j]
        state[i] = other
        state[j] = value
        out[at] = u8(out[at] ^ state[u8(value + other)])


@kernel(f"void({ROWS},uint16[::1])")
def pairs(keys: Any, out: Any) -> Any:
    """The first two keystream bytes of any keys, one a row; their number is a multiple of LANES."""
    block = np.empty((4, LANES), u8)
    for begin in range(0, keys.shape[0], LANES):
        for lane in range(LANES):
            for part in range(4):
                block[part, lane] = keys[begin + lane, part]
        pairs_of(block, out[begin : begin + LANES])


@kernel(f"void({ROWS},uint16[::1])")
def textbook_pairs(keys: Any, out: Any) -> Any:
    """The same by the textbook, a key at a time: what `pairs` is measured against."""
    stream = np.empty(2, u8)
    for row in range(keys.shape[0]):
        stream[:] = u8(0)
        stream_of(keys[row], stream)
        out[row] = np.uint16(np.uint16(stream[0]) | np.uint16(np.uint16(stream[1]) << 8))
