# SPDX-License-Identifier: Apache-2.0
"""Servers read from inert blobs, beside CAPE's parser of the same family, as one table.

The peer is run when PEER names its file (cape-parsers, cape_parsers/CAPE/core/SmokeLoader.py) and yara-python and
pycryptodomex are there. Its anchors of code are written into the blobs as data; the last row leaves them out.
"""

from __future__ import annotations

import importlib.util
import os
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hikeshi.families.smokeloader import config
from smokeloader_config import URLS, Blob, blob

BASE, ANCHOR = 0x1A0000, 0x1100
KINDS = (
    "plain",
    "no terminator",
    "shuffled table",
    "unaligned base",
    "page missing",
    "two generations",
    "no code",
)
ANCHOR_64 = bytes.fromhex("7400B8E8030000B958020000FF000000000048FFC075F0000000000000488D05")
ANCHOR_32 = bytes.fromhex("8B96000000008BCE5E8B1495")
Peer = Callable[[bytes], dict[str, list[str]] | None]


@dataclass(frozen=True)
class Region:
    """A region of raw bytes."""

    bytes: bytes
    offset: int = 0
    item: str = "0" * 64


def anchored(made: Blob, bits: int, base: int) -> None:
    """The bytes by which the peer finds the table."""
    raw = ANCHOR_64 if bits == 64 else ANCHOR_32
    end = ANCHOR + len(raw)
    tail = (
        struct.pack("<i", made.table - end - 4)
        if bits == 64
        else struct.pack("<I", base + made.table) + b"\xe9"
    )
    made.data[ANCHOR : end + len(tail)] = raw + tail


def fixture(codec: str, bits: int, kind: str) -> tuple[bytes, list[str]]:
    """A blob and the servers that can be read from it, in order."""
    base = 0x1A1230 if kind == "unaligned base" else BASE
    order = [2, 0, 3, 1] if kind == "shuffled table" else [0, 1, 2, 3]
    at = (0x1F90 if bits == 32 else 0x1F80) if kind == "page missing" else 0x1700
    made = blob(codec, bits, base=base, order=order, end=kind != "no terminator", at=at)
    urls = [URLS[number] for number in order]
    if kind != "no code":
        anchored(made, bits, base)
    if kind == "page missing":
        made.data[0x2000:0x3000] = bytes(0x1000)
        urls = [url for url in urls if made.places[url] + len(url) + 5 <= 0x2000]
    if kind == "two generations":
        others = [url.replace("example", "invalid") for url in URLS]
        made.data += blob("X-FF" if codec == "R4" else "R4", bits, base=base, urls=others, seed=2).data
        urls += others
    return bytes(made.data), urls


def peer() -> Peer | None:
    """The other parser, if it is there."""
    path = os.environ.get("PEER")
    found = importlib.util.spec_from_file_location("peer", path) if path else None
    if found is None or found.loader is None:
        return None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    asked: Peer = module.extract_config
    return asked


def rows(other: Peer | None) -> Iterator[str]:
    """One line a blob."""
    for bits in (32, 64):
        for codec in ("X-FF", "X-E4", "R4"):
            for kind in KINDS:
                data, urls = fixture(codec, bits, kind)
                hits = [hit for hit in config.found(Region(data)) if "c2_url" in hit.fields]
                own = [url for hit in hits for url in hit.fields["c2_url"].split("\n")]
                assert own == urls, (bits, codec, kind)
                yield f"| {bits} | {codec} | {kind} | {len(urls)} | {len(own)} | {said(other, data, urls)} |"


def said(other: Peer | None, data: bytes, urls: list[str]) -> str:
    """How many servers the peer names, or how it fails."""
    if other is None:
        return "not run"
    try:
        return str(len(set((other(data) or {}).get("CNCs", [])) & set(urls)))
    except Exception as error:
        return type(error).__name__


if __name__ == "__main__":
    print("| bits | encoding | blob | servers | hikeshi | peer |\n|---|---|---|---|---|---|")
    print("\n".join(rows(peer())))
