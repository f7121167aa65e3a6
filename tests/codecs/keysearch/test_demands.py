# SPDX-License-Identifier: Apache-2.0
"""What is demanded of keys and digits, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from hikeshi.codecs.keysearch.digits import digits
from hikeshi.codecs.keysearch.heads import MOST, heads
from keysearch_vectors import BODY, LAYOUT, WORDS


def test_bits_of_evidence() -> None:
    """Twenty words of 65,536, forty digits of 16 in 256, one zero in 256."""
    demand = heads([BODY], WORDS, LAYOUT)
    assert math.isclose(16 - math.log2(20) + 40 * 4 + 8, demand.bits(43))
    assert math.isclose(16 - math.log2(20) + 10 * 4, demand.bits(12))
    assert 20 / 65_536 == demand.share


def test_bodies_are_cut_sorted_and_taken_once() -> None:
    one, two = BODY, BODY[:43] + b"another tail"
    assert heads([one, two], WORDS, LAYOUT) == heads([two], WORDS[::-1], LAYOUT)
    assert (BODY[:43],) == heads([one, two], WORDS, LAYOUT).bodies


def test_a_second_byte_of_zero_is_known_for_its_bias() -> None:
    assert not heads([BODY], WORDS, LAYOUT).biased
    assert heads([BODY[:1] + b"\x07" + BODY[2:]], WORDS, LAYOUT).biased


@pytest.mark.parametrize(
    ("bodies", "words", "layout", "says"),
    [
        ([BODY[:11]], WORDS, LAYOUT, "fewer than 12 bytes"),
        ([], WORDS, LAYOUT, "from 1 to 512"),
        ([bytes([n & 255, n >> 8]) + BODY for n in range(MOST + 1)], WORDS, LAYOUT, "from 1 to 512"),
        ([BODY], [], LAYOUT, "two bytes each"),
        ([BODY], [b"one"], LAYOUT, "two bytes each"),
        ([BODY], WORDS, "XXXX", "10 letters or more"),
        ([BODY], WORDS, "?" * 41, "letters or more of XNP."),
        ([BODY], WORDS, "." * 300, "letters"),
    ],
)
def test_what_names_no_key_is_refused(
    bodies: list[bytes], words: list[bytes], layout: str, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        heads(bodies, words, layout)


@pytest.mark.parametrize(
    ("before", "after", "begins", "ends", "says"),
    [
        ("WS-01", "1CE38C10", "25948A", "", "first 7 digits"),
        ("WS-01", "1CE38C10", "", "37", "first 7 digits"),
        ("WS-01", "1CE38C10", "25948a1", "", "upper-case"),
        ("WS-01", "1CE38C10", "25948A1", "3G", "upper-case"),
        ("端末", "1CE38C10", "25948A1", "", "ASCII"),
        ("W" * 40, "1CE38C10", "25948A1", "", "47"),
    ],
)
def test_what_names_no_digits_is_refused(before: str, after: str, begins: str, ends: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        digits(before, after, begins, ends)


def test_compiled_kernels_are_kept_in_a_folder_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiling = pytest.importorskip("hikeshi.codecs.keysearch.compiling", reason="numba is not installed")
    place = compiling.folder.__wrapped__
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kept = Path(place())
    assert tmp_path / "hikeshi" / "kernels" == kept.parent
    kept.chmod(0o777)
    assert place() is None
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    assert place() is None
