# SPDX-License-Identifier: Apache-2.0
"""The keys of a key log: tokens, the letters behind `[Ctrl+`, and Backspace applied.

The letter printed after `[Ctrl+` is what was typed plus 0x40 where it is not A to Z (ArsenalRecon/
NetWireLogDecoder lists eight such cases): AltGr on European keyboards is Ctrl and Alt.
"""

from __future__ import annotations

import re

TOKENS = (
    b"Enter", b"Backspace", b"Delete", b"Tab", b"Esc", b"Home", b"End", b"Insert", b"Page Up", b"Page Down",
    b"Arrow Up", b"Arrow Down", b"Arrow Left", b"Arrow Right", b"Caps Lock", b"Num Lock", b"Scroll Lock",
    b"Shift Lock", b"Print Screen", b"Break", b"Alt",
)  # fmt: skip
_TOKEN = re.compile(rb"\[(Ctrl\+([^\r\n])|" + rb"|".join(TOKENS) + rb")\]")
_LOOK_BACK = 1024
_WRITTEN = {b"Enter": b"\n", b"Tab": b"\t"}


def behind_ctrl(byte: int) -> int | None:
    """The letter that AltGr typed, None where it is a real shortcut such as Ctrl+C."""
    return None if 0x41 <= byte <= 0x5A else (byte - 0x40) & 0xFF


def count(typed: bytes) -> int:
    """How many keys were pressed: letters and tokens."""
    tokens = list(_TOKEN.finditer(typed))
    return len(tokens) + len(typed) - sum(len(match[0]) for match in tokens)


def edited(typed: bytes, code_page: str = "cp1252") -> bytes:
    """The typed bytes with Backspace applied, Enter and Tab as such, and other tokens left out."""
    out, at = bytearray(), 0
    for match in _TOKEN.finditer(typed):
        out += typed[at : match.start()]
        at = match.end()
        name = match[1]
        if name == b"Backspace":
            del out[len(out) - _last(out, code_page) :]
        elif match[2] is not None:
            letter = behind_ctrl(match[2][0])
            out += bytes([letter]) if letter is not None else b""
        else:
            out += _WRITTEN.get(name, b"")
    return bytes(out + typed[at:])


def _last(out: bytearray, code_page: str) -> int:
    """How many bytes the last letter has."""
    if code_page == "utf-8":
        size = 1
        while size < min(4, len(out)) and out[-size] & 0xC0 == 0x80:
            size += 1
        return min(size, len(out))
    if code_page != "cp932" or len(out) < 2:
        return min(1, len(out))
    leads = 0
    while leads < min(len(out) - 1, _LOOK_BACK) and _is_lead(out[-2 - leads]):
        leads += 1
    return 1 + leads % 2


def _is_lead(byte: int) -> bool:
    return 0x81 <= byte <= 0x9F or 0xE0 <= byte <= 0xFC
