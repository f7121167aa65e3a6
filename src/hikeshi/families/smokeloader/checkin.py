# SPDX-License-Identifier: Apache-2.0
"""The head of a request to the server, deciphered: version word, bot id, computer name; the rest stays unnamed.

Layout of the head: "smokeloader-analysis" (2026-03-30). What stands behind it is published for no line that we could
read, so it is given as hexadecimal with its offset.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hikeshi.families.smokeloader import identity
from hikeshi.pack import rc4

WORDS = range(2009, 2029)
COMMANDS = range(10001, 10016)
HEAD, NAMED, SEARCHED = 43, 59, 60
# Request keys in public write-ups, as they lie in memory: dword 0x8FC255EC in "smokeloader-analysis".
KNOWN = ((bytes.fromhex("EC55C28F"), "published"),)
_DIGITS = re.compile(rb"[0-9A-Fa-f]{8}")
_ID = re.compile(rb"[0-9A-F]{40}")
_NAME = re.compile(rb"[!-~]{1,15}\0+")


@dataclass(frozen=True)
class CheckIn:
    """A request under its key: `commands` are (offset, number) that may be one, `unread` what has no name yet."""

    key: bytes
    source: str
    word: int
    bot_id: str
    computer: str | None
    commands: tuple[tuple[int, int], ...]
    unread: tuple[int, bytes]

    @property
    def serial(self) -> str:
        """The volume serial: the last eight digits of the id."""
        return self.bot_id[32:]

    @property
    def constant(self) -> int | None:
        """The published build constant under which name and serial give this id."""
        if self.computer is None:
            return None
        made = (c for c in identity.KNOWN if identity.bot_id(self.computer, c, self.serial) == self.bot_id)
        return next(made, None)


def fits(head: bytes) -> bool:
    """Whether deciphered bytes are a head: a year, forty upper-case digits, zero."""
    return (
        len(head) >= HEAD
        and int.from_bytes(head[:2], "little") in WORDS
        and _ID.fullmatch(head[2:42]) is not None
        and head[42] == 0
    )


def orders(secrets: Sequence[tuple[bytes, str]]) -> list[tuple[bytes, str]]:
    """Keys of four bytes in both orders, published ones first, each once; eight digits are taken for four bytes."""
    tried: dict[bytes, str] = {}
    for secret, source in (*KNOWN, *secrets):
        key = bytes.fromhex(secret.decode()) if _DIGITS.fullmatch(secret) else secret
        if len(key) == 4:
            tried.setdefault(key, source)
            tried.setdefault(key[::-1], f"{source}, bytes reversed")
    return list(tried.items())


def opened(body: bytes, keys: Sequence[tuple[bytes, str]]) -> CheckIn | None:
    """A body under the first key that fits."""
    for key, source in keys if len(body) >= HEAD else ():
        stream = _stream(key)
        if (body[0] ^ stream[0]) | (body[1] ^ stream[1]) << 8 in WORDS:
            plain = bytes(a ^ b for a, b in zip(body, stream, strict=False))
            if fits(plain):
                return read(plain, key, source)
    return None


@lru_cache(maxsize=16_384)
def _stream(key: bytes) -> bytes:
    """What a key gives for as much of a request as is read: it does not depend on the request."""
    return rc4(key, bytes(NAMED + SEARCHED))


def read(plain: bytes, key: bytes, source: str) -> CheckIn:
    """A deciphered request."""
    field = plain[HEAD:NAMED]
    named = _NAME.fullmatch(field) if len(field) == NAMED - HEAD else None
    computer = field.rstrip(b"\0").decode("ascii") if named else None
    begin = NAMED if computer else HEAD
    rest = plain[begin : begin + SEARCHED]
    pairs = ((begin + at, int.from_bytes(rest[at : at + 2], "little")) for at in range(len(rest) - 1))
    commands = tuple((at, number) for at, number in pairs if number in COMMANDS)
    return CheckIn(
        key, source, int.from_bytes(plain[:2], "little"), plain[2:42].decode("ascii"), computer, commands,
        (begin, rest),
    )  # fmt: skip
