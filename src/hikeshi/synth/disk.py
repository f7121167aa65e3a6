# SPDX-License-Identifier: Apache-2.0
"""Writes what a volume or a listing of its files looks like: an NTFS boot sector, body files, tables, `ls` output.

Layouts: libfsntfs (volume header), TSK's body file, MFTECmd's titles, GNU find and ls.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

MFT_TITLES = (
    "EntryNumber,SequenceNumber,InUse,ParentEntryNumber,ParentSequenceNumber,ParentPath,FileName,Extension,FileSize,"
    "ReferenceCount,ReparseTarget,IsDirectory,HasAds,IsAds,SI<FN,uSecZeros,Copied,SiFlags,NameType,Created0x10,"
    "Created0x30,LastModified0x10,LastModified0x30,LastRecordChange0x10,LastRecordChange0x30,LastAccess0x10,"
    "LastAccess0x30,UpdateSequenceNumber,LogfileSequenceNumber,SecurityId,ObjectIdFileDroid,LoggedUtilStream,"
    "ZoneIdContents"
)


@dataclass(frozen=True)
class Listed:
    """A file to list: times in microseconds since 1970."""

    path: str
    size: int = 0
    modified: int = 0
    created: int = 0
    folder: bool = False
    deleted: bool = False


def ntfs_boot(serial: int, sectors: int = 16) -> bytes:
    """The file $Boot: a volume header without code, filled up to 8 KiB."""
    head = struct.pack("<3s8sHBHBHHBHHHIIIQQQIIQI", bytes(3), b"NTFS    ", 512, 8, 0, 0, 0, 0, 0xF8, 0, 63, 255, 0, 0,
        0x800080, 2047, 4, 2, 0xF6, 1, serial, 0)  # fmt: skip
    return (head.ljust(510, b"\0") + b"\x55\xaa").ljust(512 * sectors, b"\0")


def body(files: Sequence[Listed]) -> bytes:
    """A body file of TSK 3."""
    return "".join(
        f"0|{file.path}{' (deleted)' if file.deleted else ''}|{number}-128-1|"
        f"{'d/drwxrwxrwx' if file.folder else 'r/rrwxrwxrwx'}|0|0|{file.size}|{file.modified // 1_000_000}|"
        f"{file.modified // 1_000_000}|{file.modified // 1_000_000}|{file.created // 1_000_000}\n"
        for number, file in enumerate(files, 40)
    ).encode()


def mft_table(files: Sequence[Listed]) -> bytes:
    """A table as MFTECmd prints it, of paths such as \\Users\\taro\\a.txt."""
    lines = [MFT_TITLES]
    for number, file in enumerate(files, 40):
        folder, _, name = file.path.rpartition("\\")
        values = [
            str(number),
            "1",
            str(not file.deleted),
            "5",
            "5",
            f".{folder}",
            name,
            "",
            str(file.size),
            "1",
            "",
        ]
        values += [str(file.folder), "False", "False", "False", "False", "False", "Archive", "Windows"]
        values += [_stamp(file.created), "", _stamp(file.modified), "", _stamp(file.modified), ""]
        values += [_stamp(file.modified), "", "0", "0", "0", "", "", ""]
        lines.append(",".join(values))
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def find_ls(files: Sequence[Listed]) -> bytes:
    """What `find -ls` prints."""
    lines = []
    for number, file in enumerate(files, 131_073):
        day = datetime.fromtimestamp(file.modified // 1_000_000, UTC)
        month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][
            day.month - 1
        ]
        mode = "drwxr-xr-x" if file.folder else "-rw-r--r--"
        name = file.path.replace("\\", "\\\\").replace(" ", "\\ ")
        lines.append(
            f"{number:9} {8:6} {mode}   1 root     root     {file.size:8} {month} {day.day:2}  {day.year} {name}\n"
        )
    return "".join(lines).encode()


def _stamp(time: int) -> str:
    moment = datetime.fromtimestamp(time // 1_000_000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{time % 1_000_000:06}0"
