# SPDX-License-Identifier: Apache-2.0
"""The traditional encryption of zip archives (PKWARE APPNOTE 6.3.10, section 6.1): three keys stirred by each byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

HEAD = 12
_START = (0x12345678, 0x23456789, 0x34567890)


@cache
def _table() -> tuple[int, ...]:
    """CRC-32 of each single byte, without the final complement."""
    values = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        values.append(value)
    return tuple(values)


class Decrypter:
    """Decrypts the bytes of one member in order, head included."""

    def __init__(self, password: bytes) -> None:
        self._keys = _START
        table, (one, two, three) = _table(), _START
        for byte in password:
            one = table[(one ^ byte) & 255] ^ one >> 8
            two = (two + (one & 255)) * 134775813 + 1 & 0xFFFFFFFF
            three = table[(three ^ two >> 24) & 255] ^ three >> 8
        self._keys = one, two, three

    def update(self, data: bytes) -> bytes:
        """Plain bytes."""
        table, (one, two, three) = _table(), self._keys
        plain = bytearray(data)
        for at, byte in enumerate(data):
            mask = three | 2
            byte ^= mask * (mask ^ 1) >> 8 & 255
            one = table[(one ^ byte) & 255] ^ one >> 8
            two = (two + (one & 255)) * 134775813 + 1 & 0xFFFFFFFF
            three = table[(three ^ two >> 24) & 255] ^ three >> 8
            plain[at] = byte
        self._keys = one, two, three
        return bytes(plain)


def decrypted(chunks: Iterable[bytes], password: bytes) -> Iterator[bytes]:
    """Plain bytes of a member without its head of 12 random bytes; the first chunk holds the whole head."""
    decrypter, skip = Decrypter(password), HEAD
    for chunk in chunks:
        plain = decrypter.update(chunk)
        yield plain[skip:]
        skip = 0
