# SPDX-License-Identifier: Apache-2.0
"""make new-pack: what it writes passes the questions every pack is asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import new_pack
from hikeshi import families
from pack_questions import QUESTIONS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A second folder of packs."""
    families.__path__.append(str(tmp_path))
    yield tmp_path
    families.__path__.remove(str(tmp_path))


def test_a_new_pack_passes_every_question(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new_pack.main("brand_new", str(elsewhere))
    assert "docs/adding-a-pack.md" in capsys.readouterr().out
    pack = next(pack for pack in families.packs() if pack.name == "brand_new")
    assert pack.status == "nursery"
    assert pack.folder.parent == elsewhere
    for question in QUESTIONS:
        question(pack)


def test_no_existing_file_is_touched(elsewhere: Path) -> None:
    before = {
        path: path.read_bytes() for path in new_pack.FAMILIES.rglob("*") if path.suffix not in ("", ".pyc")
    }
    new_pack.main("another_new", str(elsewhere))
    after = {
        path: path.read_bytes() for path in new_pack.FAMILIES.rglob("*") if path.suffix not in ("", ".pyc")
    }
    assert before == after


@pytest.mark.parametrize("name", ["", "../x", "A", "1a", "a-b", "a/b", "x" * 40])
def test_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SystemExit, match="no pack name"):
        new_pack.main(name, str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_an_existing_pack_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(SystemExit, match="exists already"):
        new_pack.main("mine", str(tmp_path))


def test_the_command_says_how_it_is_used() -> None:
    answer = subprocess.run([sys.executable, ROOT / "tools" / "new_pack.py"], capture_output=True, text=True)
    assert answer.returncode == 1
    assert "make new-pack NAME=" in answer.stderr
