# SPDX-License-Identifier: Apache-2.0
"""Encrypted zip archives for tests, small and inert."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from hikeshi.codecs import zip_aes
from hikeshi.codecs.zip_crypto import Decrypter


class _Encrypter(Decrypter):
    """The same keys the other way round: they are stirred with the plain byte."""

    def update(self, data: bytes) -> bytes:
        sealed = bytearray()
        for byte in data:
            keys = self._keys
            mask = super().update(b"\0")[0]
            self._keys = keys
            super().update(bytes([byte ^ mask]))
            sealed.append(byte ^ mask)
        return bytes(sealed)


def traditional(
    members: Mapping[str, bytes], password: bytes, deflate: bool = True, late_crc: bool = False
) -> bytes:
    """An archive under the traditional encryption; `late_crc` checks the password against the time."""
    body, directory = b"", b""
    for name, data in members.items():
        raw, crc = name.encode(), zlib.crc32(data)
        packed = data
        if deflate:
            compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed = compressor.compress(data) + compressor.flush()
        time, flags = 0x4B13, 0x801 | (8 if late_crc else 0)
        check = time >> 8 if late_crc else crc >> 24
        packed = _Encrypter(password).update(bytes(range(11)) + bytes([check]) + packed)
        entry = (20, flags, 8 if deflate else 0, time, 0x4C3A, crc, len(packed), len(data), len(raw), 0)
        directory += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, *entry, 0, 0, 0, 0, len(body)) + raw
        body += struct.pack("<4sHHHHHIIIHH", b"PK\3\4", *entry) + raw + packed
    end = (b"PK\5\6", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + struct.pack("<4sHHHHIIH", *end)


def aes(name: str, data: bytes, password: bytes) -> bytes:
    """An archive with one member under WinZip AES."""
    return b"".join(zip_aes.archive([(name, len(data), [data])], password))
