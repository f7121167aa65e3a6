# SPDX-License-Identifier: Apache-2.0
"""Key searches in shards: the same for any number of workers and after a kill; what proves nothing claims nothing."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from hikeshi.case.state import State
from hikeshi.codecs.keysearch import kernels
from hikeshi.codecs.rc4 import rc4
from hikeshi.engine import Task, Unit
from hikeshi.engine.local import Pool
from hikeshi.flow import keyjobs, keysearching, keywork
from hikeshi.flow.keyjobs import Job, digits_of, heads_of
from hikeshi.flow.keyledger import Ledger
from hikeshi.flow.keysearching import Keysearching, Pace
from hikeshi.schema import KeyFound, KeySearch
from keysearch_vectors import BODY, BOT_ID, KEY, LAYOUT, NAME, SERIAL, WORDS

SHARDS, KEYS = 16, 1 << 12
WORD_TEXTS = [word.hex() for word in WORDS]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer(monkeypatch)


def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen shards of 4,096 keys or 16 outer numbers instead of all; so few, and all weak, that counts scatter."""
    monkeypatch.setattr(kernels, "KEY_SHARDS", SHARDS)
    monkeypatch.setattr(kernels, "KEYS", KEYS)
    monkeypatch.setattr(kernels, "OUTER", 16)
    monkeypatch.setattr(keyjobs, "_SIGMAS", 40)


def body(key: bytes, year: int = 2018) -> str:
    return rc4(key, year.to_bytes(2, "little") + BOT_ID.encode() + b"\0").hex()


def search(*heads: str, known: Sequence[str] = ()) -> KeySearch:
    return KeySearch("rc4-head", heads=heads, words=WORD_TEXTS, layout=LAYOUT, known=known)


NONE = random.Random(1).randbytes(43).hex()
FIRST, SECOND = bytes.fromhex("03000123"), bytes.fromhex("09000FFF")


def ledger(folder: Path) -> Ledger:
    state = State(folder)
    state.prepare()
    return Ledger(state)


def searched(
    folder: Path, asked: Sequence[KeySearch], jobs: int = 1
) -> tuple[list[KeyFound], Keysearching, list[Pace]]:
    told: list[Pace] = []
    book = ledger(folder)
    searching = Keysearching(book, jobs, lambda pace: told.append(Pace(**vars(pace))))
    searching.run(asked)
    return [book.result(one) for one in asked], searching, told


def test_one_and_two_workers_come_to_the_same(tmp_path: Path) -> None:
    asked = [search(body(FIRST)), search(body(SECOND), body(SECOND, 2019)), search(NONE)]
    one, first, told = searched(tmp_path / "one", asked, 1)
    two, second, _ = searched(tmp_path / "two", asked, 2)
    assert one == two
    assert ([], []) == (first.losses, second.losses)
    assert [("03000123",), ("09000FFF",), ()] == [found.values for found in one]
    assert [(4, False), (10, False), (16, True)] == [(found.searched, found.exhausted) for found in one]
    assert {body(SECOND): "09000FFF", body(SECOND, 2019): "09000FFF"} == one[1].heads
    assert (0, 16) == (told[0].done, told[0].met)
    assert (16, 0.0) == (told[-1].done, told[-1].left)


def test_a_search_ends_with_the_last_body_and_does_not_say_exhausted(tmp_path: Path) -> None:
    (found,), searching, _ = searched(tmp_path, [search(body(FIRST))])
    assert (("03000123",), 4, 16, False) == (found.values, found.searched, found.of, found.exhausted)
    assert 4 == searching.searched
    assert found.bits > 170
    assert found.false < 1e-40


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    asked = [search(body(FIRST), NONE), search(NONE, body(SECOND))]
    before, searching, _ = searched(tmp_path, asked)
    assert 16 == searching.searched
    after, again, _ = searched(tmp_path, asked)
    assert 0 == again.searched
    assert before == after
    assert [True, True] == [found.exhausted for found in after]
    more, third, _ = searched(tmp_path, [*asked, search(body(SECOND, 2020))])
    assert 0 == third.searched
    assert ("09000FFF",) == more[2].values


def test_known_keys_come_first(tmp_path: Path) -> None:
    known = [KEY.hex(), "09000FFF"]
    (found,), searching, told = searched(tmp_path, [search(body(SECOND), known=known)])
    assert (0, []) == (searching.searched, told)
    assert (("09000FFF",), 0) == (found.values, found.searched)
    (real,), _, _ = searched(tmp_path, [search(BODY.hex(), known=known)])
    assert (KEY.hex().upper(),) == real.values


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from flow.test_keysearching import FIRST, NONE, SECOND, body, search, ledger
from hikeshi.codecs.keysearch import kernels
from hikeshi.flow.keysearching import Keysearching
kernels.KEY_SHARDS, kernels.KEYS, kernels.OUTER = 16, 1 << 12, 16
def tell(pace):
    if pace.done == 5:
        os.kill(os.getpid(), signal.SIGKILL)
Keysearching(ledger(Path({folder!r})), {jobs}, tell).run([search(body(FIRST), body(SECOND), NONE)])
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_search_continues_where_it_stopped(tmp_path: Path, jobs: int) -> None:
    paths = [str(Path(__file__).parents[1]), *sys.path]
    code = KILLED.format(paths=paths, folder=str(tmp_path / "killed"), jobs=jobs)
    assert -9 == subprocess.run([sys.executable, "-c", code], check=False).returncode
    asked = [search(body(FIRST), body(SECOND), NONE)]
    whole, _, _ = searched(tmp_path / "whole", asked)
    book = ledger(tmp_path / "killed")
    assert 5 == len(book.shards(Job(heads_of(asked[0], asked[0].heads))))
    rest, searching, told = searched(tmp_path / "killed", asked)
    assert (11, 11) == (searching.searched, told[0].met)
    assert whole == rest


def test_digits_are_searched_and_settled(tmp_path: Path) -> None:
    """Of the first 16 outer numbers of each shard: a planted one, one that is not there, and one that is known."""
    import hashlib

    value = "0000A12B"
    digest = hashlib.md5(f"WS-01{value}{SERIAL}".encode()).hexdigest().upper()
    there = KeySearch("md5-digits", before="WS-01", after=SERIAL, begins=digest[:16])
    weak = KeySearch("md5-digits", before="WS-01", after=SERIAL, begins=digest[:7])
    absent = KeySearch("md5-digits", before="WS-02", after=SERIAL, begins=digest[:16])
    known = KeySearch(
        "md5-digits", before=NAME, after=SERIAL, begins=BOT_ID[:16], known=["E627AFEA", "C7E12AF6"]
    )
    outer = int("".join(value[digit] for digit in digits_of(there).outer), 16)
    assert outer % 4096 < 16
    results, searching, _ = searched(tmp_path, [there, weak, absent, known, there])
    assert [("0000A12B",), ("0000A12B",), (), ("C7E12AF6",), ("0000A12B",)] == [r.values for r in results]
    assert [False, True, True, False, False] == [r.exhausted for r in results]
    assert (outer // 4096 + 1, 16, 16, 0) == tuple(r.searched for r in results[:4])
    assert [64, 28, 64, 64] == [r.bits for r in results[:4]]
    assert 2 / 2**64 == results[3].false
    assert [] == searching.losses


def test_a_full_shard_is_judged_by_its_neighbours_and_by_theory(monkeypatch: pytest.MonkeyPatch) -> None:
    """5,120 candidates by theory; 5,087 on average, from 4,825 to 5,262, were counted in all 256 shards of T7."""
    monkeypatch.undo()
    job = Job(heads_of(search(BODY.hex()), [BODY.hex()]))
    assert 5_120 == job.expected
    counts = {0: 4_825, 1: 5_087, 2: 5_262, 3: 5_087, 4: 5_100}
    assert [] == job.unproven(counts)
    assert [5] == job.unproven({**counts, 5: 5_087 - 450})
    assert [0, 1, 2] == job.unproven({0: 4_000, 1: 4_000, 2: 4_000})
    assert [0] == job.unproven({0: 0})
    zero = Job(heads_of(search(NONE), [NONE[:2] + "07" + NONE[4:]]))
    assert [] == zero.unproven({0: 10_200, 1: 10_150})
    digits = Job(digits_of(KeySearch("md5-digits", before="A", after=SERIAL, begins="0123456")))
    assert 4_096 == digits.expected


def test_a_shard_that_proves_nothing_withholds_exhausted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Job, "expected", 4_000.0)
    (found,), searching, _ = searched(tmp_path, [search(NONE)])
    assert not found.exhausted
    (loss,) = searching.losses
    assert ("key-search-open", "unknown.keys", "16") == (
        loss["reason"],
        loss["unknown"],
        loss["fields"]["shards"],
    )
    monkeypatch.undo()
    fewer(monkeypatch)
    (found,), searching, _ = searched(tmp_path, [search(NONE)])
    assert found.exhausted
    assert [] == searching.losses


def test_a_damaged_count_is_searched_again(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    job = Job(heads_of(search(NONE), [NONE]))
    book.finish(job, 2, {"counted": 3_000, "hits": [["02000001", 0]], "kernel": "none", "seconds": 0})
    (found,), searching, _ = searched(tmp_path, [search(NONE)])
    assert ((), True, 16) == (found.values, found.exhausted, searching.searched)


def test_a_kernel_that_fails_its_test_searches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keywork, "_tested", lambda: False)
    with pytest.raises(RuntimeError, match="failed their test"):
        list(keywork.shard(Job(heads_of(search(NONE), [NONE])).arguments, [({"start": 0, "count": 128}, [])]))
    monkeypatch.setattr(keysearching, "PRELOAD", (*keysearching.PRELOAD, "flow.key_workers"))
    monkeypatch.setattr(keysearching, "MEASURE", "flow.key_workers:refuse")
    (found,), searching, told = searched(tmp_path, [search(NONE)])
    assert ((), False, []) == (found.values, found.exhausted, told)
    (loss,) = searching.losses
    assert "internal-error" == loss["reason"]
    assert "failed their test" in loss["fields"]["detail"]
    assert 0 == searching.searched


def test_a_lost_shard_leaves_the_search_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "KEY_SHARDS", 2)
    monkeypatch.setattr(keysearching, "PRELOAD", (*keysearching.PRELOAD, "flow.key_workers"))
    monkeypatch.setattr(keysearching, "WORK", "flow.key_workers:refuse")
    (found,), searching, _ = searched(tmp_path, [search(NONE)])
    assert not found.exhausted
    assert 2 == len(searching.losses)


def test_bodies_beyond_the_limit_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keysearching, "MOST", 2)
    chance = random.Random(3)
    heads = [body(FIRST), *(chance.randbytes(43).hex() for _ in range(4))]
    _, searching, _ = searched(tmp_path, [search(*heads)])
    assert ["2"] == [loss["fields"]["limit"] for loss in searching.losses]
    assert searching.losses[0]["fields"]["heads"] in ("2", "3")


def test_heads_too_short_to_name_a_key_are_left_out(tmp_path: Path) -> None:
    (found,), searching, _ = searched(tmp_path, [search(body(FIRST)[:22])])
    assert ((), False, 0.0) == (found.values, found.exhausted, found.bits)
    assert 0 == searching.searched


def test_a_confined_worker_compiles_for_itself() -> None:
    """It cannot reach the cache: dumps are scanned with kernels compiled in memory, and the same comes out."""
    with Pool(1, ("flow.key_workers",)) as pool:
        pool.submit(Task("flow.key_workers:scan", [Unit("x", {})], {}))
        (head,) = [reply.message.head for reply in pool.replies() if reply.message]
    assert (True, find_spec("numba") is not None) == (head["same"], head["compiled"])
