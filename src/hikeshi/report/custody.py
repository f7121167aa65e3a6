# SPDX-License-Identifier: Apache-2.0
"""What a court asks for: the versions and hashes behind the report, and intake.yaml as the analyst wrote it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BLOCK = 1 << 20
INTAKE = "intake.yaml"
INTAKE_BYTES = 1 << 20
ROWS = 400
DEPTH = 8
FILES = ("case.json", "findings.jsonl", "issues.jsonl", INTAKE)


@dataclass(frozen=True)
class IntakeRow:
    """One line of the chain-of-custody record: a key (or the number of a list's entry) and what stands there."""

    depth: int
    key: str
    value: str | None
    numbered: bool


@dataclass(frozen=True)
class CaseFile:
    """A file of the case this report was made from."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Custody:
    """`intake` is None without an intake.yaml; `intake_problem` says why one cannot be printed."""

    tool: Mapping[str, Any]
    options: Mapping[str, Any]
    files: list[CaseFile]
    intake: list[IntakeRow] | None
    intake_problem: str | None


def custody(case: Path, account: Mapping[str, Any]) -> Custody:
    """The custody annex of a case."""
    intake, problem = _intake(case / INTAKE)
    files = [_file(case / name) for name in FILES if (case / name).is_file()]
    return Custody(account["tool"], account["options"], files, intake, problem)


def _file(path: Path) -> CaseFile:
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
    return CaseFile(path.name, size, digest.hexdigest())


def _intake(path: Path) -> tuple[list[IntakeRow] | None, str | None]:
    """Every value stays the text the analyst wrote: YAML's own types would turn serials into numbers."""
    import yaml

    if not path.is_file():
        return None, None
    if path.stat().st_size > INTAKE_BYTES:
        return None, f"> {INTAKE_BYTES:,} B"
    try:
        value = yaml.load(path.read_bytes().decode("utf-8-sig"), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        return None, " ".join(str(error).split())
    rows: list[IntakeRow] = []
    for row in _rows(value, 0):
        if len(rows) == ROWS:
            return rows, f"> {ROWS}"
        rows.append(row)
    return rows, None


def _rows(value: Any, depth: int) -> Iterator[IntakeRow]:
    if depth == DEPTH:
        return
    numbered = isinstance(value, list)
    pairs = (
        enumerate(value, 1) if numbered else value.items() if isinstance(value, dict) else ((("", value)),)
    )
    for key, inner in pairs:
        if isinstance(inner, (dict, list)):
            yield IntakeRow(depth, str(key), None, numbered)
            yield from _rows(inner, depth + 1)
        else:
            yield IntakeRow(depth, str(key), str(inner), numbered)
