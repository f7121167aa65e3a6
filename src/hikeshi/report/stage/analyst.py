# SPDX-License-Identifier: Apache-2.0
"""What only people know: CASE/stage.yaml, written by the analyst, strict, read and never written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hikeshi.ledger.fields import Complaints, Reader, both, listed, mapped, one_of, record, text
from hikeshi.ledger.load import bytes_of
from hikeshi.ledger.model import Words
from hikeshi.ledger.text import parse

SCHEMA = "hikeshi.stage-input/1"
LISTS = ("confirmed", "examining", "unknown", "measures", "next", "notified")
STATE: Reader = record(
    {
        "stealing": one_of("ran", "blocked", "unknown"),
        "contact": one_of("made", "blocked", "unknown"),
        "by": text,
    }
)


@dataclass(frozen=True)
class Input:
    """The analyst's sentences by list, answers for the drafts by key, and machines they know more about."""

    lists: Mapping[str, tuple[Words, ...]] = field(default_factory=dict)
    answers: Mapping[str, Words] = field(default_factory=dict)
    hosts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def analyst(case: Path) -> Input:
    """The analyst's file of a case; nothing if there is none."""
    path = case / "stage.yaml"
    if not path.is_file():
        return Input()
    to = Complaints(path.name)
    spec: dict[str, Reader] = {"schema": one_of(SCHEMA), "answers": mapped(both), "hosts": mapped(STATE)}
    spec |= {name: listed(both) for name in LISTS}
    values: dict[str, Any] = record(spec, ("schema",))(to, parse(bytes_of(path)[1], path.name))
    to.stop()
    lists = {name: values.get(name, ()) for name in LISTS}
    return Input(lists, values.get("answers", {}), values.get("hosts", {}))
