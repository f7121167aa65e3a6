# SPDX-License-Identifier: Apache-2.0
"""Transaction logs of registry hives, applied to a hive that Windows had not written out.

Layouts: M. Suhanov, "Windows registry file format specification": log entries (HvLE, since Windows 8.1) with their
Marvin32 hashes, and the older logs with one bit for each 512 bytes (DIRT). Entries count in the order of their numbers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hikeshi.codecs.regf import BASE, checksum

_SEED = 0x82EF4D887A4E55C5
_WORD = 0xFFFFFFFF
_SECTOR = 512
LARGEST = 1 << 30


@dataclass(frozen=True)
class Entry:
    """One log entry: its number, the size of the hive's bins after it, and pages by their place in the bins."""

    sequence: int
    bins: int
    pages: Sequence[tuple[int, bytes]]


def recover(data: bytes, logs: Sequence[bytes]) -> tuple[bytes, list[tuple[int, int]]]:
    """The hive with what its logs hold beyond it, and the stretches that were replaced (none: nothing was applied)."""
    if len(data) < _SECTOR:
        return data, []
    (written,) = struct.unpack_from("<I", data, 8)
    entries = sorted(
        (list(_entries(log)) for log in logs), key=lambda found: found[0].sequence if found else 0
    )
    chosen: list[Entry] = []
    for entry in (entry for found in entries for entry in found):
        if entry.sequence >= written if not chosen else entry.sequence == chosen[-1].sequence + 1:
            chosen.append(entry)
    if not chosen:
        chosen = [entry for log in logs for entry in _bitmap(log)][:1]
    if not chosen:
        return data, []
    hive, replaced = bytearray(data), list[tuple[int, int]]()
    size = BASE + max(chosen[-1].bins, 0)
    if size <= LARGEST:
        hive.extend(bytes(max(0, size - len(hive))))
    for entry in chosen:
        for place, page in entry.pages:
            at = BASE + place
            if at + len(page) <= len(hive):
                hive[at : at + len(page)] = page
                replaced.append((at, at + len(page)))
    number = chosen[-1].sequence + 1
    struct.pack_into("<II", hive, 4, number & _WORD, number & _WORD)
    struct.pack_into("<I", hive, 40, chosen[-1].bins)
    struct.pack_into("<I", hive, 508, checksum(bytes(hive[:512])))
    return bytes(hive), _merged(replaced)


def _merged(stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches in order, those that touch as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _entries(log: bytes) -> Iterator[Entry]:
    """The entries of a newer log, up to the first that its hashes do not confirm."""
    at = _SECTOR
    if log[:4] != b"regf":
        return
    while log[at : at + 4] == b"HvLE" and at + 40 <= len(log):
        size, _, sequence, bins, count, first, second = struct.unpack_from("<IIIIIQQ", log, at + 4)
        content = log[at : at + size]
        if size % _SECTOR or size < 40 + 8 * count or len(content) < size:
            return
        if marvin32(content[:32]) != second or marvin32(content[40:]) != first:
            return
        pages, start = [], 40 + 8 * count
        for n in range(count):
            place, length = struct.unpack_from("<II", content, 40 + 8 * n)
            page = content[start : start + length]
            if len(page) < length:
                return
            pages.append((place, page))
            start += length
        yield Entry(sequence, bins, pages)
        at += size


def _bitmap(log: bytes) -> Iterator[Entry]:
    """The one entry of an older log, whose two sequence numbers must agree."""
    if log[:4] != b"regf" or log[_SECTOR : _SECTOR + 4] != b"DIRT" or log[4:8] != log[8:12]:
        return
    if struct.unpack_from("<I", log, 508)[0] != checksum(log[:512]):
        return
    sequence, bins = struct.unpack_from("<I", log, 4)[0], struct.unpack_from("<I", log, 40)[0]
    length = bins // _SECTOR // 8
    bits = log[_SECTOR + 4 : _SECTOR + 4 + length]
    start = -(-(_SECTOR + 4 + length) // _SECTOR) * _SECTOR
    pages = []
    for n, byte in enumerate(bits):
        for bit in range(8) if byte else ():
            if byte >> bit & 1:
                page = log[start : start + _SECTOR]
                if len(page) < _SECTOR:
                    return
                pages.append(((8 * n + bit) * _SECTOR, page))
                start += _SECTOR
    yield Entry(sequence, bins, pages)


def marvin32(data: bytes) -> int:
    """The 64-bit hash of a log entry's parts."""
    low, high = _SEED & _WORD, _SEED >> 32
    whole = len(data) // 4
    tail = int.from_bytes(data[4 * whole :], "little") | 0x80 << 8 * (len(data) % 4)
    for word in (*struct.unpack_from(f"<{whole}I", data), tail, 0):
        low = (low + word) & _WORD
        high ^= low
        low = ((low << 20 | low >> 12) + high) & _WORD
        high = (high << 9 | high >> 23) & _WORD ^ low
        low = ((low << 27 | low >> 5) + high) & _WORD
        high = (high << 19 | high >> 13) & _WORD
    return high << 32 | low
