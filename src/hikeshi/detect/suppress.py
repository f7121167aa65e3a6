# SPDX-License-Identifier: Apache-2.0
"""Findings that the analyst knows to be harmless: read strictly from YAML, matched, and never lost.

    suppress:
      - reason: the backup agent starts notepad
        expires: 2018-03-01
        rule: 11111111-2222-4333-8444-555555555555
        host: [PC1, PC2*]
        fields: {program: 'C:\\Backup\\*'}

All conditions of an entry must hold; of a list, one value. `*` and `?` stand for any text and any character, upper
and lower case are the same, a backslash is a backslash.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2
import yaml

from hikeshi.codecs.times import iso, moment
from hikeshi.errors import RuleError

LARGEST = 8 << 20
KEYS = ("id", "rule", "message", "host", "user", "family", "function", "path", "item")


@dataclass(frozen=True)
class Condition:
    """A key of a finding (``fields.NAME`` for one of its fields) and the patterns one of which must hold."""

    key: str
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One entry: where it stands, why, and until which time of a finding it holds (as ISO text in UTC)."""

    place: str
    reason: str
    expires: str | None
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Suppressions:
    """All entries in order, with name and hash of each file."""

    entries: tuple[Entry, ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    def matcher(self) -> Matcher:
        """The entries made ready to be held against findings."""
        return Matcher(self.entries)


def load(paths: Iterable[str], zone: str) -> Suppressions:
    """The entries of ``--suppress`` files; RuleError names file, line and column of what is wrong."""
    read = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                data = file.read(LARGEST + 1)
        except OSError as error:
            raise RuleError(f"The suppression file {path!r} cannot be read ({error.strerror}).") from error
        if len(data) > LARGEST:
            raise RuleError(f"The suppression file {path!r} is larger than 8 MiB; split it.")
        read.append((os.path.basename(path), hashlib.sha256(data).hexdigest(), data))
    read.sort(key=lambda file: file[:2])
    entries = [entry for name, _, data in read for entry in _File(name, zone).entries(data)]
    return Suppressions(tuple(entries), tuple((name, digest) for name, digest, _ in read))


class _File:
    """Reads one file; every complaint names its place."""

    def __init__(self, name: str, zone: str) -> None:
        self._name, self._zone = name, zone

    def entries(self, data: bytes) -> list[Entry]:
        try:
            root = yaml.compose(data.decode("utf-8-sig"), Loader=yaml.SafeLoader)
        except UnicodeDecodeError as error:
            raise RuleError(
                f"{self._name}: not UTF-8 (byte {error.start}); save the file as UTF-8."
            ) from None
        except yaml.MarkedYAMLError as error:
            raise self._wrong(error.problem_mark, f"not YAML: {error.problem}") from None
        except (yaml.YAMLError, RecursionError) as error:
            raise RuleError(f"{self._name}: not YAML: {str(error).splitlines()[0]}") from None
        if root is None:
            raise RuleError(f"{self._name}:1:1: the file is empty; begin with 'suppress:'.")
        listed = self._map(root, ("suppress",)).get("suppress")
        if listed is None:
            raise self._wrong(root.start_mark, "the key 'suppress' is missing")
        if not isinstance(listed, yaml.SequenceNode) or not listed.value:
            raise self._wrong(listed.start_mark, "a list of entries is needed")
        return [self._entry(node) for node in listed.value]

    def _entry(self, node: yaml.Node) -> Entry:
        said = self._map(node, ("reason", "expires", "fields", *KEYS))
        reason = self._text(said["reason"]) if "reason" in said else ""
        if not reason.strip():
            raise self._wrong(node.start_mark, "every entry needs a reason")
        conditions = [Condition(key, self._patterns(said[key])) for key in KEYS if key in said]
        if "fields" in said:
            fields = self._map(said["fields"])
            conditions += [
                Condition(f"fields.{name}", self._patterns(fields[name])) for name in sorted(fields)
            ]
        if not conditions:
            raise self._wrong(
                node.start_mark, "every entry needs a condition; this one would suppress everything"
            )
        expires = self._time(said["expires"]) if "expires" in said else None
        return Entry(f"{self._name}:{node.start_mark.line + 1}", reason.strip(), expires, tuple(conditions))

    def _map(self, node: yaml.Node, known: Sequence[str] = ()) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise self._wrong(node.start_mark, "keys with values are needed here")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = self._text(key)
            if known and name not in known:
                raise self._wrong(key.start_mark, f"unknown key {name!r}; known are {', '.join(known)}")
            if name in found:
                raise self._wrong(key.start_mark, f"the key {name!r} stands here twice")
            found[name] = value
        return found

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._wrong(node.start_mark, "text is needed here")
        return str(node.value)

    def _patterns(self, node: yaml.Node) -> tuple[str, ...]:
        listed = node.value if isinstance(node, yaml.SequenceNode) else [node]
        patterns = tuple(self._text(each) for each in listed)
        for pattern, each in zip(patterns, listed, strict=True):
            if not re.search(r"[^*?\s]", pattern):
                raise self._wrong(
                    each.start_mark, f"{pattern!r} would match anything; leave the condition out"
                )
        if not patterns:
            raise self._wrong(node.start_mark, "a condition needs a value")
        return patterns

    def _time(self, node: yaml.Node) -> str:
        try:
            return str(iso(moment(self._text(node), self._zone, last=True)))
        except ValueError as error:
            raise self._wrong(node.start_mark, str(error)) from None

    def _wrong(self, mark: Any, why: str) -> RuleError:
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return RuleError(f"{self._name}:{line}:{column}: {why}.")


class Matcher:
    """Tells which entry, if any, a finding falls under."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        options = re2.Options()
        options.log_errors = False
        self._entries = [
            (
                entry,
                [(condition.key, _pattern(condition.patterns, options)) for condition in entry.conditions],
            )
            for entry in entries
        ]

    def entry(self, finding: Mapping[str, Any]) -> Entry | None:
        """The first entry all of whose conditions hold; one that expires holds for dated findings up to then."""
        for entry, conditions in self._entries:
            time = finding["time"]
            current = entry.expires is None or (time is not None and time <= entry.expires)
            if current and all(_holds(finding, key, pattern) for key, pattern in conditions):
                return entry
        return None


def _pattern(patterns: Sequence[str], options: Any) -> Any:
    """One linear expression for all patterns of a condition."""
    marks = {"*": ".*", "?": "."}
    texts = ("".join(marks.get(c) or re2.escape(c) for c in pattern) for pattern in patterns)
    return re2.compile(f"(?is)(?:{'|'.join(texts)})", options)


def _holds(finding: Mapping[str, Any], key: str, pattern: Any) -> bool:
    values = list(_values(finding, key))
    return bool(values) and all(value is not None and pattern.fullmatch(value) for value in values)


def _values(finding: Mapping[str, Any], key: str) -> list[str | None]:
    if key.startswith("fields."):
        return [finding["fields"].get(key.removeprefix("fields."))]
    match key:
        case "rule":
            return [finding["rule"]["id"] if finding["rule"] else None]
        case "item":
            return [finding["evidence"]["id"]]
        case "path":
            return [finding["evidence"]["path"], *finding["also"]]
    return [finding[key]]
