# SPDX-License-Identifier: Apache-2.0
"""Compressed RTF of Outlook messages ([MS-OXRTFCP]) to the RTF text itself."""

from __future__ import annotations

import struct

_PREFIX = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n"
    b"\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_WINDOW = 4096
MAX_SIZE = 4 << 20


def rtf(data: bytes) -> bytes:
    """The RTF, as far as it can be had; empty when the bytes are no compressed RTF."""
    if len(data) < 16:
        return b""
    _, size, kind, _ = struct.unpack_from("<II4sI", data)
    if kind == b"MELA":
        return data[16 : 16 + min(size, MAX_SIZE)]
    return _unpack(data, min(size, MAX_SIZE)) if kind == b"LZFu" else b""


def _unpack(data: bytes, size: int) -> bytes:
    window = bytearray(_PREFIX + bytes(_WINDOW - len(_PREFIX)))
    put, at, out = len(_PREFIX), 16, bytearray()
    while at < len(data) and len(out) < size:
        control = data[at]
        at += 1
        for bit in range(8):
            if not control >> bit & 1:
                piece = data[at : at + 1]
                at += 1
            else:
                token = int.from_bytes(data[at : at + 2], "big")
                at += 2
                begin, length = token >> 4, (token & 15) + 2
                if at > len(data) or begin == put:
                    return bytes(out[:size])
                piece = _copy(window, begin, length, put)
            for byte in piece:
                window[put] = byte
                put = (put + 1) % _WINDOW
            out += piece
    return bytes(out[:size])


def _copy(window: bytearray, begin: int, length: int, put: int) -> bytes:
    """Bytes of the window, which may run into those this very copy writes."""
    copied = bytearray()
    distance = (put - begin) % _WINDOW
    for step in range(length):
        copied.append(window[(begin + step) % _WINDOW] if step < distance else copied[step - distance])
    return bytes(copied)
