# SPDX-License-Identifier: Apache-2.0
"""Damaged hives, tasks, shortcuts, property lists and listings: every account closes, nothing escapes or hangs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from readers import hives
from readers.examples import EXAMPLES
from readers.mutants import damage

READERS = {
    "hikeshi.readers.registry": [hives.user()],
    "hikeshi.readers.scheduled_task": [],
    "hikeshi.readers.shortcut": [],
    "hikeshi.readers.launchd": [],
    "hikeshi.readers.macos_names": [],
    "hikeshi.readers.desktop_entry": [],
    "hikeshi.readers.hosts_file": [],
    "hikeshi.readers.boot_sector": [],
    "hikeshi.readers.file_table": [],
    "hikeshi.readers.body_file": [],
    "hikeshi.readers.ls": [],
}


@pytest.mark.parametrize("name", READERS)
def test_damage(tmp_path: Path, name: str) -> None:
    reader: Any = import_module(name)
    damage(tmp_path, reader, 7, 60, [*EXAMPLES[name], *READERS[name]])


@pytest.mark.campaign
@pytest.mark.parametrize("name", READERS)
def test_damage_by_the_ten_thousand(tmp_path: Path, name: str) -> None:
    reader: Any = import_module(name)
    damage(tmp_path, reader, 8, 10_000, [*EXAMPLES[name], *READERS[name]])
