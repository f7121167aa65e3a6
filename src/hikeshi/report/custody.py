# SPDX-License-Identifier: Apache-2.0
"""What a court asks for: the versions and hashes behind the report, and intake.yaml as the analyst wrote it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hikeshi.case.intake import NAME, Exhibit, HandOver, Intake, load

BLOCK = 1 << 20
FILES = ("case.json", "findings.jsonl", "issues.jsonl", NAME)


@dataclass(frozen=True)
class IntakeRow:
    """One line of the chain-of-custody record: the field's key (or the number of a list's entry) and its value."""

    depth: int
    key: str
    value: str | None
    numbered: bool = False


@dataclass(frozen=True)
class CaseFile:
    """A file of the case this report was made from."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Custody:
    """`intake` is None without an intake.yaml."""

    tool: Mapping[str, Any]
    options: Mapping[str, Any]
    files: list[CaseFile]
    intake: list[IntakeRow] | None


def custody(case: Path, account: Mapping[str, Any]) -> Custody:
    """The custody annex of a case; UsageError when its intake.yaml is wrong."""
    record = load(case / NAME) if (case / NAME).is_file() else None
    files = [_file(case / name) for name in FILES if (case / name).is_file()]
    return Custody(account["tool"], account["options"], files, list(_rows(record, 0)) if record else None)


def _file(path: Path) -> CaseFile:
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
    return CaseFile(path.name, size, digest.hexdigest())


def _rows(record: Intake | Exhibit | HandOver, depth: int) -> Iterator[IntakeRow]:
    """What is filled in, in the order of the record."""
    for each in fields(record):
        value = getattr(record, each.name)
        if isinstance(value, str) and value:
            yield IntakeRow(depth, each.name, value)
        elif value:
            yield IntakeRow(depth, each.name, None)
            for number, inner in enumerate(value, 1):
                yield IntakeRow(depth + 1, str(number), inner if isinstance(inner, str) else None, True)
                if not isinstance(inner, str):
                    yield from _rows(inner, depth + 2)
