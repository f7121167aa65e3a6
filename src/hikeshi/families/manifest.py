# SPDX-License-Identifier: Apache-2.0
"""pack.toml as a typed value. Reading it runs no code of the pack."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hikeshi.errors import PackError
from hikeshi.pack import ARTEFACTS, FIELDS, FUNCTIONS, TABLES, Grade, PackRule, Search, log_source

STATUSES = ("stable", "nursery")
ENTRIES = (
    *sorted(TABLES),
    "given",
    "join",
    "keep",
    "program",
    "search",
    "searched",
    "sessions",
    "synth",
    "synth_files",
    "synth_requests",
)

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
_ENTRY = re.compile(r"[a-z][a-z0-9_]*:[a-z][a-z0-9_]*")
_SEARCH = re.compile(r"[a-z][a-z0-9-]*")
_HEX = re.compile(r"(?:[0-9A-F]{2} ?)+")
_BYTES = re.compile(r"[0-9A-F]{2}(?:-[0-9A-F]{2})?")
_PATTERN = re.compile(r"[ -~]+")
_RULE_FILE = re.compile(r"rules/[a-z0-9_-]+\.yml")


@dataclass(frozen=True)
class Source:
    """Where a pack's knowledge comes from, and what may be done with it."""

    title: str
    url: str
    licence: str


@dataclass(frozen=True)
class Seen:
    """Where a function of the family shows: what this pack examines, and what it does not examine yet."""

    seen_in: tuple[str, ...]
    also_in: tuple[str, ...]


@dataclass(frozen=True)
class Pack:
    """One family pack as its pack.toml describes it."""

    name: str
    version: str
    status: str
    folder: Path
    family: str | None
    aliases: tuple[str, ...]
    overrides: tuple[str, ...]
    wants: tuple[str, ...]
    attack_id: str | None
    mitre: tuple[str, ...]
    ours: tuple[str, ...]
    sources: tuple[Source, ...]
    functions: Mapping[str, Seen]
    sigma: tuple[PackRule, ...]
    raw: tuple[Search, ...]
    entry: Mapping[str, str]
    clues: tuple[str, ...] = ()


class _Reader:
    """A TOML table being read: every key is asked for once, and what nobody asked for is an error."""

    def __init__(self, where: str, table: Any) -> None:
        if not isinstance(table, dict):
            raise PackError(f"{where} must be a table")
        self.where, self.left = where, dict(table)

    def text(self, key: str, allowed: tuple[str, ...] | re.Pattern[str] | None = None) -> str:
        value = self.left.pop(key, None)
        if not isinstance(value, str) or not value:
            raise PackError(f'{self.where}: {key} must be a text; write {key} = "…"')
        return self._allowed(key, value, allowed)

    def texts(self, key: str, allowed: tuple[str, ...] | re.Pattern[str] | None = None) -> tuple[str, ...]:
        value = self.left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise PackError(f'{self.where}: {key} must be a list of texts; write {key} = ["…"]')
        if len(set(value)) != len(value):
            raise PackError(f"{self.where}: {key} names something twice")
        return tuple(self._allowed(key, v, allowed) for v in value)

    def optional(self, key: str, allowed: tuple[str, ...] | re.Pattern[str] | None = None) -> str | None:
        return self.text(key, allowed) if key in self.left else None

    def number(self, key: str, default: float, allowed: tuple[float, float]) -> float:
        value = self.left.pop(key, default)
        low, high = allowed
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise PackError(f"{self.where}: {key} must be a number from {low} to {high}")
        return value

    def flag(self, key: str) -> bool:
        value = self.left.pop(key, None)
        if not isinstance(value, bool):
            raise PackError(f"{self.where}: {key} must be true or false")
        return value

    def tables(self, key: str) -> Iterator[_Reader]:
        value = self.left.pop(key, [])
        if not isinstance(value, list):
            raise PackError(f"{self.where}: {key} must be written as [[{key}]]")
        for number, table in enumerate(value, 1):
            yield _Reader(f"{self.where}: {key} {number}", table)

    def inner(self, key: str) -> _Reader:
        return _Reader(f"{self.where}: [{key}]", self.left.pop(key, {}))

    def done(self) -> None:
        if self.left:
            raise PackError(f"{self.where}: unknown key {sorted(self.left)[0]}; remove or correct it")

    def _allowed(self, key: str, value: str, allowed: tuple[str, ...] | re.Pattern[str] | None) -> str:
        if isinstance(allowed, tuple) and value not in allowed:
            raise PackError(f"{self.where}: {key} is {value!r}, but must be one of {', '.join(allowed)}")
        if isinstance(allowed, re.Pattern) and not allowed.fullmatch(value):
            raise PackError(f"{self.where}: {key} is {value!r}, but must look like {allowed.pattern}")
        return value


def _seen(table: _Reader) -> Mapping[str, Seen]:
    functions = {}
    for name in sorted(table.left):
        if name not in FUNCTIONS:
            raise PackError(
                f"{table.where}: {name!r} is no function; packs map onto the fixed list of words/"
            )
        inner = table.inner(name)
        seen = Seen(inner.texts("seen_in"), inner.texts("also_in"))
        inner.done()
        for source in seen.seen_in + seen.also_in:
            if log_source(source) is None and source not in ARTEFACTS:
                raise PackError(
                    f"{inner.where}: {source!r} is neither Channel/EventID nor {', '.join(ARTEFACTS)}"
                )
        functions[name] = seen
    table.done()
    return MappingProxyType(functions)


def _rule(name: str, table: _Reader) -> PackRule:
    rule = PackRule(
        id=table.text("id"),
        file=table.text("file", _RULE_FILE),
        grade=Grade(table.text("grade", tuple(Grade))),
        message=table.text("message", re.compile(re.escape(name) + r"\.[a-z0-9-]+")),
        function=table.optional("function", FUNCTIONS),
        techniques=table.texts("techniques", _TECHNIQUE),
        fields=table.texts("fields", tuple(FIELDS)),
    )
    table.done()
    return rule


def _search(name: str, table: _Reader) -> Search:
    """One [[raw]] table; literals are hexadecimal, patterns are checked when they are compiled."""
    anchors = [_escaped(text) for text in table.texts("literals", _HEX)]
    anchors += table.texts("patterns", _PATTERN)
    scores = [_escaped(text) for text in table.texts("scores", _HEX)]
    scores += table.texts("score_patterns", _PATTERN)
    alphabet = _alphabet(table.texts("bytes", _BYTES))
    search = Search(
        pack=name,
        name=table.text("name", _SEARCH),
        entry=table.text("entry", _ENTRY),
        anchors=tuple(anchors),
        scores=tuple(scores),
        least=int(table.number("least", 1, (1, 1000))),
        alphabet=alphabet,
        density=table.number("density", 0.75, (0.5, 1)),
        before=int(table.number("before", 0, (0, 1 << 20))),
        after=int(table.number("after", 4096, (1, 1 << 20))),
        test=table.optional("test", _ENTRY),
        costly=table.flag("costly") if "costly" in table.left else True,
    )
    if not search.anchors and search.test is None:
        raise PackError(f"{table.where}: nothing to search for; give literals, patterns or a test")
    table.done()
    return search


def _escaped(text: str) -> str:
    return "".join(f"\\x{byte:02X}" for byte in bytes.fromhex(text))


def _alphabet(ranges: tuple[str, ...]) -> bytes | None:
    """A flag for each of the 256 bytes, from texts such as 0A and 20-7E."""
    if not ranges:
        return None
    flags = bytearray(256)
    for text in ranges:
        first, _, last = text.partition("-")
        for byte in range(int(first, 16), int(last or first, 16) + 1):
            flags[byte] = 1
    return bytes(flags)


def _source(table: _Reader) -> Source:
    source = Source(table.text("title"), table.text("url"), table.text("licence"))
    table.done()
    return source


def _entry(table: _Reader) -> Mapping[str, str]:
    entry = {key: table.text(key, _ENTRY) for key in sorted(table.left) if key in ENTRIES}
    table.done()
    return MappingProxyType(entry)


def read(folder: Path) -> Pack:
    """The pack described by folder/pack.toml; PackError says which key is wrong and what it must be."""
    path = folder / "pack.toml"
    try:
        toml = _Reader(f"{folder.name}/pack.toml", tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PackError(f"{folder.name}/pack.toml cannot be read: {error}") from error
    name = toml.text("name", _NAME)
    if name != folder.name:
        raise PackError(f"{toml.where}: name is {name!r}, but the folder is {folder.name!r}; make them equal")
    attack = toml.inner("attack")
    pack = Pack(
        name=name,
        version=toml.text("version"),
        status=toml.text("status", STATUSES),
        folder=folder,
        family=name if toml.flag("family") else None,
        aliases=toml.texts("aliases"),
        overrides=toml.texts("overrides", _NAME),
        wants=toml.texts("wants", tuple(TABLES)),
        attack_id=attack.optional("id", re.compile(r"S\d{4}")),
        mitre=attack.texts("mitre", _TECHNIQUE),
        ours=attack.texts("ours", _TECHNIQUE),
        sources=tuple(_source(table) for table in toml.tables("sources")),
        functions=_seen(toml.inner("functions")),
        sigma=tuple(_rule(name, table) for table in toml.tables("sigma")),
        raw=tuple(_search(name, table) for table in toml.tables("raw")),
        entry=_entry(toml.inner("entry")),
        clues=toml.texts("clues", re.compile(re.escape(name) + r"\.[a-z0-9-]+")),
    )
    attack.done()
    toml.done()
    _agree(pack, toml.where)
    return pack


def _agree(pack: Pack, where: str) -> None:
    for rule in pack.sigma:
        if rule.function is not None and rule.function not in pack.functions:
            raise PackError(f"{where}: rule {rule.id} shows {rule.function}; add [functions.{rule.function}]")
        for technique in rule.techniques:
            if technique not in pack.mitre + pack.ours:
                raise PackError(f"{where}: rule {rule.id} names {technique}; list it under mitre or ours")
    for table in pack.entry:
        if table in TABLES and table not in pack.wants:
            raise PackError(f"{where}: [entry] judges {table}; add it to wants")
    if len({rule.id for rule in pack.sigma}) != len(pack.sigma):
        raise PackError(f"{where}: two rules have the same id")
    if pack.status == "stable" and not pack.sources:
        raise PackError(
            f'{where}: a stable pack names its sources; add [[sources]] or set status = "nursery"'
        )
