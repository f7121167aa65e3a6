# SPDX-License-Identifier: Apache-2.0
"""AES in zip archives as WinZip defined it: AE-1 and AE-2 (winzip.com/en/support/aes-encryption).

Salt, two bytes that tell a wrong password early, the ciphertext, and ten bytes of HMAC-SHA1 over the ciphertext.
Keys come from PBKDF2-HMAC-SHA1 with 1,000 rounds; the counter of the cipher is little-endian and starts at 1.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

METHOD = 99
EXTRA = 0x9901
MAC = 10
LARGEST = 0xFFFFFFF0
_KEY = {1: 16, 2: 24, 3: 32}
_FIELD = struct.Struct("<HHH2sBH")


@dataclass(frozen=True)
class Sealed:
    """What the extra field says: AE version, key strength 1 to 3, and how the plain bytes are compressed."""

    version: int
    strength: int
    method: int

    @property
    def salt(self) -> int:
        """Length of the salt in bytes."""
        return _KEY[self.strength] // 2

    @property
    def overhead(self) -> int:
        """Bytes of a member that are not ciphertext."""
        return self.salt + 2 + MAC


@dataclass(frozen=True)
class Keys:
    """The keys that a password gives for one member."""

    cipher: bytes
    mac: bytes
    check: bytes


def sealed(extra: bytes) -> Sealed | None:
    """The AES field among the extra fields of a member; null when there is none or it is not as defined."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == EXTRA and size >= 7 and len(extra) >= 11:
            _, _, version, vendor, strength, method = _FIELD.unpack_from(extra)
            return Sealed(version, strength, method) if vendor == b"AE" and strength in _KEY else None
        extra = extra[4 + size :]
    return None


def keys(password: bytes, salt: bytes, strength: int) -> Keys:
    """Keys of one member."""
    size = _KEY[strength]
    made = hashlib.pbkdf2_hmac("sha1", password, salt, 1000, 2 * size + 2)
    return Keys(made[:size], made[size : 2 * size], made[2 * size :])


def authentic(chunks: Iterable[bytes], found: Keys, mac: bytes) -> bool:
    """Whether ciphertext carries the stored code under these keys."""
    code = hmac.new(found.mac, digestmod="sha1")
    for chunk in chunks:
        code.update(chunk)
    return hmac.compare_digest(code.digest()[:MAC], mac)


def crypt(chunks: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """Ciphertext of plain bytes, or the other way round; every chunk but the last is a multiple of 16 bytes."""
    stream = _key_stream(key)
    for chunk in chunks:
        mask = stream(len(chunk))
        mixed = int.from_bytes(chunk, "little") ^ int.from_bytes(mask, "little")
        yield mixed.to_bytes(len(chunk), "little")


def _key_stream(key: bytes) -> Callable[[int], bytes]:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    next_block = 1

    def stream(size: int) -> bytes:
        nonlocal next_block
        blocks = (size + 15) // 16
        counters = array("Q", bytes(16 * blocks))
        counters[::2] = array("Q", range(next_block, next_block + blocks))
        if sys.byteorder == "big":
            counters.byteswap()
        next_block += blocks
        return encryptor.update(counters.tobytes())[:size]

    return stream


def seal(chunks: Iterable[bytes], password: bytes) -> Iterator[bytes]:
    """A stored member's bytes under AE-2 with 256 bits: salt, check, ciphertext, code."""
    salt = os.urandom(16)
    made = keys(password, salt, 3)
    yield salt + made.check
    code = hmac.new(made.mac, digestmod="sha1")
    for chunk in crypt(chunks, made.cipher):
        code.update(chunk)
        yield chunk
    yield code.digest()[:MAC]


def archive(members: Iterable[tuple[str, int, Iterable[bytes]]], password: bytes) -> Iterator[bytes]:
    """A whole zip archive of sealed members (name, size, chunks), a block at a time.

    Every chunk of a member but the last is a multiple of 16 bytes; members are smaller than LARGEST.
    """
    directory, count, offset = b"", 0, 0
    extra = _FIELD.pack(EXTRA, 7, 2, b"AE", 3, 0)
    for name, size, chunks in members:
        raw, packed = name.encode(), size + Sealed(2, 3, 0).overhead
        # version 5.1, flags encrypted and UTF-8, 1980-01-01, no CRC-32 as AE-2 demands
        entry = (51, 0x801, METHOD, 0, 0x21, 0, packed, size, len(raw), len(extra))
        yield struct.pack("<4sHHHHHIIIHH", b"PK\3\4", *entry) + raw + extra
        yield from seal(chunks, password)
        directory += (
            struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 51, *entry, 0, 0, 0, 0, offset) + raw + extra
        )
        offset += 30 + len(raw) + len(extra) + packed
        count += 1
    if offset > LARGEST:
        raise ValueError("members of more than 4 GiB together need another kind of archive")
    yield directory + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), offset, 0)
