# SPDX-License-Identifier: Apache-2.0
"""Eight unknown hexadecimal digits inside a short text whose MD5 is known in part (RFC 1321 has the algorithm).

Four of the digits fill one 32-bit message word by themselves: 65,536 values of it are tried at once for each value of
the other four. After step 61 of 64 the first word of the digest is final; what it does not rule out, hashlib decides.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_ALPHABET = b"0123456789ABCDEF"
# The first digits of the digest that must be known: 28 bits, so that few of 2^32 values come to hashlib.
LEAST = 7
INNER = 65_536
# Every 65,536th value passes a test of 16 bits: how many did proves that a shard was worked on.
WITNESS = np.uint32(0xFFFF)

STATE = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
STEPS = 61
SINES = tuple(int(abs(np.sin(step + 1)) * 2**32) for step in range(64))
TURNS = tuple(
    (7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21)[step // 16 * 4 + step % 4]
    for step in range(64)
)
WORDS = tuple((step, 5 * step + 1, 3 * step + 5, 7 * step)[step // 16] % 16 for step in range(64))


@dataclass(frozen=True)
class Digits:
    """The text around the digits, and what the digest begins and ends with (upper-case hexadecimal digits)."""

    before: bytes
    after: bytes
    begins: str
    ends: str

    @property
    def word(self) -> int:
        """The message word that lies wholly among the digits."""
        return len(self.before) // 4 + 1

    @cached_property
    def outer(self) -> tuple[int, ...]:
        """Which of the eight digits lie outside that word."""
        inside = 4 * self.word - len(self.before)
        return tuple(digit for digit in range(8) if not inside <= digit < inside + 4)

    @cached_property
    def test(self) -> tuple[np.uint32, np.uint32]:
        """Mask and value of the digest's first word."""
        mask = value = 0
        for at, digit in enumerate(self.begins[:8]):
            shift = at // 2 * 8 + (0 if at % 2 else 4)
            mask |= 15 << shift
            value |= int(digit, 16) << shift
        return np.uint32(mask), np.uint32(value)

    @property
    def bits(self) -> int:
        """How many bits of the digest are known."""
        return 4 * (len(self.begins) + len(self.ends))

    def value(self, outer: int, inner: int) -> int:
        """The value whose digits are those of an outer and an inner number."""
        first, second = iter(f"{outer:04X}"), iter(f"{inner:04X}")
        return int("".join(next(first) if digit in self.outer else next(second) for digit in range(8)), 16)

    def sums(self, outer: int) -> NDArray[np.uint32]:
        """Message word plus constant of each step, the inner word taken as zero."""
        digits = bytearray(8)
        for digit, letter in zip(self.outer, f"{outer:04X}".encode(), strict=True):
            digits[digit] = letter
        text = self.before + bytes(digits) + self.after
        block = text + b"\x80" + bytes(55 - len(text)) + struct.pack("<Q", 8 * len(text))
        words = struct.unpack("<16I", block)
        return np.array([(words[WORDS[step]] + SINES[step]) & 0xFFFFFFFF for step in range(64)], np.uint32)

    def fits(self, value: int) -> bool:
        """Whether the whole of what is known of the digest fits a value."""
        digest = (
            hashlib.md5(b"%b%08X%b" % (self.before, value, self.after), usedforsecurity=False)
            .hexdigest()
            .upper()
        )
        return digest.startswith(self.begins) and digest.endswith(self.ends)

    def fitting(self, found: Iterator[tuple[int, int]]) -> list[int]:
        """The values that fit, of outer and inner numbers that passed the test."""
        return sorted(filter(self.fits, (self.value(outer, inner) for outer, inner in found)))


def digits(before: str, after: str, begins: str, ends: str) -> Digits:
    """A search for eight digits; ValueError says what cannot be searched."""
    if not (before + after).isascii() or len(before) + len(after) > 47:
        raise ValueError("the text around the digits is at most 47 ASCII characters")
    if len(begins) < LEAST:
        raise ValueError(f"the first {LEAST} digits of the digest must be known")
    if set(begins + ends) - set(_ALPHABET.decode()) or len(begins) > 32 or len(ends) > 32:
        raise ValueError("a digest is written with upper-case hexadecimal digits")
    return Digits(before.encode(), after.encode(), begins, ends)


def table() -> NDArray[np.uint32]:
    """The message word of each four-digit number."""
    letters = np.frombuffer(_ALPHABET, np.uint8).astype(np.uint32)
    number = np.arange(INNER, dtype=np.uint32)
    parts = [
        letters[number >> np.uint32(12 - 4 * digit) & np.uint32(15)] << np.uint32(8 * digit)
        for digit in range(4)
    ]
    words: NDArray[np.uint32] = np.bitwise_or.reduce(parts)
    return words
