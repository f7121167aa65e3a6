# SPDX-License-Identifier: Apache-2.0
"""Packs that judge hives and captures, on public ones: none of them is of a machine with NetWire or Mokes."""

from __future__ import annotations

import lzma
import tarfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from hikeshi.families.mokes_qt import host, network
from hikeshi.families.netwire import artefacts
from hikeshi.readers import registry
from hikeshi.schema import Batch, Item
from hikeshi.streams import capture


def tables(reader: Any, data: bytes) -> Iterator[tuple[str, Any]]:
    for part in reader.read([Item("0" * 64, "item", len(data), BytesIO(data))]):
        if isinstance(part, Batch):
            yield part.table, part.rows


def test_public_hives(real_evidence: Path) -> None:
    values = 0
    for path in sorted((real_evidence / "triage" / "regipy-hives").glob("*.xz")):
        for table, rows in tables(registry, lzma.decompress(path.read_bytes())):
            if table == "registry":
                values += rows.num_rows
                told = [*artefacts.registry(rows), *host.registry(rows)]
                assert [] == [hit for hit in told if not hit.message.endswith("-clue")]
    assert values > 50_000


JUDGES: dict[str, Callable[[Any], Iterator[Any]]] = {
    "exchanges": network.exchanges,
    "names": network.names,
    "contacts": network.contacts,
}


@pytest.mark.campaign
def test_public_captures(real_evidence: Path) -> None:
    """Not even port 433 is met in the 1,516 captures."""
    read = 0
    for name, data in captures(real_evidence / "pcap"):
        if capture.sniff(data[:65536], name):
            read += 1
            for table, rows in tables(capture, data):
                assert [] == list(JUDGES[table](rows) if table in JUDGES else ()), name
    assert 1516 == read


def captures(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of the packs, and those that lie beside them."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.name.endswith(".tar.xz"):
            with tarfile.open(path) as archive:
                for member in archive:
                    if member.isfile() and (file := archive.extractfile(member)):
                        yield member.name, file.read()
        else:
            yield path.name, path.read_bytes()
