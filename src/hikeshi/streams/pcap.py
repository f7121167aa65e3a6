# SPDX-License-Identifier: Apache-2.0
"""pcap files: a chain of records found by their lengths, the rest of every header read column-wise.

Format: draft-ietf-opsawg-pcap (PCAP Capture File Format); magic a1b2cd34 is Alexey Kuznetzov's variant with
24-byte record headers, described in Wireshark's wiretap/libpcap.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from .blocks import LARGEST, MOST_DAMAGES, Block, Ints, Loss, Parts, Window, rows
from .resync import Shape, find_record

MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1, 16),
    b"\xa1\xb2\xc3\xd4": (">", 1, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1000, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1000, 16),
    b"\x34\xcd\xb2\xa1": ("<", 1, 24),
    b"\xa1\xb2\xcd\x34": (">", 1, 24),
}


def lengths(data: memoryview, order: str, header: int) -> Iterator[int]:
    """Captured length of each record of the chain, up to the first that does not lie in the data."""
    read = struct.Struct(order + "I").unpack_from
    at = 8
    try:
        while True:
            (captured,) = read(data, at)
            yield captured
            at += header + captured
    except struct.error:
        return


def record_header(order: str) -> np.dtype[Any]:
    """The first 16 bytes of a record as columns."""
    names = ["seconds", "part", "captured", "length"]
    return np.dtype({"names": names, "formats": [order + "u4"] * 4, "offsets": [0, 4, 8, 12], "itemsize": 16})


def chain(window: Window, order: str, shape: Shape) -> tuple[Ints, Ints, bool]:
    """Ends and captured lengths of the records that lie whole in the window, and whether damage follows them."""
    sizes = np.fromiter(lengths(window.data, order, shape.header), np.int64)
    ends = np.cumsum(sizes + shape.header)
    whole = int(np.searchsorted(ends, window.size, "right"))
    bad = np.flatnonzero(sizes > shape.limit)
    damaged = len(bad) > 0 and int(bad[0]) <= whole
    whole = int(bad[0]) if damaged else whole
    return ends[:whole], sizes[: whole + 1], damaged


def read(file: BinaryIO, size: int) -> Parts:
    """Packets of a pcap file, window by window, and what was lost."""
    file.seek(0)
    head = file.read(24)
    if head[:4] not in MAGIC:
        yield Loss("damaged", 1, 0, {"expected": "a pcap magic number"})
        return
    order, per_microsecond, header = MAGIC[head[:4]]
    if len(head) < 24:
        yield Loss("truncated", 0, 0, {"expected": "24 bytes of file header"})
        return
    snaplen, network = struct.unpack(order + "II", head[16:24])
    shape = Shape(record_header(order), header, min(max(snaplen, 262144), LARGEST))
    window = Window(file, size, 24)
    second, damages = -1, 0
    while window.size:
        ends, sizes, damaged = chain(window, order, shape)
        data = window.bytes
        offset = np.concatenate((np.zeros(1, np.int64), ends[:-1]))[: len(ends)]
        raw = rows(data, offset, 16).view(shape.columns)
        blank = np.flatnonzero((raw["length"] == 0) & (raw["seconds"] == 0) & (raw["captured"] == 0))
        if len(blank):
            damaged, ends, raw = True, ends[: blank[0]], raw[: blank[0]]
        count = len(ends)
        if count:
            seconds = raw["seconds"].astype(np.int64)
            second = int(seconds[-1])
            yield Block(
                window.base, data, offset[:count], offset[:count] + header, sizes[:count],
                raw["length"].astype(np.int64),
                seconds * 1_000_000 + raw["part"].astype(np.int64) // per_microsecond,
                np.zeros(count, np.int64), np.full(count, network & 0x0FFFFFFF, np.int64),
            )  # fmt: skip
        done = int(ends[-1]) if count else 0
        if damaged:
            window.move(done)
            at = window.base
            damages += 1
            found = find_record(window, shape, second) if damages < MOST_DAMAGES else None
            skipped = (window.length if found is None else found) - at
            yield Loss("damaged", at, 1, {"bytes": str(skipped), "resumed": "no" if found is None else "yes"})
            if found is None:
                return
            window.move(found - window.base)
        elif window.last:
            if done < window.size:
                yield Loss("truncated", window.base + done, 1, {"bytes": str(window.size - done)})
            return
        else:
            window.move(done, header + int(sizes[count]) if count < len(sizes) else header)
