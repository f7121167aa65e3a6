# SPDX-License-Identifier: Apache-2.0
"""Walks the arguments of a run: every file once, in a fixed order, no link followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hikeshi.errors import UsageError
from hikeshi.evidence.names import decode_name
from hikeshi.evidence.segments import MOST, logs_of, segments
from hikeshi.evidence.source import FileSource, SegmentSource
from hikeshi.schema import Reason


@dataclass(frozen=True)
class Met:
    """A file of the evidence (`source`), or why it is none (`reason`); `path` starts with the argument's name.

    `logs` are the transaction logs beside it, if it can be a registry hive.
    """

    path: str
    source: FileSource | SegmentSource | None = None
    reason: Reason | None = None
    logs: tuple[FileSource, ...] = ()


def check(arguments: Sequence[str]) -> None:
    """UsageError when an argument does not exist, so that a typing error costs no run."""
    for argument in arguments:
        if not os.path.lexists(argument):
            raise UsageError(f"There is no evidence at {argument!r}; check the path.")


def walk(argument: str) -> Iterator[Met]:
    """Every file below one argument, sorted by name."""
    absolute = os.path.abspath(argument)
    name = decode_name(os.fsencode(os.path.basename(absolute))) or "%2F"
    real = os.path.realpath(absolute) if os.path.islink(absolute) else absolute
    if os.path.isfile(real):
        folder, first = os.path.split(real)
        yield from _file(folder, segments(first, _names(folder)), name)
    else:
        yield from _walk(real, name)


def _names(folder: str) -> set[str]:
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()


def _file(folder: str, names: Sequence[str], shown: str) -> Iterator[Met]:
    """One file, or the segments of one split image as one; what cannot be joined stands alone."""
    alone = [list(_walk(os.path.join(folder, name), shown)) for name in names]
    sources = [met.source for mets in alone for met in mets]
    if 1 < len(names) <= MOST and all(isinstance(source, FileSource) for source in sources):
        yield Met(shown, SegmentSource(tuple(source for source in sources if isinstance(source, FileSource))))
    else:
        yield from alone[0]
        for name in names[1:]:
            yield from _walk(os.path.join(folder, name), f"{os.path.dirname(shown)}/{name}".lstrip("/"))


def _folder(path: str, shown: str, names: Sequence[bytes]) -> Iterator[Met]:
    known, later = {os.fsdecode(name) for name in names}, set[str]()
    for name in names:
        first = os.fsdecode(name)
        if first in later:
            continue
        found = segments(first, known)
        later.update(found[1:])
        if len(found) > 1:
            yield from _file(path, found, f"{shown}/{decode_name(name)}")
        else:
            beside = [met for log in logs_of(first, known) for met in _walk(os.path.join(path, log), "")]
            logs = tuple(met.source for met in beside if isinstance(met.source, FileSource) and not met.path)
            for met in _walk(os.path.join(path, first), f"{shown}/{decode_name(name)}"):
                yield replace(met, logs=logs) if logs else met


def _walk(path: str, shown: str) -> Iterator[Met]:
    try:
        status = os.lstat(path)
        if stat.S_ISDIR(status.st_mode):
            with os.scandir(path) as entries:
                names = sorted(os.fsencode(entry.name) for entry in entries)
            yield from _folder(path, shown, names)
            return
    except OSError:
        yield Met(shown, reason=Reason.UNREADABLE)
        return
    if stat.S_ISLNK(status.st_mode):
        yield Met(shown, reason=Reason.LINK)
    elif not stat.S_ISREG(status.st_mode):
        yield Met(shown, reason=Reason.NOT_A_FILE)
    else:
        yield Met(shown, FileSource(path, status.st_size, status.st_mtime_ns))
