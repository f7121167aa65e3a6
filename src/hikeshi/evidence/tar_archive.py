# SPDX-License-Identifier: Apache-2.0
"""Tar archives (POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU), read as a stream of members."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence

from hikeshi.errors import CutShort
from hikeshi.evidence.expansion import ENTRIES, Allowance, blocks
from hikeshi.evidence.names import decode_name, inner_path
from hikeshi.schema import Count, Found, Issue, Item, Reason

VERSION = "1"
KIND = "tar"


def sniff(head: bytes, name: str) -> bool:
    """The ustar magic, or a header block whose checksum holds (tars older than POSIX have no magic)."""
    if head[257:262] == b"ustar":
        return True
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def read(items: Sequence[Item]) -> Iterator[Found | Issue | Count]:
    """Members as children."""
    for item in items:
        yield from _read(item)


def _read(item: Item) -> Iterator[Found | Issue | Count]:
    allowance, met, refused = Allowance(item.size), 0, 0
    try:
        with tarfile.open(
            fileobj=item.file, mode="r:", encoding="utf-8", errors="surrogateescape"
        ) as archive:
            for member in archive:
                if member.isdir():
                    continue
                met += 1
                if met > ENTRIES:
                    yield Issue(
                        item.id,
                        Reason.TOO_MANY_ENTRIES,
                        member.offset,
                        records=1,
                        fields={"limit": str(ENTRIES)},
                    )
                    break
                yield from _member(item, archive, member, allowance)
                archive.members.clear()  # type: ignore[attr-defined]
    except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError) as error:
        refused = 1
        yield Issue(item.id, Reason.DAMAGED, item.file.tell(), records=1, fields={"detail": str(error)})
    yield Count(item.id, KIND, met + refused, container=True)


def _member(
    item: Item, archive: tarfile.TarFile, member: tarfile.TarInfo, allowance: Allowance
) -> Iterator[Found | Issue]:
    place, escaped = inner_path(decode_name(member.name.encode("utf-8", "surrogateescape")))
    if member.issym() or member.islnk():
        yield Issue(item.id, Reason.LINK, member.offset, place, records=1)
        return
    if not member.isfile():
        yield Issue(item.id, Reason.NOT_A_FILE, member.offset, place, records=1)
        return
    if escaped:
        yield Issue(item.id, Reason.PATH_ESCAPE, member.offset, place)
    yield Found(item.id, place, allowance.take(_chunks(archive, member)))


def _chunks(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    given = 0
    try:
        file = archive.extractfile(member)
        for block in blocks(file) if file else ():  # type: ignore[arg-type]
            given += len(block)
            yield block
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise CutShort(Reason.DAMAGED) from error
    if given < member.size:
        raise CutShort(Reason.TRUNCATED)
