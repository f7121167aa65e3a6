# SPDX-License-Identifier: Apache-2.0
"""MD5 of 65,536 texts at a time with NumPy alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hikeshi.codecs.keysearch.digits import INNER, STATE, STEPS, TURNS, WITNESS, WORDS, Digits, table

u32 = np.uint32


def search(start: int, count: int, demand: Digits) -> tuple[int, list[int]]:
    """Try the inner numbers of `count` outer ones from `start` on: how many left a witness, and all values that fit."""
    lanes = _Lanes()
    witnesses = 0

    def found() -> Iterator[tuple[int, int]]:
        nonlocal witnesses
        mask, want = demand.test
        for outer in range(start, start + count):
            left = lanes.first_word(demand.sums(outer), demand.word)
            left ^= want
            witnesses += INNER - int(np.count_nonzero(left & WITNESS))
            for inner in np.flatnonzero(left & mask == 0):
                yield outer, int(inner)

    fitting = demand.fitting(found())
    return witnesses, fitting


class _Lanes:
    """Arrays that are used again for every outer number."""

    def __init__(self) -> None:
        self._table = table()
        self._state = [np.empty(INNER, u32) for _ in range(4)]
        self._mixed, self._high = np.empty(INNER, u32), np.empty(INNER, u32)

    def first_word(self, sums: NDArray[np.uint32], word: int) -> NDArray[np.uint32]:
        """The first word of each digest."""
        a, b, c, d = self._state
        for array, value in zip((a, b, c, d), STATE, strict=True):
            array.fill(value)
        mixed, high = self._mixed, self._high
        for step in range(STEPS):
            _mix(step // 16, b, c, d, mixed)
            a += mixed
            a += sums[step]
            if WORDS[step] == word:
                a += self._table
            np.right_shift(a, u32(32 - TURNS[step]), out=high)
            a <<= u32(TURNS[step])
            a |= high
            a += b
            a, b, c, d = d, a, b, c
        first: NDArray[np.uint32] = b
        first += u32(STATE[0])
        return first


def _mix(
    round_: int, b: NDArray[np.uint32], c: NDArray[np.uint32], d: NDArray[np.uint32], out: NDArray[np.uint32]
) -> None:
    if round_ == 0:
        np.bitwise_xor(c, d, out=out)
        out &= b
        out ^= d
    elif round_ == 1:
        np.bitwise_xor(b, c, out=out)
        out &= d
        out ^= c
    elif round_ == 2:
        np.bitwise_xor(b, c, out=out)
        out ^= d
    else:
        np.invert(d, out=out)
        out |= b
        out ^= c
