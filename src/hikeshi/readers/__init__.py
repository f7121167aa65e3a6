# SPDX-License-Identifier: Apache-2.0
"""The readers: one module per artefact, asked in order whether an item is theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Protocol, cast

from hikeshi.schema import Batch, Count, Found, Issue, Item

READERS = (
    "hikeshi.evidence.zip_archive",
    "hikeshi.evidence.compressed",
    "hikeshi.evidence.tar_archive",
    "hikeshi.evidence.seven_zip",
    "hikeshi.readers.boot_sector",
    "hikeshi.evidence.foreign_image",
    "hikeshi.evidence.image",
    "hikeshi.readers.evtx",
    "hikeshi.readers.registry",
    "hikeshi.readers.shortcut",
    "hikeshi.readers.scheduled_task",
    "hikeshi.readers.launchd",
    "hikeshi.readers.macos_names",
    "hikeshi.readers.macos_zone",
    "hikeshi.readers.desktop_entry",
    "hikeshi.readers.hosts_file",
    "hikeshi.streams.capture",
    "hikeshi.readers.zeek",
    "hikeshi.readers.eve",
    "hikeshi.readers.argus",
    "hikeshi.readers.squid",
    "hikeshi.readers.weblog",
    "hikeshi.readers.file_table",
    "hikeshi.readers.body_file",
    "hikeshi.readers.ls",
    "hikeshi.readers.json_events",
    "hikeshi.readers.collector",
    "hikeshi.readers.mbox",
    "hikeshi.readers.emlx",
    "hikeshi.readers.mail",
    "hikeshi.readers.msg",
)

# Libraries that readers use when they are installed.
OPTIONAL = ("py7zr", "pytsk3")


class Reader(Protocol):
    """What a reader module offers."""

    __name__: str
    KIND: str
    VERSION: str

    def sniff(self, head: bytes, name: str) -> bool:
        """Whether an item that begins with these bytes is for this reader."""

    def read(self, items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
        """Rows, children, losses and the closing account of each item."""


def pick(head: bytes, name: str) -> Reader | None:
    """The first reader that takes an item beginning with these bytes; the name is only a hint."""
    for path in READERS:
        reader = cast(Reader, import_module(path))
        if reader.sniff(head, name):
            return reader
    return None


def by_size(item: Item, segments: int, kind: str | None) -> Reader | None:
    """The reader of an item that no beginning gives away: a large file or a split one is searched as raw bytes."""
    from hikeshi.evidence import foreign_image, image, media

    if foreign_image.udif(item):
        return cast(Reader, foreign_image)
    raw = kind is None and (segments > 1 or item.size >= media.LARGE)
    return cast(Reader, image) if raw else None
