# SPDX-License-Identifier: Apache-2.0
"""A finding as the report handles it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hikeshi.report.clock import moment
from hikeshi.schema import Grade

STRENGTH = {grade.value: rank for rank, grade in enumerate(Grade)}
WEAKEST = len(STRENGTH)
# Fields of findings that hold an attacker's address or password.
CONTACT = frozenset({"address", "name", "url", "urls", "c2", "server", "domain", "password", "passwords"})
LEVELS = ("critical", "high", "medium", "low", "informational")


@dataclass(frozen=True)
class RuleCredit:
    """The rule behind a hit, with what its licence asks to be named."""

    id: str
    kind: str
    title: str
    level: str | None
    author: str | None
    licence: str | None


@dataclass(frozen=True)
class FoundRow:
    """One line of findings.jsonl; `machine` is the machine that the logged host name stands for."""

    id: str
    moment: datetime | None
    time_text: str | None
    host: str | None
    machine: str | None
    user: str | None
    family: str | None
    function: str | None
    techniques: tuple[str, ...]
    grade: str
    message: str
    fields: Mapping[str, str]
    rule: RuleCredit | None
    path: str
    record: int | None
    offset: int | None
    also: tuple[str, ...]
    pack: str

    @property
    def strength(self) -> int:
        """0 for proven, rising as the grade falls."""
        return STRENGTH.get(self.grade, WEAKEST)


def contact(field: str) -> bool:
    """Whether a field of a finding holds an attacker's address or password."""
    return field in CONTACT or field.endswith(("_address", "_password", "_url", "_domain"))


def read(line: Mapping[str, Any], machines: Mapping[str, str]) -> FoundRow:
    """A line of findings.jsonl as a value."""
    evidence = line["evidence"]
    host = line["host"]
    return FoundRow(
        id=line["id"],
        moment=moment(line["time"]),
        time_text=line["time_text"],
        host=host,
        machine=machines.get(host, host) if host else None,
        user=line["user"],
        family=line["family"],
        function=line["function"],
        techniques=tuple(line["techniques"]),
        grade=line["grade"],
        message=line["message"],
        fields={str(key): str(value) for key, value in line["fields"].items()},
        rule=_credit(line),
        path=evidence["path"],
        record=evidence.get("record"),
        offset=evidence.get("offset"),
        also=tuple(line["also"]),
        pack=line["message"].partition(".")[0],
    )


def _credit(line: Mapping[str, Any]) -> RuleCredit | None:
    rule = line["rule"]
    if rule is None:
        return None
    message = line["message"]
    kind = message.removeprefix("rule.") if message.startswith("rule.") else rule["kind"]
    title = rule.get("title") or line["fields"].get("title") or rule["id"]
    return RuleCredit(rule["id"], kind, title, rule.get("level"), rule.get("author"), rule.get("licence"))


def settings(line: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a line of findings.jsonl holds of the malware's configuration: setting and value, one a line of it."""
    return [
        (name, value)
        for name in sorted(line["fields"])
        if name.startswith(("c2", "config_"))
        for value in str(line["fields"][name]).split("\n")
        if value
    ]
