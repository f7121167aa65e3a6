# SPDX-License-Identifier: Apache-2.0
"""ISO-2022-JP, EUC-JP and Shift_JIS as mail really carries them.

All three are read with the one mapping of the WHATWG Encoding Standard (index jis0208, the same as Windows
code page 932), so that equal text is equal whatever it travelled in: NEC row 13 (①, ㈱) and the IBM
extensions are kept and 0x2141 is always U+FF5E. JIS X 0201 katakana (ESC ( I, SO/SI, or bare 8-bit bytes)
is kept as half-width text. Escape sequences: RFC 1468, RFC 2237 and ISO-2022-JP-3's ESC $ ( D / O / P / Q
headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

_ESCAPE = re.compile(rb"\x1b(\$\([@BDOPQ]|\$[@BA]|\([BJIH])")
_STRIPPED = re.compile(rb"\$[@B]((?:[!-~]{2}){1,64}?)\([BJ]")
_EUC = re.compile(rb"(?:[\xa1-\xfe]{2})+|\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2}|[\x80-\xff]")
_DOUBLE = (b"$@", b"$B", b"$(@", b"$(B", b"$(O", b"$(Q")
_REPAIRED = 1 << 20
_BAD = "\ufffd"


@cache
def _plane() -> list[str]:
    """Character of every cell of the 94 x 94 plane, by row * 94 + cell, as code page 932 has it."""
    cells = []
    for row in range(94):
        lead = row // 2 + (0x81 if row < 62 else 0xC1)
        for cell in range(94):
            trail = cell + 0x9F if row % 2 else cell + 0x40 + (cell >= 63)
            cells.append(bytes((lead, trail)).decode("cp932", "replace")[:1])
    return cells


def _double(data: bytes) -> str:
    """Pairs of 7-bit or 8-bit bytes as characters of the plane."""
    plane = _plane()
    out = []
    high = [b & 0x7F for b in data]
    at = 0
    while at < len(high):
        row = high[at]
        if row < 0x21 or row == 0x7F:
            out.append(chr(row))
            at += 1
        elif at + 1 < len(high) and 0x21 <= high[at + 1] <= 0x7E:
            out.append(plane[(row - 0x21) * 94 + high[at + 1] - 0x21])
            at += 2
        else:
            out.append(_BAD)
            at += 1
    return "".join(out)


def _kana(data: bytes) -> str:
    """JIS X 0201 katakana in 7 or 8 bits; other bytes as ASCII."""
    return "".join(chr((b & 0x7F) + 0xFF40) if 0x21 <= b & 0x7F <= 0x5F else chr(b & 0x7F) for b in data)


def _extra(data: bytes) -> str:
    """JIS X 0212 pairs."""
    return b"".join(
        b"\x8f" + bytes((a | 0x80, b | 0x80)) for a, b in zip(data[::2], data[1::2], strict=False)
    ).decode("euc_jp", "replace")


def _single(data: bytes) -> str:
    """ASCII, with 8-bit strays and SO/SI runs read as half-width katakana."""
    if data.isascii() and b"\x0e" not in data:
        return data.decode("ascii")
    out, shifted = [], False
    for part in re.split(rb"([\x0e\x0f])", data):
        if part in (b"\x0e", b"\x0f"):
            shifted = part == b"\x0e"
        elif shifted:
            out.append(_kana(part))
        else:
            out.append(part.decode("cp932", "replace"))
    return "".join(out)


def iso_2022_jp(data: bytes) -> str:
    """Text of ISO-2022-JP bytes; U+FFFD stands where a byte means nothing."""
    if b"\x1b" not in data and len(data) <= _REPAIRED:
        data = _STRIPPED.sub(b"\x1b$B\\1\x1b(B", data)
    out, mode, at = [], b"(B", 0
    for escape in _ESCAPE.finditer(data):
        out.append(_mode(mode, data[at : escape.start()]))
        mode, at = escape.group(1), escape.end()
    out.append(_mode(mode, data[at:]))
    return "".join(out).replace("\x1b", _BAD)


def _mode(mode: bytes, data: bytes) -> str:
    if mode in (b"(B", b"(J", b"(H") or not data:
        return _single(data)
    if mode == b"(I":
        return _kana(data)
    if mode == b"$(D":
        return _lines(data, _extra)
    if mode in _DOUBLE:
        return _lines(data, _double)
    return _BAD


def _lines(data: bytes, decode: Callable[[bytes], str]) -> str:
    """Double-byte text; a line feed ends it even where the closing escape is missing (RFC 1468)."""
    body, feed, rest = data.partition(b"\n")
    return decode(body) + (feed.decode() + _single(rest) if feed else "")


def euc_jp(data: bytes) -> str:
    """Text of EUC-JP bytes; U+FFFD stands where a byte means nothing."""
    out, at = [], 0
    for run in _EUC.finditer(data):
        out.append(data[at : run.start()].decode("ascii"))
        at, found = run.end(), run.group()
        if found[0] == 0x8E and len(found) == 2:
            out.append(_kana(found[1:]))
        elif found[0] == 0x8F and len(found) == 3:
            out.append(found.decode("euc_jp", "replace"))
        else:
            out.append(_double(found) if len(found) > 1 else _BAD)
    out.append(data[at:].decode("ascii"))
    return "".join(out)


def shift_jis(data: bytes) -> str:
    """Text of Shift_JIS bytes read as code page 932; U+FFFD stands where a byte means nothing."""
    return data.decode("cp932", "replace")
