# SPDX-License-Identifier: Apache-2.0
"""MD5 of texts that differ in one message word, compiled by Numba; steps are written out so that lanes vectorise."""

from __future__ import annotations

from typing import Any

import numpy as np

from hikeshi.codecs.keysearch.compiling import kernel
from hikeshi.codecs.keysearch.digits import INNER, STATE, WITNESS

u32 = np.uint32
A, B, C, D = map(u32, STATE)
STEP = "uint32(uint32,uint32,uint32,uint32,uint32,uint32)"


@kernel(STEP, forceinline=True)
def _f(a: Any, b: Any, c: Any, d: Any, m: Any, s: Any) -> Any:
    a = u32(u32(a + m) + u32(d ^ (b & (c ^ d))))
    return u32(b + u32(u32(a << s) | u32(a >> u32(u32(32) - s))))


@kernel(STEP, forceinline=True)
def _g(a: Any, b: Any, c: Any, d: Any, m: Any, s: Any) -> Any:
    a = u32(u32(a + m) + u32(c ^ (d & (b ^ c))))
    return u32(b + u32(u32(a << s) | u32(a >> u32(u32(32) - s))))


@kernel(STEP, forceinline=True)
def _h(a: Any, b: Any, c: Any, d: Any, m: Any, s: Any) -> Any:
    a = u32(u32(a + m) + u32(b ^ c ^ d))
    return u32(b + u32(u32(a << s) | u32(a >> u32(u32(32) - s))))


@kernel(STEP, forceinline=True)
def _i(a: Any, b: Any, c: Any, d: Any, m: Any, s: Any) -> Any:
    a = u32(u32(a + m) + u32(c ^ (b | ~d)))
    return u32(b + u32(u32(a << s) | u32(a >> u32(u32(32) - s))))


@kernel("uint32(uint32,uint32[::1],uint32[::1])", forceinline=True)
def first_word(w: Any, m: Any, on: Any) -> Any:
    """First word of the digest; `m` are the sums of Digits, `on` has all bits set at the word that `w` stands for."""
    a, b, c, d = A, B, C, D
    a = _f(a, b, c, d, m[0] + (w & on[0]), 7)
    d = _f(d, a, b, c, m[1] + (w & on[1]), 12)
    c = _f(c, d, a, b, m[2] + (w & on[2]), 17)
    b = _f(b, c, d, a, m[3] + (w & on[3]), 22)
    a = _f(a, b, c, d, m[4] + (w & on[4]), 7)
    d = _f(d, a, b, c, m[5] + (w & on[5]), 12)
    c = _f(c, d, a, b, m[6] + (w & on[6]), 17)
    b = _f(b, c, d, a, m[7] + (w & on[7]), 22)
    a = _f(a, b, c, d, m[8] + (w & on[8]), 7)
    d = _f(d, a, b, c, m[9] + (w & on[9]), 12)
    c = _f(c, d, a, b, m[10] + (w & on[10]), 17)
    b = _f(b, c, d, a, m[11] + (w & on[11]), 22)
    a = _f(a, b, c, d, m[12] + (w & on[12]), 7)
    d = _f(d, a, b, c, m[13] + (w & on[13]), 12)
    c = _f(c, d, a, b, m[14] + (w & on[14]), 17)
    b = _f(b, c, d, a, m[15] + (w & on[15]), 22)
    a = _g(a, b, c, d, m[16] + (w & on[1]), 5)
    d = _g(d, a, b, c, m[17] + (w & on[6]), 9)
    c = _g(c, d, a, b, m[18] + (w & on[11]), 14)
    b = _g(b, c, d, a, m[19] + (w & on[0]), 20)
    a = _g(a, b, c, d, m[20] + (w & on[5]), 5)
    d = _g(d, a, b, c, m[21] + (w & on[10]), 9)
    c = _g(c, d, a, b, m[22] + (w & on[15]), 14)
    b = _g(b, c, d, a, m[23] + (w & on[4]), 20)
    a = _g(a, b, c, d, m[24] + (w & on[9]), 5)
    d = _g(d, a, b, c, m[25] + (w & on[14]), 9)
    c = _g(c, d, a, b, m[26] + (w & on[3]), 14)
    b = _g(b, c, d, a, m[27] + (w & on[8]), 20)
    a = _g(a, b, c, d, m[28] + (w & on[13]), 5)
    d = _g(d, a, b, c, m[29] + (w & on[2]), 9)
    c = _g(c, d, a, b, m[30] + (w & on[7]), 14)
    b = _g(b, c, d, a, m[31] + (w & on[12]), 20)
    a = _h(a, b, c, d, m[32] + (w & on[5]), 4)
    d = _h(d, a, b, c, m[33] + (w & on[8]), 11)
    c = _h(c, d, a, b, m[34] + (w & on[11]), 16)
    b = _h(b, c, d, a, m[35] + (w & on[14]), 23)
    a = _h(a, b, c, d, m[36] + (w & on[1]), 4)
    d = _h(d, a, b, c, m[37] + (w & on[4]), 11)
    c = _h(c, d, a, b, m[38] + (w & on[7]), 16)
    b = _h(b, c, d, a, m[39] + (w & on[10]), 23)
    a = _h(a, b, c, d, m[40] + (w & on[13]), 4)
    d = _h(d, a, b, c, m[41] + (w & on[0]), 11)
    c = _h(c, d, a, b, m[42] + (w & on[3]), 16)
    b = _h(b, c, d, a, m[43] + (w & on[6]), 23)
    a = _h(a, b, c, d, m[44] + (w & on[9]), 4)
    d = _h(d, a, b, c, m[45] + (w & on[12]), 11)
    c = _h(c, d, a, b, m[46] + (w & on[15]), 16)
    b = _h(b, c, d, a, m[47] + (w & on[2]), 23)
    a = _i(a, b, c, d, m[48] + (w & on[0]), 6)
    d = _i(d, a, b, c, m[49] + (w & on[7]), 10)
    c = _i(c, d, a, b, m[50] + (w & on[14]), 15)
    b = _i(b, c, d, a, m[51] + (w & on[5]), 21)
    a = _i(a, b, c, d, m[52] + (w & on[12]), 6)
    d = _i(d, a, b, c, m[53] + (w & on[3]), 10)
    c = _i(c, d, a, b, m[54] + (w & on[10]), 15)
    b = _i(b, c, d, a, m[55] + (w & on[1]), 21)
    a = _i(a, b, c, d, m[56] + (w & on[8]), 6)
    d = _i(d, a, b, c, m[57] + (w & on[15]), 10)
    c = _i(c, d, a, b, m[58] + (w & on[6]), 15)
    b = _i(b, c, d, a, m[59] + (w & on[13]), 21)
    a = _i(a, b, c, d, m[60] + (w & on[4]), 6)
    return u32(a + A)


@kernel("UniTuple(int64, 2)(uint32[::1],uint32[::1],uint32[::1],uint32,uint32)")
def try_all(table: Any, m: Any, on: Any, mask: Any, want: Any) -> Any:
    """How many words of the table left a witness, and how many passed the test."""
    witnesses, passed = u32(0), u32(0)
    for lane in range(INNER):
        left = u32(first_word(table[lane], m, on) ^ want)
        witnesses += u32(left & WITNESS == 0)
        passed += u32(left & mask == 0)
    return witnesses, passed
