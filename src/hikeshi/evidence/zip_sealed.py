# SPDX-License-Identifier: Apache-2.0
"""Encrypted members of a zip archive, opened in memory with the passwords at hand.

A password counts as right when what it opens is right: by CRC-32 for the traditional encryption, whose own check
is one byte, and by the authentication code for WinZip AES.
"""

from __future__ import annotations

import bz2
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

from hikeshi.codecs import zip_aes, zip_crypto
from hikeshi.errors import CutShort
from hikeshi.evidence.expansion import BLOCK, Allowance
from hikeshi.schema import Issue, Item, Reason

# Tried before the passwords given: the convention under which malware samples and their traces are exchanged.
FIRST = "infected"

# The traditional encryption runs at about 2 MB/s here; so many bytes of one archive are decrypted, tries included.
SLOW_LIMIT = 128 << 20

_STRONG = 0x40
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)

Opened = Callable[[], Iterator[bytes]]


class Opener:
    """Opens the encrypted members of one archive; what the slow encryption may cost is counted over all of them."""

    def __init__(self, item: Item, allowance: Allowance) -> None:
        self._item, self._allowance = item, allowance
        self._left = SLOW_LIMIT
        self._passwords = _spellings((FIRST, *item.passwords))

    def open(self, member: zipfile.ZipInfo, place: str) -> Opened | Issue:
        """The plain bytes of a member, or why there are none."""
        if member.flag_bits & _STRONG:
            return self._loss(Reason.UNSUPPORTED_FORMAT, member, place, detail="strong encryption")
        begins = _data_offset(self._item.file, member)
        if begins is None:
            return self._loss(Reason.DAMAGED, member, place, detail="local header")
        if member.compress_type == zip_aes.METHOD:
            return self._aes(member, place, begins)
        return self._traditional(member, place, begins)

    def _aes(self, member: zipfile.ZipInfo, place: str, begins: int) -> Opened | Issue:
        found = zip_aes.sealed(member.extra)
        if found is None or member.compress_size < found.overhead:
            return self._loss(Reason.DAMAGED, member, place, detail="AES field")
        if found.method not in _METHODS:
            return self._loss(Reason.UNSUPPORTED_FORMAT, member, place, detail=f"method {found.method}")
        head = b"".join(_raw(self._item.file, begins, found.salt + 2))
        tail = member.compress_size - zip_aes.MAC
        code = b"".join(_raw(self._item.file, begins + tail, zip_aes.MAC))
        salt, check = head[: found.salt], head[found.salt :]
        tried = (zip_aes.keys(password, salt, found.strength) for password in self._passwords)
        fitting = [keys for keys in tried if keys.check == check]
        if not fitting:
            return self._loss(Reason.ENCRYPTED, member, place)

        def sealed() -> Iterator[bytes]:
            return _raw(self._item.file, begins + len(head), tail - len(head))

        right = next((keys for keys in fitting if zip_aes.authentic(sealed(), keys, code)), None)
        keys = right or fitting[0]

        def chunks() -> Iterator[bytes]:
            yield from _expanded(zip_aes.crypt(sealed(), keys.cipher), found.method)
            if right is None:
                raise CutShort(Reason.DAMAGED)

        return chunks

    def _traditional(self, member: zipfile.ZipInfo, place: str, begins: int) -> Opened | Issue:
        if member.compress_type not in _METHODS:
            detail = f"method {member.compress_type}"
            return self._loss(Reason.UNSUPPORTED_FORMAT, member, place, detail=detail)
        head = b"".join(_raw(self._item.file, begins, zip_crypto.HEAD))
        fitting = [p for p in self._passwords if zip_crypto.Decrypter(p).update(head)[-1:] in _checks(member)]
        for password in fitting:
            if member.compress_size > self._left:
                return self._loss(Reason.TOO_LARGE, member, place, limit=str(SLOW_LIMIT))
            self._left -= member.compress_size
            raw = _raw(self._item.file, begins, member.compress_size)
            plain = list(zip_crypto.decrypted(raw, password))
            if self._right(plain, member):
                return lambda: _expanded(plain, member.compress_type)
        return self._loss(Reason.ENCRYPTED, member, place)

    def _right(self, plain: list[bytes], member: zipfile.ZipInfo) -> bool:
        """Whether decrypted bytes expand to what the directory promises."""
        crc, size = 0, 0
        try:
            for chunk in _expanded(plain, member.compress_type):
                crc, size = zlib.crc32(chunk, crc), size + len(chunk)
                if size > self._allowance.left:
                    return True
        except CutShort:
            return False
        return crc == member.CRC

    def _loss(self, reason: Reason, member: zipfile.ZipInfo, place: str, **fields: str) -> Issue:
        return Issue(self._item.id, reason, member.header_offset, place, 1, fields)


def _spellings(passwords: Sequence[str]) -> list[bytes]:
    """Each password in UTF-8 and as Japanese Windows writes it."""
    spelled: dict[bytes, None] = {}
    for password in passwords:
        for encoding in ("utf-8", "cp932"):
            spelled[password.encode(encoding, "ignore")] = None
    return list(spelled)


def _checks(member: zipfile.ZipInfo) -> tuple[bytes, ...]:
    """The byte that ends the head: the last of the CRC-32, or of the time when the CRC-32 follows the data."""
    _, _, _, hour, minute, second = member.date_time
    time = hour << 11 | minute << 5 | second // 2
    checks = (bytes([member.CRC >> 24]),)
    return (*checks, bytes([time >> 8 & 255])) if member.flag_bits & 8 else checks


def _data_offset(file: BinaryIO, member: zipfile.ZipInfo) -> int | None:
    if member.header_offset < 0:
        return None
    file.seek(member.header_offset)
    head = file.read(30)
    if len(head) < 30 or head[:4] != b"PK\x03\x04":
        return None
    name, extra = struct.unpack_from("<HH", head, 26)
    return int(member.header_offset + 30 + name + extra)


def _raw(file: BinaryIO, begins: int, size: int) -> Iterator[bytes]:
    """Bytes of the archive in blocks; others may move the file between them."""
    while size > 0:
        file.seek(begins)
        block = file.read(min(BLOCK, size))
        if not block:
            return
        yield block
        begins, size = begins + len(block), size - len(block)


def _expanded(chunks: Iterable[bytes], method: int) -> Iterator[bytes]:
    """Compressed bytes expanded, a block at a time; CutShort where they end early or make no sense."""
    if method == zipfile.ZIP_STORED:
        yield from chunks
        return
    try:
        yield from _inflated(chunks) if method == zipfile.ZIP_DEFLATED else _bunzipped(chunks)
    except (zlib.error, OSError, ValueError, EOFError) as error:
        raise CutShort(Reason.DAMAGED) from error


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    expander = zlib.decompressobj(-15)
    for chunk in chunks:
        while chunk and not expander.eof:
            yield expander.decompress(chunk, BLOCK)
            chunk = expander.unconsumed_tail
    if not expander.eof:
        raise CutShort(Reason.TRUNCATED)


def _bunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    expander = bz2.BZ2Decompressor()
    for chunk in chunks:
        while not expander.eof:
            yield expander.decompress(chunk, BLOCK)
            chunk = b""
            if expander.needs_input:
                break
    if not expander.eof:
        raise CutShort(Reason.TRUNCATED)
