# SPDX-License-Identifier: Apache-2.0
"""Entries of SmokeLoader's table of servers: each carries its own key, so that no pattern of code is needed.

Encodings: CAPE (MIT) and MalConfScan (BSD-3-Clause) for 2018, write-ups of 2020 to 2024 for the rest. X: length,
cipher, 4 key bytes, every byte XOR one value; R4: length, 4 key bytes, cipher under RC4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hikeshi.families.smokeloader.lanes import LONGEST, SHORTEST, lengths, link_places, rich
from hikeshi.pack import rc4

if TYPE_CHECKING:
    from hikeshi.families.smokeloader.lanes import Bytes, Places

LINK = re.compile(rb"https?://[A-Za-z0-9\[][A-Za-z0-9.:_\[\]-]{2,}(?:[/?#][!-~]*)?")
PUBLISHED = (0xFF, 0xE4)
_MOST = 4096


@dataclass(frozen=True, order=True)
class Entry:
    """One server: where its length byte lies, the address, its 4 key bytes and, of kind X, the constant solved."""

    offset: int
    size: int
    codec: str
    url: str
    key: bytes
    constant: int | None = None

    @property
    def end(self) -> int:
        """Where the next entry may begin."""
        return self.offset + self.size


def xor_entry(data: bytes, at: int) -> Entry | None:
    """The entry of kind X at a place; the constant is solved from its first letter and proved by the rest."""
    size = data[at] if at < len(data) else 0
    cipher, key = data[at + 1 : at + 1 + size], data[at + 1 + size : at + 5 + size]
    if not SHORTEST <= size <= LONGEST or len(key) < 4:
        return None
    value = cipher[0] ^ ord("h")
    plain = bytes(byte ^ value for byte in cipher)
    if value == 0 or not any(key) or not LINK.fullmatch(plain):
        return None
    constant = value ^ key[0] ^ key[1] ^ key[2] ^ key[3]
    return Entry(at, size + 5, f"X-{constant:02X}", plain.decode("ascii"), key, constant)


def rc4_entry(data: bytes, at: int) -> Entry | None:
    """The entry of kind R4 at a place."""
    size = data[at] if at < len(data) else 0
    key, cipher = data[at + 1 : at + 5], data[at + 5 : at + 5 + size]
    if not SHORTEST <= size <= LONGEST or len(cipher) < size:
        return None
    plain = rc4(key, cipher)
    return Entry(at, size + 5, "R4", plain.decode("ascii"), key) if LINK.fullmatch(plain) else None


def xor_places(data: Bytes) -> Places:
    """Where an entry of kind X may begin: what neighbours of "http:" and "https" differ by, no key bears on."""
    import numpy as np

    if len(data) < SHORTEST + 5:
        return np.zeros(0, np.intp)
    steps = data[:-1] ^ data[1:]
    at = np.flatnonzero(steps[: len(steps) - 3] == ord("h") ^ ord("t"))
    at = at[(at > 0) & (steps[at + 1] == 0) & (steps[at + 2] == ord("t") ^ ord("p"))]
    last = steps[at + 3]
    at = at[(last == ord("p") ^ ord(":")) | (last == ord("p") ^ ord("s"))]
    at = at[data[at] != ord("h")] - 1
    found: Places = at[(data[at] >= SHORTEST) & (data[at] <= LONGEST)]
    return found


def rc4_places(data: Bytes) -> Places:
    """Where an entry of kind R4 begins, every place tried."""
    return link_places(data, rich(data, lengths(data)))


def entries(data: bytes, offset: int = 0) -> list[Entry]:
    """All entries of both kinds, by place; of two that overlap the first holds."""
    import numpy as np

    block = np.frombuffer(data, np.uint8)
    found = [entry for at in xor_places(block)[:_MOST] if (entry := xor_entry(data, int(at)))]
    found += [entry for at in rc4_places(block)[:_MOST] if (entry := rc4_entry(data, int(at)))]
    kept: list[Entry] = []
    for entry in sorted(found):
        if not kept or entry.offset >= kept[-1].end:
            kept.append(entry)
    return [
        Entry(e.offset + offset, e.size, e.codec, e.url, e.key, e.constant) for e in kept
    ] if offset else kept  # fmt: skip
