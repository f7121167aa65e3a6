# SPDX-License-Identifier: Apache-2.0
"""Windows shortcuts (.lnk), as [MS-SHLLINK] lays them out: the target, its volume, the machine that was noted."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from hikeshi.codecs.charset import decode
from hikeshi.codecs.times import filetime

MAGIC = bytes.fromhex("4c0000000114020000000000c000000000000046")
FIXED = 3
LONGEST = 32_768
_HAS_LIST, _HAS_INFO, _UNICODE, _FORCE_NO_INFO = 1, 2, 0x80, 0x100
_STRINGS = ((4, "name"), (8, "relative"), (0x10, "working_folder"), (0x20, "arguments"), (0x40, "icon"))
_ENVIRONMENT, _TRACKER = 0xA0000001, 0xA0000003
MOST_BLOCKS = 64


@dataclass
class Link:
    """One shortcut. `target` is the path it states, else the one below the place it lies in; times are the target's."""

    created: int | None = None
    accessed: int | None = None
    modified: int | None = None
    size: int = 0
    target: str = ""
    name: str = ""
    relative: str = ""
    working_folder: str = ""
    arguments: str = ""
    icon: str = ""
    drive_type: int | None = None
    volume_serial: str = ""
    volume_label: str = ""
    share: str = ""
    machine: str = ""
    damage: str | None = None


class _End(Exception):
    """The bytes end before what was to be read."""


def parse(data: bytes) -> Link | None:
    """The shortcut that bytes hold, as far as they can be read; null when they hold none."""
    if not data.startswith(MAGIC) or len(data) < 76:
        return None
    flags, _, created, accessed, modified, size = struct.unpack_from("<IIQQQI", data, 20)
    times = [filetime(ticks) if ticks else None for ticks in (created, accessed, modified)]
    link = Link(times[0], times[1], times[2], size)
    try:
        at = 76
        if flags & _HAS_LIST:
            at += 2 + _number(data, at, 2)
        if flags & _HAS_INFO:
            length = _number(data, at, 4)
            if not flags & _FORCE_NO_INFO:
                _information(link, data[at : at + length])
            at += max(length, 4)
        for flag, field in _STRINGS:
            if flags & flag:
                text, at = _counted(data, at, bool(flags & _UNICODE))
                setattr(link, field, text)
        _blocks(link, data, at)
    except _End:
        link.damage = "it ends early"
    link.target = link.target or link.relative
    return link


def _number(data: bytes, at: int, size: int) -> int:
    piece = data[at : at + size] if 0 <= at else b""
    if len(piece) < size:
        raise _End
    return int.from_bytes(piece, "little")


def _counted(data: bytes, at: int, wide: bool) -> tuple[str, int]:
    """A string behind its length in characters, and where the next one begins."""
    length = _number(data, at, 2) * (2 if wide else 1)
    raw = data[at + 2 : at + 2 + length]
    if len(raw) < length:
        raise _End
    return (raw.decode("utf-16-le", "replace") if wide else decode(raw)[0]), at + 2 + length


def _text(data: bytes, at: int, wide: bool = False) -> str:
    """The string at a place, up to the zero that ends it."""
    if not 0 < at < len(data):
        return ""
    piece = data[at : at + 2 * LONGEST]
    if wide:
        return piece[: len(piece) & ~1].decode("utf-16-le", "replace").partition("\0")[0]
    return decode(piece.partition(b"\0")[0])[0]


def _information(link: Link, info: bytes) -> None:
    """LinkInfo: the volume or share, and the path on it."""
    header, flags, volume, base, network, suffix = (_number(info, at, 4) for at in range(4, 28, 4))
    wide = [_number(info, at, 4) if header >= 0x24 else 0 for at in (28, 32)]
    tail = _text(info, wide[1], True) if wide[1] else _text(info, suffix)
    if flags & 1:
        path = _text(info, wide[0], True) if wide[0] else _text(info, base)
        link.target = path + tail
        _volume(link, info[volume:] if volume else b"")
    if flags & 2 and network:
        place = info[network:]
        name = _number(place, 8, 4)
        link.share = _text(place, _number(place, 20, 4), True) if name > 20 else _text(place, name)
        if not link.target:
            link.target = f"{link.share}\\{tail}" if tail else link.share


def _volume(link: Link, volume: bytes) -> None:
    size = _number(volume, 0, 4)
    if size < 16:
        return
    kind, serial, label = (_number(volume, at, 4) for at in (4, 8, 12))
    link.drive_type, link.volume_serial = kind, f"{serial:08X}"
    wide = label == 0x14
    at = _number(volume, 16, 4) if wide else label
    link.volume_label = _text(volume[:size], at, wide)


def _blocks(link: Link, data: bytes, at: int) -> None:
    """ExtraData: where the target is written with variables, and which machine the link tracker noted."""
    for _ in range(MOST_BLOCKS):
        if at >= len(data) or (size := _number(data, at, 4)) < 8:
            return
        mark = _number(data, at + 4, 4)
        block = data[at : at + size]
        if len(block) < size:
            raise _End
        if mark == _TRACKER and size >= 0x60:
            link.machine = block[16:32].partition(b"\0")[0].decode("cp1252", "replace")
        elif mark == _ENVIRONMENT and size >= 0x314 and not link.target:
            link.target = block[268:788].decode("utf-16-le", "replace").partition("\0")[0]
        at += size
