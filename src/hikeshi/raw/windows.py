# SPDX-License-Identifier: Apache-2.0
"""A stretch of a file as a row of overlapping views, without copying it where the system can map it."""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterator
from typing import Any, BinaryIO

STEP, MAPPED = 1 << 20, 32 << 20


def windows(file: BinaryIO, start: int, end: int, overlap: int) -> Iterator[tuple[int, memoryview]]:
    """(offset of the view, view): views cover start to end, and each begins up to `overlap` bytes early."""
    blocks = getattr(file, "blocks", None)
    if blocks is not None:
        yield from _carried(file, start, end, overlap, blocks(start, end))
    elif (number := _mappable(file)) is not None:
        yield from _mapped(number, start, end, overlap)
    else:
        yield from _carried(file, start, end, overlap, _read(file, start, end))


def _mappable(file: BinaryIO) -> int | None:
    """The descriptor of a plain file on disk."""
    raw: Any = getattr(file, "raw", file)
    return raw.fileno() if isinstance(raw, io.FileIO) else None


def _mapped(number: int, start: int, end: int, overlap: int) -> Iterator[tuple[int, memoryview]]:
    for part in range(start, end, MAPPED):
        stop = min(part + MAPPED, end)
        base = max(0, part - overlap) // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
        with (
            mmap.mmap(number, stop - base, access=mmap.ACCESS_READ, offset=base) as mapped,
            memoryview(mapped) as whole,
        ):
            if hasattr(mmap, "MADV_SEQUENTIAL"):
                mapped.madvise(mmap.MADV_SEQUENTIAL)
            for at in range(part, stop, STEP):
                begin = max(0, at - overlap)
                with whole[begin - base : min(at + STEP, stop) - base] as view:
                    yield begin, view


def _carried(
    file: BinaryIO, start: int, end: int, overlap: int, blocks: Iterator[bytes]
) -> Iterator[tuple[int, memoryview]]:
    """Blocks that are read as they are, and around each border between them a view of `overlap` bytes to both sides."""
    begin = max(0, start - overlap)
    tail, at = read_at(file, begin, start - begin), start
    for block in blocks:
        data = block[: end - at]
        if tail:
            yield at - len(tail), memoryview(tail + data[:overlap])
        yield at, memoryview(data)
        at += len(data)
        if overlap:
            tail = data[-overlap:] if len(data) >= overlap else (tail + data)[-overlap:]


def _read(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    while start < end and (block := read_at(file, start, min(STEP, end - start))):
        yield block
        start += len(block)


def read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """The bytes from an offset on, as many as there are."""
    file.seek(offset)
    data = file.read(size)
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data
