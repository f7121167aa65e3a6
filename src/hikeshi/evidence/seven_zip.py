# SPDX-License-Identifier: Apache-2.0
"""7z archives (7-Zip's 7zFormat.txt), through py7zr where the extra `7z` is installed; else named and refused.

py7zr writes into files that we give it, one after the other, in a thread of its own; a short queue turns that into
children read as a stream. Whatever it raises is a loss of this archive alone.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, BinaryIO

from hikeshi.errors import CutShort
from hikeshi.evidence.expansion import ENTRIES, Allowance
from hikeshi.evidence.names import inner_path
from hikeshi.evidence.zip_sealed import FIRST
from hikeshi.schema import Count, Found, Issue, Item, Reason

VERSION = "2"
KIND = "7z"
INSTALL = "pip install 'hikeshi[7z]'"
MARK = b"7z\xbc\xaf\x27\x1c"
PIECE = 4 << 20

# A password is believed when the first member opens with it, or so many bytes of it.
ENOUGH = 16 << 20


def sniff(head: bytes, name: str) -> bool:
    """The signature of a 7z archive."""
    return head.startswith(MARK)


def read(items: Sequence[Item]) -> Iterator[Found | Issue | Count]:
    """Members as children."""
    for item in items:
        if find_spec("py7zr") is None:
            fields = {"extra": KIND, "install": INSTALL}
            yield Issue(item.id, Reason.MISSING_EXTRA, 0, records=1, fields=fields, unknown="unknown.members")
            yield Count(item.id, KIND, 1, container=True)
        else:
            with ThreadPoolExecutor(1) as thread:
                yield from _read(item, thread)


class StoppedError(Exception):
    """Nobody wants the rest of an archive."""


@dataclass
class _Pipe:
    """What the extracting thread says: a name for each member, its bytes, None at the end."""

    queue: queue.Queue[str | bytes | None] = field(default_factory=lambda: queue.Queue(4))
    stopped: bool = False
    ended: bool = False

    def create(self, name: str) -> _Writer:
        self.put(name)
        return _Writer(self.put)

    def put(self, said: str | bytes | None) -> None:
        if self.stopped:
            raise StoppedError
        self.queue.put(said)

    def get(self) -> str | bytes | None:
        said = None if self.ended else self.queue.get()
        self.ended = said is None
        return said

    def drain(self) -> None:
        """Take everything up to the end, so that the thread can finish."""
        self.stopped = True
        while self.get() is not None:
            pass


class _Writer:
    """The file that py7zr writes one member into."""

    def __init__(self, take: Any) -> None:
        self._take, self._size = take, 0

    def write(self, data: bytes) -> int:
        for at in range(0, len(data), PIECE):
            self._take(bytes(data[at : at + PIECE]))
        self._size += len(data)
        return len(data)

    def read(self, size: int | None = None) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def size(self) -> int:
        return self._size


def _read(item: Item, thread: ThreadPoolExecutor) -> Iterator[Found | Issue | Count]:
    password, error = _password(item, thread)
    opened = thread.submit(_members, item.file, password) if error is None else None
    if opened is None or (error := opened.exception()):
        yield Issue(item.id, _reason(error), 0, records=1, fields=_detail(error), unknown="unknown.members")
        yield Count(item.id, KIND, 1, container=True)
        return
    losses, names, met = opened.result()
    yield from (Issue(item.id, reason, None, place, 1) for reason, place in losses)
    yield from _children(item, thread, password, names, met - len(losses))
    yield Count(item.id, KIND, met, container=True)


def _children(
    item: Item, thread: ThreadPoolExecutor, password: str | None, names: list[str], due: int
) -> Iterator[Found | Issue]:
    pipe, allowance, given = _Pipe(), Allowance(item.size), 0
    work = thread.submit(_extract, item.file, password, names, pipe)
    try:
        said = pipe.get()
        while isinstance(said, str) and allowance.left >= 0:
            member = _Member(pipe, work)
            given += 1
            yield Found(item.id, inner_path(said)[0], allowance.take(iter(member)))
            said = member.rest()
    finally:
        pipe.drain()
    if given < due:
        error = work.exception()
        reason = Reason.EXPANSION_RATIO if allowance.left < 0 else _reason(error)
        yield Issue(
            item.id, reason, None, records=due - given, fields=_detail(error), unknown="unknown.members"
        )


class _Member:
    """The bytes of one member as they come; `rest` skips to what comes next."""

    def __init__(self, pipe: _Pipe, work: Future[None]) -> None:
        self._pipe, self._work = pipe, work
        self._next: str | bytes | None = b""

    def __iter__(self) -> Iterator[bytes]:
        while isinstance(said := self._pipe.get(), bytes):
            yield said
        self._next = said
        if said is None and (error := self._work.exception()):
            raise CutShort(_reason(error)) from error

    def rest(self) -> str | None:
        while isinstance(self._next, bytes):
            self._next = self._pipe.get()
        return self._next


def _password(item: Item, thread: ThreadPoolExecutor) -> tuple[str | None, BaseException | None]:
    """The password that opens the archive, null when it needs none; or why it stays closed."""
    import py7zr

    plain = thread.submit(_needs_password, item.file)
    error = plain.exception()
    if error is None and not plain.result():
        return None, None
    if error is not None and not isinstance(error, py7zr.PasswordRequired):
        return None, error
    for password in (FIRST, *item.passwords):
        if thread.submit(_try, item.file, password).exception() is None:
            return password, None
    return None, py7zr.PasswordRequired()


def _open(file: BinaryIO, password: str | None = None) -> Any:
    import py7zr

    file.seek(0)
    return py7zr.SevenZipFile(file, "r", password=password)


def _needs_password(file: BinaryIO) -> bool:
    return bool(_open(file).needs_password())


def _try(file: BinaryIO, password: str) -> None:
    """Open the first member that is not empty; whatever goes wrong means another password."""
    archive = _open(file, password)
    first = next((member.filename for member in archive.files if member.uncompressed), None)
    left = ENOUGH

    class Factory:
        def create(self, name: str) -> _Writer:
            return _Writer(take)

    def take(data: bytes) -> None:
        nonlocal left
        left -= len(data)
        if left < 0:
            raise StoppedError

    if first is not None:
        with suppress(StoppedError):
            archive.extract(targets=[first], factory=Factory())


def _members(file: BinaryIO, password: str | None) -> tuple[list[tuple[Reason, str]], list[str], int]:
    """Members that cannot become children, names of those that can, and how many there are of both."""
    losses: list[tuple[Reason, str]] = []
    names, met = [], 0
    for member in _open(file, password).files:
        if member.is_directory:
            continue
        met += 1
        place, escaped = inner_path(member.filename)
        if member.is_symlink or member.is_junction:
            losses.append((Reason.LINK, place))
        elif escaped:
            losses.append((Reason.PATH_ESCAPE, place))
        elif met > ENTRIES:
            losses.append((Reason.TOO_MANY_ENTRIES, place))
        else:
            names.append(member.filename)
    return losses, names, met


def _extract(file: BinaryIO, password: str | None, names: list[str], pipe: _Pipe) -> None:
    try:
        _open(file, password).extract(targets=names, factory=pipe)
    finally:
        pipe.queue.put(None)


def _reason(error: BaseException | None) -> Reason:
    import py7zr

    if isinstance(error, MemoryError):
        raise error
    if isinstance(error, py7zr.PasswordRequired):
        return Reason.ENCRYPTED
    if isinstance(error, py7zr.UnsupportedCompressionMethodError):
        return Reason.UNSUPPORTED_FORMAT
    return Reason.TRUNCATED if isinstance(error, EOFError) else Reason.DAMAGED


def _detail(error: BaseException | None) -> dict[str, str]:
    return {"detail": str(error)[:200]} if error and str(error) else {}
