# SPDX-License-Identifier: Apache-2.0
"""Settings in memory: the decrypted struct, found by its layout alone or where the code says it lies.

Layouts and code anchors: JPCERTCC/MalConfScan, with two labels corrected; macOS: "The Art of Mac Malware",
listing 9-6. Needs no process list and no operating system: any image of memory, page file or dump will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hikeshi.families.netwire.settings import STRICT, Config, score, setting
from hikeshi.pack import read_text

# Offset and size of each field in the struct. A field named in no column is not in that build.
_SEVEN = {
    "hosts": (0x000, 256), "proxies": (0x100, 256), "password": (0x200, 56), "host_id": (0x238, 20),
    "mutex": (0x24C, 20), "install_path": (0x260, 132), "startup_name": (0x2E4, 28), "activex": (0x300, 64),
    "keylog_dir": (0x340, 132), "options": (0x3C4, 4), "proxy_mode": (0x3C8, 4), "sleep": (0x3CC, 4),
}  # fmt: skip
_GROUP = {
    "hosts": (0x000, 256), "proxies": (0x100, 256), "password": (0x200, 56), "host_id": (0x238, 20),
    "group": (0x24C, 20), "mutex": (0x260, 32), "install_path": (0x280, 160), "startup_name": (0x320, 64),
    "activex": (0x360, 64), "keylog_dir": (0x3A0, 132), "options": (0x424, 4), "proxy_mode": (0x440, 4),
    "sleep": (0x464, 4),
}  # fmt: skip
_SIX = {
    "flag": (0x000, 4), "flag-2": (0x004, 4), "flag-3": (0x008, 4), "keylog_dir": (0x00C, 132),
    "activex": (0x090, 40), "startup_name": (0x0B8, 20), "install_path": (0x0CC, 132), "mutex": (0x150, 12),
    "host_id": (0x15C, 40), "password": (0x184, 36), "proxies": (0x1A8, 256), "hosts": (0x2A8, 256),
}  # fmt: skip
_FIVE = {
    "flag": (0x000, 4), "flag-2": (0x004, 4), "keylog_dir": (0x008, 132), "activex": (0x08C, 40),
    "startup_name": (0x0B4, 20), "install_path": (0x0C8, 132), "mutex": (0x14C, 12), "host_id": (0x158, 40),
    "password": (0x180, 36), "proxies": (0x1A4, 256), "hosts": (0x2A4, 256),
}  # fmt: skip
_MAC = {
    "hosts": (0x000, 256), "proxies": (0x100, 256), "password": (0x200, 50), "host_id": (0x232, 17),
    "group": (0x243, 14), "label": (0x251, 3), "mutex": (0x254, 9), "install_path": (0x25D, 129),
    "startup_name": (0x2DE, 49), "activex": (0x30F, 40),
}  # fmt: skip
LAYOUTS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "1.5b": _FIVE,
    "1.5d/1.6a": _SIX,
    "1.7a": _SEVEN,
    "1.7 with group": _GROUP,
    "macOS": _MAC,
}
SIZES = {"1.5b": 0x3A4, "1.5d/1.6a": 0x3A8, "1.7a": 0x3D0, "1.7 with group": 0x468, "macOS": 0x337}
_SERVER = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{2,252}:\d{1,5};(?=\0|[A-Za-z0-9])")
# Each field says how much it speaks against chance: hosts must fit, and this much more besides.
ENOUGH, MOST_UNREADABLE = 5, 1
_STARTS = 8
_TELLING = (
    "proxies",
    "host_id",
    "mutex",
    "install_path",
    "activex",
    "keylog_dir",
    "startup_name",
    "group",
    "label",
)


def memory(data: bytes, offset: int = 0) -> Iterator[Config]:
    """The settings that lie decrypted in memory, by offset; `offset` is where the data lie in their item."""
    end = -1
    for match in _SERVER.finditer(data):
        if match.start() < end:
            continue
        found = _best(data, match.start(), match.end(), offset)
        if found is not None:
            yield found
            end = max(match.end(), found.offset - offset + LAYOUTS[found.layout]["hosts"][0] + 256)


def _best(data: bytes, first: int, last: int, offset: int) -> Config | None:
    """The layout that fits best around a list of hosts; None when none fits well enough or two fit alike.

    Letters that happen to stand before the list look like its beginning: the first few starts are tried.
    """
    found = []
    for hosts in range(first, min(first + _STARTS, last - 4)):
        for order, (name, layout) in enumerate(LAYOUTS.items()):
            base = hosts - layout["hosts"][0]
            if base >= 0 and (read := read_struct(data, base, name, offset)) is not None:
                found.append((*read, -order))
    found.sort(key=lambda one: (one[0], one[2]), reverse=True)
    if not found or (len(found) > 1 and found[0][0] == found[1][0]):
        return None
    return found[0][1]


def read_struct(data: bytes, base: int, name: str, offset: int = 0) -> tuple[int, Config] | None:
    """The struct of a layout at a place, with its score; None where it is no such struct."""
    total, telling, settings, unreadable = 0, 0, [], list[str]()
    at, size = LAYOUTS[name]["hosts"]
    hosts = _text(data, base + at, size)
    if hosts is None or score("hosts", hosts) < 0:
        return None
    for label, (at, size) in LAYOUTS[name].items():
        field = label.partition("-")[0]
        text = _text(data, base + at, size)
        value = score(field, text) if text is not None else -STRICT
        if text is None or value < 0:
            unreadable.append(field)
            total -= STRICT
            if len(unreadable) > MOST_UNREADABLE:
                return None
            continue
        total += value
        telling += field in _TELLING and value == STRICT and text != "-"
        telling += field in ("options", "proxy_mode", "sleep", "flag") and value == STRICT
        telling += field == "password" and len(text) > 3
        settings.append(setting(field, text, offset + base + at))
    if telling < ENOUGH:
        return None
    sure = sum(score(one.name, one.value) == STRICT for one in settings) / len(LAYOUTS[name])
    config = Config("memory", name, offset + base, settings, round(sure, 2), None, unreadable)
    return total, config


def _text(data: bytes, at: int, size: int) -> str | None:
    """The text of a field up to its NUL; None when it has none or holds control bytes."""
    raw = data[at : at + size]
    end = raw.find(b"\0")
    text = raw[:end] if end >= 0 else b""
    if end < 0 or any(byte < 0x20 or byte == 0x7F for byte in text):
        return None
    reading = read_text(text)
    return reading.text if reading.confidence >= 0.3 else None


# Code anchors of versions: where the address of the struct stands behind the start of the match.
_CODE: Mapping[str, tuple[re.Pattern[bytes], int]] = {
    "1.5b": (re.compile(rb"\xe8\x8b.\0\0\xc7\x44.\x08\x03\0\0\0", re.DOTALL), 17),
    "1.5d/1.6a": (re.compile(rb"\xe8..\0\0\x89\x1c.\xc7\x44\x24\x08", re.DOTALL), 20),
    "1.7a": (re.compile(rb"\xe8..\0\0\xc7\x44.\x08\xff\0\0\0", re.DOTALL), 17),
    "1.7 with group": (re.compile(rb"\xe8\x53.\0\0\xc7\x44.\x10\xff\0\0\0", re.DOTALL), 17),
}
_MOST_MATCHES = 256


def mapped(data: bytes, base: int, offset: int = 0) -> Iterator[Config]:
    """The settings of an image that lies as it was mapped at address `base`, by what its code points to."""
    seen = set()
    for name, (pattern, at) in _CODE.items():
        for _, match in zip(range(_MOST_MATCHES), pattern.finditer(data), strict=False):
            place = match.start() + at
            address = int.from_bytes(data[place : place + 4], "little") - base
            if 0 <= address < len(data) and (name, address) not in seen:
                seen.add((name, address))
                found = read_struct(data, address, name, offset)
                if found is not None:
                    yield found[1]
