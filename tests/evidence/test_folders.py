# SPDX-License-Identifier: Apache-2.0
"""Folders of an image that cannot be listed whole are losses, not silence."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest

from hikeshi.schema import Issue, Item, Reason

file_system = pytest.importorskip("hikeshi.evidence.file_system", reason="the extra images is not installed")
pytest.importorskip("pytsk3", reason="the extra images is not installed")

ITEM = Item("0" * 64, "image", 0, BytesIO())
VOLUME = SimpleNamespace(name="p1", offset=1048576)


class System:
    """A file system whose every folder holds one more folder, and breaks off after it when `broken`."""

    info = SimpleNamespace(root_inum=1)

    def __init__(self, broken: bool) -> None:
        self.broken = broken

    def open_dir(self, inode: int) -> Iterator[Any]:
        name = SimpleNamespace(name=b"below", flags=0)
        yield SimpleNamespace(info=SimpleNamespace(name=name, meta=SimpleNamespace(addr=inode + 1)))
        if self.broken:
            raise OSError("damaged folder")


def losses(monkeypatch: pytest.MonkeyPatch, system: System) -> list[Issue]:
    monkeypatch.setattr(file_system, "_streams", lambda *_: [])
    monkeypatch.setattr(file_system, "_gone", lambda _: False)
    monkeypatch.setattr(file_system, "_kind", lambda _: "folder")
    monkeypatch.setattr(file_system, "DEPTH", 2)
    return [found for found in file_system._walk(ITEM, system, VOLUME) if isinstance(found, Issue)]


def test_folders_below_the_limit_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    [loss] = losses(monkeypatch, System(broken=False))
    assert (Reason.TOO_DEEP, "p1/below/below/below") == (loss.reason, loss.place)


def test_a_folder_that_breaks_off_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    named = [loss.place for loss in losses(monkeypatch, System(broken=True)) if loss.reason == Reason.DAMAGED]
    assert ["p1", "p1/below", "p1/below/below"] == named
