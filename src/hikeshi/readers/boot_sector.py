# SPDX-License-Identifier: Apache-2.0
"""The file $Boot of an NTFS volume, as triage collections hold it: the volume's serial number.

Layout: libfsntfs, "New Technologies File System (NTFS)", volume header.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hikeshi.evidence.layout import volume_serial
from hikeshi.schema import Batch, Count, Issue, Item, Reason, table

KIND = "boot-sector"
VERSION = "1"

# $Boot is 8 KiB; what is longer is a volume.
LARGEST = 16_384


def sniff(head: bytes, name: str) -> bool:
    """Whether this is a boot sector of NTFS with no volume behind it."""
    return 512 <= len(head) <= LARGEST and head[3:11] == b"NTFS    " and head[510:512] == b"\x55\xaa"


def read(items: Sequence[Item]) -> Iterator[Batch | Issue | Count]:
    """One row of `machines` an item."""
    for item in items:
        found = volume_serial(item.file)
        if found is None:
            yield Issue(item.id, Reason.DAMAGED, 0, records=1, unknown="unknown.item")
            yield Count(item.id, KIND, 1)
            continue
        offset, serial = found
        row = {
            "item": item.id,
            "record": 0,
            "offset": offset,
            "kind": "volume-serial",
            "value": serial,
            "count": 1,
        }
        yield Batch(item.id, "machines", table("machines", [row]))
        yield Count(item.id, KIND, 1, whole=True)
