# SPDX-License-Identifier: Apache-2.0
"""Zip archives (PKWARE APPNOTE 6.3): members in directory order, Japanese names, passwords tried on encrypted ones."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from hikeshi.errors import CutShort
from hikeshi.evidence.expansion import ENTRIES, Allowance, blocks
from hikeshi.evidence.names import decode_name, inner_path
from hikeshi.evidence.zip_sealed import Opener
from hikeshi.schema import Count, Found, Issue, Item, Reason

VERSION = "2"
KIND = "zip"


def sniff(head: bytes, name: str) -> bool:
    """A local file header or the end record of an empty archive at the start."""
    return head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


def read(items: Sequence[Item]) -> Iterator[Found | Issue | Count]:
    """Members as children."""
    for item in items:
        yield from _read(item)


def _read(item: Item) -> Iterator[Found | Issue | Count]:
    try:
        archive = zipfile.ZipFile(item.file)
        members = [member for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, EOFError) as error:
        yield Issue(item.id, Reason.DAMAGED, 0, records=1, fields={"detail": str(error)})
        yield Count(item.id, KIND, 1, container=True)
        return
    allowance = Allowance(item.size)
    opener = Opener(item, allowance)
    for member in members[:ENTRIES]:
        yield from _member(item, archive, member, allowance, opener)
    if len(members) > ENTRIES:
        left = len(members) - ENTRIES
        yield Issue(item.id, Reason.TOO_MANY_ENTRIES, records=left, fields={"limit": str(ENTRIES)})
    yield Count(item.id, KIND, len(members), container=True)


def _member(
    item: Item, archive: zipfile.ZipFile, member: zipfile.ZipInfo, allowance: Allowance, opener: Opener
) -> Iterator[Found | Issue]:
    place, escaped = inner_path(_name(member))
    if stat.S_ISLNK(member.external_attr >> 16):
        yield Issue(item.id, Reason.LINK, member.header_offset, place, records=1)
        return
    if escaped:
        yield Issue(item.id, Reason.PATH_ESCAPE, member.header_offset, place)
    if member.flag_bits & 1:
        opened = opener.open(member, place)
        yield opened if isinstance(opened, Issue) else Found(item.id, place, allowance.take(opened()))
        return
    try:
        archive.open(member).close()
    except NotImplementedError as error:
        yield Issue(
            item.id, Reason.UNSUPPORTED_FORMAT, member.header_offset, place, 1, {"detail": str(error)}
        )
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, RuntimeError) as error:
        yield Issue(item.id, Reason.DAMAGED, member.header_offset, place, 1, {"detail": str(error)})
    else:
        yield Found(item.id, place, allowance.take(_chunks(archive, member)))


def _chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(member) as file:
            yield from blocks(file)  # type: ignore[arg-type]
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError) as error:
        raise CutShort(Reason.DAMAGED) from error


def _name(member: zipfile.ZipInfo) -> str:
    """Flag bit 11 says UTF-8; else zipfile has read cp437, from which the stored bytes come back."""
    if member.flag_bits & 0x800:
        return member.orig_filename
    try:
        return decode_name(member.orig_filename.encode("cp437"))
    except UnicodeEncodeError:
        return member.orig_filename
