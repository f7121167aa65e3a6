# SPDX-License-Identifier: Apache-2.0
"""What lies where on a disk: file systems by their magic numbers, MBR and GPT partitions.

Sources: UEFI 2.10 §5 (GPT and MBR), ECMA-119 (ISO 9660), Microsoft's FAT and exFAT specifications, the ext4 wiki of
kernel.org, Apple's TN1150 (HFS+) and APFS reference, libfsntfs, libbde and cryptsetup documentation.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

SECTOR = 512
PARTITIONS = 256

# Each magic number with its offset.
_MAGIC = (
    (3, b"-FVE-FS-", "BitLocker"),
    (0, b"LUKS\xba\xbe", "LUKS"),
    (3, b"NTFS    ", "NTFS"),
    (3, b"EXFAT   ", "exFAT"),
    (54, b"FAT12   ", "FAT12"),
    (54, b"FAT16   ", "FAT16"),
    (82, b"FAT32   ", "FAT32"),
    (32, b"NXSB", "APFS"),
    (1024, b"H+\0\x04", "HFS+"),
    (1024, b"HX\0\x05", "HFS+"),
    (0, b"XFSB", "XFS"),
    (512, b"LABELONE", "LVM"),
    (4086, b"SWAPSPACE2", "swap"),
    (32769, b"CD001", "ISO 9660"),
)
EXT = 1024
ENCRYPTED = ("BitLocker", "LUKS")
OPENED = ("NTFS", "exFAT", "FAT12", "FAT16", "FAT32", "ext", "HFS+", "ISO 9660")


@dataclass(frozen=True)
class Volume:
    """A stretch of an image that holds one file system: `name` is "" for the whole, else p1, p2 …"""

    name: str
    offset: int
    size: int
    kind: str | None


def file_system(head: bytes) -> str | None:
    """The name of the file system, encryption or volume manager that begins with these bytes."""
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    return "ext" if _ext(head[EXT : EXT + 256]) else None


# Where the serial number of a volume stands, and its length: NTFS's is 8 bytes, of which Windows shows the low 4.
_SERIALS = {"NTFS": 72, "exFAT": 100, "FAT12": 39, "FAT16": 39, "FAT32": 67}


def volume_serial(file: BinaryIO, offset: int = 0) -> tuple[int, str] | None:
    """Where in a file the serial number of a Windows volume stands, and the number as Windows shows it."""
    head = _read(file, offset, SECTOR)
    at = _SERIALS.get(file_system(head) or "")
    if at is None or len(head) < 512 or head[510:512] != b"\x55\xaa" or not any(head[at : at + 4]):
        return None
    return offset + at, f"{int.from_bytes(head[at : at + 4], 'little'):08X}"


def _ext(block: bytes) -> bool:
    """An ext2, 3 or 4 superblock: magic, a block size, counts and a state that make sense."""
    if block[56:58] != b"\x53\xef" or len(block) < 92:
        return False
    inodes, blocks = struct.unpack_from("<II", block)
    (log,) = struct.unpack_from("<I", block, 24)
    return 0 < inodes and 0 < blocks and log <= 6 and block[58] <= 7


def partitioned(head: bytes) -> bool:
    """Whether the bytes begin a disk with a partition table."""
    return head[512:520] == b"EFI PART" or any(_mbr(head[:SECTOR]))


def volumes(file: BinaryIO, size: int) -> list[Volume]:
    """Every partition of an image, or the whole as one volume."""
    head = _read(file, 0, 1 << 16)
    kind = file_system(head)
    if kind is None and partitioned(head):
        found = list(_partitions(file, head, size))[:PARTITIONS]
        return [
            Volume(f"p{n}", start, length, file_system(_read(file, start, 1 << 16)))
            for n, (start, length) in enumerate(sorted(found), 1)
        ]
    return [Volume("", 0, size, kind)] if kind else []


def _partitions(file: BinaryIO, head: bytes, size: int) -> Iterator[tuple[int, int]]:
    found = list(_gpt(file)) if head[512:520] == b"EFI PART" else list(_dos(file, head))
    for start, length in dict.fromkeys(found):
        if 0 < start < size and length > 0:
            yield start, min(length, size - start)


def _gpt(file: BinaryIO) -> Iterator[tuple[int, int]]:
    header = _read(file, SECTOR, 92)
    if len(header) < 92:
        return
    lba, count, width = struct.unpack_from("<QII", header, 72)
    if not 128 <= width <= 4096:
        return
    table = _read(file, lba * SECTOR, min(count, PARTITIONS) * width)
    for at in range(0, len(table) - 127, width):
        first, last = struct.unpack_from("<QQ", table, at + 32)
        if any(table[at : at + 16]) and last >= first:
            yield first * SECTOR, (last - first + 1) * SECTOR


def _mbr(sector: bytes) -> Iterator[tuple[int, int, int]]:
    """Type, first sector and length of each entry; nothing when the sector is no partition table."""
    if len(sector) < SECTOR or sector[510:] != b"\x55\xaa":
        return
    entries = [sector[at : at + 16] for at in range(446, 510, 16)]
    if any(entry[0] not in (0, 0x80) for entry in entries):
        return
    for entry in entries:
        first, length = struct.unpack_from("<II", entry, 8)
        if entry[4] and first and length:
            yield entry[4], first, length


def _dos(file: BinaryIO, head: bytes) -> Iterator[tuple[int, int]]:
    for kind, first, length in _mbr(head[:SECTOR]):
        if kind in (0x05, 0x0F, 0x85):
            yield from _logical(file, first)
        elif kind != 0xEE:
            yield first * SECTOR, length * SECTOR


def _logical(file: BinaryIO, extended: int) -> Iterator[tuple[int, int]]:
    """The chain of an extended partition: each link holds one partition and the next link."""
    at: int | None = extended
    for _ in range(PARTITIONS):
        if at is None:
            return
        sector, following = _read(file, at * SECTOR, SECTOR), None
        for kind, first, length in _mbr(sector):
            if kind in (0x05, 0x0F, 0x85):
                following = extended + first
            else:
                yield (at + first) * SECTOR, length * SECTOR
        at = following


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    data = b""
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data
