# SPDX-License-Identifier: Apache-2.0
"""The search through raw bytes against a plain read, hashing and other search tools, as ratios in one window.

A sparse image of system files, zeros and noise with planted inert notes is written to a temporary folder, searched for
ten patterns by every candidate, and thrown away. GB gives its size (3), ROUNDS how often each candidate runs (3).
Printed are wall clock and, where it is ours to count, processor time: on a shared machine the latter is steadier.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from hikeshi.evidence.ewf import Ewf
from hikeshi.evidence.segments import joined
from hikeshi.evidence.source import FileSource
from hikeshi.raw.patterns import compiled, literal, loaded
from hikeshi.raw.search import Stretch, regions
from hikeshi.schema import Search

GB = float(os.environ.get("GB", "3"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
NOTES = 34
MARKS = [
    f"{{#{word}#}}".encode() for word in ("started", "window", "enter", "erase", "tab", "home", "end", "lock")
]
PATTERNS = [literal(mark.hex()) for mark in MARKS] + [
    r"\x7B\x23[0-9]{2}\x2F[0-9]{2}\x23\x7D",
    r"\x7B\x23day [0-9]{4}",
]
PRINTABLE = bytes(1 if 0x20 <= byte <= 0x7E else 0 for byte in range(256))
SEARCH = Search("bench", "note", "none:none", tuple(PATTERNS), (literal(b"{#;#}".hex()),), 2, PRINTABLE)


def note(number: int) -> bytes:
    """An inert note with many marks."""
    words = (f"note {number} of a bench ".encode() + MARKS[(number + n) % len(MARKS)] for n in range(40))
    return MARKS[0] + b"".join(words) + MARKS[1]


def filler(size: int, chance: random.Random) -> Iterator[bytes | int]:
    """Pieces of an image: a quarter holes (given as a length), a fifth noise, the rest system files."""
    paths = sorted(
        path
        for root in ("/usr/lib", "/usr/bin")
        for path in Path(root).rglob("*")
        if path.is_file() and not path.is_symlink()
    )
    chance.shuffle(paths)
    made, at = 0, 0
    while made < size:
        kind = chance.random()
        if kind < 0.25 or not paths:
            piece: bytes | int = 8 << 20
        elif kind < 0.45:
            piece = chance.randbytes(4 << 20)
        else:
            piece, at = _content(paths[at % len(paths)]), at + 1
        made += piece if isinstance(piece, int) else len(piece)
        yield piece


def _content(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(16 << 20)
    except OSError:
        return b""


def write(path: Path, size: int) -> dict[int, int]:
    """The image; gives offset and length of every planted note."""
    chance, planted = random.Random(5), {}
    with open(path, "wb") as file:
        for piece in filler(size, chance):
            if isinstance(piece, int):
                file.seek(piece, os.SEEK_CUR)
            else:
                file.write(piece)
        file.truncate(size)
        for number in range(NOTES):
            text = b"\0" * 4 + note(number) + b"\0" * 4
            at = size - len(text) if number == 0 else chance.randrange(size - len(text))
            at = number * (64 << 20) - 7 if 1 <= number < 8 and number * (64 << 20) < size else at
            file.seek(at)
            file.write(text)
            planted[at + 4] = len(text) - 8
    return planted


def plain(path: Path) -> int:
    """A loop of 4 MiB reads."""
    descriptor = os.open(path, os.O_RDONLY)
    while os.read(descriptor, 4 << 20):
        pass
    os.close(descriptor)
    return 0


def ours(path: Path) -> list[tuple[int, int]]:
    """Regions our search finds."""
    patterns, size = loaded(compiled([SEARCH])), path.stat().st_size
    with open(path, "rb") as file:
        said = list(regions(Stretch("item", file, size, 0, size), patterns))
    return [(one[1].offset, one[1].size) for one in said if isinstance(one, tuple)]


def sha256(path: Path) -> int:
    """The hash of the image, as custody takes it."""
    status = path.stat()
    FileSource(str(path), status.st_size, status.st_mtime_ns).sha256()
    return 0


def both(path: Path) -> int:
    """Hash and search at the same time."""
    hasher = threading.Thread(target=sha256, args=(path,))
    hasher.start()
    ours(path)
    hasher.join()
    return 0


def program(*command: str) -> Callable[[Path], int]:
    """Another tool, its output thrown away."""

    def run(path: Path) -> int:
        subprocess.run(
            [*command, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
        return 0

    return run


def yara_rules(folder: Path) -> Path:
    """The same patterns as a YARA rule."""
    lines = [f"$p{n} = /{e}/" for n, e in enumerate(PATTERNS)]
    path = folder / "rules.yar"
    path.write_text("rule notes { strings: " + " ".join(lines) + " condition: any of them }")
    return path


def candidates(folder: Path) -> dict[str, Callable[[Path], object]]:
    """What is compared; tools that are not installed are left out, and said so."""
    found: dict[str, Callable[[Path], object]] = {"read() of 4 MiB": plain, "hikeshi search": ours}
    found |= {"SHA-256": sha256, "SHA-256 and search": both, "cat": program("cat")}
    if shutil.which("rg"):
        found["ripgrep"] = program("rg", "-obuua", "--no-unicode", "|".join(PATTERNS))
    if shutil.which("yara"):
        found["yara"] = program("yara", "-s", str(yara_rules(folder)))
    for name in ("rg", "yara"):
        if not shutil.which(name):
            print(f"  {name} is not installed")
    return found


def ewf_candidates(path: Path, folder: Path) -> dict[str, Callable[[Path], object]]:
    """Reading the first quarter of the image out of an E01 image, without its hash, in one process."""
    if not shutil.which("ewfacquire"):
        print("  ewfacquire is not installed")
        return {}
    size = path.stat().st_size // 4 // 512 * 512
    command = ["ewfacquire", "-u", "-q", "-c", "fast", "-f", "encase6", "-S", "1.9GiB", "-B", str(size)]
    made = subprocess.run(
        [*command, "-t", str(folder / "image"), str(path)], capture_output=True, check=False
    )
    files = sorted(folder.glob("image.E*"))
    if made.returncode or not files:
        print("  ewfacquire could not make an image")
        return {}

    def ewf(_: Path) -> int:
        with ExitStack() as kept:
            image = Ewf(joined([kept.enter_context(open(file, "rb")) for file in files]))
            return sum(len(block) for block in image.blocks(0, image.size))

    found: dict[str, Callable[[Path], object]] = {"E01": ewf}
    try:
        from dissect.evidence.ewf import EWF
    except ImportError:
        print("  dissect.evidence is not installed")
        return found

    def dissect(_: Path) -> int:
        with ExitStack() as kept:
            stream = EWF([kept.enter_context(open(file, "rb")) for file in files]).open()
            return sum(iter(lambda: len(stream.read(1 << 20)), 0))

    return found | {"E01 by dissect": dissect}


def compare(path: Path, folder: Path) -> None:
    """Run all candidates in turn and print medians relative to the plain read."""
    work = candidates(folder) | ewf_candidates(path, folder)
    wall: dict[str, list[float]] = {name: [] for name in work}
    cpu: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, function in work.items():
            begin, used = time.perf_counter(), sum(os.times()[:4])
            function(path)
            wall[name].append(time.perf_counter() - begin)
            cpu[name].append(sum(os.times()[:4]) - used)
    size = path.stat().st_size / 1e9
    first = [median(times["read() of 4 MiB"]) for times in (wall, cpu)]
    for name in work:
        seconds, processor = median(wall[name]), median(cpu[name])
        print(
            f"  {name:20} {seconds:7.2f} s {size / seconds:6.2f} GB/s {first[0] / seconds:6.2f} of read()"
            f"   cpu {processor:7.2f} s {first[1] / processor:6.2f} of read()"
        )


def main() -> int:
    """Write the image, count what is found, compare."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "image.raw"
        planted = write(path, int(GB * 1e9))
        found = dict(ours(path))
        exact = sum(found.get(at) == length for at, length in planted.items())
        false = len(set(found) - set(planted))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{GB:g} GB: {exact} of {len(planted)} notes exact, {false} false regions, peak {peak:.0f} MB")
        compare(path, Path(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
