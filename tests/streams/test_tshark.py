# SPDX-License-Identifier: Apache-2.0
"""Public captures against tshark as a second opinion: streams, HTTP requests and answers, DNS names."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from readers.evidence import folder
from streams.differences import NAMED
from streams.reading import Result, read
from streams.test_real_captures import pack

FIELDS = (
    "tcp.stream", "http.request.method", "http.request.uri", "http.response.code", "dns.qry.name", "frame.protocols",
)  # fmt: skip
JOIN, CELL = "\x01", "\x02"
MOST_STREAMS = 400


def captures() -> Iterator[tuple[str, bytes]]:
    for name in ("arkime", "suricata-verify"):
        for path, data in sorted(pack(name).items()):
            if path.endswith((".pcap", ".pcapng")):
                yield ("arkime/" + path if name == "arkime" else path.removeprefix("tests/")), data
    for file in sorted((folder() / "pcap").rglob("*.pcap")):
        yield file.name, file.read_bytes()


def tshark(path: Path, *arguments: str) -> str:
    command = ["tshark", "-n", "-r", str(path), *arguments]
    return subprocess.run(command, capture_output=True, check=False).stdout.decode("utf-8", "replace")


Counts = dict[str, Counter[str]]


def theirs(path: Path) -> tuple[Counts, int]:
    """What tshark sees, and how many TCP streams."""
    separators = ("-E", "occurrence=a", "-E", f"aggregator={JOIN}", "-E", f"separator={CELL}")
    out = tshark(path, "-T", "fields", *separators, *(part for name in FIELDS for part in ("-e", name)))
    counts: Counts = {"requests": Counter(), "answers": Counter(), "names": Counter()}
    streams: set[str] = set()
    for line in out.splitlines():
        cells = line.split(CELL)
        if len(cells) != len(FIELDS):
            continue
        stream, methods, uris, codes, names, protocols = (cell.split(JOIN) if cell else [] for cell in cells)
        streams.update(stream)
        uris += [""] * (len(methods) - len(uris))
        counts["requests"].update(f"{m} {u}" for m, u in zip(methods, uris, strict=False))
        counts["answers"].update(
            code for code in codes if not (len(code) == 3 and code[0] == "1" and code != "101")
        )
        if {"dns", "mdns", "llmnr"} & set(protocols[0].split(":") if protocols else ()):
            counts["names"].update(names)
    return counts, len(streams)


def ours(result: Result) -> Counts:
    named = (n for n in result.names if n["type"] != "NB" and "no-question" not in n["notes"])
    return {
        "requests": Counter(f"{e['method']} {e['uri']}" for e in result.exchanges if e["method"]),
        "answers": Counter(str(e["status_code"]) for e in result.exchanges if e["status_code"] is not None),
        "names": Counter(n["name"] or "<Root>" for n in named),
    }


def followed(path: Path, count: int) -> Iterator[tuple[frozenset[str], set[str]]]:
    """Ends and bytes of each direction (in hexadecimal) of every TCP stream that carries data."""
    asked = [part for number in range(count) for part in ("-z", f"follow,tcp,raw,{number}")]
    ends: list[str] = []
    sides = ["", ""]
    for line in [*tshark(path, "-q", *asked).splitlines(), "Follow: end"]:
        if line.startswith("Follow:"):
            if any(sides):
                yield frozenset(ends), set(sides)
            ends, sides = [], ["", ""]
        elif line.startswith("Node "):
            ends.append(line.split(": ", 1)[1])
        elif line.strip() and not line.startswith(("=", "Filter:")):
            sides[line.startswith("\t")] += line.strip()


def end(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def unlike(result: Result, path: Path, count: int) -> list[frozenset[str]]:
    """Ends of the streams without a gap whose bytes are not tshark's."""
    known: dict[frozenset[str], list[tuple[set[str], bool]]] = {}
    odd = {row["stream"] for row in result.segments if row["state"] != "data"}
    for row in result.streams:
        if row["protocol"] == "tcp":
            ends = frozenset((end(row["client"], row["client_port"]), end(row["server"], row["server_port"])))
            sides = {b"".join(data for _, data in result.runs(row["stream"], way)).hex() for way in (0, 1)}
            known.setdefault(ends, []).append((sides, row["stream"] in odd))
    out = []
    for ends, sides in followed(path, count):
        mine = known.get(ends, [])
        if not any(sides == s for s, _ in mine) and not any(gap for _, gap in mine):
            out.append(ends)
    return out


def differences(data: bytes, path: Path) -> list[str]:
    path.write_bytes(data)
    result = read(data)
    seen, count = theirs(path)
    found = [name for name, counts in ours(result).items() if counts != seen[name]]
    if count <= MOST_STREAMS and unlike(result, path, count):
        found.append("streams")
    return found


@pytest.fixture(autouse=True)
def _second_opinion() -> None:
    folder()
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")


def drawn(name: str, share: int) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % 256 < share


def test_some_captures_as_tshark_sees_them(tmp_path: Path) -> None:
    names = 0
    for name, data in captures():
        if drawn(name, 2):
            assert (differences(data, tmp_path / "capture") == []) != (name in NAMED), name
            names += 1
    assert names > 4


@pytest.mark.campaign
def test_all_captures_as_tshark_sees_them(tmp_path: Path) -> None:
    differing = {name for name, data in captures() if differences(data, tmp_path / "capture")}
    assert differing == set(NAMED)
