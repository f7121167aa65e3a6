# SPDX-License-Identifier: Apache-2.0
"""The same questions to every reader."""

from __future__ import annotations

import random
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from typing import Any

import pytest

from hikeshi.readers import READERS, pick
from hikeshi.schema import Count, Item
from readers.examples import EXAMPLES
from readers.reading import run

HEAD = 65536
NEEDS = {"hikeshi.evidence.seven_zip": "py7zr"}
every_reader = pytest.mark.parametrize("path", READERS)
every_example = pytest.mark.parametrize(
    ("path", "content"),
    [
        pytest.param(path, content, id=f"{path}-{i}")
        for path in EXAMPLES
        for i, content in enumerate(EXAMPLES[path])
    ],
)


def test_every_reader_has_an_example() -> None:
    assert set(READERS) == set(EXAMPLES)


@every_reader
def test_a_reader_says_what_it_is(path: str) -> None:
    reader: Any = import_module(path)
    assert reader.__doc__
    assert reader.KIND == reader.KIND.lower().strip()
    assert reader.VERSION.isdigit()


@every_reader
def test_what_is_nothing_is_nobodys(path: str) -> None:
    reader: Any = import_module(path)
    chance = random.Random(3)
    nothing = [b"", b"\0", bytes(HEAD), b"\xff" * HEAD, b"text\n" * 100, b"{", b"[", b"P", b"From "]
    for head in [*nothing, *(chance.randbytes(size) for size in (1, 7, 600, HEAD) * 25)]:
        assert not reader.sniff(head, "")
        assert not reader.sniff(head, f"name.{reader.KIND}")


@every_example
def test_an_example_is_taken_by_its_reader_alone(path: str, content: bytes) -> None:
    reader: Any = import_module(path)
    assert pick(content[:HEAD], "") is reader
    assert pick(content[:HEAD], "archive.zip") is reader


@every_example
def test_an_example_is_read_without_loss(path: str, content: bytes) -> None:
    if path in NEEDS and find_spec(NEEDS[path]) is None:
        pytest.skip(f"the optional library {NEEDS[path]} is not installed")
    outcome = run(import_module(path), content)
    assert [] == outcome.issues
    assert outcome.count.records_in > 0
    assert 0 == outcome.count.duplicate


@every_example
def test_the_same_bytes_give_the_same_answer(path: str, content: bytes) -> None:
    reader: Any = import_module(path)
    assert run(reader, content) == run(reader, content, "another name")


@every_example
def test_many_items_are_the_same_as_one_by_one(path: str, content: bytes) -> None:
    reader: Any = import_module(path)
    items = [Item(str(n) * 64, "", len(content), BytesIO(content)) for n in range(3)]
    counts = [said for said in _read(reader, items) if isinstance(said, Count)]
    alone = run(reader, content).count
    assert [(str(n) * 64, alone.records_in) for n in range(3)] == [(c.item, c.records_in) for c in counts]


def _read(reader: Any, items: list[Item]) -> Iterator[Any]:
    for said in reader.read(items):
        for _ in getattr(said, "chunks", ()):
            pass
        yield said


@every_example
def test_the_account_closes_on_every_truncation(path: str, content: bytes) -> None:
    reader: Any = import_module(path)
    used = len(content.rstrip(b"\0"))
    for length in range(0, used + 1, max(1, used // 1500)):
        run(reader, content[:length])


@every_example
def test_the_account_closes_on_flipped_bits(path: str, content: bytes) -> None:
    reader: Any = import_module(path)
    chance = random.Random(5)
    used = len(content.rstrip(b"\0"))
    for _ in range(300):
        damaged = bytearray(content)
        damaged[chance.randrange(used)] ^= 1 << chance.randrange(8)
        run(reader, bytes(damaged))


@every_reader
def test_an_empty_item_is_accounted_for(path: str) -> None:
    outcome = run(import_module(path), b"")
    assert not any(outcome.rows.values())
