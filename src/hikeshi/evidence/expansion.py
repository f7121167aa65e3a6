# SPDX-License-Identifier: Apache-2.0
"""How much a container may give out: the guard against bombs, the same for every kind of container."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from hikeshi.errors import CutShort
from hikeshi.schema import Reason

DEPTH = 8
ENTRIES = 200_000
RATIO = 250
FREE = 256 << 20
BLOCK = 1 << 20


class Allowance:
    """Bytes one container may expand to: 256 MiB, or 250 times its own size when that is more."""

    def __init__(self, size: int) -> None:
        self.left = max(FREE, RATIO * size)

    def take(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks while the allowance lasts; then CutShort."""
        for chunk in chunks:
            self.left -= len(chunk)
            if self.left < 0:
                raise CutShort(Reason.EXPANSION_RATIO)
            yield chunk


def blocks(file: BinaryIO) -> Iterator[bytes]:
    """What is left of a file, in blocks."""
    while block := file.read(BLOCK):
        yield block
