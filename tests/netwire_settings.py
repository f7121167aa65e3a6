# SPDX-License-Identifier: Apache-2.0
"""Inert settings of NetWire: text at the published offsets, and slot records as data. No code, never a program."""

from __future__ import annotations

import random
from collections.abc import Mapping

from hikeshi.codecs.rc4 import rc4
from hikeshi.families.netwire.config import LAYOUTS, SIZES
from hikeshi.pack import Section

KEY = b"RGI28DQ30QB8Q1F7"
MARK = b"\nINERT TEST DATA: text and tables, no program.\n"
# OSX.Netwire.A as "The Art of Mac Malware", listing 9-6, shows it.
MAC = {
    "hosts": "89.34.111.113:443;", "proxies": "-", "password": "Password", "host_id": "HostId-%Rand%",
    "group": "Default Group", "label": "NC", "mutex": "-", "install_path": "%home%/.defaults/Finder",
    "startup_name": "com.mac.host", "activex": "{0Q44F73L-1XD5-6N1H-53K4-I28DQ30QB8Q1}",
}  # fmt: skip
# Invented, in the grammar of the fields; options, proxy mode and seconds as in a public test configuration.
WINDOWS = {
    "hosts": "c2.example:1972;198.51.100.7:443;", "proxies": "-", "password": "Password",
    "host_id": "HostId-%Rand%", "group": "Default Group", "mutex": "UQrgsndM",
    "install_path": "%AppData%\\Install\\Host.exe", "startup_name": "NetWire",
    "activex": "{0Q44F73L-1XD5-6N1H-53K4-I28DQ30QB8Q1}", "keylog_dir": "%AppData%\\Logs\\", "options": "96",
    "proxy_mode": "1", "sleep": "75", "flag": "96", "flag-2": "1", "flag-3": "75",
}  # fmt: skip


def struct(layout: str, values: Mapping[str, str]) -> bytes:
    """The decrypted fields of a layout in one block."""
    out = bytearray(SIZES[layout])
    for name, (at, size) in LAYOUTS[layout].items():
        text = values[name].encode()
        assert len(text) < size
        out[at : at + len(text)] = text
    return bytes(out)


def placed(layout: str, seed: int, size: int = 1 << 20) -> tuple[bytes, int]:
    """Noise with a struct in it, and where."""
    chance = random.Random(f"{layout} {seed}")
    block = struct(layout, MAC if layout == "macOS" else WINDOWS)
    at = chance.randrange(size - len(block))
    noise = chance.randbytes(size)
    return noise[:at] + block + noise[at + len(block) :], at


def blob(fields: list[str], seed: int, is_mapped: bool = False) -> tuple[bytes, list[Section], int]:
    """Bytes of two sections (tables and data), their table and base: key, encrypted fields and slot records."""
    chance = random.Random(seed)
    base, code, data = 0x400000, 0x1000, 0x3000
    stored, slots = bytearray(KEY + bytes(16)), b""
    for number, text in enumerate(fields):
        size = 0xFF if number == 0 else chance.choice((64, 96, 128))
        address = base + data + len(stored)
        stored += rc4(KEY, text.encode().ljust(size, b"\0"))
        slots += b"\xc7\x44\x24\x08" + size.to_bytes(4, "little") + b"\xc7\x44\x24\x04"
        slots += address.to_bytes(4, "little") + b"\x89\x1c\x24\xe8\0\0\0\0"
    head = (
        b"\x8d\0\0\0\xc7\x44\0\0"
        + (16).to_bytes(4, "little")
        + b"\xc7\x44\0\0"
        + (base + data).to_bytes(4, "little")
    )
    head += b"\x89\0\0\xe8\0\0\0\0\x89\0\0"
    tables = (chance.randbytes(chance.randrange(600)) + head + slots).ljust(0x1000, b"\xcc")
    if is_mapped:
        image = chance.randbytes(code) + tables.ljust(data - code, b"\0") + bytes(stored) + MARK
        return image, [Section(0, len(image), 0)], base
    image = chance.randbytes(0x400) + tables + bytes(stored) + MARK
    return image, [Section(code, 0x1000, 0x400), Section(data, len(stored), 0x1400)], base
