# SPDX-License-Identifier: Apache-2.0
"""Carving NetWire key logs: recall of bytes by class beside the published nine-signature rule, and cost.

The rule is modelled from its description (NetWireLogDecoder, stage 2): 512-byte sectors with five or more
occurrences of nine signatures. Logs of our own lie between noise, zeros, text and system libraries. Cost is the
ratio to one pass of a single compiled expression over the same bytes. `python bench/netwire_keylogs.py 3000`
makes 3,000 MB, block by block.
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import netwire_logs as inert
from hikeshi.families.netwire.carving import carve
from hikeshi.families.netwire.keylog import encoded

MEGABYTES, BLOCK, SECTOR = 300, 16 << 20, 512
SIGNATURES = [
    encoded(text)
    for text in (
        b"\r\n\r\n", b"] - [", b"[Enter]", b"[Backspace]", b"[Delete]", b"[Ctrl+", b" Lock]", b"][", b"]Arrow ",
    )
]  # fmt: skip
RULE = re.compile(b"|".join(re.escape(s) for s in SIGNATURES))
PLAIN = re.compile(re.escape(encoded(b"] - [")))
TEXT = b"Minutes of a meeting, plain text in a file of its own, of which there are many. "
CLASSES: dict[str, Callable[[int], bytes]] = {
    "prose": lambda n: inert.coded(n, windows=8, tokens=0.02, words=(150, 600)),
    "token-rich": lambda n: inert.coded(n, tokens=0.6),
    "cp932 titles": lambda n: inert.coded(n, titles=inert.JAPANESE, code_page="cp932", words=(1, 12)),
    "MFT-resident": lambda n: inert.coded(n, windows=3, words=(2, 20))[:690],
    "cut at 512": lambda n: inert.coded(n)[512 : 512 * 7],
    "cut at 4096": lambda n: inert.coded(n, windows=60)[4096 : 4096 * 3],
    "two hosts interleaved": lambda n: b"".join(
        part[at : at + 4096]
        for at in range(0, 12288, 4096)
        for part in (
            inert.coded(n, windows=60),
            inert.coded(n + 1, windows=60, titles=inert.JAPANESE, code_page="cp932"),
        )
    ),
}


def libraries() -> Iterator[bytes]:
    """Bytes of system files that are no logs."""
    while True:
        for path in sorted(Path(sys.prefix).rglob("*.so"))[:400]:
            yield path.read_bytes()


def blocks(megabytes: int) -> Iterator[tuple[bytes, list[tuple[str, int, int]]]]:
    """Blocks of an image, each with what was planted in it: class, begin, end."""
    chance, files, number = random.Random(11), libraries(), 0
    for _ in range(max(1, megabytes * 1_000_000 // BLOCK)):
        out, planted = bytearray(), []
        while len(out) < BLOCK:
            kind = chance.randrange(4)
            size = chance.randrange(1, 80) * 4096
            filler = chance.randbytes(size) if kind == 0 else bytes(size)
            filler = (TEXT * (size // len(TEXT) + 1))[:size] if kind == 2 else filler
            out += next(files)[: BLOCK // 8] if kind == 3 else filler
            out += bytes(-len(out) % SECTOR)
            name = chance.choice(list(CLASSES))
            data = CLASSES[name](number)
            planted.append((name, len(out), len(out) + len(data)))
            out += data
            out += bytes(-len(out) % SECTOR)
            number += 1
        yield bytes(out), planted


def rule(data: bytes) -> list[tuple[int, int]]:
    """The sectors that the published rule keeps."""
    counts: defaultdict[int, int] = defaultdict(int)
    for match in RULE.finditer(data):
        counts[match.start() // SECTOR] += 1
    return [(s * SECTOR, (s + 1) * SECTOR) for s, count in sorted(counts.items()) if count >= 5]


def overlap(found: list[tuple[int, int]], begin: int, end: int) -> int:
    """Bytes of a stretch that what was found covers."""
    return sum(max(0, min(e, end) - max(b, begin)) for b, e in found)


def main(megabytes: int) -> None:
    """Print the table."""
    size: defaultdict[str, int] = defaultdict(int)
    got: defaultdict[tuple[str, str], int] = defaultdict(int)
    false: defaultdict[str, int] = defaultdict(int)
    cost: defaultdict[str, float] = defaultdict(float)
    for data, planted in blocks(megabytes):
        start = time.process_time()
        sum(1 for _ in PLAIN.finditer(data))
        cost["plain"] += time.process_time() - start
        start = time.process_time()
        ours = [(log.offset, log.offset + log.length) for log in carve(data)]
        cost["ours"] += time.process_time() - start
        start = time.process_time()
        theirs = rule(data)
        cost["rule"] += time.process_time() - start
        for name, begin, end in planted:
            size[name] += end - begin
            got[name, "ours"] += overlap(ours, begin, end)
            got[name, "rule"] += overlap(theirs, begin, end)
        for who, found in (("ours", ours), ("rule", theirs)):
            false[who] += sum(
                1 for b, e in found if not any(b < end and begin < e for _, begin, end in planted)
            )
    print(f"{'class':24}{'bytes':>12}{'ours':>9}{'rule':>9}")
    for name in CLASSES:
        print(
            f"{name:24}{size[name]:12,}{got[name, 'ours'] / size[name]:9.4f}{got[name, 'rule'] / size[name]:9.4f}"
        )
    print(f"{'false regions':24}{'':12}{false['ours']:9}{false['rule']:9}")
    ratios = {who: cost[who] / cost["plain"] for who in ("ours", "rule")}
    print(f"{'cost / plain scan':24}{'':12}{ratios['ours']:9.1f}{ratios['rule']:9.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES)
