# SPDX-License-Identifier: Apache-2.0
"""The file that was last sent to the victim, as the message buffer on the stack still holds it.

A block of a file lies at +0x3F7E behind its index byte; the closing message writes its own index and a NUL over
the index and the first byte of the file (ArsenalRecon/NetWireStackForensics, scenario of six snapshots).
"""

from __future__ import annotations

import hashlib

from hikeshi.families.netwire.files import Described, first_byte, is_text, kind_of
from hikeshi.families.netwire.view import View, cut
from hikeshi.pack import read_text

BUFFER = 0x3F7E
BLOCK = 0x21000
_PDF_END = b"%%EOF"
_MOST_LINES = 3


def uploaded(view: View, action: str | None, control: int | None) -> Described | None:
    """The file of an upload that has just ended; None when the stack shows no upload."""
    if action != "upload" or control != 0xAD:
        return None
    data = view.upto(BUFFER, BLOCK)
    if len(data) < 4 or data[0] != 0:
        return None
    kind, end = _extent(data)
    size = end if end is not None else len(data.rstrip(b"\0"))
    body = data[:size]
    lost = first_byte(kind)
    restored = hashlib.sha256(lost + body[1:]).hexdigest() if lost and end is not None else None
    digest = hashlib.sha256(body).hexdigest()
    return Described(_path(view), "to-victim", size, digest, kind, end is not None, (0,), restored=restored)


def _extent(data: bytes) -> tuple[str, int | None]:
    """Type and end of the file, by its own format; the end is None when that does not say."""
    first = data.find(b"\0", 1)
    if first > 2 and is_text(data[1:first]) and kind_of(data, first_lost=True) != "PDF":
        return "text", first
    kind = kind_of(data, first_lost=True)
    at = data.find(_PDF_END) if kind == "PDF" else -1
    while at >= 0:
        tail = data[at + len(_PDF_END) :][:_MOST_LINES]
        end = at + len(_PDF_END) + len(tail) - len(tail.lstrip(b"\r\n"))
        if data[end : end + 1] == b"\0":
            return kind, end
        at = data.find(_PDF_END, at + 1)
    return kind, None


def _path(view: View) -> str:
    """The file's path: closing wrote the directory and a NUL over its beginning, so one letter is lost."""
    raw = view.upto(0x2CA4, 0x104)
    directory = cut(raw)
    name = cut(raw[len(directory) + 1 :])
    if not directory.endswith(b"\\") or not name or any(byte < 0x20 for byte in directory + name):
        return ""
    return f"{read_text(directory).text}?{read_text(name).text}"
