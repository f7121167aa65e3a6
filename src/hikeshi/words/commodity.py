# SPDX-License-Identifier: Apache-2.0
"""What each pack's commodity.toml says: who can get the family, since when, and what its builder writes by default."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

STATUSES = ("for-sale", "leaked", "free", "private", "unknown")
# Anybody can get these; such a family never says who used it.
OPEN = frozenset({"for-sale", "leaked", "free"})


@dataclass(frozen=True)
class Commodity:
    """A family as goods: `since` is the year it was first sold or seen, `defaults` the builder's values by setting."""

    status: str
    since: str
    users: str
    platforms: tuple[str, ...]
    ja: str
    en: str
    title: str
    url: str
    defaults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether anybody can get it."""
        return self.status in OPEN


@cache
def commodities() -> Mapping[str, Commodity]:
    """Every family whose pack says so, by name; only files are read, no code of a pack runs."""
    spec = find_spec("hikeshi.families")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    files = sorted(path for folder in folders for path in folder.glob("*/commodity.toml"))
    return {path.parent.name: _read(path) for path in files}


def _read(path: Path) -> Commodity:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    source = raw.pop("source")
    defaults = {name: tuple(values) for name, values in raw.pop("defaults", {}).items()}
    raw["platforms"] = tuple(raw["platforms"])
    return Commodity(**raw, title=source["title"], url=source["url"], defaults=defaults)
