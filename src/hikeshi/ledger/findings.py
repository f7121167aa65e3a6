# SPDX-License-Identifier: Apache-2.0
"""Findings of a case as the ledger refers to them: by id and by the hash of their canonical JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hikeshi.errors import LedgerError

Finding = Mapping[str, Any]


def fingerprint(finding: Finding) -> str:
    """The SHA-256 of a finding's canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(finding, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def known(findings: Iterable[Finding]) -> dict[str, str]:
    """The hash of each finding by its id."""
    return {str(finding.get("id", "")): fingerprint(finding) for finding in findings}


def read(path: Path) -> list[dict[str, Any]]:
    """The findings of a `findings.jsonl`, in its order."""
    found = []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                entry = json.loads(line)
                if not isinstance(entry, dict):
                    raise LedgerError(f"{path.name}:{number}: not a finding; run the case again")
                found.append(entry)
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}; give a case folder with findings.jsonl") from None
    except ValueError:
        raise LedgerError(f"{path.name}: damaged after line {len(found)}; run the case again") from None
    return found
