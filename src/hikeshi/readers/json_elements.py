# SPDX-License-Identifier: Apache-2.0
"""JSON values of a file, one at a time, in bounded memory (RFC 8259).

One value a line, an array, or values one after the other, printed over as many lines as they like; UTF-8, or
UTF-16 when the byte order mark says so. A line is tried first; only where that fails are brackets counted,
outside strings. A value that does not end where it should is given up at the next line: a line end inside a
string, or a line that begins with `{"` inside a value, cannot be meant.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import orjson

from hikeshi.schema import Reason

LIMIT = 4 << 20
DEPTH = 1024
BLOCK = 1 << 20

_BETWEEN = re.compile(rb"[ \t\r\n,]*+")
_BEGINS = re.compile(rb'\n\{[ \t]{0,8}"')
_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")*+([{}\[\]"]|\Z)')
_SURROGATE = re.compile(
    rb"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|(\\.)"
)


class Element(NamedTuple):
    """A value, the bytes it was written as (UTF-8) and where they begin in the file."""

    offset: int
    raw: bytes
    value: Any
    repaired: bool = False


class Broken(NamedTuple):
    """Where a value should be and none could be read."""

    offset: int
    reason: Reason
    why: str


def elements(file: BinaryIO) -> Iterator[Element | Broken]:
    """Every value of the file, in order."""
    text = _Text(file)
    lines, array = True, False
    while text.next():
        offset = text.offset()
        first = text.buffer[text.at : text.at + 1]
        if first == b"[" and offset == text.start and not array:
            array = True
            text.at += 1
        elif first == b"]" and array:
            text.at += 1
        elif first not in (b"{", b"["):
            text.skip_line()
            yield Broken(offset, Reason.DAMAGED_RECORD, "not an object")
        elif lines and (element := text.line(offset)):
            yield element
        else:
            found = text.balanced(offset, lines)
            lines = lines and isinstance(found, Broken)
            yield found


def load(offset: int, raw: bytes) -> Element | str:
    """The value of these bytes, with characters that no text can hold replaced; or why there is none."""
    try:
        return Element(offset, raw, orjson.loads(raw))
    except orjson.JSONDecodeError as error:
        why = str(error)
    repaired = _SURROGATE.sub(_keep, raw.decode("utf-8", "replace").encode())
    if repaired == raw:
        return why
    try:
        return Element(offset, raw, orjson.loads(repaired), repaired=True)
    except orjson.JSONDecodeError:
        return why


def _keep(escape: re.Match[bytes]) -> bytes:
    return escape[0] if escape.lastindex else b"\\ufffd"


def _broken(offset: int, reason: Reason, why: str, deepest: int) -> Broken:
    return Broken(offset, Reason.TOO_DEEP if deepest > DEPTH else reason, why)


class _Text:
    """The file as UTF-8 in a sliding buffer; `at` is where the next value begins."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        mark = file.read(3)
        self.utf16 = mark.startswith(codecs.BOM_UTF16_LE)
        self.base = 2 if self.utf16 else 3 if mark == codecs.BOM_UTF8 else 0
        file.seek(self.base)
        self.file = file
        self.decoder = codecs.getincrementaldecoder("utf-16-le")("replace")
        self.buffer = b""
        self.at = self.measured = 0
        self.end = False
        self.next()
        self.start = self.offset()

    def more(self) -> None:
        """Forget what lies before `at` and read on, at least as much as is left."""
        self.offset()
        left = self.buffer[self.at :]
        block = self.file.read(max(BLOCK, len(left)))
        self.end = not block
        self.buffer = left + (self.decoder.decode(block, self.end).encode() if self.utf16 else block)
        self.at = self.measured = 0

    def offset(self) -> int:
        """Where `at` is in the file."""
        passed = self.buffer[self.measured : self.at]
        self.base += len(passed.decode().encode("utf-16-le")) if self.utf16 else len(passed)
        self.measured = self.at
        return self.base

    def next(self) -> bool:
        """Pass what separates values; whether anything follows."""
        while True:
            between = _BETWEEN.match(self.buffer, self.at)
            self.at = between.end() if between else self.at
            if self.at < len(self.buffer) or self.end:
                return self.at < len(self.buffer)
            self.more()

    def skip_line(self) -> None:
        """Go to the next line."""
        while (newline := self.buffer.find(b"\n", self.at)) < 0:
            self.at = len(self.buffer)
            if self.end:
                return
            self.more()
        self.at = newline + 1

    def line(self, offset: int) -> Element | None:
        """The value that fills the rest of this line, if one does."""
        while (newline := self.buffer.find(b"\n", self.at)) < 0:
            if self.end or len(self.buffer) - self.at > LIMIT:
                newline = len(self.buffer)
                break
            self.more()
        if newline - self.at > LIMIT:
            return None
        found = load(offset, self.buffer[self.at : newline].rstrip(b" \t\r,"))
        if isinstance(found, str):
            return None
        self.at = newline
        return found

    def bracket(self, past: int) -> tuple[bytes, int]:
        """The next bracket at least `past` bytes behind `at`, or what stands where none can be found."""
        while True:
            token = _BRACKET.match(self.buffer, self.at + past)
            assert token is not None
            kind, here = token[1], token.start(1)
            past = here - self.at
            if self.end or self.sure(kind, here):
                return kind, past
            if len(self.buffer) - self.at > LIMIT:
                return b"", past
            self.more()

    def sure(self, kind: bytes, here: int) -> bool:
        """Whether enough has been read to tell what stands here."""
        if kind == b'"':
            return self.buffer.find(b"\n", here) >= 0
        return here + 10 < len(self.buffer)

    def balanced(self, offset: int, line: bool) -> Element | Broken:
        """The value whose brackets close here; after one that is broken go on where the next may begin."""
        depth = deepest = past = 0
        while True:
            kind, here = self.bracket(past)
            past = here + 1
            if kind in (b"{", b"["):
                if depth and _BEGINS.match(self.buffer, self.at + here - 1):
                    self.at += here
                    return _broken(offset, Reason.DAMAGED_RECORD, "it does not end", deepest)
                depth += 1
                deepest = max(deepest, depth)
            elif kind in (b"}", b"]"):
                depth -= 1
                if not depth:
                    break
            else:
                self.at += here
                return _broken(offset, self.give_up(kind), "it does not end", deepest)
        raw = self.buffer[self.at : self.at + past]
        self.at += past
        if past > LIMIT:
            return _broken(offset, Reason.TOO_LARGE, f"more than {LIMIT} bytes", deepest)
        found = load(offset, raw)
        if isinstance(found, Element):
            return found
        if line:
            self.skip_line()
        return _broken(offset, Reason.DAMAGED_RECORD, found, deepest)

    def give_up(self, kind: bytes) -> Reason:
        """Go to the next line; why the value before it has no end."""
        newline = self.buffer.find(b"\n", self.at)
        self.skip_line()
        if kind == b'"' and newline >= 0:
            return Reason.DAMAGED_RECORD
        return Reason.TRUNCATED if self.end and self.at >= len(self.buffer) else Reason.TOO_LARGE
