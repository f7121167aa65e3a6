# SPDX-License-Identifier: Apache-2.0
"""Reads the notes that tests plant: inert text between two marks."""

from __future__ import annotations

from collections.abc import Iterator

from hikeshi.pack import Grade, Hit, Region


def read(region: Region) -> Iterator[Hit]:
    """One finding a region."""
    yield Hit(
        region.item,
        Grade.INDICATED,
        "planted.note",
        offset=region.offset,
        function="keylogging",
        fields={"size": str(region.size), "anchors": str(len(region.anchors))},
    )
