# SPDX-License-Identifier: Apache-2.0
"""Inert configurations of SmokeLoader's published layouts: zero-filled blobs with entries, tables and strings.

Entries are enciphered with names of RFC 2606 only. No code, no header of a program; a marker text at the end.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field

from hikeshi.codecs.rc4 import rc4

MARKER = b"HIKESHI-INERT-FIXTURE"
URLS = [f"http://{name}.example/" for name in ("one-two", "second", "third-longer-name", "host4")]
TEXTS: list[str | bytes] = [
    "https://dns.google/resolve?name=microsoft.com", r"Software\Microsoft\Internet Explorer", "advapi32.dll",
    "Location:", "plugin_size", r"\explorer.exe", "user32", "advapi32", "urlmon", "ole32", "svcVersion", "Version",
    ".bit", "%sFF", "%02x", "%s%08X%08X", r"%s\%hs".encode("utf-16-le"), "%APPDATA%".encode("utf-16-le"),
    ":Zone.Identifier".encode("utf-16-le"), "PT10M".encode("utf-16-le"), "1999-11-30T00:00:00".encode("utf-16-le"),
    "Firefox Default Browser Agent %hs".encode("utf-16-le"),
]  # fmt: skip


def xor_entry(url: str, constant: int, key: bytes) -> bytes:
    """Length, cipher, key: every byte XOR the constant and all key bytes."""
    value = constant ^ key[0] ^ key[1] ^ key[2] ^ key[3]
    return bytes([len(url)]) + bytes(byte ^ value for byte in url.encode()) + key


def rc4_entry(url: str, key: bytes) -> bytes:
    """Length, key, cipher."""
    return bytes([len(url)]) + key + rc4(key, url.encode())


def entry(codec: str, url: str, key: bytes) -> bytes:
    """An entry of the codec X-FF, X-E4 (or another constant) or R4."""
    return rc4_entry(url, key) if codec == "R4" else xor_entry(url, int(codec[2:], 16), key)


def string_list(key: bytes, texts: list[str | bytes] = TEXTS) -> bytes:
    """Key, then length and cipher of each string, then 00."""
    raw = [text.encode() if isinstance(text, str) else text for text in texts]
    return key + b"".join(bytes([len(text)]) + rc4(key, text) for text in raw) + b"\0"


@dataclass
class Blob:
    """What a blob holds and where: entries by URL, the table, the strings."""

    data: bytearray
    places: dict[str, int] = field(default_factory=dict)
    table: int = 0


def blob(
    codec: str, bits: int = 32, *, urls: list[str] = URLS, base: int = 0x1A0000, size: int = 0x4000, at: int = 0x1700,
    order: list[int] | None = None, end: bool = True, texts: bool = False, seed: int = 1, gap: int | None = None,
) -> Blob:  # fmt: skip
    """A blob whose table at `at` points, in `order`, to entries behind it.

    Without `end` the first entry's bytes follow the table directly; `gap` is how far behind the table entries begin.
    """
    chance = random.Random(seed)
    made = Blob(bytearray(size), table=at)
    width, kind = bits // 8, "<Q" if bits == 64 else "<I"
    here = at + width * (len(urls) + (1 if end else 0)) + (gap or 0)
    for url in urls:
        key = bytes(chance.randrange(1, 256) for _ in range(4))
        raw = entry(codec, url, key)
        made.places[url] = here
        made.data[here : here + len(raw)] = raw
        here += len(raw)
    for number, which in enumerate(order or range(len(urls))):
        pointer = struct.pack(kind, base + made.places[urls[which]])
        made.data[at + number * width : at + (number + 1) * width] = pointer
    if texts:
        raw = string_list(chance.randbytes(4))
        made.data[0x900 : 0x900 + len(raw)] = raw
    made.data[-len(MARKER) :] = MARKER
    return made
