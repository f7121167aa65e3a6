# SPDX-License-Identifier: Apache-2.0
"""Damage valid examples and read them: python -m readers.mutants READER SEED COUNT EXAMPLE…

Run as a process of its own, so that a hang or a crash is seen as one. Prints how many it read.
"""

from __future__ import annotations

import random
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from hikeshi.readers import Reader
from readers.reading import run

WORDS = (0, 1, 0xFF, 0x100, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)


def flip_bits(chance: random.Random, content: bytearray) -> None:
    for _ in range(chance.choice((1, 1, 1, 4, 30))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def set_bytes(chance: random.Random, content: bytearray) -> None:
    for _ in range(chance.choice((1, 4, 30))):
        content[chance.randrange(len(content))] = chance.randrange(256)


def set_words(chance: random.Random, content: bytearray) -> None:
    for _ in range(chance.choice((1, 3, 10))):
        word = chance.choice((*WORDS, chance.randrange(65536)))
        struct.pack_into("<I", content, chance.randrange(len(content) - 4), word)


def copy_block(chance: random.Random, content: bytearray) -> None:
    size = min(chance.choice((8, 64, 512)), len(content) // 2)
    source, target = (chance.randrange(len(content) - size) for _ in range(2))
    content[target : target + size] = content[source : source + size]


def random_block(chance: random.Random, content: bytearray) -> None:
    start = chance.randrange(len(content))
    size = min(chance.choice((8, 64, 1000)), len(content) - start)
    content[start : start + size] = chance.randbytes(size)


def cut(chance: random.Random, content: bytearray) -> None:
    del content[chance.randrange(len(content)) :]


KINDS: Sequence[Callable[[random.Random, bytearray], None]] = (
    flip_bits,
    flip_bits,
    set_bytes,
    set_words,
    copy_block,
    random_block,
    cut,
)


def mutant(chance: random.Random, example: bytes) -> bytes:
    """The example with one kind of damage, in the part that holds anything."""
    used = len(example.rstrip(b"\0")) or 1
    content = bytearray(example[: max(used, min(len(example), 64))])
    chance.choice(KINDS)(chance, content)
    return bytes(content) + example[used:] if len(content) == used else bytes(content)


def damage(folder: Path, reader: Reader, seed: int, count: int, examples: Sequence[bytes]) -> None:
    """Read so many damaged copies of the examples in a process that may hang or crash, but must not."""
    paths = [folder / str(number) for number in range(len(examples))]
    for path, example in zip(paths, examples, strict=True):
        path.write_bytes(example)
    roots = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", __name__, reader.__name__, str(seed), str(count), *map(str, paths)],
        env={"PYTHONPATH": f"{roots / 'src'}:{roots / 'tests'}"},
        capture_output=True,
        text=True,
        timeout=60 + count / 10,
        check=False,
    )
    assert [str(count)] == done.stdout.split()[-1:], done.stderr[-2000:]


def main(name: str, seed: str, count: str, *examples: str) -> int:
    reader: Any = import_module(name)
    chance = random.Random(int(seed))
    contents = [Path(example).read_bytes() for example in examples]
    for number in range(int(count)):
        run(reader, mutant(chance, chance.choice(contents)))
        print(number + 1, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
