# SPDX-License-Identifier: Apache-2.0
"""How requests of each line of the malware look: traffic.toml as typed values, and which rows a request fits."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# The header fields of a decoy asked for with GET, in order (Emerging Threats Open 2025120).
DECOY_ORDER = ("cache-control", "connection", "pragma", "user-agent", "host")


@dataclass(frozen=True)
class Row:
    """One published form of a request; what it says nothing about is None or empty."""

    name: str
    line: str
    source: str
    sureness: str
    uri: re.Pattern[str] | None = None
    length: int | None = None
    below: int | None = None
    order: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    adjacent: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    agent: re.Pattern[str] | None = None
    referer: re.Pattern[str] | None = None
    malformed: bool = False


@dataclass(frozen=True)
class Decoy:
    """One request that tests the connection or hides the check-in."""

    line: str
    method: str
    host: re.Pattern[str]
    uri: re.Pattern[str]


@cache
def rows() -> tuple[Row, ...]:
    """Every form of a request, oldest first."""
    return tuple(Row(**{key: _value(key, value) for key, value in row.items()}) for row in _data()["request"])


@cache
def decoys() -> tuple[Decoy, ...]:
    """Every decoy."""
    return tuple(Decoy(**{key: _value(key, value) for key, value in row.items()}) for row in _data()["decoy"])


def _data() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("traffic.toml").read_text(encoding="utf-8"))


def _value(key: str, value: Any) -> Any:
    if key in ("uri", "agent", "referer", "host"):
        return re.compile(value)
    return tuple(name.lower() for name in value) if isinstance(value, list) else value


def fitting(
    target: str, headers: Sequence[tuple[str, str]], length: int, malformed: bool = False
) -> list[Row]:
    """The rows that a POST fits; header fields as they were sent, `length` is that of the body."""
    names = tuple(name.lower() for name, _ in headers)
    values = {name.lower(): value for name, value in headers}
    return [row for row in rows() if _fits(row, target, names, values, length, malformed)]


def _fits(
    row: Row, target: str, names: tuple[str, ...], values: dict[str, str], length: int, malformed: bool
) -> bool:
    exact = row.length is None or row.length == length
    short = row.below is None or length < row.below
    if row.malformed != malformed or not (exact and short) or not set(names).isdisjoint(row.absent):
        return False
    if (row.order and names != row.order) or names[: len(row.starts)] != row.starts:
        return False
    beside = len(row.adjacent)
    if beside and row.adjacent not in (names[at : at + beside] for at in range(len(names))):
        return False
    texts = ((row.uri, target), (row.agent, values.get("user-agent")), (row.referer, values.get("referer")))
    return all(wanted is None or (text is not None and wanted.fullmatch(text)) for wanted, text in texts)


def decoy(method: str, host: str, target: str) -> Decoy | None:
    """The decoy that a request is, by where it goes."""
    name = host.lower().partition(":")[0]
    return next(
        (d for d in decoys() if d.method == method and d.host.fullmatch(name) and d.uri.fullmatch(target)),
        None,
    )
