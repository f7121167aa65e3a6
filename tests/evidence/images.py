# SPDX-License-Identifier: Apache-2.0
"""Small disk images and memory dumps, written from the formats' public documentation."""

from __future__ import annotations

import hashlib
import struct
import zlib

import pyarrow as pa

CHUNK = 64 * 512


def ewf(media: bytes, segments: int = 1, packed: bool = True, md5: bytes | None = None) -> list[bytes]:
    """An E01 set of the media: chunks of 64 sectors, one table a segment, the MD5 at the end."""
    chunks = [media[at : at + CHUNK] for at in range(0, len(media), CHUNK)]
    share = -(-len(chunks) // segments)
    return [
        _segment(number, chunks[number * share : (number + 1) * share], media, segments, packed, md5)
        for number in range(segments)
    ]


def _segment(
    number: int, chunks: list[bytes], media: bytes, segments: int, packed: bool, md5: bytes | None
) -> bytes:
    out = b"EVF\x09\x0d\x0a\xff\x00" + struct.pack("<BHH", 1, number + 1, 0)
    if number == 0:
        volume = struct.pack("<IIIIQ", 1, -(-len(media) // CHUNK), 64, 512, len(media) // 512)
        out = _section(out, b"volume", volume.ljust(1048, b"\0") + bytes(4))
    begins, body = [], b""
    start = len(out) + 76
    for chunk in chunks:
        begins.append((start + len(body)) | (packed << 31))
        body += zlib.compress(chunk, 1) if packed else chunk + struct.pack("<I", zlib.adler32(chunk))
    out = _section(out, b"sectors", body)
    head = struct.pack("<I4xQ4x", len(begins), 0)
    entries = struct.pack(f"<{len(begins)}I", *begins)
    table = head + struct.pack("<I", zlib.adler32(head)) + entries + struct.pack("<I", zlib.adler32(entries))
    out = _section(_section(out, b"table", table), b"table2", table)
    if number + 1 < segments:
        return _section(out, b"next", b"", last=True)
    digest = md5 or hashlib.md5(media, usedforsecurity=False).digest()
    return _section(_section(out, b"hash", digest + bytes(20)), b"done", b"", last=True)


def _section(out: bytes, kind: bytes, body: bytes, last: bool = False) -> bytes:
    size = 76 + len(body)
    following = len(out) if last else len(out) + size
    head = struct.pack("<16sQQ40x", kind, following, size)
    return out + head + struct.pack("<I", zlib.adler32(head)) + body


def lime(*ranges: tuple[int, bytes]) -> bytes:
    """A LiME dump of (address, bytes)."""
    return b"".join(
        struct.pack("<4sIQQ8x", b"EMiL", 1, address, address + len(data) - 1) + data
        for address, data in ranges
    )


def avml(*ranges: tuple[int, bytes]) -> bytes:
    """An AVML dump of (address, bytes), version 2."""
    codec, out = pa.Codec("snappy"), b""
    for address, data in ranges:
        framed = b"\xff\x06\x00\x00sNaPpY"
        for at in range(0, len(data), 65536):
            body = bytes(4) + codec.compress(data[at : at + 65536], asbytes=True)
            framed += b"\0" + len(body).to_bytes(3, "little") + body
        out += struct.pack("<4sIQQ8x", b"AVML", 2, address, address + len(data) - 1)
        out += framed + struct.pack("<Q", len(framed))
    return out


def mbr(partitions: list[tuple[int, int, int]]) -> bytes:
    """A boot sector with (type, first sector, sectors) of up to four partitions."""
    entries = b"".join(struct.pack("<B3xB3xII", 0, kind, first, count) for kind, first, count in partitions)
    return bytes(446) + entries.ljust(64, b"\0") + b"\x55\xaa"
