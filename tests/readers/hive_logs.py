# SPDX-License-Identifier: Apache-2.0
"""A hive and its transaction log, which holds a newer value."""

from __future__ import annotations

import struct

from hikeshi.codecs.regf import BASE
from hikeshi.codecs.regf_log import marvin32
from hikeshi.synth.registry import Key, hive, text


def entry(sequence: int, bins: int, pages: list[tuple[int, bytes]]) -> bytes:
    """A log entry with its two hashes."""
    size = -(-(40 + sum(8 + len(page) for _, page in pages)) // 512) * 512
    body = b"".join(struct.pack("<II", place, len(page)) for place, page in pages) + b"".join(
        p for _, p in pages
    )
    body = body.ljust(size - 40, b"\0")
    head = struct.pack("<4sIIIIIQ", b"HvLE", size, 0, sequence, bins, len(pages), marvin32(body))
    return head + struct.pack("<Q", marvin32(head)) + body


OLD = hive({"Select": Key([("a", "REG_SZ", text("old"))])}, dirty=True)
NEW = hive({"Select": Key([("a", "REG_SZ", text("new"))])}, dirty=True)


def log() -> bytes:
    """A log beside OLD that makes it NEW."""
    return OLD[:28] + b"\6\0\0\0" + OLD[32:512] + entry(2, 4096, [(0, NEW[BASE : BASE + 4096])])
