# SPDX-License-Identifier: Apache-2.0
"""Who means what by a name: the label of a reporter, a date and a platform as a claim about the family.

A label is never an identity. "Mokes" names two unrelated families, and one vendor uses it for both.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

SMOKELOADER, QT = "smokeloader", "mokes_qt"
# What evidence says whatever the label: traits of the Qt backdoor, and of SmokeLoader.
TRAITS: Mapping[str, frozenset[str]] = {
    QT: frozenset({"qt-strings", "spool-files", "get-v1"}),
    SMOKELOADER: frozenset({"explorer-injection", "mutex-40-hex", "rc4-post", "404-payload"}),
}

_PLATFORMS = (
    ("macos", re.compile(r"(?<![a-z])(osx|macos|mac)(?![a-z])", re.I)),
    ("linux", re.compile(r"(?<![a-z])(linux|elf)(?![a-z])", re.I)),
    ("windows", re.compile(r"(?<![a-z])(win|win32|win64|w32)(?![a-z0-9])", re.I)),
)
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True)
class Resolution:
    """A label as reported, kept apart from what it is taken to mean and why.

    `family` is None where the label decides nothing; `candidates` then are the families it may mean, with weights
    that are our guess (None: no weight given). `kind` says what the answer rests on, `source` who equates the names.
    """

    label: str
    reporter: str
    date: str
    platform: str
    family: str | None
    kind: str
    basis: str
    source: str = ""
    candidates: tuple[tuple[str, float | None], ...] = ()
    warning: str = ""

    @property
    def said(self) -> str:
        """The family, or what the label may mean."""
        if self.family:
            return self.family
        weighed = (name if weight is None else f"{name} {weight:g}?" for name, weight in self.candidates)
        return f"ambiguous ({', '.join(weighed)})" if self.candidates else self.kind


def resolve(
    label: str, reporter: str = "", date: str = "", platform: str = "", traits: Collection[str] = ()
) -> Resolution:
    """What a label means, by reporter, date and platform; traits found in evidence decide before any label."""
    platform = platform.lower() or _platform(label)
    answer = partial(Resolution, label, reporter, date, platform)
    shown = {family: sorted(TRAITS[family] & set(traits)) for family in TRAITS}
    decided = [family for family in TRAITS if shown[family]]
    if len(decided) == 1:
        return answer(decided[0], "evidence", "evidence: " + ", ".join(shown[decided[0]]))
    if decided:
        basis = "evidence of both families: two pieces of malware, or a mistake"
        return answer(None, "evidence", basis, candidates=tuple((family, None) for family in decided))
    claim = {"label": label, "reporter": reporter.lower(), "date": date, "platform": platform}
    row = next((row for row in _aliases() if _fits(row, claim)), None)
    if row is None:
        return answer(None, "unknown", "no name of these families")
    weights = row.get("weights", {})
    candidates = tuple((name, weights.get(name)) for name in row.get("candidates", ()))
    given = {key: row[key] for key in ("basis", "source", "warning") if key in row}
    return answer(row["family"] or None, row["kind"], candidates=candidates, **given)


def _fits(row: Mapping[str, Any], claim: Mapping[str, str]) -> bool:
    if any(row.get(key, claim[key]) != claim[key] for key in ("reporter", "platform")):
        return False
    year = _YEAR.match(claim["date"])
    if "years" in row and not (year and row["years"][0] <= int(year[0]) <= row["years"][1]):
        return False
    return bool(row["label"].search(claim["label"]))


def _platform(label: str) -> str:
    return next((name for name, marks in _PLATFORMS if marks.search(label)), "")


@cache
def _aliases() -> tuple[dict[str, Any], ...]:
    text = Path(__file__).with_name("aliases.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["aliases"]
    return tuple({**row, "label": re.compile(row["label"], re.IGNORECASE)} for row in rows)
