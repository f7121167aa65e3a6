# SPDX-License-Identifier: Apache-2.0
"""All 2^32, for real. Finished shards are kept in .campaign, so that a stopped campaign continues."""

from __future__ import annotations

import os
import random
from importlib.util import find_spec
from pathlib import Path

import pytest

from hikeshi.case.state import State
from hikeshi.flow.keyledger import Ledger
from hikeshi.flow.keysearching import Keysearching
from hikeshi.schema import KeyFound, KeySearch
from keysearch_vectors import BODY, BOT_ID, CONSTANT, KEY, LAYOUT, NAME, SERIAL, WORDS

pytestmark = pytest.mark.campaign
KEPT = Path(__file__).parents[2] / ".campaign" / "keysearch"


def searched(name: str, *asked: KeySearch) -> list[KeyFound]:
    state = State(KEPT / name)
    state.prepare()
    book = Ledger(state)
    searching = Keysearching(book, os.cpu_count() or 1)
    searching.run(asked)
    assert [] == searching.losses
    return [book.result(one) for one in asked]


def test_the_constant_from_the_digits_of_a_task() -> None:
    (found,) = searched("task", KeySearch("md5-digits", before=NAME, after=SERIAL, begins=BOT_ID[:16]))
    assert (CONSTANT,) == found.values


def test_the_constant_from_two_file_names() -> None:
    (found,) = searched(
        "files", KeySearch("md5-digits", before=NAME, after=SERIAL, begins=BOT_ID[:7], ends=BOT_ID[30:32])
    )
    assert ((CONSTANT,), True) == (found.values, found.exhausted)


def test_the_plug_in_store_alone_leaves_several() -> None:
    """About 16 false answers are expected of 28 bits."""
    (found,) = searched("store", KeySearch("md5-digits", before=NAME, after=SERIAL, begins=BOT_ID[:7]))
    assert CONSTANT in found.values
    assert 4 <= len(found.values) <= 40


@pytest.mark.skipif(find_spec("numba") is None, reason="without numba this takes two core-hours")
def test_the_key_of_t7_and_no_key_of_a_random_body() -> None:
    words = [word.hex() for word in WORDS]
    noise = random.Random(43).randbytes(43).hex()
    one, none = searched(
        "keys",
        KeySearch("rc4-head", heads=[BODY.hex()], words=words, layout=LAYOUT),
        KeySearch("rc4-head", heads=[noise], words=words, layout=LAYOUT),
    )
    assert (KEY.hex().upper(),) == one.values
    assert KEY[0] + 1 == one.searched
    assert ((), True, 256) == (none.values, none.exhausted, none.searched)
