# SPDX-License-Identifier: Apache-2.0
"""Public evidence for the tests of readers, read in memory; tests skip where it is absent."""

from __future__ import annotations

import csv
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def folder() -> Path:
    """The evidence folder, or a visible skip."""
    place = os.environ.get("HIKESHI_EVIDENCE")
    if not place:
        pytest.skip("HIKESHI_EVIDENCE is not set")
    return Path(place)


def manifest() -> dict[str, str]:
    """What the manifest expects of each file, by path."""
    with (folder() / "MANIFEST.tsv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["path"]: row["expect"] for row in rows}


def stated(expect: str) -> int:
    """The number of events the manifest states."""
    found = re.search(r"(\d+) events parse", expect)
    assert found is not None, expect
    return int(found[1])


def logs(*packs: str) -> Iterator[tuple[str, bytes]]:
    """Path in the manifest and bytes of every EVTX in the named packs (all when none is named)."""
    root = folder() / "evtx"
    for pack in sorted(root.glob("*.tar.xz")):
        if packs and pack.name not in packs:
            continue
        with tarfile.open(pack) as members:
            for member in members:
                if member.name.endswith(".evtx") and (content := members.extractfile(member)):
                    yield f"evtx/{pack.name}!{member.name}", content.read()
    if not packs:
        for path in sorted((root / "extra").glob("*.evtx")):
            yield f"evtx/extra/{path.name}", path.read_bytes()


def event_data(names: tuple[str, ...], literal: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Event id and data of every event of the packs that holds one of the names; read with the evtx library."""
    import io
    import json

    from evtx import PyEvtxParser

    for _, content in logs():
        if literal.decode().encode("utf-16-le") not in content:
            continue
        for record in PyEvtxParser(io.BytesIO(content)).records_json():
            event = json.loads(record["data"])["Event"]
            data, number = event.get("EventData"), event["System"]["EventID"]
            if isinstance(data, dict) and any(data.get(name) for name in names):
                yield number["#text"] if isinstance(number, dict) else number, data


def members(path: str, *wanted: str) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of the members of a pack whose names end as wanted."""
    with tarfile.open(folder() / path) as pack:
        for member in pack:
            if member.isfile() and member.name.endswith(wanted) and (content := pack.extractfile(member)):
                yield member.name, content.read()
