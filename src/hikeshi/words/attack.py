# SPDX-License-Identifier: Apache-2.0
"""MITRE ATT&CK® techniques: ids, names and tactics, from the table that tools/attack_table.py writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Technique:
    """One technique; `replaced_by` is set where MITRE revoked it in favour of another."""

    id: str
    name: str
    tactics: tuple[str, ...]
    replaced_by: str | None = None
    deprecated: bool = False


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads((Path(__file__).parent / "attack.json").read_text(encoding="utf-8"))
    return table


@cache
def technique(id_: str) -> Technique | None:
    """The technique with this id (`T1055.012`), or None when the table does not know it."""
    row = _table()["techniques"].get(id_)
    if row is None:
        return None
    gone = row.get("deprecated", False)
    return Technique(id_, row["name"], tuple(row["tactics"]), row.get("replaced_by"), gone)


def full_name(id_: str) -> str:
    """The name with its parent's before it, as MITRE prints it; the id itself when it is unknown."""
    found = technique(id_)
    if found is None:
        return id_
    parent = technique(id_.partition(".")[0]) if "." in id_ else None
    return f"{parent.name}: {found.name}" if parent else found.name


def techniques() -> tuple[str, ...]:
    """Every id of the table, sorted."""
    return tuple(sorted(_table()["techniques"]))


def tactics() -> Mapping[str, str]:
    """Tactic short name -> tactic id."""
    return {name: row["id"] for name, row in sorted(_table()["tactics"].items())}


def version() -> str:
    """The version of ATT&CK the table was made from."""
    return str(_table()["version"])


def notice() -> str:
    """What MITRE asks to be reproduced wherever the table is copied."""
    return "\n".join(_table()["notice"])
