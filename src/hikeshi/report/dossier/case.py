# SPDX-License-Identifier: Apache-2.0
"""What the dossier takes from a case: report, state of each machine, families, indicators, signed judgements."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hikeshi.case.saved import Saved
from hikeshi.ledger.stubs import Stub, stubs
from hikeshi.ledger.text import Node, parse
from hikeshi.report.clock import moment
from hikeshi.report.dossier.malware import Malware, malware
from hikeshi.report.model import Model, model
from hikeshi.report.stage.model import Stage, stage
from hikeshi.report.stage.snapshot import snapshot

END = datetime(9999, 12, 30, tzinfo=UTC)
FINDINGS = 200


@dataclass(frozen=True)
class Signed:
    """A judgement as somebody signed it: what the level and the confidence were on that day."""

    name: str
    date: str
    by: str
    as_of: str
    level: str
    confidence: str
    comment: str


@dataclass(frozen=True)
class Facts:
    """The case behind a dossier; `reported` says in which staged report a finding stood first, and as of when."""

    model: Model
    stage: Stage
    malware: dict[str, Malware]
    worth: dict[str, Stub]
    signed: list[Signed]
    reported: dict[str, datetime]


def facts(saved: Saved, zone: str, tlp: str) -> Facts:
    """The facts of a saved case."""
    made = model(saved, zone)
    now = stage(saved.path, snapshot(saved, 0, "final", END), None, made.clock, tlp)
    worth = {stub.value: stub for stub in stubs(saved.findings()) if stub.value}
    return Facts(made, now, malware(saved), worth, _signed(saved.path), _reported(saved.path))


def _signed(case: Path) -> list[Signed]:
    """The judgements that were kept, oldest first; the folder only ever grows."""
    made = []
    for path in sorted((case / "attribution" / "judgements").glob("*.yaml")):
        if path.stem.isdigit():
            root = parse(path.read_bytes(), path.name).value
            held = root if isinstance(root, dict) else {}
            values = {
                key: _text(held, key) for key in ("date", "by", "as_of", "level", "confidence", "comment")
            }
            made.append(Signed(name=path.stem, **values))
    return made


def _text(held: dict[str, Node], key: str) -> str:
    value = held[key].value if key in held else ""
    return value if isinstance(value, str) else ""


def _reported(case: Path) -> dict[str, datetime]:
    """The moment of the first staged report that holds a finding."""
    found: dict[str, datetime] = {}
    for path in sorted(
        (case / "report").glob("*-*/stage.json"), key=lambda p: p.parent.name.rpartition("-")[2]
    ):
        try:
            data = json.loads(path.read_bytes())
            as_of = moment(data["as_of"])
            if as_of:
                found |= {name: as_of for name in data["findings"] if name not in found}
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found
