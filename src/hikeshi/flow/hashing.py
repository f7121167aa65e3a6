# SPDX-License-Identifier: Apache-2.0
"""Files of the evidence hashed on threads beside the workers, and handed on in the order in which they are met."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from hikeshi.evidence import discover
from hikeshi.evidence.discover import Met
from hikeshi.evidence.source import ChangedError
from hikeshi.schema import Reason

ROW = 64


@dataclass
class Hashed:
    """A file that was met: its SHA-256 or why there is none, and how many of its bytes are hashed by now."""

    argument: str
    met: Met
    bytes: int = 0
    item: str | Reason | None = None

    def hash(self) -> None:
        """Hash the file."""
        if self.met.source is None:
            return
        try:
            self.item = self.met.source.sha256(self._tell)
        except ChangedError:
            self.item = Reason.CHANGED
        except OSError:
            self.item = Reason.UNREADABLE

    def _tell(self, count: int) -> None:
        self.bytes += count


class Hashing:
    """All files below the arguments; take them with ready() until `over`."""

    def __init__(self, arguments: Sequence[str], threads: int) -> None:
        self._met = ((name, met) for name in sorted(arguments) for met in discover.walk(name))
        self._threads = ThreadPoolExecutor(threads)
        self._row: deque[tuple[Hashed, Future[None]]] = deque()
        self._ended = False

    def __enter__(self) -> Hashing:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def over(self) -> bool:
        """Whether every file was handed on."""
        return self._ended and not self._row

    def ready(self) -> Iterator[Hashed]:
        """The files that are hashed, as far as all before them are."""
        self._fill()
        while self._row and self._row[0][1].done():
            hashed, future = self._row.popleft()
            future.result()
            yield hashed
            self._fill()

    def at_work(self) -> Iterator[Hashed]:
        """The files of which some bytes are hashed."""
        return (hashed for hashed, _ in self._row if hashed.bytes)

    def _fill(self) -> None:
        while not self._ended and len(self._row) < ROW:
            following = next(self._met, None)
            if following is None:
                self._ended = True
                return
            hashed = Hashed(*following)
            self._row.append((hashed, self._threads.submit(hashed.hash)))
