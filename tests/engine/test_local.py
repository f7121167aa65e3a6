# SPDX-License-Identifier: Apache-2.0
"""The local engine: what a worker may not do, and what the loss of one costs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hikeshi.engine import Limits, Lost, Reply, Task, Unit
from hikeshi.engine.local import Pool

LINUX = sys.platform == "linux"


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    with Pool(2, preload=("hostile",)) as pool:
        yield pool


def run(pool: Pool, *units: Unit, limits: Limits | None = None) -> list[Reply]:
    pool.submit(Task("hostile:act", units, limits=limits or Limits()))
    return list(pool.replies())


def unit(act: str, **more: Any) -> Unit:
    return Unit(act, {"act": act, **more})


def said(replies: list[Reply]) -> dict[str, str]:
    return {reply.unit.key: reply.message.head["text"] for reply in replies if reply.message}


def test_reads_bytes_and_descriptors(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "evidence"
    path.write_bytes(b"from a file")
    by_bytes = Unit("bytes", {"act": "read"}, [lambda: b"from memory"])
    by_file = Unit("file", {"act": "read"}, [lambda: os.open(path, os.O_RDONLY)])
    replies = run(pool, by_bytes, by_file)
    assert {"bytes": "from memory", "file": "from a file"} == said(replies)
    assert ["bytes", "file"] == [reply.unit.key for reply in replies if reply.finished]


@pytest.mark.skipif(not LINUX, reason="seccomp and landlock are Linux")
def test_no_protection_is_missing_here(pool: Pool) -> None:
    run(pool, unit("error"))
    assert set() == pool.missing


@pytest.mark.skipif(not LINUX, reason="seccomp and landlock are Linux")
@pytest.mark.parametrize(
    "act", ["socket", "exec", "spawn", "fork", "write", "other", "list", "chmod", "kill"]
)
def test_refuses(pool: Pool, tmp_path: Path, act: str) -> None:
    other = tmp_path / "other-item"
    other.write_bytes(b"secret")
    path = {"list": tmp_path, "write": tmp_path / "new"}.get(act, other)
    assert {act: "PermissionError"} == said(run(pool, unit(act, path=str(path))))
    assert ["other-item"] == os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("act", "lost", "limits"),
    [
        ("crash", Lost.CRASHED, Limits()),
        ("spin", Lost.HUNG, Limits(silence=1.0)),
        ("spin", Lost.HUNG, Limits(wall=1.0)),
        ("spin", Lost.CPU, Limits(cpu=1)),
        ("allocate", Lost.MEMORY, Limits()),
        ("error", Lost.ERROR, Limits()),
    ],
)
def test_loss_costs_one_unit(pool: Pool, act: str, lost: Lost, limits: Limits) -> None:
    good = [Unit(f"good{i}", {"act": "read"}, [lambda: b"fine"]) for i in range(6)]
    replies = run(pool, *good[:3], unit(act), *good[3:], limits=limits)
    assert {act: lost} == {reply.unit.key: reply.lost for reply in replies if reply.lost}
    assert sorted(u.key for u in good) == sorted(reply.unit.key for reply in replies if reply.finished)


def test_output_is_limited(pool: Pool) -> None:
    flood = Unit("flood", {"act": "read", "bytes": 1 << 20}, [lambda: b""])
    replies = run(pool, flood, limits=Limits(output=1000))
    assert [Lost.OUTPUT] == [reply.lost for reply in replies if reply.lost]


def test_error_names_the_cause(pool: Pool) -> None:
    assert "reader bug" in run(pool, unit("error"))[0].detail
