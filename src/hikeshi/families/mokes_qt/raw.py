# SPDX-License-Identifier: Apache-2.0
"""Names of spool files in raw bytes: journals of file systems, histories of shells, memory, deleted folders."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hikeshi.families.mokes_qt.host import CLUE, FAMILY
from hikeshi.families.mokes_qt.places import SPOOLS, is_temporary
from hikeshi.families.mokes_qt.spool import TECHNIQUES, spooled
from hikeshi.pack import Grade, Hit, Region

_LONGEST_FOLDER = 256
_ENDS = re.compile(r"[\s\x00-\x1f\x7f\"'<>|*?=\ufffd]")


def _pattern(wide: bool) -> re.Pattern[bytes]:
    """The names as they stand in bytes of one byte a letter, or of two."""
    gap, digit = (rb"\x00", rb"[0-9]\x00") if wide else (b"", b"[0-9]")

    def spelled(text: str) -> bytes:
        return b"".join(re.escape(letter.encode()) + gap for letter in text)

    rest = spelled("-") + digit * 6 + spelled("-") + digit * 6 + spelled("-") + digit * 3 + spelled(".")
    return re.compile(
        b"|".join(spelled(kind) + digit + rest + spelled(end) for kind, (end, _) in SPOOLS.items())
    )


_NAMES = ((_pattern(False), "utf-8", 1), (_pattern(True), "utf-16-le", 2))


def names(region: Region) -> Iterator[Hit]:
    """Every name in the region as a clue, with the folder that stands before it."""
    for pattern, code, width in _NAMES:
        for match in pattern.finditer(region.bytes):
            name = match[0].decode(code)
            found = spooled(name)
            if found is None:
                continue
            folder = _folder(region.bytes[: match.start()], code, width)
            fields = {"file": folder + name, "clock": found.text}
            fields |= {"temporary": "yes"} if is_temporary(folder + name) else {}
            yield Hit(
                region.item, Grade.WEAK, CLUE, offset=region.offset + match.start(), family=FAMILY,
                function=found.function, techniques=TECHNIQUES[found.function], fields=fields,
            )  # fmt: skip


def _folder(before: bytes, code: str, width: int) -> str:
    """The folder that ends where a name begins; empty where none does."""
    text = before[-_LONGEST_FOLDER * width :].decode(code, "replace")
    folder = _ENDS.split(text)[-1]
    return folder if folder.endswith(("/", "\\")) else ""
