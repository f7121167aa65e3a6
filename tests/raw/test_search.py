# SPDX-License-Identifier: Apache-2.0
"""Every planted note is found once, with its exact place, wherever borders of blocks and ranges lie."""

from __future__ import annotations

import random
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import images
from hikeshi.errors import PackError
from hikeshi.evidence.ewf import Ewf
from hikeshi.raw import growth
from hikeshi.raw import search as searching
from hikeshi.raw.patterns import check, literal, width
from hikeshi.raw.search import Stretch, regions
from hikeshi.raw.windows import STEP, windows
from hikeshi.schema import Reason, Region
from raw import notes
from raw.notes import ANCHOR

# A note around a border: before it, over it with every byte of the anchor, after it.
AROUND = [*range(-130, 10, 7), *range(-len(ANCHOR), 2)]


def planted(size: int, places: list[int], filler: bytearray | None = None) -> bytes:
    data = filler if filler is not None else notes.noise(size)
    for number, at in enumerate(places):
        note = notes.note(number)
        data[at : at + len(note)] = note
    return bytes(data)


def where(found: list[Region]) -> list[tuple[int, int]]:
    return [(region.offset, region.size) for region in found]


@pytest.mark.parametrize("shift", AROUND)
def test_a_note_over_a_border_of_blocks(shift: int, tmp_path: Path) -> None:
    places = [STEP + shift, 2 * STEP + shift, 3 * STEP + 500 - 120]
    data = planted(3 * STEP + 500, places)
    (tmp_path / "image").write_bytes(data)
    expected = [(at, 120) for at in places]
    for search in (notes.patterns(), notes.patterns(notes.wanted(anchors=(r"\x7B[NM]OT.\x7D",)))):
        assert (expected, []) == (where(notes.search(data, search)[0]), notes.search(data, search)[1])
        with open(tmp_path / "image", "rb") as file:
            found = list(regions(Stretch("item", file, len(data), 0, len(data)), search))
        assert expected == where([one[1] for one in found if isinstance(one, tuple)])


@pytest.mark.parametrize("shift", AROUND)
def test_a_note_over_a_border_of_ranges_is_found_by_one_of_them(shift: int) -> None:
    border, data = 4096, planted(9000, [4096 + shift])
    first, _ = notes.search(data, notes.patterns(), 0, border)
    second, _ = notes.search(data, notes.patterns(), border, len(data))
    assert [(border + shift, 120)] == where(first) + where(second)


@given(st.lists(st.integers(0, 60), max_size=8), st.integers(1, 9000))
@settings(deadline=None, max_examples=60)
def test_ranges_find_together_what_one_pass_finds(slots: list[int], border: int) -> None:
    data = planted(9000, [150 * slot for slot in sorted(set(slots)) if 150 * slot < 8800])
    search = notes.patterns()
    parts = [notes.search(data, search, 0, border)[0], notes.search(data, search, border, len(data))[0]]
    whole = notes.search(data, search)[0]
    assert where(whole) == where(parts[0]) + where(parts[1])


def test_the_last_short_block() -> None:
    data = planted(STEP + 121, [STEP + 1])
    assert [(STEP + 1, 120)] == where(notes.search(data, notes.patterns())[0])


def test_notes_at_both_ends() -> None:
    data = planted(4000, [0, 3880])
    assert [(0, 120), (3880, 120)] == where(notes.search(data, notes.patterns())[0])


@pytest.mark.parametrize("filler", [0x00, 0xFF])
def test_unused_space_ends_a_run_though_its_bytes_are_of_the_alphabet(filler: int) -> None:
    every = notes.patterns(notes.wanted(alphabet=bytes([1] * 256)))
    data = planted(8 * STEP, [3 * STEP + 17], bytearray([filler]) * (8 * STEP))
    assert [(3 * STEP + 17, 120)] == where(notes.search(data, every)[0])


def test_borders_are_exact_within_sixteen_bytes_in_any_noise() -> None:
    chance = random.Random(7)
    data = planted(2 * STEP, list(range(5000, 2 * STEP - 5000, 5000)), bytearray(chance.randbytes(2 * STEP)))
    found = notes.search(data, notes.patterns())[0]
    assert list(range(5000, 2 * STEP - 5000, 5000)) == [
        round(region.offset / 5000) * 5000 for region in found
    ]
    for region in found:
        begin = round(region.offset / 5000) * 5000
        assert abs(region.offset - begin) <= 16
        assert abs(region.offset + region.size - begin - 120) <= 16


def test_too_few_patterns_are_no_region() -> None:
    assert [] == notes.search(bytes(notes.noise(500)) + ANCHOR + bytes(notes.noise(500)), notes.patterns())[0]


def test_a_region_names_its_patterns_with_their_offsets() -> None:
    (region,) = notes.search(planted(4000, [1000]), notes.patterns())[0]
    assert [(r"\x7BNOTE\x7D", 1000), (r"\x7BNOTE\x7D", 1114)] == [
        anchor for anchor in region.anchors if "NOTE" in anchor[0]
    ]
    assert notes.note(0) == region.bytes


def test_the_same_bytes_twice_are_one_region() -> None:
    data = notes.noise(9000)
    for at in (1000, 4000, 7000):
        data[at : at + 120] = notes.note(5)
    (region,) = notes.search(bytes(data), notes.patterns())[0]
    assert (1000, [4000, 7000]) == (region.offset, list(region.copies))


def test_a_window_is_cut_where_no_alphabet_is_given() -> None:
    search = notes.patterns(notes.wanted(alphabet=None, before=10, after=30, least=1))
    data = bytes(100) + ANCHOR + bytes(100)
    assert [(90, 46)] == where(notes.search(data, search)[0])
    assert [(0, 36)] == where(notes.search(ANCHOR + bytes(100), search)[0])


def test_a_test_over_blocks_gives_offsets() -> None:
    search = notes.patterns(notes.wanted(anchors=(), scores=(), test="notes:offsets", alphabet=None, after=4))
    data = bytearray(2 * STEP + 10)
    data[STEP - 1] = data[2 * STEP + 5] = data[2 * STEP + 6] = 7
    stretch = Stretch("item", BytesIO(bytes(data)), len(data), 0, len(data))
    found = list(
        regions(stretch, search, {0: lambda block: np.flatnonzero((block[:-1] == 7) & (block[1:] != 9))[:1]})
    )
    assert [STEP - 1, 2 * STEP + 5] == [one[1].offset for one in found if isinstance(one, tuple)]


def test_too_many_regions_are_a_limit_that_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "GROWN", 10)
    data = planted(3 * STEP, [200 * n for n in range(1, 50)])
    found, issues = notes.search(data, notes.patterns())
    assert 11 == len(found)
    assert [(Reason.SEARCH_LIMIT, STEP, "10")] == [(i.reason, i.offset, i.fields["limit"]) for i in issues]


def test_an_endless_region_is_cut_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "STEPS", (4096, 65536))
    data = notes.note(1) + b"endless " * 40_000 + notes.note(2)
    found, issues = notes.search(data, notes.patterns())
    assert {Reason.SEARCH_LIMIT} == {issue.reason for issue in issues}
    assert 2 == len(found)
    assert (0, len(data)) == (found[0].offset, found[1].offset + found[1].size)


def test_media_that_is_inflated_on_the_way(tmp_path: Path) -> None:
    places = [images.CHUNK * 64 + shift for shift in (-3, 40_000)] + [10 * images.CHUNK - 60]
    media = planted(images.CHUNK * 130, places)
    (file,) = images.ewf(media)
    image = Ewf(BytesIO(file))
    found = regions(Stretch("item", image, image.size, 0, image.size), notes.patterns())  # type: ignore[arg-type]
    assert sorted(places) == [one[1].offset for one in found if isinstance(one, tuple)]


@given(st.integers(0, 3 * STEP), st.integers(1, 3 * STEP), st.integers(0, 300))
@settings(deadline=None, max_examples=30)
def test_windows_cover_every_byte_once(start: int, length: int, overlap: int) -> None:
    data = notes.noise(3 * STEP)
    end, seen = min(len(data), start + length), start
    for base, view in windows(BytesIO(bytes(data)), start, end, overlap):
        assert max(0, seen - overlap) <= base <= seen
        assert bytes(data[base : base + len(view)]) == bytes(view)
        seen = base + len(view)
    assert max(start, end) == seen


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\xEA..\xD6", (4, 4)),
        (r"[0-9]{2}\x2F", (3, 3)),
        (r"ab{2,5}c", (4, 7)),
        (r"\d{4}[^\x00-\x1F]", (5, 5)),
    ],
)
def test_the_width_of_a_pattern(pattern: str, expected: tuple[int, int]) -> None:
    assert expected == width(pattern)


@pytest.mark.parametrize("pattern", ["", ".*", "a+", "(a|b)", "a?", "^a", ".{300}", "\\", "\xe9", r"\b"])
def test_patterns_without_a_known_width_are_refused(pattern: str) -> None:
    with pytest.raises(PackError):
        width(pattern)


def test_short_anchors_are_refused() -> None:
    with pytest.raises(PackError, match="make it a score"):
        check(notes.wanted(anchors=(literal("E4EA"),)))
