# SPDX-License-Identifier: Apache-2.0
"""Where the bytes of an item lie: in a file of the evidence, or in a spool that has no name on disk."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

BLOCK = 4 << 20
INLINE = 1 << 20


class ChangedError(OSError):
    """A file of the evidence is no longer the one that was hashed."""


@dataclass(frozen=True)
class FileSource:
    """A file of the evidence; it is opened read-only, without following links."""

    path: str
    size: int
    mtime_ns: int

    def open(self) -> int:
        """A file descriptor; the caller closes it."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_NOATIME", 0)
        try:
            descriptor = os.open(self.path, flags)
        except PermissionError:  # O_NOATIME is for the owner only
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        return descriptor

    def openers(self) -> list[Callable[[], int | bytes]]:
        """What opens the bytes for a worker."""
        return [self.open]

    def sha256(self, tell: Callable[[int], None] | None = None) -> str:
        """Hash of the whole file; ChangedError when its size or time differ from when it was met.

        `tell` hears how many bytes more are hashed.
        """
        digest = hashlib.sha256()
        self.feed(_told(digest.update, tell))
        return digest.hexdigest()

    def feed(self, update: Callable[[bytes], None]) -> None:
        """Give all bytes in order; ChangedError as for sha256()."""
        descriptor = self.open()
        try:
            while block := os.read(descriptor, BLOCK):
                update(block)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if (after.st_size, after.st_mtime_ns) != (self.size, self.mtime_ns):
            raise ChangedError(f"{self.path} changed while it was read")

    def unchanged(self) -> bool:
        """Whether size and time are still those of the first look."""
        try:
            now = os.lstat(self.path)
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns) == (self.size, self.mtime_ns)


@dataclass(frozen=True)
class SegmentSource:
    """The segments of one split image: their bytes one after the other are one item."""

    segments: tuple[FileSource, ...]

    @property
    def path(self) -> str:
        """Where the first segment lies."""
        return self.segments[0].path

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return sum(segment.size for segment in self.segments)

    def openers(self) -> list[Callable[[], int | bytes]]:
        """What opens the segments for a worker, in order."""
        return [segment.open for segment in self.segments]

    def sha256(self, tell: Callable[[int], None] | None = None) -> str:
        """Hash over all segments as one; ChangedError when one of them changed."""
        digest = hashlib.sha256()
        for segment in self.segments:
            segment.feed(_told(digest.update, tell))
        return digest.hexdigest()

    def unchanged(self) -> bool:
        """Whether size and time of each are still those of the first look."""
        return all(segment.unchanged() for segment in self.segments)


def _told(update: Callable[[bytes], None], tell: Callable[[int], None] | None) -> Callable[[bytes], None]:
    if tell is None:
        return update

    def both(block: bytes) -> None:
        update(block)
        tell(len(block))

    return both


class Spool:
    """Bytes taken out of a container, one after the other, in a file without a name: it is gone when closed."""

    def __init__(self, folder: str) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)
        self._folder = folder

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._file.write(data)

    def tell(self) -> int:
        """Bytes written so far."""
        return self._file.tell()

    def read(self, offset: int, size: int) -> Iterator[bytes]:
        """The bytes of one member in blocks."""
        self._file.flush()
        while size > 0 and (block := os.pread(self._file.fileno(), min(BLOCK, size), offset)):
            yield block
            offset, size = offset + len(block), size - len(block)

    def lone(self, offset: int, size: int) -> int | bytes:
        """One member alone: its bytes when few, else a descriptor of a nameless copy that holds nothing else."""
        if size <= INLINE:
            return b"".join(self.read(offset, size))
        if size == self.tell():
            self._file.flush()
            return _reopen(self._file)
        with tempfile.TemporaryFile(dir=self._folder) as copy:
            for block in self.read(offset, size):
                copy.write(block)
            copy.flush()
            return _reopen(copy)

    def close(self) -> None:
        """Let the bytes go."""
        self._file.close()


def _reopen(file: IO[bytes]) -> int:
    """A descriptor of an open file from its start, read-only where the system can do that."""
    try:
        return os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        descriptor = os.dup(file.fileno())
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor


@dataclass(frozen=True)
class SpoolSource:
    """Part of a spool."""

    spool: Spool
    offset: int
    size: int

    def open(self) -> int | bytes:
        """The bytes, or a descriptor that the caller closes."""
        return self.spool.lone(self.offset, self.size)

    def openers(self) -> list[Callable[[], int | bytes]]:
        """What opens the bytes for a worker."""
        return [self.open]


Source = FileSource | SegmentSource | SpoolSource
