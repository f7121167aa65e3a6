# SPDX-License-Identifier: Apache-2.0
"""A pack's own code over a table: clues reach only its join, which knows the machines; losses are named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import hikeshi.families
import hikeshi.flow
from hikeshi.case.saved import Saved
from hikeshi.errors import PackError
from hikeshi.families.manifest import read
from hikeshi.flow import judges


@pytest.fixture(autouse=True)
def pairs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The pack `pairs`, here and in the workers."""
    monkeypatch.setattr(judges, "all_packs", judges.all_packs)
    import flow.pairs_pack

    monkeypatch.setattr(hikeshi.flow, "PRELOAD", (*hikeshi.flow.PRELOAD, "flow.pairs_pack"))
    if flow.pairs_pack.FOLDER not in hikeshi.families.__path__:
        hikeshi.families.__path__.append(flow.pairs_pack.FOLDER)
    yield
    hikeshi.families.__path__.remove(flow.pairs_pack.FOLDER)


def _letter(folder: Path, name: str, subject: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(
        f"From: a@one.example\r\nTo: b@one.example\r\nSubject: {subject}\r\n"
        "Date: Tue, 12 Mar 2024 09:00:00 +0900\r\nMessage-ID: <1@one.example>\r\n\r\nText\r\n"
    )


def test_clues_feed_the_join_and_nothing_else(tmp_path: Path) -> None:
    mail = tmp_path / "mail"
    _letter(mail, "1.eml", "half one")
    outcome = hikeshi.flow.run([str(mail)], tmp_path / "case", hikeshi.flow.Options(), jobs=1)
    assert outcome.complete
    assert not list(Saved(tmp_path / "case").findings())
    _letter(mail, "2.eml", "half two")
    _letter(mail, "3.eml", "whole")
    outcome = hikeshi.flow.run([str(mail)], tmp_path / "case", hikeshi.flow.Options(), jobs=1)
    saved = Saved(tmp_path / "case")
    assert [found["message"] for found in saved.findings()] == ["pairs.whole"]
    losses = [(issue["path"], issue["reason"], issue["fields"]) for issue in saved.issues()]
    assert losses == [("mail/3.eml", "damaged-record", {"what": "subject"})]
    assert not outcome.complete


def test_a_table_that_is_judged_is_wanted(tmp_path: Path) -> None:
    folder = tmp_path / "pairs"
    folder.mkdir()
    written = (Path(__file__).parent / "packs" / "pairs" / "pack.toml").read_text()
    (folder / "pack.toml").write_text(written.replace('wants = ["messages"]', 'wants = ["events"]'))
    with pytest.raises(PackError, match=r"judges messages; add it to wants"):
        read(folder)
