# SPDX-License-Identifier: Apache-2.0
"""Event readers against the parsers below them and against hashing, as ratios of CPU time in one window.

Reads the public evidence in HIKESHI_EVIDENCE; without it there is nothing to measure.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

import orjson
from evtx import PyEvtxParser

from hikeshi.readers import evtx, json_events
from hikeshi.schema import Batch, Item

ROUNDS = 5
JSON_SETS = ("cmd_dumping_ntds_dit_file_ntdsutil", "empire_mimikatz_backupkeys_dcerpc_smb_lsarpc")


def ours(reader: Any, contents: Sequence[bytes]) -> int:
    """Events the reader delivers as Arrow tables."""
    items = [Item("0" * 64, "", len(content), BytesIO(content)) for content in contents]
    said = (said for said in reader.read(items) if isinstance(said, Batch) and said.table == "events")
    return sum(len(batch.rows) for batch in said)


def wheel(contents: Sequence[bytes]) -> int:
    """Events the evtx wheel writes as JSON text, loaded by orjson: dictionaries, no columns."""
    count = 0
    for content in contents:
        records = PyEvtxParser(BytesIO(content), number_of_threads=1).records_json()
        while True:
            try:
                orjson.loads(next(records)["data"])  # type: ignore[index]
                count += 1
            except StopIteration:
                break
            except RuntimeError:
                continue
    return count


def loads(contents: Sequence[bytes]) -> int:
    """Lines loaded by orjson: dictionaries, no columns."""
    return sum(1 for content in contents for line in content.splitlines() if line and orjson.loads(line))


def sha256(contents: Sequence[bytes]) -> int:
    """The hash of every file."""
    for content in contents:
        hashlib.sha256(content).digest()
    return 0


def compare(title: str, contents: Sequence[bytes], work: dict[str, Callable[[Sequence[bytes]], int]]) -> None:
    """Time all candidates in turn, several times over, and print medians relative to the first."""
    times: dict[str, list[float]] = {name: [] for name in work}
    counts = {}
    for _ in range(ROUNDS):
        for name, function in work.items():
            begin = time.process_time()
            counts[name] = function(contents)
            times[name].append(time.process_time() - begin)
    size = sum(map(len, contents)) / 1e6
    first = median(times[next(iter(work))])
    print(f"{title}: {len(contents)} files, {size:.0f} MB")
    for name, taken in times.items():
        middle = median(taken)
        rate = f"{counts[name] / middle:10,.0f} events/s" if counts[name] else " " * 19
        print(f"  {name:24} {middle:7.3f} s {rate} {size / middle:8.0f} MB/s   {middle / first:6.2f}")


def main() -> int:
    """Measure both readers."""
    place = os.environ.get("HIKESHI_EVIDENCE")
    if not place:
        print("bench/readers: HIKESHI_EVIDENCE is not set, nothing to read")
        return 0
    logs = []
    for pack in sorted(Path(place, "evtx").glob("*.tar.xz")):
        with tarfile.open(pack) as members:
            found = [members.extractfile(m) for m in members if m.name.endswith(".evtx")]
            logs += [file.read() for file in found if file]
    compare(
        "event logs",
        logs,
        {"hikeshi evtx": lambda c: ours(evtx, c), "wheel JSON + orjson": wheel, "SHA-256": sha256},
    )
    lines = []
    for name in JSON_SETS:
        (path,) = Path(place, "evtx-json").rglob(f"{name}.zip")
        with zipfile.ZipFile(path) as archive:
            lines += [archive.read(member) for member in archive.namelist() if member.endswith(".json")]
    compare(
        "events as JSON lines",
        lines,
        {"hikeshi json_events": lambda c: ours(json_events, c), "orjson": loads, "SHA-256": sha256},
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
