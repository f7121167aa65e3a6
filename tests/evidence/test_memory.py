# SPDX-License-Identifier: Apache-2.0
"""Memory dumps written here by the formats' documentation."""

from __future__ import annotations

import random
from io import BytesIO

import pytest

from evidence import images
from hikeshi.evidence import image, media, memory
from hikeshi.schema import Reason
from readers.reading import run

ONE = random.Random(1).randbytes(70_000) + bytes(60_000)
TWO = b"memory " * 30_000


def test_avml_is_read_range_after_range() -> None:
    dump = images.avml((4096, ONE), (1 << 32, TWO))
    found = memory.Avml(BytesIO(dump), len(dump))
    assert ONE + TWO == found.read()
    for offset, size in ((0, 10), (65_530, 20), (len(ONE) - 5, 10), (len(ONE + TWO) - 3, 10)):
        found.seek(offset)
        assert (ONE + TWO)[offset : offset + size] == found.read(size)


def test_avml_header_is_that_of_avmls_own_test() -> None:
    """github.com/microsoft/avml, src/image.rs, make_header: range 0x1000 to 0x20000, version 2."""
    stated = bytes.fromhex("41564d4c 02000000 0010000000000000 0000020000000000 0000000000000000")
    assert "AVML" == memory.sniff(stated)
    stated = bytes.fromhex("454d694c 01000000 0010000000000000 0000020000000000 0000000000000000")
    assert "LiME" == memory.sniff(stated)


@pytest.mark.parametrize(("make", "name"), [(images.lime, "LiME"), (images.avml, "AVML")])
def test_a_whole_dump_is_no_loss(make: object, name: str) -> None:
    outcome = run(image, make((4096, ONE), (1 << 32, TWO)))  # type: ignore[operator]
    assert ("memory", []) == (outcome.count.kind, outcome.issues)
    assert name == outcome.rows["volumes"][0]["kind"]


@pytest.mark.parametrize("make", [images.lime, images.avml])
def test_a_cut_dump_is_a_loss_and_closes_its_account(make: object) -> None:
    dump = make((4096, ONE), (1 << 32, TWO))  # type: ignore[operator]
    for length in range(33, len(dump) - 8, 4001):
        outcome = run(image, dump[:length])
        assert not outcome.issues or {Reason.TRUNCATED} == {issue.reason for issue in outcome.issues}
    assert run(image, dump[: len(dump) // 2]).issues


def test_a_damaged_frame_is_zeros_and_a_loss() -> None:
    dump = bytearray(images.avml((4096, TWO)))
    dump[32 + 10 + 4 + 4 + 3 : 32 + 10 + 4 + 4 + 9] = b"\xff" * 6
    outcome = run(image, bytes(dump))
    assert outcome.count.records_in == outcome.count.blocks + outcome.refused


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"PAGEDU64".ljust(4096, b"\0"), "", "memory"),
        (b"hibr".ljust(4096, b"\0"), "hiberfil.sys", "memory"),
        (b"no magic".ljust(4096, b"."), "pc1.vmem", "memory"),
        (b"no magic".ljust(4096, b"."), "pc1.dat", "raw-image"),
    ],
)
def test_memory_without_a_header_of_its_own(head: bytes, name: str, kind: str) -> None:
    assert kind == media.opened("item", BytesIO(head), len(head), name).kind
