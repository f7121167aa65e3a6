# SPDX-License-Identifier: Apache-2.0
"""What a worker runs for program files and dumps of one process: bytes and tables, as data, for packs that ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from hikeshi.codecs.programs import MINIDUMP, layouts
from hikeshi.families import entry, packs
from hikeshi.pack import Program
from hikeshi.schema import Hit, Issue, Reason

KIND = "program"
LARGEST = 64 << 20


def concerns(kind: str, file: BinaryIO) -> bool:
    """Whether an item is a program, or a dump of one process, by its kind or its first bytes."""
    file.seek(0)
    return kind == KIND or file.read(len(MINIDUMP)) == MINIDUMP


def judged(item: str, file: BinaryIO, size: int) -> Iterator[Hit | Issue]:
    """What the packs say of a program file; one that is too large is a loss."""
    asking = [judge for pack in packs() if (judge := entry(pack, "program"))]
    if asking and size > LARGEST:
        fields = {"limit": str(LARGEST), "what": "settings of malware in a program"}
        yield Issue(item, Reason.SEARCH_LIMIT, 0, fields=fields, unknown="unknown.raw-search")
    elif asking:
        file.seek(0)
        data = file.read(size)
        program = Program(item, data, tuple(layouts(data)))
        for judge in asking:
            yield from judge(program)
