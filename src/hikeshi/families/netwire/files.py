# SPDX-License-Identifier: Apache-2.0
"""Files met in transfer or in memory: described by size, hash and type, never kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

# Beginnings as the formats' own specifications give them; the first byte may have been overwritten.
_TYPES = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "ZIP or Office document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE2 document"),
    (b"MZ", "Windows program"),
    (b"\x7fELF", "Linux program"),
    (b"\xcf\xfa\xed\xfe", "macOS program"),
    (b"\xca\xfe\xba\xbe", "macOS program"),
    (b"\x89PNG\r\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"SQLite format 3\0", "SQLite database"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"{\\rtf", "RTF"),
)
_TEXT = frozenset(b"\t\n\r") | frozenset(range(0x20, 0x7F))


@dataclass(frozen=True)
class Described:
    """A file seen on its way: its size, SHA-256 and type; `whole` says whether all its bytes were there.

    `wrong` are offsets in the file whose bytes were overwritten; `sha256` is then that of the damaged copy, and
    `restored` that of the copy with its first byte as the format demands it.
    """

    path: str
    direction: str
    size: int
    sha256: str
    kind: str
    whole: bool
    wrong: tuple[int, ...] = ()
    gaps: int = 0
    restored: str | None = None


def first_byte(kind: str) -> bytes | None:
    """The byte every file of this type begins with; None when types of that name differ in it."""
    found = {magic[:1] for magic, name in _TYPES if name == kind}
    return found.pop() if len(found) == 1 else None


def is_text(data: bytes) -> bool:
    """Whether all bytes are printable ASCII, tabs or line ends."""
    return all(byte in _TEXT for byte in data)


def kind_of(head: bytes, first_lost: bool = False) -> str:
    """The type of a file by its beginning; `first_lost` when its first byte is not the original."""
    for magic, kind in _TYPES:
        part = magic[1:] if first_lost else magic
        if len(part) >= 3 and head[first_lost:].startswith(part):
            return kind
        if len(part) == 2 and not first_lost and head.startswith(part):
            return kind
    sample = head[first_lost:4096]
    return "text" if sample and is_text(sample) else "unknown"


def described(path: str, direction: str, pieces: Iterable[bytes], whole: bool, gaps: int = 0) -> Described:
    """The description of a file whose pieces come in order."""
    digest, size, head = hashlib.sha256(), 0, b""
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        if len(head) < 4096:
            head += piece[:4096]
    return Described(path, direction, size, digest.hexdigest(), kind_of(head[:4096]), whole, (), gaps)
