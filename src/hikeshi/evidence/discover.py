# SPDX-License-Identifier: Apache-2.0
"""Walks the arguments of a run: every file once, in a fixed order, no link followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hikeshi.errors import UsageError
from hikeshi.evidence.names import decode_name
from hikeshi.evidence.source import FileSource
from hikeshi.schema import Reason


@dataclass(frozen=True)
class Met:
    """A file of the evidence (`source`), or why it is none (`reason`); `path` starts with the argument's name."""

    path: str
    source: FileSource | None = None
    reason: Reason | None = None


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
    yield from _walk(real, name)


def _walk(path: str, shown: str) -> Iterator[Met]:
    try:
        status = os.lstat(path)
        if stat.S_ISDIR(status.st_mode):
            with os.scandir(path) as entries:
                names = sorted(os.fsencode(entry.name) for entry in entries)
            for name in names:
                yield from _walk(os.path.join(path, os.fsdecode(name)), f"{shown}/{decode_name(name)}")
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
