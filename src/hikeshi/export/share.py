# SPDX-License-Identifier: Apache-2.0
"""What of a case may be shared, gathered once for every format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hikeshi.errors import UsageError
from hikeshi.export.allowed import SETTINGS, Value, allowed, inner_in
from hikeshi.export.victims import Victims, victims
from hikeshi.schema import Grade
from hikeshi.words import attack

if TYPE_CHECKING:
    from hikeshi.case.saved import Saved

LEVELS = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")
DEFAULT = "AMBER+STRICT"
# STIX 2.1, appendix A: the scale of Words of Estimative Probability; a weak finding is not shared at all.
CONFIDENCE = {Grade.PROVEN: 95, Grade.STRONG: 80, Grade.INDICATED: 50}
UNDATED = "1970-01-01T00"
# A time outside these years is a clock that was never set, not a time.
YEARS = ("1980", "2100")

_RULE = re.compile(r"[A-Za-z0-9_.-]{1,120}")
_FAMILY = re.compile(r"[a-z0-9_-]{2,40}")


@dataclass
class Seen:
    """How sure something is, and the hours (``2018-01-26T03``, UTC) it was first and last seen, if dated."""

    grade: Grade
    first: str | None = None
    last: str | None = None

    def also(self, grade: Grade, hour: str | None) -> None:
        """Take in another sighting."""
        if CONFIDENCE[grade] > CONFIDENCE[self.grade]:
            self.grade = grade
        if hour is not None:
            self.first = min(self.first or hour, hour)
            self.last = max(self.last or hour, hour)


@dataclass(frozen=True, order=True)
class SharedRule:
    """A rule that matched, with what its licence asks to be credited; None where that names the victim."""

    kind: str
    id: str
    title: str | None
    author: str | None
    licence: str | None
    level: str | None


@dataclass
class Shared:
    """Families, techniques, values and rules that may leave, and how often a field's value was withheld."""

    tlp: str
    version: str
    families: dict[str, Seen] = field(default_factory=dict)
    values: dict[tuple[str, Value], Seen] = field(default_factory=dict)
    techniques: dict[tuple[str, str], Seen] = field(default_factory=dict)
    rules: dict[SharedRule, Seen] = field(default_factory=dict)
    withheld: dict[str, int] = field(default_factory=dict)

    @property
    def hours(self) -> tuple[str, str]:
        """The first and last hour of anything shared."""
        seen = [
            *self.families.values(),
            *self.values.values(),
            *self.techniques.values(),
            *self.rules.values(),
        ]
        first = min((s.first for s in seen if s.first), default=UNDATED)
        return first, max((s.last for s in seen if s.last), default=first)

    def indicators(self) -> list[tuple[str, Value, Seen]]:
        """What can be looked for on a network or machine, in a fixed order."""
        return [(f, v, self.values[f, v]) for f, v in self._sorted() if v.kind not in SETTINGS]

    def settings(self, family: str) -> list[tuple[Value, Seen]]:
        """The configuration of one family, in a fixed order."""
        return [(v, self.values[f, v]) for f, v in self._sorted() if f == family and v.kind in SETTINGS]

    def _sorted(self) -> list[tuple[str, Value]]:
        return sorted(self.values, key=lambda key: (key[0], key[1].kind, key[1].text, key[1].port or 0))


def shared(case: Saved, tlp: str) -> Shared:
    """Everything of a case that is on the allow-list, under a TLP 2.0 label."""
    if tlp not in LEVELS:
        raise UsageError(f"{tlp!r} is no TLP 2.0 label; give one of {', '.join(LEVELS)}.")
    out = Shared(tlp, str(case.account["tool"]["version"]))
    kept_out = victims(case)
    for finding in case.findings():
        if finding["grade"] in CONFIDENCE:
            _take(out, finding, kept_out)
    return out


def _take(out: Shared, finding: Mapping[str, Any], kept_out: Victims) -> None:
    grade, hour = Grade(finding["grade"]), _hour(finding["time"])
    family = finding["family"] or ""
    if family and (not _FAMILY.fullmatch(family) or kept_out.named_in(family)):
        _count(out, "family")
        return
    if family:
        _note(out.families, family, grade, hour)
        for name, value in allowed(family, finding["fields"], kept_out):
            if value is None:
                _count(out, name)
            else:
                _note(out.values, (family, value), grade, hour)
    for technique in _known(finding["techniques"]):
        _note(out.techniques, (family, technique), grade, hour)
    rule = _rule(out, finding["rule"], kept_out) if finding["rule"] else None
    if rule:
        _note(out.rules, rule, grade, hour)


def _hour(time: str | None) -> str | None:
    return time[:13] if time and YEARS[0] <= time[:4] < YEARS[1] else None


def _note(into: dict[Any, Seen], key: Any, grade: Grade, hour: str | None) -> None:
    into.setdefault(key, Seen(grade)).also(grade, hour)


def _count(out: Shared, name: str) -> None:
    out.withheld[name] = out.withheld.get(name, 0) + 1


def _known(techniques: Iterable[str]) -> list[str]:
    return sorted({technique for technique in techniques if attack.technique(technique)})


def _rule(out: Shared, rule: Mapping[str, Any], kept_out: Victims) -> SharedRule | None:
    credit: dict[str, str | None] = {}
    for name in ("id", "title", "author", "licence", "level"):
        text = rule.get(name)
        named = text is not None and inner_in(text, kept_out)
        credit[name] = None if named else text
        if named:
            _count(out, f"rule {name}")
    id_ = credit.pop("id") or ""
    return SharedRule(str(rule["kind"]), id_, **credit) if _RULE.fullmatch(id_) else None
