# SPDX-License-Identifier: Apache-2.0
"""Every file of export/, made from a saved case and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hikeshi.export import findings, indicators, maco, misp, navigator, stix, timesketch
from hikeshi.export.share import DEFAULT, Shared, shared

if TYPE_CHECKING:
    from pathlib import Path

    from hikeshi.case.saved import Saved


EVENTS = "internal/timesketch-events.jsonl"


def build(case: Saved, tlp: str = DEFAULT) -> dict[str, bytes]:
    """Path below export/ -> bytes of each file; for a case whose events fit into memory."""
    return {path: b"".join(chunks) for path, chunks in files(case, shared(case, tlp), events=True)}


def files(case: Saved, leaving: Shared, events: bool) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Path below export/ and content, in pieces, of each file; `leaving` is what may be shared.

    The timeline of every event, several times the size of the tables, comes only with `events`.
    """
    yield "internal/timesketch.jsonl", timesketch.findings(case)
    if events:
        yield EVENTS, timesketch.events(case)
    yield "internal/findings.csv", [findings.table(case)]
    yield "internal/maco.jsonl", [maco.lines(case)]
    yield "internal/navigator.json", [navigator.layer(case)]
    yield "share/bundle.stix.json", [stix.bundle(leaving)]
    yield "share/misp.json", [misp.event(leaving)]
    yield "share/indicators.csv", [indicators.table(leaving)]


def write(case: Saved, tlp: str = DEFAULT, events: bool = False) -> tuple[list[Path], Shared]:
    """Write every file below the case's export/ folder anew; gives their paths and what was shared."""
    leaving = shared(case, tlp)
    (case.path / "export" / EVENTS).unlink(missing_ok=True)
    return [
        _write(case.path / "export" / path, chunks) for path, chunks in files(case, leaving, events)
    ], leaving


def _write(path: Path, chunks: Iterable[bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".new")
    with open(scratch, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
    os.replace(scratch, path)
    return path
