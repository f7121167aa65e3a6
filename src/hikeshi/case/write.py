# SPDX-License-Identifier: Apache-2.0
"""case.json, the line files and the manifest, written so that the same case gives the same bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hikeshi.case.evidence import Evidence
from hikeshi.case.verify_standalone import OUTSIDE, digest, walk
from hikeshi.errors import UsageError


def prepare(case: Path) -> None:
    """Make the case folder, or accept one that is a case; UsageError for any other folder with something in it."""
    if case.exists() and not case.is_dir():
        raise UsageError(f"{case} is a file; give --out a new folder or a case.")
    if (case / "seal").exists():
        raise UsageError(f"{case} is sealed and stays as it is; give --out a new folder.")
    if case.is_dir() and any(case.iterdir()) and not (case / "state" / "evidence").is_dir():
        raise UsageError(f"{case} is not empty and no case; give --out a new folder.")
    case.mkdir(parents=True, exist_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Indented JSON with sorted keys, replaced at once."""
    replace(path, (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())


def write_lines(path: Path, values: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line, keys in the order given."""
    replace(path, "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values).encode())


def replace(path: Path, data: bytes) -> None:
    """Write a file under another name first, then put it in place."""
    scratch = path.with_name(path.name + ".new")
    scratch.write_bytes(data)
    os.replace(scratch, path)


def totals(evidence: Evidence) -> dict[str, int]:
    """The reconciliation line: all items that are no containers, each once."""
    plain = [account for account in evidence.accounts.values() if not account.container]
    sums = {
        key: sum(getattr(a, key) for a in plain)
        for key in ("records_in", "records_out", "refused", "duplicate")
    }
    return {"items": len(plain), "bytes": sum(account.bytes for account in plain), **sums}


def write_manifest(case: Path) -> None:
    """SHA-256 and size of every file the tool wrote."""
    names = [name for name in walk(str(case)) if name.split("/")[0] not in OUTSIDE]
    files = {name: digest(str(case / name)) for name in names}
    write_json(case / "manifest.json", {"schema": "hikeshi.manifest/1", "files": files})


def issue_order(issue: Mapping[str, Any]) -> tuple[Any, ...]:
    """Losses in the order of the evidence."""
    offset = -1 if issue["offset"] is None else issue["offset"]
    return (issue["path"], issue["item"] or "", offset, issue["reason"], str(issue["fields"]))
