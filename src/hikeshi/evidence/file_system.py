# SPDX-License-Identifier: Apache-2.0
"""Files inside a disk image, by pytsk3 (The Sleuth Kit): all are listed, known artefacts become children.

Times of NTFS's $FILE_NAME attribute: libfsntfs documentation, "New Technologies File System (NTFS)".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pytsk3

from hikeshi.errors import CutShort
from hikeshi.evidence.artefacts import WHOLE, known
from hikeshi.evidence.expansion import Allowance
from hikeshi.evidence.layout import Volume
from hikeshi.evidence.media import Media
from hikeshi.evidence.names import decode_name, inner_path
from hikeshi.schema import Batch, Found, Issue, Item, Reason, table

ENTRIES, DEPTH, ROWS, RUNS = 2_000_000, 128, 2_000, 256
STEP = 1 << 20
DATA, INDEX, FILE_NAME = 128, 144, 48
YEAR_1, YEAR_9999 = -62_135_596_800_000_000, 253_402_300_799_000_000
_EPOCH = 11_644_473_600_000_000
_KIND = {
    pytsk3.TSK_FS_META_TYPE_REG: "file",
    pytsk3.TSK_FS_META_TYPE_DIR: "folder",
    pytsk3.TSK_FS_META_TYPE_LNK: "link",
    pytsk3.TSK_FS_META_TYPE_VIRT_DIR: "folder",
    pytsk3.TSK_FS_META_TYPE_VIRT: "file",
}
_KIND_BY_NAME = {
    pytsk3.TSK_FS_NAME_TYPE_REG: "file",
    pytsk3.TSK_FS_NAME_TYPE_DIR: "folder",
    pytsk3.TSK_FS_NAME_TYPE_LNK: "link",
    pytsk3.TSK_FS_NAME_TYPE_VIRT: "file",
    pytsk3.TSK_FS_NAME_TYPE_VIRT_DIR: "folder",
}


class _Image(pytsk3.Img_Info):  # type: ignore[misc]
    """The media as The Sleuth Kit wants to read it."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        super().__init__(url="", type=pytsk3.TSK_IMG_TYPE_EXTERNAL)

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the media, as many as there are."""
        self._file.seek(offset)
        data = b""
        while len(data) < size and (more := self._file.read(size - len(data))):
            data += more
        return data

    def get_size(self) -> int:
        """Bytes of the media."""
        return self._size


@dataclass
class _Stream:
    """One entry as it is listed: a file, a folder, or a named stream of either."""

    path: str
    kind: str
    deleted: bool
    entry: Any
    attribute: Any
    size: int


@dataclass(frozen=True)
class _Content:
    """Where the bytes of a stream are to be had: its file's number, and the attribute."""

    path: str
    deleted: bool
    size: int
    address: int
    kind: int
    id: int


def read_volume(item: Item, media: Media, volume: Volume) -> Iterator[Batch | Found | Issue]:
    """Rows of `files` for all that the volume lists, and the artefacts among them as children."""
    try:
        system = pytsk3.FS_Info(_Image(media.file, media.size), offset=volume.offset)
    except OSError as error:
        yield Issue(
            item.id,
            Reason.DAMAGED,
            volume.offset,
            volume.name or None,
            fields={"file_system": volume.kind or "", "detail": str(error)[:200]},
            unknown="unknown.files-inside",
        )
        return
    wanted = _Wanted()
    rows: list[dict[str, Any]] = []
    for number, found in enumerate(_walk(item, system, volume)):
        if isinstance(found, Issue):
            yield found
            continue
        rows.append(_row(item.id, number, found, system, volume))
        wanted.offer(found)
        if len(rows) == ROWS:
            yield Batch(item.id, "files", table("files", rows))
            rows = []
    yield Batch(item.id, "files", table("files", rows))
    yield from _children(item, system, wanted)


class _Wanted:
    """Which streams are taken out: all of a small volume, else the known artefacts; what is left is counted."""

    def __init__(self) -> None:
        self.always: list[_Content] = []
        self.others: list[_Content] | None = []
        self.left = self.left_bytes = self.bytes = 0

    def offer(self, stream: _Stream) -> None:
        """Note a stream if it has content."""
        if stream.kind != "file" or stream.attribute is None or stream.entry.info.meta is None:
            return
        kind = stream.attribute.info
        content = _Content(
            stream.path, stream.deleted, stream.size, stream.entry.info.meta.addr, kind.type, kind.id
        )
        if known(stream.path):
            self.always.append(content)
            return
        self.left, self.left_bytes = self.left + 1, self.left_bytes + stream.size
        if self.others is not None:
            self.others.append(content)
            self.bytes += stream.size
            if self.bytes > WHOLE:
                self.others = None

    def all(self) -> list[_Content]:
        """What to take out, by path."""
        return sorted([*self.always, *(self.others or ())], key=lambda content: content.path)


def _children(item: Item, system: Any, wanted: _Wanted) -> Iterator[Found | Issue]:
    allowance = Allowance(item.size)
    for content in wanted.all():
        place, _ = inner_path(content.path)
        shown = f"{place} (deleted)" if content.deleted else place
        yield Found(item.id, shown, allowance.take(_chunks(content, system)))
    if wanted.others is None:
        fields = {"files": str(wanted.left), "bytes": str(wanted.left_bytes)}
        yield Issue(item.id, Reason.NOT_TAKEN_OUT, fields=fields, unknown="unknown.listed-only")


def _walk(item: Item, system: Any, volume: Volume) -> Iterator[_Stream | Issue]:
    """Every entry below the root, folders before what lies in them, each folder once."""
    prefix = f"{volume.name}/" if volume.name else ""
    pending = [(prefix, system.info.root_inum, 0, False)]
    seen, count = {system.info.root_inum}, 0
    while pending:
        path, inode, depth, deleted = pending.pop()
        below = []
        entries, whole = _entries(system, inode)
        if not whole:
            fields = {"detail": "the folder is not readable to its end"}
            place = path.rstrip("/") or None
            yield Issue(item.id, Reason.DAMAGED, volume.offset, place, 0, fields, "unknown.files-inside")
        for entry in entries:
            name = decode_name(bytes(entry.info.name.name or b"")).replace("/", "%2F").replace("\0", "%00")
            if name in (".", "..", ""):
                continue
            gone = _gone(entry) or deleted
            for stream in _streams(entry, path + name, gone):
                count += 1
                yield stream
            meta = entry.info.meta
            if _kind(entry) == "folder" and meta is not None and meta.addr not in seen:
                if depth >= DEPTH:
                    place = f"{path}{name}"
                    yield Issue(item.id, Reason.TOO_DEEP, volume.offset, place, 0, {}, "unknown.files-inside")
                    continue
                seen.add(meta.addr)
                below.append((f"{path}{name}/", meta.addr, depth + 1, gone and name != "$OrphanFiles"))
            if count > ENTRIES:
                fields = {"limit": str(ENTRIES)}
                yield Issue(item.id, Reason.TOO_MANY_ENTRIES, volume.offset, volume.name or None, 0, fields)
                return
        pending += reversed(below)


def _entries(system: Any, inode: int) -> tuple[list[Any], bool]:
    """The entries of a folder, and whether they are all: of a damaged one there is what is readable."""
    found: list[Any] = []
    try:
        for entry in system.open_dir(inode=inode):
            if entry.info.name is not None:
                found.append(entry)
    except OSError:
        return found, False
    return found, True


def _gone(entry: Any) -> bool:
    return bool(int(entry.info.name.flags) & pytsk3.TSK_FS_NAME_FLAG_UNALLOC)


def _kind(entry: Any) -> str:
    meta = entry.info.meta
    if meta is not None and int(meta.type):
        return _KIND.get(meta.type, "other")
    return _KIND_BY_NAME.get(entry.info.name.type, "other")


def _streams(entry: Any, path: str, deleted: bool) -> Iterator[_Stream]:
    """The entry itself, then its named streams."""
    data = _data(entry)
    unnamed = next((attribute for attribute in data if not _label(attribute)), None)
    kind = _kind(entry)
    own = unnamed or (data[0] if data and not any(map(_ntfs, data)) else None)
    if kind != "file" or own is not None or not data:
        size = own.info.size if own is not None else 0
        yield _Stream(path, kind, deleted, entry, own if kind == "file" else None, size)
    for attribute in data:
        label = _label(attribute)
        if attribute is not own and label:
            yield _Stream(f"{path}:{label}", "file", deleted, entry, attribute, attribute.info.size)


def _data(entry: Any) -> list[Any]:
    if entry.info.meta is None:
        return []
    try:
        return [attribute for attribute in entry if _content(attribute)]
    except OSError:
        return []


def _content(attribute: Any) -> bool:
    """Whether an attribute is listed: contents, forks, and indexes that are no folder's."""
    kind = int(attribute.info.type)
    return kind in (1, DATA, 4352) or (kind == INDEX and _label(attribute) != "$I30")


def _ntfs(attribute: Any) -> bool:
    return int(attribute.info.type) in (DATA, INDEX)


def _label(attribute: Any) -> str:
    return decode_name(bytes(attribute.info.name or b"")) if _ntfs(attribute) else ""


def _runs(attribute: Any) -> list[tuple[int, int, bool]]:
    """(block, blocks, sparse) of the first runs of an attribute; none when it lies in its record."""
    found = []
    try:
        for run in attribute:
            flags = int(run.flags)
            found.append((run.addr, run.len, bool(flags & pytsk3.TSK_FS_ATTR_RUN_FLAG_SPARSE)))
            if len(found) == RUNS:
                break
    except OSError:
        return []
    return found


def _chunks(content: _Content, system: Any) -> Iterator[bytes]:
    """The bytes of a stream; those of a sparse journal from its first stored run."""
    try:
        entry, at = system.open_meta(inode=content.address), 0
        if content.path.endswith(":$J"):
            at = _hole(entry, content) * system.info.block_size
        while at < content.size:
            data = entry.read_random(at, min(STEP, content.size - at), content.kind, content.id)
            if not data:
                raise CutShort(Reason.TRUNCATED)
            yield data
            at += len(data)
    except OSError as error:
        raise CutShort(Reason.DAMAGED) from error


def _hole(entry: Any, content: _Content) -> int:
    """How many blocks at the start of a stream are not stored."""
    skipped = 0
    for attribute in entry:
        if attribute.info.type == content.kind and attribute.info.id == content.id:
            for _, blocks, sparse in _runs(attribute):
                if not sparse:
                    return skipped
                skipped += blocks
    return 0


def _row(item: str, number: int, stream: _Stream, system: Any, volume: Volume) -> dict[str, Any]:
    """One row of `files`: times in microseconds, the second set only on NTFS, where its bytes lie in the image."""
    meta = stream.entry.info.meta
    block = system.info.block_size
    runs = _runs(stream.attribute) if stream.attribute is not None else []
    extents = [(volume.offset + at * block, count * block) for at, count, sparse in runs if not sparse]
    row: dict[str, Any] = {
        "item": item,
        "record": number,
        "offset": extents[0][0] if extents else None,
        "path": stream.path,
        "kind": stream.kind,
        "bytes": stream.size,
        "state": "deleted" if stream.deleted else "allocated",
        "extents": [f"{start}+{size}" for start, size in extents],
    }
    if meta is not None:
        row["address"] = meta.addr
        row |= {
            "created": _time(meta.crtime, meta.crtime_nano),
            "modified": _time(meta.mtime, meta.mtime_nano),
            "accessed": _time(meta.atime, meta.atime_nano),
            "changed": _time(meta.ctime, meta.ctime_nano),
        }
        row |= _named_times(stream.entry)
    return row


def _time(seconds: int, nanoseconds: int) -> int | None:
    return _sane(seconds * 1_000_000 + nanoseconds // 1000) if seconds else None


def _sane(time: int) -> int | None:
    """The time, unless damage made it one that no calendar has."""
    return time if YEAR_1 <= time <= YEAR_9999 else None


def _named_times(entry: Any) -> dict[str, int | None]:
    """Created, modified, changed and accessed of the first $FILE_NAME attribute."""
    try:
        for attribute in entry:
            if int(attribute.info.type) == FILE_NAME and attribute.info.size >= 40:
                data = entry.read_random(8, 32, attribute.info.type, attribute.info.id)
                times = struct.unpack("<4Q", data)
                names = ("name_created", "name_modified", "name_changed", "name_accessed")
                return {n: _sane(t // 10 - _EPOCH) if t else None for n, t in zip(names, times, strict=True)}
    except (OSError, struct.error):
        pass
    return {}
