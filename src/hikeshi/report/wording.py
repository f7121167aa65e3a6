# SPDX-License-Identifier: Apache-2.0
"""The report's sentences in one language: templates filled so that what comes from the evidence is set apart."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from hikeshi import words
from hikeshi.codecs.escape import visible
from hikeshi.report import escape as safe
from hikeshi.report.clock import span
from hikeshi.report.found import contact
from hikeshi.report.timeline import Gap
from hikeshi.words import attack

_PLACE = re.compile(r"\{([a-z0-9-]+)\}")
_TOKEN = re.compile("\ue000(\\d+)\ue001")
_SOURCE = re.compile(r"(.+)/(\d+)")


@cache
def labels(lang: str) -> Mapping[str, str]:
    """Every label of the report in one language, by ``section.key``."""
    text = (Path(__file__).parent / f"labels.{lang}.toml").read_text(encoding="utf-8")
    return {
        f"{section}.{key}": value
        for section, keys in tomllib.loads(text).items()
        for key, value in keys.items()
    }


class Wording:
    """What templates call to print words in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._labels = labels(lang)

    def say(self, label: str, **values: Any) -> Markup:
        """A label with its places filled; text is set apart as evidence, markup and numbers go in as they are."""
        pieces = _PLACE.split(self._labels[label])
        for place in range(1, len(pieces), 2):
            pieces[place] = self._piece(values[pieces[place]])
        pieces[::2] = [escape(piece) for piece in pieces[::2]]
        return Markup("").join(pieces)

    def _piece(self, value: Any) -> Markup:
        if isinstance(value, str) and not isinstance(value, Markup):
            return self.value(value)
        return escape(safe.shown(value, self.lang))

    def has(self, label: str) -> bool:
        """Whether there is such a label."""
        return label in self._labels

    def value(self, text: str, limit: int = safe.VALUE) -> Markup:
        """Text from the evidence, made visible, cut and set apart from the report's own words."""
        return Markup("<code>{}</code>").format(safe.short(text, self.lang, limit))

    def plain(self, text: str) -> Markup:
        """The tool's own words as they are."""
        return escape(visible(text))

    def sentence(self, message: str, fields: Mapping[str, str]) -> Markup:
        """The sentence of a finding with the values of its fields set apart; without one, its id and fields."""
        if not words.knows(message):
            named = (self.value(f"{key}={fields[key]}") for key in sorted(fields))
            return Markup(" ").join([self.value(f"[{message}]"), *named])
        keys = list(fields)
        tokens = {key: f"\ue000{number}\ue001" if fields[key] else "" for number, key in enumerate(keys)}
        pieces: list[str] = _TOKEN.split(words.text(message, self.lang, tokens))
        made = [escape(piece) for piece in pieces]
        made[1::2] = [self.value(fields[keys[int(token)]]) for token in pieces[1::2]]
        return Markup("").join(made)

    def name(self, kind: str, value: str) -> Markup:
        """How words/ calls a value; a value it does not know is shown as it is."""
        if words.knows(f"{kind}.{value}.name"):
            return escape(words.name(kind, value, self.lang))
        return self.value(value)

    def known(self, section: str, key: str) -> Markup:
        """The report's own label of a key; a key without one is shown as it is."""
        label = f"{section}.{key}"
        if label in self._labels:
            return escape(self._labels[label])
        return self.name(section, key) if words.knows(f"{label}.name") else self.value(key, 80)

    def meaning(self, id_: str) -> Markup:
        """What a message or value means."""
        return self.plain(words.meaning(id_, self.lang))

    def next_step(self, id_: str) -> Markup:
        """What to do next."""
        return self.plain(words.next_step(id_, self.lang))

    def family(self, family: str | None) -> Markup:
        """A family's name; None reads as traces that name no family."""
        if family is None:
            return escape(self._labels["findings.generic"])
        title = f"{family}.title"
        return escape(words.text(title, self.lang)) if words.knows(title) else self.value(family, 80)

    def about(self, family: str) -> list[Markup]:
        """What a family is, one sentence each."""
        text = words.text(f"{family}.about", self.lang) if words.knows(f"{family}.about") else ""
        return [self.plain(line) for line in text.splitlines() if line.strip()]

    def notice(self, name: str) -> Markup:
        """A fixed notice of words/."""
        return self.plain(words.text(f"notice.{name}", self.lang, {"version": attack.version()}))

    def technique(self, id_: str) -> Markup | None:
        """Name of an ATT&CK technique; None when the table does not know it."""
        return escape(attack.full_name(id_)) if attack.technique(id_) else None

    def tactics(self, id_: str) -> list[Markup]:
        """Tactics of an ATT&CK technique."""
        known = attack.technique(id_)
        return [self.name("tactic", tactic) for tactic in known.tactics] if known else []

    def replaced(self, id_: str) -> str | None:
        """The technique that replaced a revoked one."""
        known = attack.technique(id_)
        return known.replaced_by if known else None

    def day(self, day: date) -> Markup:
        """A day as a heading."""
        values = {"year": day.year, "month": day.month, "day": day.day}
        words_ = {
            "month": self._labels[f"month.m{day.month}"],
            "weekday": self._labels[f"weekday.d{day.weekday()}"],
        }
        return escape(self._labels["day.heading"].format(**{**values, **words_}))

    def length(self, gap: Gap) -> Markup:
        """How long a gap is."""
        days, hours, minutes = span(gap.start, gap.end)
        if days:
            return self.say("timeline.span", days=days, hours=hours, minutes=minutes)
        return self.say("timeline.span-hours", hours=hours, minutes=minutes)

    def seconds(self, value: float) -> Markup:
        """A length of time measured in seconds, to the millisecond."""
        return self.plain(f"{value:,.3f}".rstrip("0").rstrip("."))

    def end(self, address: str | None, port: int | None, protocol: str | None) -> Markup:
        """One end of a connection: ``192.0.2.1:443/tcp``, an IPv6 address in brackets."""
        shown = f"[{address}]" if address and ":" in address and port is not None else address or "?"
        return self.value(
            shown + (f":{port}" if port is not None else "") + (f"/{protocol}" if protocol else ""), 120
        )

    def source(self, source: str) -> Markup:
        """A kind of evidence: an event of a log, or an artefact."""
        event = _SOURCE.fullmatch(source)
        if event:
            return self.say("limits.event", channel=event[1], id=Markup(event[2]))
        return self.known("artefact", source)

    def contacts(self, fields: Mapping[str, str]) -> bool:
        """Whether any field of a finding needs that notice."""
        return any(self.contact(field) and fields[field] for field in fields)

    def contact(self, field: str) -> bool:
        """Whether a field of a finding needs the notice not to connect and not to log in."""
        return contact(field)
