# SPDX-License-Identifier: Apache-2.0
"""Files on their way in a decrypted session: hashed, measured and typed as they pass, never kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from hikeshi.families.netwire.commands import Command
from hikeshi.families.netwire.files import Described, kind_of
from hikeshi.families.netwire.frames import Frame

_HEAD = 4096


class _Open:
    """One transfer between its opening and closing messages."""

    def __init__(self, path: str, direction: str) -> None:
        self.path, self.direction = path, direction
        self.digest, self.size, self.head, self.gaps = hashlib.sha256(), 0, b"", 0

    def described(self, whole: bool) -> Described:
        """What is known of the file now."""
        return Described(
            self.path, self.direction, self.size, self.digest.hexdigest(), kind_of(self.head),
            whole and not self.gaps, gaps=self.gaps,
        )  # fmt: skip


class Transfers:
    """The open transfers of a session, by direction and index byte."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], _Open] = {}

    def take(self, frame: Frame, plain: bytes, command: Command, from_agent: bool) -> Iterator[Described]:
        """Note one message; gives the description of a file that it ends."""
        if frame.number == 0xAB and not from_agent and command.complete:
            direction = command.fields["direction"]
            if direction in ("from-victim", "to-victim"):
                key = (direction, int(command.fields["index"]))
                yield from self._closed(key, False)
                self._open[key] = _Open(command.fields["path"], direction)
        elif frame.number == 0xAC and plain:
            self._add((_direction(from_agent), plain[0]), plain[1:], frame.whole)
        elif frame.number == 0xAD and plain:
            yield from self._closed((_direction(from_agent), plain[0]), True)

    def lost(self) -> None:
        """Bytes of the stream are missing: no open file is whole any more."""
        for transfer in self._open.values():
            transfer.gaps += 1

    def rest(self) -> Iterator[Described]:
        """The files that were never closed."""
        for key in sorted(self._open):
            yield from self._closed(key, False)

    def _add(self, key: tuple[str, int], data: bytes, whole: bool) -> None:
        transfer = self._open.setdefault(key, _Open("", key[0]))
        transfer.gaps += (not whole) + (not transfer.path and not transfer.size)
        transfer.digest.update(data)
        transfer.size += len(data)
        if len(transfer.head) < _HEAD:
            transfer.head += data[:_HEAD]

    def _closed(self, key: tuple[str, int], whole: bool) -> Iterator[Described]:
        transfer = self._open.pop(key, None)
        if transfer is not None:
            yield transfer.described(whole)


def _direction(from_agent: bool) -> str:
    return "from-victim" if from_agent else "to-victim"
