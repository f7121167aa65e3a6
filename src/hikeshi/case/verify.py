# SPDX-License-Identifier: Apache-2.0
"""Whether a case, and the evidence behind it, is still as it was when the case was written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hikeshi.case import verify_standalone as alone
from hikeshi.errors import CaseError, UsageError


@dataclass(frozen=True, order=True)
class Difference:
    """`what` is missing, changed or unexpected; `path` is in the case, or that of evidence in case.json."""

    path: str
    what: str


@dataclass(frozen=True)
class Verdict:
    """What differs, and the fingerprint of the key that sealed the case (None: it is not sealed)."""

    differences: list[Difference]
    key: str | None


def verify(case: Path) -> Verdict:
    """Compare every file of a sealed case, or every file the tool wrote, with what the manifest says."""
    if not (case / "manifest.json").is_file() and not (case / alone.SEAL).is_dir():
        raise UsageError(f"{case} is not a finished case; give the folder that 'hikeshi run --out' wrote.")
    try:
        found, key = alone.check(str(case))
    except alone.UNUSABLE as error:
        raise CaseError(f"The manifest of {case} is not as hikeshi wrote it ({error}).") from error
    return Verdict(sorted(Difference(path, what) for what, path in found), key)


def evidence(account: Mapping[str, Any], met: Iterable[tuple[str, int, str]]) -> list[Difference]:
    """Compare evidence, given as (path, bytes, SHA-256), with what case.json says was examined.

    A path may stand there more than once: the case was continued with other bytes of the same name.
    """
    examined: dict[str, set[tuple[int, str]]] = {}
    for node in account["evidence"]:
        if "sha256" in node:
            examined.setdefault(node["path"], set()).add((node["bytes"], node["sha256"]))
    seen: dict[str, set[tuple[int, str]]] = {}
    for path, size, digest in met:
        seen.setdefault(path, set()).add((size, digest))
    return sorted(_compare(examined, seen))


def _compare(
    examined: Mapping[str, set[tuple[int, str]]], seen: Mapping[str, set[tuple[int, str]]]
) -> Iterator[Difference]:
    for path in examined.keys() | seen.keys():
        if path not in seen:
            yield Difference(path, "missing")
        elif path not in examined:
            yield Difference(path, "unexpected")
        elif not seen[path] <= examined[path]:
            yield Difference(path, "changed")
