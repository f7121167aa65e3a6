# SPDX-License-Identifier: Apache-2.0
"""Writes the dump of one process as Windows leaves it, with its memory and nothing else (minidumpapiset.h)."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def minidump(ranges: Sequence[tuple[int, bytes]], wide: bool = True) -> bytes:
    """A dump of ranges given as (address, bytes): as one Memory64List, or as a MemoryList."""
    size = 16 + 16 * len(ranges) if wide else 4 + 16 * len(ranges)
    begin = 32 + 12 + size
    head = struct.pack("<4sIIIIIQ", b"MDMP", 0xA793, 1, 32, 0, 0, 0)
    head += struct.pack("<III", 9 if wide else 5, size, 44)
    rows, at = b"", begin
    for address, data in ranges:
        rows += (
            struct.pack("<QQ", address, len(data)) if wide else struct.pack("<QII", address, len(data), at)
        )
        at += len(data)
    table = struct.pack("<QQ", len(ranges), begin) if wide else struct.pack("<I", len(ranges))
    return head + table + rows + b"".join(data for _, data in ranges)
