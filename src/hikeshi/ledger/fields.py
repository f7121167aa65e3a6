# SPDX-License-Identifier: Apache-2.0
"""Turning the text of one value into what the schema says it is; every complaint names its place."""

from __future__ import annotations

import calendar
import datetime
import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hikeshi.errors import LedgerError
from hikeshi.ledger.model import FindingRef, Range, When, Words
from hikeshi.ledger.text import Node, Place

Reader = Callable[["Complaints", Node], Any]
Spec = Mapping[str, Reader]
MAX_SHOWN = 50
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{0,12})?|\.[0-9]{1,12}")
_ID = re.compile(r"\w[\w.:-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Complaints:
    """What is wrong with the file so far."""

    def __init__(self, name: str):
        self.name = name
        self.lines: list[str] = []
        self.lost: list[tuple[Place, str]] = []

    def add(self, place: Place, why: str) -> None:
        """One more complaint."""
        self.lines.append(f"{self.name}:{place.line}:{place.column}: {why}")

    def stop(self) -> None:
        """Raise what was collected, if anything."""
        if self.lines:
            more = len(self.lines) - MAX_SHOWN
            tail = [f"… and {more} more"] if more > 0 else []
            raise LedgerError("\n".join(self.lines[:MAX_SHOWN] + tail))


def text(to: Complaints, node: Node) -> str:
    """Text as written."""
    if isinstance(node.value, str):
        return node.value
    to.add(node.place, "expected text")
    return ""


def identifier(to: Complaints, node: Node) -> str:
    """A name others refer to: letters, digits, `_ . : -`."""
    value = text(to, node)
    if not _ID.fullmatch(value):
        to.add(node.place, f"{value[:40]!r} is no id; use letters, digits and _ . : -")
    return value


def truth(to: Complaints, node: Node) -> bool:
    """`true` or `false`, nothing else."""
    value = text(to, node)
    if value not in ("true", "false"):
        to.add(node.place, f"expected true or false, found {value[:40]!r}")
    return value == "true"


def number(to: Complaints, node: Node) -> float:
    """A plain decimal number."""
    value = text(to, node)
    if _NUMBER.fullmatch(value):
        return float(value)
    to.add(node.place, f"expected a number such as 0.25, found {value[:40]!r}")
    return 0.0


def digit(to: Complaints, node: Node) -> int:
    """An information digit, 1 to 6."""
    value = text(to, node)
    if value in ("1", "2", "3", "4", "5", "6"):
        return int(value)
    to.add(node.place, f"expected a digit from 1 to 6, found {value[:40]!r}")
    return 0


def when(to: Complaints, node: Node) -> When:
    """A date: YYYY, YYYY-MM or YYYY-MM-DD; a part of a date stays a part."""
    value = text(to, node)
    try:
        return parse_when(value)
    except ValueError:
        to.add(node.place, f"expected a date as YYYY, YYYY-MM or YYYY-MM-DD, found {value[:40]!r}")
        return When(value, datetime.date.max)


def parse_when(value: str) -> When:
    """The date a text means; ValueError if it is none."""
    match = _DATE.fullmatch(value)
    if not match:
        raise ValueError(value)
    year, month = int(match[1]), int(match[2] or 12)
    first = datetime.date(year, month, 1)
    day = int(match[3]) if match[3] else calendar.monthrange(year, month)[1]
    return When(value, first.replace(day=day))


def one_of(*allowed: str) -> Reader:
    """A reader of one of a few words."""

    def read(to: Complaints, node: Node) -> str:
        value = text(to, node)
        if value not in allowed:
            near = difflib.get_close_matches(value[:60], allowed, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; one of: {', '.join(allowed)}"
            to.add(node.place, f"{value[:40]!r} is not known here{hint}")
        return value

    return read


def listed(item: Reader) -> Reader:
    """A reader of a list."""

    def read(to: Complaints, node: Node) -> tuple[Any, ...]:
        if isinstance(node.value, list):
            return tuple(item(to, child) for child in node.value)
        to.add(node.place, "expected a list")
        return ()

    return read


def mapped(item: Reader) -> Reader:
    """A reader of a map from ids to values."""

    def read(to: Complaints, node: Node) -> dict[str, Any]:
        if not isinstance(node.value, dict):
            to.add(node.place, "expected a map")
            return {}
        for key, place in node.keys.items():
            if not _ID.fullmatch(key):
                to.add(place, f"{key[:40]!r} is no id; use letters, digits and _ . : -")
        return {key: item(to, child) for key, child in node.value.items()}

    return read


def span(to: Complaints, node: Node) -> Range:
    """A range [low, high] of two numbers."""
    values = listed(number)(to, node)
    if len(values) != 2:
        to.add(node.place, "expected a range of two numbers, such as [0.4, 0.8]")
        return (1.0, 1.0)
    if values[0] > values[1]:
        to.add(node.place, f"the range runs backwards: {values[0]:g} is above {values[1]:g}")
    return (values[0], values[1])


def record(spec: Spec, required: Sequence[str] = ()) -> Callable[[Complaints, Node], dict[str, Any]]:
    """A reader of a map with known keys; anything else is refused."""

    def read(to: Complaints, node: Node) -> dict[str, Any]:
        if not isinstance(node.value, dict):
            to.add(node.place, "expected a map")
            return {}
        for key, place in node.keys.items():
            if key in spec:
                continue
            if node.value[key].value == "":
                # An unquoted comma inside {…} ends the text; what follows reads as a key without a value.
                to.lost.append((place, key))
            else:
                near = difflib.get_close_matches(key[:60], spec, 1)
                hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(spec)}"
                to.add(place, f"the key {key[:40]!r} is not known here{hint}")
        for key in required:
            if key not in node.value:
                to.add(node.place, f"the key {key!r} is missing")
        return {key: spec[key](to, child) for key, child in node.value.items() if key in spec}

    return read


def made(build: Callable[..., Any], spec: Spec, required: Sequence[str] = (), **renamed: str) -> Reader:
    """A reader of a map into the class `build`; `renamed` maps its fields to keys of the file."""
    inner = record(spec, required)
    to_field = {key: name for name, key in renamed.items()}

    def read(to: Complaints, node: Node) -> Any:
        values = inner(to, node)
        if any(key not in values for key in required):
            return None
        values = {to_field.get(key, key): value for key, value in values.items()}
        if "ja" in spec:
            values["words"] = Words(values.pop("ja", ""), values.pop("en", ""))
        if "place" in build.__dataclass_fields__:  # type: ignore[attr-defined]
            values["place"] = node.place
        return build(**values)

    return read


def sha256(to: Complaints, node: Node) -> str:
    """A SHA-256 in lower-case hexadecimal."""
    value = text(to, node)
    if not _SHA256.fullmatch(value):
        to.add(node.place, f"expected a SHA-256 of 64 lower-case digits, found {value[:40]!r}")
    return value


def both(to: Complaints, node: Node) -> Words:
    """The same text in both languages."""
    return Words(**record({"ja": text, "en": text})(to, node))


FINDING: Reader = made(FindingRef, {"id": text, "sha256": sha256}, ("id", "sha256"))
