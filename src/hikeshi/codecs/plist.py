# SPDX-License-Identifier: Apache-2.0
"""Property lists of Apple, XML and binary, bounded: what refers to one object many times is not unfolded without end.

plist(5) for the XML; the comments of CFBinaryPList.c (opensource.apple.com) for the binary form.
"""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from hikeshi.codecs.xml_tree import Element, parse

MOST_OBJECTS, DEEPEST, MOST_BYTES = 50_000, 64, 4 << 20
BINARY = b"bplist0"


class _Damaged(Exception):
    """Why a binary list cannot be read."""


def sniff(head: bytes) -> bool:
    """Whether bytes begin a property list."""
    start = head[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(BINARY) or (start[:1] == b"<" and b"<plist" in start[:1024])


def loads(data: bytes) -> tuple[Any, str | None]:
    """The value of a list (null when there is none), and why it ends early (null when it does not)."""
    if data.startswith(BINARY):
        try:
            return _Binary(data).top(), None
        except (_Damaged, struct.error) as error:
            return None, str(error)
    tree = parse(data)
    root = tree.root
    if root is None or root.name != "plist" or not root.children:
        return None, tree.damage or "it holds no value"
    return _from_xml(root.children[0]), tree.damage


def as_text(value: Any) -> str:
    """A value as one line: lists joined by blanks, the keys of a dictionary with their values."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return " ".join(f"{key}={as_text(inner)}" for key, inner in list(value.items())[:100])[:8192]
    if isinstance(value, list):
        return " ".join(as_text(inner) for inner in value[:1000])[:8192]
    return value.hex()[:8192] if isinstance(value, bytes) else str(value)[:8192]


def _from_xml(element: Element) -> Any:
    text = element.text
    match element.name:
        case "dict":
            keys = [n for n, child in enumerate(element.children) if child.name == "key"]
            after = ((n, element.children[n + 1 : n + 2]) for n in keys)
            return {
                element.children[n].text: _from_xml(value[0])
                for n, value in after
                if value and value[0].name != "key"
            }
        case "array":
            return [_from_xml(child) for child in element.children]
        case "true" | "false":
            return element.name == "true"
        case "integer":
            digits = text.strip()
            return int(digits) if digits.lstrip("+-").isdecimal() and len(digits) < 40 else text
        case "data":
            try:
                return b64decode("".join(text.split()))
            except ValueError:
                return b""
    return text


class _Binary:
    """A binary list: objects found by number, each use of one counted."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 40:
            raise _Damaged("it is too short")
        self._data = data
        width, self._ref, self._count, self._top, at = struct.unpack_from(">6xBBQQQ", data, len(data) - 32)
        if not 1 <= width <= 8 or not 1 <= self._ref <= 8 or self._count > len(data) or at > len(data):
            raise _Damaged("its trailer is none")
        self._width, self._table = width, at
        self._left, self._bytes = MOST_OBJECTS, 4 * len(data)

    def top(self) -> Any:
        """The value itself."""
        return self._object(self._top, 0)

    def _number(self, at: int, size: int) -> int:
        piece = self._data[at : at + size]
        if len(piece) < size:
            raise _Damaged("it ends early")
        return int.from_bytes(piece, "big")

    def _object(self, number: int, depth: int) -> Any:
        self._left -= 1
        if number >= self._count or depth > DEEPEST or self._left < 0:
            raise _Damaged(
                "its objects refer to one another without end" if depth else "it has no such object"
            )
        at = self._number(self._table + number * self._width, self._width)
        mark = self._number(at, 1)
        kind, size = mark >> 4, mark & 15
        at += 1
        match kind:
            case 0:
                return {8: False, 9: True}.get(size)
            case 1:
                return int.from_bytes(self._take(at, 1 << min(size, 5)), "big", signed=size >= 3)
            case 2 if size in (2, 3):
                return struct.unpack(">f" if size == 2 else ">d", self._take(at, 1 << size))[0]
            case 3 if size == 3:
                return f"{struct.unpack('>d', self._take(at, 8))[0]:.0f} s after 2001-01-01T00:00:00Z"
            case 8:
                return self._number(at, size + 1)
        if size == 15:
            width = 1 << min(self._number(at, 1) & 15, 4)
            size, at = self._number(at + 1, width), at + 1 + width
        match kind:
            case 4:
                return self._take(at, size)
            case 5:
                return self._take(at, size).decode("latin-1")
            case 6:
                return self._take(at, 2 * size).decode("utf-16-be", "replace")
            case 10 | 12:
                return [self._object(ref, depth + 1) for ref in self._refs(at, size)]
            case 13:
                names, values = self._refs(at, size), self._refs(at + size * self._ref, size)
                pairs = zip(names, values, strict=True)
                return {str(self._object(a, depth + 1)): self._object(b, depth + 1) for a, b in pairs}
        raise _Damaged(f"it has an object of the unknown kind {mark:#04x}")

    def _take(self, at: int, size: int) -> bytes:
        self._bytes -= size
        if self._bytes < 0 or at + size > len(self._data):
            raise _Damaged("it ends early" if self._bytes >= 0 else "its objects hold more than the file")
        return self._data[at : at + size]

    def _refs(self, at: int, size: int) -> list[int]:
        if size > self._left:
            raise _Damaged("its objects are too many")
        raw = self._take(at, size * self._ref)
        return [int.from_bytes(raw[n : n + self._ref], "big") for n in range(0, len(raw), self._ref)]
