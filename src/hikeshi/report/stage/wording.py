# SPDX-License-Identifier: Apache-2.0
"""The staged report's words in one language; values of the evidence are made visible and cut."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from hikeshi import words
from hikeshi.ledger.model import Words
from hikeshi.ledger.say_lint import Sentence
from hikeshi.report.clock import moment
from hikeshi.report.escape import short
from hikeshi.report.stage.model import Stage
from hikeshi.report.wording import labels as report_labels

HERE = Path(__file__).parent
MOST = 120
STATES = ("ran", "made", "traces", "blocked", "unknown")


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
            return self.join(self.name("function", one) for one in value.split(","))
        if key in ("old", "new") and f"state-{value}" in self.t:
            return self.t[f"state-{value}"]
        return short(value, self.lang, MOST) or self.t["no-host" if key == "host" else "none"]

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
        number = self.t["number"].format(n=now.number)
        return self.t["numbered"].format(stage=self.t[now.stage], number=number)

    def join(self, values: Iterable[str]) -> str:
        """A list as the language writes it."""
        return ("、" if self.lang == "ja" else ", ").join(values)

    def own(self, words: Words | Sentence) -> str:
        """The analyst's or the ledger's sentence in this language."""
        return words.ja if self.lang == "ja" else words.en

    def state(self, state: str) -> str:
        """Whether something ran, was blocked, or is unknown."""
        return self.t[f"state-{state}"]

    def states(self, many: Mapping[str, int]) -> str:
        """How many machines have each state; none is left out because its number is small."""
        return (
            self.join(
                self.t["state-on"].format(state=self.state(state), n=many[state])
                for state in STATES
                if many.get(state)
            )
            or self.t["none"]
        )

    def family(self, family: str) -> str:
        """A family by its title."""
        known = words.knows(f"{family}.title")
        return words.text(f"{family}.title", self.lang) if known else short(family, self.lang, MOST)

    def kind(self, field: str) -> str:
        """What kind of value a finding's field holds."""
        return report_labels(self.lang).get(f"field.{field}") or short(field, self.lang, MOST)

    def grade(self, grade: str) -> str:
        """A machine's strongest grade; without any trace it is no evidence, which is not the same as no leak."""
        return self.name("grade", grade) if grade else self.name("cell", "no-evidence")

    def affected(self) -> str:
        """How many machines, as a range, in a sentence."""
        return self.t["affected"].format(range=self.affected_range())

    def affected_range(self) -> str:
        """How many machines, as a range: those with firm traces and all that were examined."""
        low, high = self.stage.affected
        return self.t["affected-range"].format(low=low, high=high)


def defanged(value: str) -> str:
    """An address that no program turns into a link."""
    return value.replace("://", "[://]").replace(".", "[.]")
