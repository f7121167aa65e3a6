# SPDX-License-Identifier: Apache-2.0
"""Packet captures against dpkt, tcpflow, tshark and SHA-256, as ratios of processor time in one window.

The capture is made here from a seed: web downloads between invented hosts, a few packets out of order, a few lost.
What is not installed is left out. `python bench/captures.py 4000` also reads one of 4,000 MB and prints the memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hikeshi.errors import CutShort
from hikeshi.schema import Found, Item
from hikeshi.streams import capture
from hikeshi.synth.capture import Conversation, Packet, pcap

ROUNDS = 5
MEGABYTES = 300


def talks(draw: random.Random, number: int, blob: bytes) -> list[Packet]:
    """One connection with a few downloads."""
    talk = Conversation(
        client=f"192.0.2.{number % 200 + 1}",
        server=f"198.51.100.{number % 7 + 1}",
        client_port=20000 + number % 40000,
        time=1_516_924_800_000_000 + number * 250_000,
        client_seq=draw.randrange(1 << 32),
        server_seq=draw.randrange(1 << 32),
        step=200,
        size=1448,
    ).open()
    for part in range(draw.randrange(1, 4)):
        size = draw.choice((500, 3000, 20_000, 200_000, 700_000))
        talk.send(b"GET /f%d/%d HTTP/1.1\r\nHost: www.example.com\r\n\r\n" % (number, part))
        talk.receive(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + blob[:size])
    return talk.close().packets


def write(path: Path, megabytes: int) -> int:
    """A capture of about so many megabytes; returns its packets."""
    draw = random.Random(7)
    blob = draw.randbytes(1 << 20)
    count = number = 0
    with path.open("wb") as out:
        out.write(pcap([]))
        while out.tell() < megabytes * 1_000_000:
            packets = sorted(
                (p for k in range(8) for p in talks(draw, number + k, blob)), key=lambda packet: packet.time
            )
            number += 8
            for at in range(len(packets) - 1):
                if draw.random() < 0.002:
                    packets[at], packets[at + 1] = packets[at + 1], packets[at]
            packets = [packet for packet in packets if draw.random() > 0.0002]
            out.write(pcap(packets)[24:])
            count += len(packets)
    return count


def item(path: Path) -> Item:
    return Item("0" * 64, path.name, path.stat().st_size, path.open("rb"))


def sha256(path: Path) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)


def index(path: Path) -> None:
    """Arrow table of packets."""
    for _ in capture.index(item(path)):
        pass


def reassembled(path: Path) -> None:
    """Packets, and every stream put together: order, gaps, overlaps; no payload is copied."""
    for _ in capture.streams(item(path)):
        pass


def payload(path: Path) -> None:
    """The same with every byte of every stream copied out."""
    for stream in capture.streams(item(path)):
        for way in (stream.sent, stream.received):
            for _ in way():
                pass


def everything(path: Path) -> None:
    """What a run does: all tables, all bodies decoded and handed over."""
    for part in capture.read([item(path)]):
        if isinstance(part, Found):
            with contextlib.suppress(CutShort):
                for _ in part.chunks:
                    pass


def dpkt_parse(path: Path) -> None:
    import dpkt

    with path.open("rb") as file:
        for _, data in dpkt.pcap.Reader(file):
            frame = dpkt.ethernet.Ethernet(data)
            _ = frame.data.data


def tcpflow(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = ["tcpflow", "-q", "-o", folder, "-r", str(path)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def tshark(path: Path) -> None:
    command = ["tshark", "-n", "-q", "-r", str(path), "-z", "conv,tcp"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def processor() -> float:
    """Processor time of this process and of the programs it has run."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def measure(jobs: dict[str, Callable[[Path], None]], path: Path) -> dict[str, float]:
    """Least processor time of each job; the rounds go through all of them."""
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            start = processor()
            job(path)
            spent[name].append(processor() - start)
    return {name: min(values) for name, values in spent.items()}


def peers() -> dict[str, Callable[[Path], None]]:
    found: dict[str, Callable[[Path], None]] = {"sha256": sha256}
    try:
        import dpkt as _dpkt  # noqa: F401

        found["dpkt"] = dpkt_parse
    except ImportError:
        pass
    if shutil.which("tcpflow"):
        found["tcpflow"] = tcpflow
    if shutil.which("tshark"):
        found["tshark"] = tshark
    return found


def small(folder: Path) -> float:
    """Milliseconds for one of 1,500 small captures read in one run."""
    data = pcap(
        Conversation()
        .open()
        .send(b"GET / HTTP/1.1\r\n\r\n")
        .receive(b"HTTP/1.1 204 No\r\n\r\n")
        .close()
        .packets
    )
    path = folder / "small.pcap"
    path.write_bytes(data)
    start = processor()
    for _ in capture.read([item(path) for _ in range(1500)]):
        pass
    return (processor() - start) / 1.5


def main() -> None:
    """Print ratios."""
    ours = {"index": index, "reassembled": reassembled, "payload": payload, "everything": everything}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.pcap"
        count = write(path, MEGABYTES)
        print(f"{count} packets, {path.stat().st_size / 1e6:.0f} MB")
        times = measure({**ours, **peers()}, path)
        others = [name for name in times if name not in ours]
        print(f"{'speed as a multiple of':24}" + "".join(f"{name:>10}" for name in others))
        for name in ours:
            print(f"{name:24}" + "".join(f"{times[other] / times[name]:10.2f}" for other in others))
        print(f"small captures: {small(Path(folder)):.2f} ms each")
        if len(sys.argv) > 1:
            write(path, int(sys.argv[1]))
            started = time.perf_counter()
            everything(path)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{sys.argv[1]} MB: {time.perf_counter() - started:.0f} s, peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
