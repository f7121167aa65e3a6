# SPDX-License-Identifier: Apache-2.0
"""What of a case may be shared, gathered once for every format."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hikeshi.errors import UsageError
from hikeshi.export.allowed import SETTINGS, Value, allowed, inner_in
from hikeshi.export.victims import Victims, victims
from hikeshi.schema import Grade
from hikeshi.words import LANGS, attack, text

if TYPE_CHECKING:
    from hikeshi.case.saved import Saved

LEVELS = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")
DEFAULT = "AMBER+STRICT"
# STIX 2.1, appendix A: the scale of Words of Estimative Probability; a weak finding is not shared at all.
CONFIDENCE = {Grade.PROVEN: 95, Grade.STRONG: 80, Grade.INDICATED: 50}
NAMESPACE = uuid.UUID("6f6b1a0e-5d0c-5c1e-9b0a-2f0d6b9f7a11")
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
    """Families, techniques, values and rules that may leave, and what was withheld, by field name."""

    tlp: str
    version: str
    families: dict[str, Seen] = field(default_factory=dict)
    values: dict[tuple[str, Value], Seen] = field(default_factory=dict)
    techniques: dict[tuple[str, str], Seen] = field(default_factory=dict)
    rules: dict[SharedRule, Seen] = field(default_factory=dict)
    withheld: dict[str, set[str]] = field(default_factory=dict)

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
        _withhold(out, "family", family)
        return
    if family:
        _note(out.families, family, grade, hour)
        for name, text_, value in allowed(family, finding["fields"], kept_out):
            if value is None:
                _withhold(out, name, text_)
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


def _withhold(out: Shared, name: str, value: str) -> None:
    out.withheld.setdefault(name, set()).add(value)


def _known(techniques: Iterable[str]) -> list[str]:
    return sorted({technique for technique in techniques if attack.technique(technique)})


def _rule(out: Shared, rule: Mapping[str, Any], kept_out: Victims) -> SharedRule | None:
    clean: dict[str, str | None] = {}
    for name in ("id", "title", "author", "licence", "level"):
        value = rule.get(name)
        named = value is not None and inner_in(value, kept_out)
        clean[name] = None if named else value
        if named:
            _withhold(out, f"rule {name}", str(value))
    id_ = clean.pop("id") or ""
    return SharedRule(str(rule["kind"]), id_, **clean) if _RULE.fullmatch(id_) else None


def warning(value: Value) -> str:
    """What stands beside a value: leave the attacker's servers alone."""
    if value.kind in ("md5", "sha1", "sha256"):
        return "malware file"
    return " ".join(text("notice.no-contact", lang) for lang in LANGS)


def credit(rule: SharedRule) -> str:
    """A rule's title, author, licence and level, as far as they may leave."""
    author = f"author: {rule.author}" if rule.author else None
    level = f"level: {rule.level}" if rule.level else None
    return "; ".join(filter(None, (rule.title, author, rule.licence, level)))
