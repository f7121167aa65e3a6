# SPDX-License-Identifier: Apache-2.0
"""Single compressed streams: gzip (RFC 1952), bzip2 and xz; what they hold is one child."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from hikeshi.errors import CutShort
from hikeshi.evidence.expansion import Allowance, blocks
from hikeshi.schema import Count, Found, Issue, Item, Reason

VERSION = "1"
KIND = "compressed"


def sniff(head: bytes, name: str) -> bool:
    """A gzip, bzip2 or xz magic number."""
    return (
        head[:3] == b"\x1f\x8b\x08"
        or head[:6] == b"\xfd7zXZ\0"
        or (head[:3] == b"BZh" and head[4:10] == b"1AY&SY")
    )


def read(items: Sequence[Item]) -> Iterator[Found | Issue | Count]:
    """The decompressed stream as a child; its place is empty: it keeps the path of its container."""
    for item in items:
        yield Found(item.id, "", Allowance(item.size).take(_chunks(item.file)))
        yield Count(item.id, KIND, 1, container=True)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    magic = file.read(1)
    file.seek(0)
    given = 0
    try:
        for block in _blocks(magic, file):
            given += len(block)
            yield block
    except EOFError as error:
        raise CutShort(Reason.TRUNCATED) from error
    except (OSError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise CutShort(Reason.DAMAGED) from error


def _blocks(magic: bytes, file: BinaryIO) -> Iterator[bytes]:
    if magic == b"\x1f":
        return blocks(gzip.GzipFile(fileobj=file))  # type: ignore[arg-type]
    if magic == b"B":
        return blocks(bz2.BZ2File(file))  # type: ignore[arg-type]
    return blocks(lzma.LZMAFile(file))  # type: ignore[arg-type]
