# SPDX-License-Identifier: Apache-2.0
"""E01 images written here by libewf's format documentation: any range, any segment, every damage a loss."""

from __future__ import annotations

import random
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import images
from hikeshi.evidence import ewf, image
from hikeshi.evidence.ewf import Ewf, EwfError
from hikeshi.evidence.segments import joined
from hikeshi.schema import Reason
from readers.reading import run

MEDIA = random.Random(1).randbytes(images.CHUNK * 3) + bytes(images.CHUNK) + b"end".ljust(1024, b".")


def opened(segments: list[bytes]) -> Ewf:
    return Ewf(joined([BytesIO(segment) for segment in segments]))


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("segments", [1, 2, 5])
def test_the_media_comes_out(segments: int, packed: bool) -> None:
    found = opened(images.ewf(MEDIA, segments, packed))
    assert MEDIA == found.read()
    assert (len(MEDIA), True, 0, {}) == (found.size, found.complete, found.missing, found.damage)
    assert {"md5"} == set(found.verify())
    assert all(stated == computed for stated, computed in found.verify().values())


@given(st.integers(0, len(MEDIA)), st.integers(0, 100_000))
@settings(deadline=None, max_examples=50)
def test_any_range(offset: int, size: int) -> None:
    found = opened(images.ewf(MEDIA, 2))
    found.seek(offset)
    assert MEDIA[offset : offset + size] == found.read(size)


@pytest.mark.parametrize("batch", [1, 2 * images.CHUNK, 512 << 10])
def test_blocks(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ewf, "BATCH", batch)
    found = opened(images.ewf(MEDIA, 3))
    assert MEDIA == b"".join(found.blocks(0, found.size))
    assert MEDIA[images.CHUNK :] == b"".join(found.blocks(images.CHUNK, found.size))
    assert all(stated == computed for stated, computed in found.verify().values())


def test_a_hash_that_differs_is_a_loss() -> None:
    outcome = run(image, images.ewf(MEDIA, md5=bytes(16))[0])
    assert "differs" == outcome.rows["volumes"][0]["check"]
    assert [(Reason.DAMAGED, "0" * 32)] == [(i.reason, i.fields["md5_stated"]) for i in outcome.issues]


def test_a_damaged_chunk_reads_as_zeros_and_is_counted() -> None:
    (file,) = images.ewf(MEDIA, packed=False)
    at = file.index(MEDIA[images.CHUNK : images.CHUNK + 64])
    found = opened([file[:at] + b"\xff" + file[at + 1 :]])
    expected = MEDIA[: images.CHUNK] + bytes(images.CHUNK) + MEDIA[2 * images.CHUNK :]
    assert expected == found.read()
    assert [(images.CHUNK, images.CHUNK)] == [(d.offset, d.size) for d in found.damage.values()]


def test_a_damaged_table_is_read_from_its_copy() -> None:
    (file,) = images.ewf(MEDIA)
    at = file.index(b"table\0") + 76
    assert MEDIA == opened([file[:at] + b"\xff" + file[at + 1 :]]).read()


def test_missing_segments_are_named() -> None:
    segments = images.ewf(MEDIA, 3)
    found = opened(segments[:2])
    assert not found.complete
    assert (MEDIA[: 4 * images.CHUNK], len(MEDIA) - 4 * images.CHUNK) == (found.read(), found.missing)
    with pytest.raises(EwfError, match="segment 2 where 1"):
        opened(segments[1:])
    with pytest.raises(EwfError, match="segment 3 where 2"):
        opened([segments[0], segments[2]])


def test_every_truncation_closes_its_account() -> None:
    (file,) = images.ewf(MEDIA)
    for length in range(0, len(file), 997):
        run(image, file[:length])


def test_flipped_bytes_close_their_account() -> None:
    (file,) = images.ewf(MEDIA)
    chance = random.Random(2)
    for _ in range(200):
        damaged = bytearray(file)
        for _ in range(3):
            damaged[chance.choice((chance.randrange(2000), chance.randrange(len(file))))] = chance.randrange(
                256
            )
        run(image, bytes(damaged))
