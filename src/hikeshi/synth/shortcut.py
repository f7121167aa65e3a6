# SPDX-License-Identifier: Apache-2.0
"""Writes Windows shortcuts as data ([MS-SHLLINK]): header, LinkInfo, strings, the tracker's block."""

from __future__ import annotations

import struct

_EPOCH = 11_644_473_600_000_000


def shortcut(
    target: str,
    *,
    arguments: str = "",
    working_folder: str = "",
    serial: int = 0xA4F05C1E,
    label: str = "",
    drive_type: int = 3,
    machine: str = "",
    times: tuple[int, int, int] = (0, 0, 0),
    size: int = 0,
) -> bytes:
    """A shortcut to a path on a volume; times (created, accessed, modified) in microseconds since 1970."""
    flags = 0x2 | 0x80 | (0x10 if working_folder else 0) | (0x20 if arguments else 0)
    ticks = ((time + _EPOCH) * 10 if time else 0 for time in times)
    clsid = bytes.fromhex("0114020000000000c000000000000046")
    head = struct.pack("<I16sIIQQQIIIHHII", 76, clsid, flags, 0x20, *ticks, size, 0, 1, 0, 0, 0, 0)
    name = label.encode("utf-16-le") + b"\0\0"
    volume = struct.pack("<IIIII", 20 + len(name), drive_type, serial, 0x14, 20) + name
    path = target.encode("utf-16-le") + b"\0\0"
    plain = target.encode("cp1252", "replace") + b"\0"
    at = 36
    places = (at, at + len(volume), at + len(volume) + len(plain) + 1)
    wide = places[2] + (-places[2] % 2)
    info = struct.pack("<8I", 36, 1, places[0], places[1], 0, places[1] + len(plain), wide, wide + len(path))
    info += volume + plain + b"\0"
    info = info.ljust(wide - 4, b"\0") + path + b"\0\0"
    data = head + struct.pack("<I", len(info) + 4) + info
    for text in (working_folder, arguments):
        if text:
            data += struct.pack("<H", len(text)) + text.encode("utf-16-le")
    if machine:
        block = struct.pack("<IIII", 0x60, 0xA0000003, 0x58, 0) + machine.encode("cp1252")[:15].ljust(
            16, b"\0"
        )
        data += block + bytes(64)
    return data + bytes(4)
