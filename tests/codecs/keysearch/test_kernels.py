# SPDX-License-Identifier: Apache-2.0
"""Numba, NumPy and plain RC4 and MD5 give the same; what is planted is found, what is not is not."""

from __future__ import annotations

import hashlib
import math
import random
from importlib.util import find_spec

import numpy as np
import pytest

from hikeshi.codecs.keysearch import kernels, rc4_numpy, rc4_pairs
from hikeshi.codecs.keysearch.digits import Digits, digits
from hikeshi.codecs.keysearch.heads import heads
from hikeshi.codecs.rc4 import rc4
from keysearch_vectors import BODY, BOT_ID, CONSTANT, KEY, LAYOUT, LINK, LOOKUP, NAME, SERIAL, WIKI, WORDS

JIT = pytest.mark.skipif(find_spec("numba") is None, reason="the extra jit (numba) is not installed")


@pytest.fixture(params=["numpy", pytest.param("numba", marks=JIT)])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each kind of kernel in turn."""
    if request.param == "numpy":
        monkeypatch.setattr(kernels, "_compiled", lambda name: None)
    assert request.param == kernels.kernel()
    return str(request.param)


def some_keys() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """All-equal keys, keys near the corners, and others."""
    chance = random.Random(4)
    corners = [bytes([byte]) * 4 for byte in range(256)]
    corners += [bytes(chance.choice((0, 1, 2, 254, 255)) for _ in range(4)) for _ in range(600)]
    keys = [*corners, *(chance.randbytes(4) for _ in range(1000))]
    return np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 4)


@pytest.mark.parametrize(("key", "plain", "cipher"), [WIKI, LINK, LOOKUP])
def test_published_vectors(kernel: str, key: bytes, plain: bytes, cipher: str) -> None:
    data = bytes.fromhex(cipher)
    assert plain == rc4(key, data)
    rows = np.frombuffer(key * 200, np.uint8).reshape(-1, 4)
    assert {int.from_bytes(data[:2], "little")} == {
        int(pair) ^ int.from_bytes(plain[:2], "little") for pair in rc4_pairs(rows)
    }
    stream = rc4_numpy.keystreams(rows[:1], len(data))[0]
    assert plain == bytes(a ^ b for a, b in zip(stream, data, strict=True))


def test_pairs_are_those_of_plain_rc4(kernel: str) -> None:
    keys = some_keys()
    expected = [int.from_bytes(rc4(bytes(key), b"\0\0"), "little") for key in keys]
    assert expected == rc4_pairs(keys).tolist()
    assert [] == rc4_pairs(keys[:0]).tolist()


def test_keystreams_are_those_of_plain_rc4() -> None:
    keys = some_keys()[::9]
    assert [rc4(bytes(key), bytes(43)) for key in keys] == [
        bytes(row) for row in rc4_numpy.keystreams(keys, 43)
    ]


def test_the_textbook_kernel_agrees() -> None:
    made = pytest.importorskip("hikeshi.codecs.keysearch.rc4_numba", reason="numba is not installed")
    keys = some_keys()
    out = np.empty(len(keys), np.uint16)
    made.textbook_pairs(keys.copy(), out)
    assert rc4_pairs(keys).tolist() == out.tolist()


def test_the_head_of_t7_is_what_it_says() -> None:
    assert b"\xe6\x07" + BOT_ID.encode() + b"\0" + NAME.encode() + b"\0" == rc4(KEY, BODY)


@pytest.mark.parametrize("size", [12, 13, 42, 43, len(BODY)])
def test_t7_is_found_in_its_block_only(kernel: str, size: int) -> None:
    """A body cut short by the capture still names its key."""
    number = int.from_bytes(KEY, "big") & ~127
    demand = heads([BODY[:size]], WORDS, LAYOUT)
    assert [(KEY, 0)] == kernels.search_keys(number, 128, demand)[1]
    assert [] == kernels.search_keys(number - 1280, 1280, demand)[1]
    assert [] == kernels.search_keys(number + 128, 1280, demand)[1]
    assert [(KEY, 0)] == kernels.try_keys([KEY[::-1], KEY, b"too long"], demand)


@pytest.mark.parametrize("at", [0, 1, 2, 17, 41, 42])
def test_a_body_that_fits_nowhere_but_at_one_byte_is_no_hit(kernel: str, at: int) -> None:
    damaged = bytearray(BODY)
    damaged[at] ^= 0x80
    number = int.from_bytes(KEY, "big") & ~127
    assert [] == kernels.search_keys(number, 128, heads([bytes(damaged)], WORDS, LAYOUT))[1]


def test_a_batch_of_fifty_bodies_under_fifty_keys(kernel: str) -> None:
    chance = random.Random(50)
    plain = b"\xe2\x07" + BOT_ID.encode() + b"\0"
    planted = {number: chance.randrange(1 << 12) for number in range(50)}
    keys = {
        0x5A000000 + place: rc4((0x5A000000 + place).to_bytes(4, "big"), plain) for place in planted.values()
    }
    demand = heads([*keys.values(), *(chance.randbytes(43) for _ in range(20))], WORDS, LAYOUT)
    counted, hits = kernels.search_keys(0x5A000000, 1 << 12, demand)
    assert keys == {int.from_bytes(key, "big"): demand.bodies[body] for key, body in hits}
    assert counted > (1 << 12) * 70 * 20 / 65_536 / 2


def test_both_kernels_count_and_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba", reason="the extra jit (numba) is not installed")
    chance = random.Random(6)
    demand = heads([chance.randbytes(size) for size in range(12, 60)], WORDS, ".." + "X" * 20)
    asked = digits("WS-07", "0BADCAFE", "0123456", "")
    compiled = kernels.search_keys(77 << 24, 1 << 14, demand), kernels.search_digits(9, 3, asked)
    monkeypatch.setattr(kernels, "_compiled", lambda name: None)
    assert compiled == (kernels.search_keys(77 << 24, 1 << 14, demand), kernels.search_digits(9, 3, asked))
    assert compiled[0][0] > 0


def planted(name: str, value: str, serial: str, begins: int, ends: int) -> Digits:
    digest = hashlib.md5(f"{name}{value}{serial}".encode()).hexdigest().upper()
    return digits(name, serial, digest[:begins], digest[32 - ends :])


def block(demand: Digits, value: str) -> int:
    return int("".join(value[digit] for digit in demand.outer), 16)


@pytest.mark.parametrize("length", range(16))
def test_digits_behind_names_of_every_length(kernel: str, length: int) -> None:
    chance = random.Random(length)
    name = "".join(chance.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") for _ in range(length))
    value, serial = (f"{chance.randrange(1 << 32):08X}" for _ in range(2))
    for begins, ends in ((16, 0), (7, 2), (32, 0)):
        demand = planted(name, value, serial, begins, ends)
        assert [int(value, 16)] == kernels.search_digits(block(demand, value), 1, demand)[1]
        assert [] == kernels.search_digits((block(demand, value) + 1) % 65_536, 1, demand)[1]


def test_the_serial_can_be_the_unknown(kernel: str) -> None:
    """The constant known, the volume formatted anew: the same digits, eight characters further on."""
    demand = digits(NAME + CONSTANT, "", BOT_ID[:16], "")
    assert [int(SERIAL, 16)] == kernels.search_digits(block(demand, SERIAL), 1, demand)[1]


def test_the_published_constant(kernel: str) -> None:
    by_task = digits(NAME, SERIAL, BOT_ID[:16], "")
    by_files = digits(NAME, SERIAL, BOT_ID[:7], BOT_ID[30:32])
    by_store = digits(NAME, SERIAL, BOT_ID[:7], "")
    for demand, bits in ((by_task, 64), (by_files, 36), (by_store, 28)):
        assert bits == demand.bits
        assert [int(CONSTANT, 16)] == kernels.search_digits(block(demand, CONSTANT), 1, demand)[1]
        assert [] == kernels.search_digits(block(demand, CONSTANT) ^ 1, 1, demand)[1]


def test_witnesses_are_counted_as_theory_says(kernel: str) -> None:
    """One value in 65,536 leaves one: 64 blocks of as many give 64, give or take six sigma."""
    witnesses, _ = kernels.search_digits(0, 64, digits(NAME, SERIAL, BOT_ID[:16], ""))
    assert abs(witnesses - 64) < 6 * 8


@pytest.mark.parametrize("shard", [KEY[0], 0x17])
def test_a_whole_shard(shard: int) -> None:
    """The shard of T7 and another: 2^24 keys each; theory says 5,120 candidates."""
    pytest.importorskip("numba", reason="without numba a shard takes half a minute")
    counted, hits = kernels.search_keys(shard << 24, 1 << 24, heads([BODY], WORDS, LAYOUT))
    assert ([(KEY, 0)] if shard == KEY[0] else []) == hits
    assert abs(counted - 5_120) < 6 * math.sqrt(5_120)


def test_the_self_test_holds_and_notices(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kernels.self_test()
    monkeypatch.setattr(kernels, "pairs", lambda keys: np.zeros(len(keys), np.uint16))
    assert not kernels.self_test()
    monkeypatch.undo()
    monkeypatch.setattr(kernels, "search_digits", lambda start, count, demand: (0, []))
    assert not kernels.self_test()
