# SPDX-License-Identifier: Apache-2.0
"""Names for what no reader opens yet, from the first bytes alone; nothing else of such an item is looked at.

The marks are those of each format's own specification or of the file(1) database.
"""

from __future__ import annotations

# Kind, offset, mark; the first that fits names the item.
MARKS: tuple[tuple[str, int, bytes], ...] = (
    ("rar", 0, b"Rar!\x1a\x07"),
    ("cab", 0, b"MSCF\0\0\0\0"),
    ("lzh", 2, b"-lh"),
    ("zstd", 0, b"\x28\xb5\x2f\xfd"),
    ("cpio", 0, b"070701"),
    ("cpio", 0, b"070702"),
    ("cpio", 0, b"070707"),
    ("compress", 0, b"\x1f\x9d\x90"),
    ("lzma", 0, b"]\0\0\x80\0" + b"\xff" * 8),
    ("pst", 0, b"!BDN"),
    ("registry-log", 0, b"regf"),
    ("event-log-old", 4, b"LfLe"),
    ("mft", 0, b"FILE0\0"),
    ("prefetch", 4, b"SCCA"),
    ("prefetch", 0, b"MAM\x04"),
    ("lnk", 0, b"\x4c\0\0\0\x01\x14\x02\0"),
    ("ese", 4, b"\xef\xcd\xab\x89"),
    ("sqlite", 0, b"SQLite format 3\0"),
    ("journal", 0, b"LPKSHHRH"),
    ("pdf", 0, b"%PDF-"),
    ("rtf", 0, b"{\\rtf"),
    ("office-old", 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("plist", 0, b"bplist0"),
    ("picture", 0, b"\x89PNG\r\n\x1a\n"),
    ("picture", 0, b"\xff\xd8\xff"),
    ("picture", 0, b"GIF87a"),
    ("picture", 0, b"GIF89a"),
    ("program", 0, b"\x7fELF"),
    ("program", 0, b"\xfe\xed\xfa\xce"),
    ("program", 0, b"\xfe\xed\xfa\xcf"),
    ("program", 0, b"\xce\xfa\xed\xfe"),
    ("program", 0, b"\xcf\xfa\xed\xfe"),
)
KINDS = tuple(sorted({kind for kind, _, _ in MARKS}))


def kind_of(head: bytes) -> str | None:
    """The kind of an item that begins with these 64 KiB or fewer; null when they do not tell."""
    for kind, offset, mark in MARKS:
        if head.startswith(mark, offset):
            return kind
    if _is_ext(head):
        return "volume"
    return "program" if _is_program(head) else None


def _is_ext(head: bytes) -> bool:
    """The two bytes of ext2 to ext4 say little alone: state, error behaviour and revision must be possible too."""
    state, errors, revision = head[1082:1084], head[1084:1086], head[1100:1104]
    known = state[:1] in (b"\0", b"\1", b"\2", b"\4", b"\5") and errors in (b"\1\0", b"\2\0", b"\3\0")
    return head[1080:1082] == b"\x53\xef" and known and revision in (b"\0\0\0\0", b"\1\0\0\0")


def _is_program(head: bytes) -> bool:
    """MZ alone could begin a text: the header of a program has zeros; a Java class shares a mark of Mach-O."""
    if head[:2] == b"MZ":
        return len(head) >= 64 and b"\0" in head[2:64]
    return (
        head[:4] in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf") and 0 < int.from_bytes(head[4:8], "big") < 45
    )
