# SPDX-License-Identifier: Apache-2.0
"""The staged report's words in one language; values of the evidence are made visible and cut."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from hikeshi import words
from hikeshi.report.clock import moment
from hikeshi.report.escape import short
from hikeshi.report.stage.model import Stage

HERE = Path(__file__).parent
MOST = 120


@cache
def labels(lang: str) -> Mapping[str, str]:
    """The labels of a language."""
    return tomllib.loads((HERE / f"labels.{lang}.toml").read_text(encoding="utf-8"))


class Speaker:
    """Labels, states, functions and times in one language."""

    def __init__(self, stage: Stage, lang: str) -> None:
        self.lang = lang
        self.stage = stage
        self.t = labels(lang)

    def line(self, what: str, values: Mapping[str, str]) -> str:
        """One sentence with its values worded."""
        return self.t[what].format_map({key: self.value(key, value) for key, value in values.items()})

    def value(self, key: str, value: str) -> str:
        """A value as it is printed: grades, functions, reasons and states are words, the rest is evidence."""
        if key in ("grade", "function", "reason"):
            return self.name(key, value)
        if key == "functions":
            return (
                "、".join(self.name("function", one) for one in value.split(","))
                if self.lang == "ja"
                else ", ".join(self.name("function", one) for one in value.split(","))
            )
        if key in ("old", "new") and f"state-{value}" in self.t:
            return self.t[f"state-{value}"]
        return short(value, self.lang, MOST) or self.t["none"]

    def name(self, kind: str, value: str) -> str:
        """A word of words/, or the value itself."""
        known = words.knows(f"{kind}.{value}.name")
        return words.name(kind, value, self.lang) if known else short(value, self.lang, MOST)

    def time(self, text: str) -> str:
        """A moment in the case's zone, UTC beside it."""
        at = moment(text)
        stamp = self.stage.clock.at(at.replace(microsecond=0) if at else None)
        return f"{stamp.local} ({stamp.utc} UTC)" if stamp else self.t["none"]

    def heading(self) -> str:
        """Stage and number."""
        now = self.stage.now
        if now.stage == "first":
            return self.t["first"]
        return f"{self.t[now.stage]} ({self.t['number'].format(n=now.number)})"

    def grade(self, grade: str) -> str:
        """A machine's strongest grade; without any trace it is no evidence, which is not the same as no leak."""
        return self.name("grade", grade) if grade else self.name("cell", "no-evidence")

    def affected(self) -> str:
        """How many machines, as a range."""
        low, high = self.stage.affected
        return self.t["affected"].format(low=low, high=high)


def defanged(value: str) -> str:
    """An address that no program turns into a link."""
    return value.replace("://", "[://]").replace(".", "[.]")
