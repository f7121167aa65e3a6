# SPDX-License-Identifier: Apache-2.0
"""NetWire 1.7 as published: 26 stack snapshots, the two files of the scenario, the listing of payloads (MIT)."""

from __future__ import annotations

import re
import tarfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

_LINE = re.compile(r"([0-9A-F]{8})  ((?:[0-9A-F]{2} ){16})")


class Frame(NamedTuple):
    """One message of the listing: its printed bytes may be fewer than its size."""

    control: int
    size: int
    data: bytes


@cache
def members(folder: Path) -> dict[str, bytes]:
    """Files of the pack of snapshots by their path in it."""
    with tarfile.open(folder / "netwire" / "netwire-stack-snapshots.tar.xz") as archive:
        return {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]


def snapshots(folder: Path) -> dict[str, bytes]:
    """The stacks by `folder/number`, such as win7-32/5."""
    found = {}
    for name, data in members(folder).items():
        if name.startswith("SampleStackSnapshots/") and name.endswith(".bin"):
            _, system, file = name.split("/")
            found[f"{system}/{file.partition('_')[0]}"] = data
    return found


def uploads(folder: Path) -> dict[str, bytes]:
    """The two files the operator sent, by ending."""
    return {
        n.rpartition(".")[2]: d for n, d in members(folder).items() if n.startswith("SampleFilesUploaded/")
    }


@cache
def frames(folder: Path) -> tuple[Frame, ...]:
    """The messages of the listing in its order: size at +0x6C, number at +0x7C, data from +0x7D of each dump."""
    dump, found = b"", []
    text = (folder / "netwire" / "Decrypted-payloads.txt").read_text(encoding="latin-1")
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            address = int(match[1], 16)
            dump = (b"" if address == 0x1FFF60 else dump) + bytes.fromhex(match[2])
            if address == 0x1FFFB0:
                size = int.from_bytes(dump[12:16], "little")
                found.append(Frame(dump[0x1C], size, dump[0x1D : 0x1D + size]))
    return tuple(found)
