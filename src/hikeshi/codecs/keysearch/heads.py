# SPDX-License-Identifier: Apache-2.0
"""What captured bodies demand of an RC4 key: which first two keystream bytes they accept, and a check of all they hold.

Keystream bytes do not depend on the capture, so one pass over the keys serves many bodies: a table of 65,536 flags says
which pairs any of them accepts, and a linked list leads from a pair to the bodies that accept it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# Fewer bytes leave 2^32 keys too many that fit by chance.
LEAST = 12
LONGEST = 256
MOST = 512

_LETTERS = {
    "X": b"0123456789ABCDEF",
    "N": b"\0",
    "P": bytes(range(0x20, 0x7F)),
    ".": bytes(range(256)),
}


@dataclass(frozen=True)
class Heads:
    """Bodies, cut to what `layout` describes, with the two-byte words that they may begin with."""

    bodies: tuple[bytes, ...]
    words: tuple[bytes, ...]
    layout: str

    @property
    def size(self) -> int:
        """How many bytes of a body are checked."""
        return 2 + len(self.layout)

    @cached_property
    def allowed(self) -> NDArray[np.uint8]:
        """Flags by position and plain byte; the first two positions are the words' affair."""
        flags = np.zeros((self.size, 256), np.uint8)
        flags[:2] = 1
        for position, letter in enumerate(self.layout, 2):
            flags[position, list(_LETTERS[letter])] = 1
        return flags

    @cached_property
    def bytes(self) -> NDArray[np.uint8]:
        """The bodies as rows, padded with zeros."""
        rows = [np.frombuffer(body.ljust(self.size, b"\0"), np.uint8) for body in self.bodies]
        return np.array(rows, np.uint8).reshape(len(rows), self.size)

    @cached_property
    def sizes(self) -> NDArray[np.int32]:
        """How many bytes of each row are there."""
        return np.array([len(body) for body in self.bodies], np.int32)

    @cached_property
    def links(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Pair to first link (-1: no body accepts it), link to the next one, link to its body."""
        first, after, owner = np.full(65_536, -1, np.int32), list[int](), list[int]()
        for number, body in enumerate(self.bodies):
            for word in self.words:
                pair = (body[0] ^ word[0]) | (body[1] ^ word[1]) << 8
                after.append(int(first[pair]))
                owner.append(number)
                first[pair] = len(owner) - 1
        return first, np.array(after, np.int32), np.array(owner, np.int32)

    @property
    def share(self) -> float:
        """Which part of all keys comes to the check, if keystreams were random."""
        return float(np.count_nonzero(self.links[0] >= 0)) / 65_536

    @property
    def biased(self) -> bool:
        """Whether a body accepts 0 as second keystream byte, which RC4 gives twice as often as any other."""
        return bool((self.links[0][:256] >= 0).any())

    def bits(self, size: int) -> float:
        """How many bits of evidence `size` bytes of a body are."""
        shares = self.allowed[2:size].sum(axis=1) / 256
        return float(16 - np.log2(len(self.words)) - np.log2(shares).sum())


def heads(bodies: Sequence[bytes], words: Sequence[bytes], layout: str) -> Heads:
    """The demands of bodies, each once and in a fixed order; ValueError says what cannot be searched."""
    if not words or any(len(word) != 2 for word in words):
        raise ValueError("the words that a body may begin with are two bytes each")
    if not set(layout) <= set(_LETTERS) or not LEAST <= 2 + len(layout) <= LONGEST:
        raise ValueError(f"a layout has {LEAST - 2} letters or more of {''.join(_LETTERS)}")
    cut = sorted({body[: 2 + len(layout)] for body in bodies})
    if any(len(body) < LEAST for body in cut):
        raise ValueError(f"a body of fewer than {LEAST} bytes names no key")
    if not 0 < len(cut) <= MOST:
        raise ValueError(f"from 1 to {MOST} bodies can be searched at once")
    return Heads(tuple(cut), tuple(sorted(set(words))), layout)


def opened(body: bytes, stream: bytes, demand: Heads) -> bool:
    """Whether a keystream turns a body into what is demanded."""
    plain = bytes(a ^ b for a, b in zip(body[: demand.size], stream, strict=False))
    fits = all(demand.allowed[at, byte] for at, byte in enumerate(plain))
    return len(plain) >= LEAST and plain[:2] in demand.words and fits
