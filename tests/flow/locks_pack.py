# SPDX-License-Identifier: Apache-2.0
"""Importing this module adds the pack `locks` to the packs, also in worker processes: they cannot read it later."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import hikeshi.families
from hikeshi.flow import judges, sessions

FOLDER = str(Path(__file__).parent / "lockpacks")

if FOLDER not in hikeshi.families.__path__:
    hikeshi.families.__path__.append(FOLDER)
_PACKS = hikeshi.families.packs()
import_module("hikeshi.families.locks.letters")
judges.all_packs = lambda: _PACKS
sessions.packs = lambda: _PACKS
