# SPDX-License-Identifier: Apache-2.0
"""The key searches against textbook RC4, pure Python and hashlib, as ratios in one window; best of ROUNDS (5).

All rates are values tried per second of processor time on one core: on a shared machine that is steadier than a clock.
Full runs over 2^32 are campaign tests.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import time
from collections.abc import Callable

import numpy as np

from hikeshi.codecs.keysearch import kernels, md5_numpy, rc4_numpy
from hikeshi.codecs.keysearch.digits import INNER, digits
from hikeshi.codecs.keysearch.heads import Heads, heads
from hikeshi.codecs.rc4 import rc4

ROUNDS = int(os.environ.get("ROUNDS", "5"))
WORDS = [year.to_bytes(2, "little") for year in range(2009, 2029)]
LAYOUT = "X" * 40 + "N"
ASKED = digits("WS-01", "1CE38C10", "0123456789ABCDEF", "")
Work = tuple[int, Callable[[int], object]]


def bodies(count: int) -> Heads:
    """Invented bodies of as many keys."""
    chance = random.Random(count)
    return heads([chance.randbytes(43) for _ in range(count)], WORDS, LAYOUT)


def plain_keys(count: int) -> None:
    """Keys one by one in Python."""
    for number in range(count):
        rc4(number.to_bytes(4, "big"), b"\0\0")


def plain_digests(count: int) -> int:
    """Constants one by one through hashlib."""
    md5, found = hashlib.md5, 0
    for number in range(count):
        found += (
            md5(b"WS-01%08X1CE38C10" % number, usedforsecurity=False).digest().startswith(b"\x01\x23\x45")
        )
    return found


def numpy_keys(demand: Heads) -> Callable[[int], object]:
    """The NumPy search over keys."""
    return lambda count: rc4_numpy.search(0x5A000000, count, demand)


def numba_keys(demand: Heads) -> Callable[[int], object]:
    """The Numba search over keys."""
    return lambda count: kernels.search_keys(0x5A000000, count, demand)


def textbook(count: int) -> None:
    """Numba's own textbook RC4, a key at a time, without any check."""
    from hikeshi.codecs.keysearch import rc4_numba

    rc4_numba.textbook_pairs(rc4_numpy.numbered(0x5A000000, count), np.empty(count, np.uint16))


def candidates() -> dict[str, Work]:
    """What is compared: how many values each round, and the work."""
    one, hundred = bodies(1), bodies(100)
    work: dict[str, Work] = {
        "RC4 Python": (2_000, plain_keys),
        "RC4 NumPy": (1 << 16, numpy_keys(one)),
        "MD5 hashlib": (200_000, plain_digests),
        "MD5 NumPy": (16 * INNER, lambda count: md5_numpy.search(0, count // INNER, ASKED)),
    }
    if kernels.kernel() == "numba":
        work["RC4 Numba textbook"] = (1 << 19, textbook)
        work["RC4 Numba"] = (1 << 20, numba_keys(one))
        work["RC4 Numba, 100 bodies"] = (1 << 20, numba_keys(hundred))
        work["MD5 Numba"] = (512 * INNER, lambda count: kernels.search_digits(0, count // INNER, ASKED))
    return work


RATIOS = (
    ("RC4 Numba", "RC4 Numba textbook", 2.0),
    ("RC4 NumPy", "RC4 Python", 10.0),
    ("RC4 Numba, 100 bodies", "RC4 Numba", 1 / 1.3),
    ("MD5 Numba", "MD5 hashlib", 50.0),
    ("MD5 NumPy", "MD5 hashlib", 8.0),
)


def main() -> int:
    """Run all in turn, print rates and ratios; 1 when a ratio misses its target."""
    work = candidates()
    best = dict.fromkeys(work, 0.0)
    for _ in range(ROUNDS):
        for name, (count, function) in work.items():
            begin = time.process_time()
            function(count)
            best[name] = max(best[name], count / (time.process_time() - begin))
    for name, rate in best.items():
        print(f"  {name:22} {rate / 1e6:9.3f} M/s   2^32 in {2**32 / rate / 60:10.1f} core-minutes")
    missed = 0
    for name, other, target in RATIOS:
        if name in best:
            ratio = best[name] / best[other]
            missed += ratio < target
            print(f"  {name} / {other}: {ratio:.2f} (target {target:.2f})")
    if kernels.kernel() != "numba":
        print("  numba is not installed: its rows are left out")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
