# SPDX-License-Identifier: Apache-2.0
"""A small event log, written by hand from the public description of the format (libevtx documentation).

Every record holds its XML inline, without templates: elements, attributes and text, nothing else.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

CHUNK = 65536
FILETIME_2024 = 133_485_408_000_000_000  # 2024-01-01T00:00:00Z


def _text(text: str) -> bytes:
    return struct.pack("<BBH", 5, 1, len(text)) + text.encode("utf-16-le")


def _name(name: str, at: int) -> bytes:
    """A reference to a name that stands right behind it; `at` is the offset in the chunk it is written at."""
    return struct.pack("<IIHH", at + 4, 0, 0, len(name)) + name.encode("utf-16-le") + b"\0\0"


def _element(name: str, attributes: Mapping[str, str], inner: str | Sequence[bytes], at: int) -> bytes:
    head = _name(name, at + 5)
    listed = b""
    for i, (key, value) in enumerate(attributes.items()):
        token = b"\x46" if i + 1 < len(attributes) else b"\x06"
        place = at + 5 + len(head) + 4 + len(listed) + 1
        listed += token + _name(key, place) + _text(value)
    if attributes:
        listed = struct.pack("<I", len(listed)) + listed
    body = b"\x02" + (_text(inner) if isinstance(inner, str) else b"".join(inner)) + b"\x04"
    token = 0x41 if attributes else 0x01
    return struct.pack("<BI", token, len(head) + len(listed) + len(body)) + head + listed + body


class _Writer:
    """Elements one after the other, each knowing the offset it will stand at."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.parts: list[bytes] = []

    def leaf(self, name: str, text: str, **attributes: str) -> None:
        part = _element(name, attributes, text, self.at)
        self.parts.append(part)
        self.at += len(part)


def _nest(name: str, at: int, leaves: Sequence[tuple[str, str, Mapping[str, str]]]) -> bytes:
    inside = _Writer(at + 5 + len(_name(name, 0)) + 1)
    for leaf, text, attributes in leaves:
        inside.leaf(leaf, text, **attributes)
    return _element(name, {}, inside.parts, at)


def record(number: int, at: int, data: Mapping[str, str]) -> bytes:
    """One record that stands at this offset of its chunk."""
    start = at + 24 + 4
    first = start + 5 + len(_name("Event", 0)) + 1
    system = _nest(
        "System",
        first,
        [
            ("Provider", "", {"Name": "Example-Provider"}),
            ("EventID", "4242", {}),
            ("TimeCreated", "", {"SystemTime": "2024-01-01T09:00:00.1234567Z"}),
            ("EventRecordID", str(number), {}),
            ("Channel", "Example/Operational", {}),
            ("Computer", "pc-1.corp.example", {}),
        ],
    )
    named = [("Data", text, {"Name": name}) for name, text in data.items()]
    event = _element("Event", {}, [system, _nest("EventData", first + len(system), named)], start)
    body = b"\x0f\x01\x01\x00" + event + b"\x00"
    body += bytes(-len(body) % 8 + 4)
    size = 24 + len(body) + 4
    head = struct.pack("<4sIQQ", b"**\0\0", size, number, FILETIME_2024 + number)
    return head + body + struct.pack("<I", size)


def chunk(records: Sequence[tuple[int, Mapping[str, str]]]) -> bytes:
    """One chunk with these records, its checksums right."""
    body = b""
    last = 512
    for number, data in records:
        last = 512 + len(body)
        body += record(number, last, data)
    numbers = [number for number, _ in records]
    counts = (1, len(records), min(numbers), max(numbers))
    head = struct.pack("<8sQQQQIII", b"ElfChnk\0", *counts, 128, last, 512 + len(body))
    head = (head + struct.pack("<I", zlib.crc32(body))).ljust(124, b"\0")
    tables = bytes(384)
    head += struct.pack("<I", zlib.crc32(tables, zlib.crc32(head[:120])))
    return (head + tables + body).ljust(CHUNK, b"\0")


def log(*chunks: bytes) -> bytes:
    """A file of these chunks."""
    head = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, len(chunks) - 1, 1, 128, 1, 3, 4096, len(chunks))
    head = head.ljust(124, b"\0")
    head += struct.pack("<I", zlib.crc32(head[:120]))
    return head.ljust(4096, b"\0") + b"".join(chunks)
