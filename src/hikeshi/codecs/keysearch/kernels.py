# SPDX-License-Identifier: Apache-2.0
"""The searches with what this machine has: kernels compiled by Numba where the extra `jit` is installed, else NumPy.

Both give the same results. self_test() is asked before a process searches anything.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from hikeshi.codecs.keysearch import md5_numpy, rc4_numpy
from hikeshi.codecs.keysearch.digits import INNER, Digits, digits, table
from hikeshi.codecs.keysearch.heads import Heads, heads
from hikeshi.codecs.rc4 import rc4

# Raised when a kernel counts or finds something else than before.
VERSION = "1"
KEY_SHARDS, DIGIT_SHARDS = 256, 16
KEYS, OUTER = 1 << 24, 4096

# Hits that one call can give; more would mean that the demand says nothing.
_ROOM = 4096
_BLOCK = 128
# Fewer keys at once are not worth the seconds that compiling may take in a confined process.
_MANY = 1 << 18


@cache
def _compiled(name: str) -> ModuleType | None:
    """A module of compiled kernels, or None where they cannot be had."""
    try:
        return import_module(f"{__package__}.{name}")
    except ImportError:
        return None


def kernel() -> str:
    """Load all kernels; gives what searches here, "numba" or "numpy"."""
    made = [_compiled(name) for name in ("rc4_numba", "rc4_numba_search", "md5_numba")]
    return "numba" if all(made) else "numpy"


def search_keys(start: int, count: int, demand: Heads) -> tuple[int, list[tuple[bytes, int]]]:
    """Try `count` keys from number `start` on: how many came to the check, and (key, body) for each that fits."""
    made = _compiled("rc4_numba_search")
    if made is None or count % _BLOCK:
        return rc4_numpy.search(start, count, demand)
    found, whose = np.empty((_ROOM, 4), np.uint8), np.empty(_ROOM, np.int32)
    arrays = (*demand.links, demand.bytes, demand.sizes, demand.allowed)
    candidates, hits = made.search(start, count, *arrays, found, whose)
    return int(candidates), sorted((bytes(found[n]), int(whose[n])) for n in range(hits))


def try_keys(keys: Iterable[bytes], demand: Heads) -> list[tuple[bytes, int]]:
    """(key, body) for each of the given keys that fits; what has not four bytes is no key."""
    rows = b"".join(sorted({key for key in keys if len(key) == 4}))
    return rc4_numpy.check(np.frombuffer(rows, np.uint8).reshape(-1, 4), demand)[1]


def search_digits(start: int, count: int, demand: Digits) -> tuple[int, list[int]]:
    """Try `count` outer numbers from `start` on: how many values left a witness, and all that fit."""
    made = _compiled("md5_numba")
    if made is None:
        return md5_numpy.search(start, count, demand)
    words, on = table(), np.zeros(16, np.uint32)
    on[demand.word] = 0xFFFFFFFF
    mask, want = demand.test
    witnesses, passed = 0, list[tuple[int, int]]()
    for outer in range(start, start + count):
        sums = demand.sums(outer)
        left, some = made.try_all(words, sums, on, mask, want)
        witnesses += int(left)
        if some:
            inner = range(INNER)
            passed += [(outer, n) for n in inner if (made.first_word(words[n], sums, on) ^ want) & mask == 0]
    return witnesses, demand.fitting(iter(passed))


def pairs(keys: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The first two keystream bytes under each 4-byte key (one a row), the first being the low one."""
    worth = len(keys) >= _MANY or f"{__package__}.rc4_numba" in sys.modules
    made = _compiled("rc4_numba") if worth else None
    if made is None:
        return rc4_numpy.pairs(keys)
    padded = np.zeros((-(-len(keys) // _BLOCK) * _BLOCK, 4), np.uint8)
    padded[: len(keys)] = keys
    out = np.empty(len(padded), np.uint16)
    made.pairs(padded, out)
    return out[: len(keys)]


def self_test() -> bool:
    """Whether the kernels find a planted key and planted digits, and agree with plain RC4 on a block of keys."""
    key, plain = b"Wiki", b"\xe6\x07" + b"0123456789ABCDEF" * 2 + b"\0"
    number = int.from_bytes(key, "big") & ~(_BLOCK - 1)
    demand = heads([rc4(key, plain), bytes(len(plain))], [plain[:2]], "X" * 32 + "N")
    planted = demand.bodies.index(rc4(key, plain))
    keys = rc4_numpy.numbered(number, _BLOCK)
    streams = [rc4(bytes(key), b"\0\0") for key in keys]
    agrees = [int.from_bytes(stream, "little") for stream in streams] == pairs(keys).tolist()
    return agrees and search_keys(number, _BLOCK, demand)[1] == [(key, planted)] and _digits_hold()


def _digits_hold() -> bool:
    for before in ("", "WS-01", "WORKSTATION-017"):
        digest = hashlib.md5(f"{before}0BADCAFE12345678".encode(), usedforsecurity=False).hexdigest().upper()
        demand = digits(before, "12345678", digest[:8], digest[-2:])
        text = "0BADCAFE"
        outer = int("".join(text[digit] for digit in demand.outer), 16)
        if search_digits(outer, 1, demand)[1] != [0x0BADCAFE] or search_digits(outer ^ 1, 1, demand)[1]:
            return False
    return True
