# SPDX-License-Identifier: Apache-2.0
"""Images searched while they are hashed leave what they leave when they are searched afterwards."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from evidence import images
from flow.test_raw import MIB, PLACES, disk, found, planted, run  # noqa: F401
from hikeshi.case.saved import Saved
from hikeshi.evidence.source import ChangedError, FileSource
from hikeshi.flow.ahead import Ahead
from hikeshi.flow.hashing import Hashed

ENOUGH = 60


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Hashing of images waits until three ranges are searched; gives the ranges as they end."""
    ended: list[int] = []
    full = threading.Event()
    hash_, take = Hashed.hash, Ahead.take

    def hash_slowly(self: Hashed) -> None:
        if self.met.source and self.met.source.size > 3 * MIB:
            self.bytes = 3 * MIB
            assert full.wait(ENOUGH)
            self.bytes = 0
        hash_(self)

    def taken(self: Ahead, reply: object) -> object:
        said = take(self, reply)  # type: ignore[arg-type]
        if not reply.message:  # type: ignore[attr-defined]
            ended.append(reply.unit.arguments["ranges"][0])  # type: ignore[attr-defined]
        if len(ended) >= 3:
            full.set()
        return said

    monkeypatch.setattr(Hashed, "hash", hash_slowly)
    monkeypatch.setattr(Ahead, "take", taken)
    return ended


def same(one: Path, two: Path) -> None:
    for name in ("findings.jsonl", "issues.jsonl", "case.json"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_same_findings(tmp_path: Path, slow: list[int], jobs: int) -> None:
    (tmp_path / "disk.dd").write_bytes(disk(PLACES))
    (tmp_path / "rules.yar").write_text('rule noted { strings: $a = "planted by" condition: $a }')
    given = {"yara": (str(tmp_path / "rules.yar"),), "jobs": jobs}
    outcome = run(tmp_path / "ahead", tmp_path / "disk.dd", **given)
    assert {0, 1, 2} == set(slow)
    assert 5 == outcome.judged
    assert [("disk.dd", at) for at in PLACES] == found(tmp_path / "ahead")
    again = run(tmp_path / "ahead", tmp_path / "disk.dd", **given)
    assert (0, 0) == (again.read, again.judged)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ahead, "offer", lambda *_: None)
        patch.setattr(Hashed, "hash", lambda self: setattr(self, "item", self.met.source.sha256()))
        run(tmp_path / "after", tmp_path / "disk.dd", **given)
    same(tmp_path / "ahead", tmp_path / "after")
    assert (3, 3) == (len(slow), len(set(slow)))


def test_what_is_no_raw_image_is_searched_after_its_reading(tmp_path: Path, slow: list[int]) -> None:
    data = disk(PLACES) + bytes(12)
    (tmp_path / "disk.E01").write_bytes(images.ewf(data, packed=False)[0])
    run(tmp_path / "case", tmp_path / "disk.E01")
    assert [("disk.E01", at) for at in PLACES] == found(tmp_path / "case")


def test_a_file_that_changes_leaves_nothing(
    tmp_path: Path, slow: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(*_: object) -> str:
        raise ChangedError("disk.dd changed while it was read")

    monkeypatch.setattr(FileSource, "sha256", changed)
    (tmp_path / "disk.dd").write_bytes(disk(PLACES))
    run(tmp_path / "case", tmp_path / "disk.dd")
    assert {0, 1, 2} == set(slow)
    assert [] == found(tmp_path / "case")
    assert ["changed-while-read"] == [issue["reason"] for issue in Saved(tmp_path / "case").issues()]
