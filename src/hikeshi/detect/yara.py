# SPDX-License-Identifier: Apache-2.0
"""YARA rules over the bytes of items, by YARA-X; the rules' own words (author, licence, score) go into every hit.

Source of the rule language: the YARA-X documentation (virustotal.github.io/yara-x).
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yara_x

from hikeshi.schema import Rule

SECONDS = 600
# Where the engine stops to count a string's matches; conditions see no more of them either.
MOST = 1_000_000
_HEAD = struct.Struct("<I")


@dataclass(frozen=True)
class YaraSet:
    """Compiled rules, and the files that could not be compiled with the reason of each."""

    compiled: bytes
    refused: tuple[tuple[str, str], ...]

    def to_bytes(self) -> bytes:
        """The set as bytes, readable by the same version of YARA-X only."""
        head = json.dumps(self.refused).encode()
        return _HEAD.pack(len(head)) + head + self.compiled

    @classmethod
    def from_bytes(cls, data: bytes) -> YaraSet:
        """The set that to_bytes() wrote."""
        (length,) = _HEAD.unpack_from(data)
        start = _HEAD.size + length
        refused = json.loads(data[_HEAD.size : start])
        return cls(data[start:], tuple((path, reason) for path, reason in refused))

    @cached_property
    def scanner(self) -> yara_x.Scanner:
        """One scanner for all items of a process."""
        scanner = yara_x.Scanner(yara_x.Rules.deserialize_from(io.BytesIO(self.compiled)))
        scanner.set_timeout(SECONDS)
        scanner.max_matches_per_pattern(MOST)
        return scanner


@dataclass(frozen=True)
class YaraMatch:
    """One rule that matched: its credit, where its first string stands, and how often each of its strings matches."""

    rule: Rule
    offset: int | None
    strings: Mapping[str, str]


def compile_yara(sources: Iterable[tuple[str, bytes]]) -> YaraSet:
    """Compile rule files given as (path, bytes); a file that cannot be compiled is refused, the others stay."""
    good, refused = [], []
    for path, data in sorted(sources):
        try:
            text = data.decode("utf-8-sig")
            _add(yara_x.Compiler(), path, text)
            good.append((path, text))
        except (yara_x.CompileError, UnicodeDecodeError) as error:
            refused.append((path, str(error).splitlines()[0]))
    compiler = yara_x.Compiler()
    for path, text in good:
        _add(compiler, path, text)
    data_out = io.BytesIO()
    compiler.build().serialize_into(data_out)
    return YaraSet(data_out.getvalue(), tuple(refused))


def _add(compiler: yara_x.Compiler, path: str, text: str) -> None:
    compiler.enable_includes(False)
    compiler.new_namespace(path)
    compiler.add_source(text, origin=path)


def scan(data: bytes, rules: YaraSet) -> Iterator[YaraMatch]:
    """Every rule that matches the bytes, by namespace and name; TimeoutError after ten minutes."""
    try:
        found = rules.scanner.scan(data)
    except yara_x.TimeoutError as error:
        raise TimeoutError("YARA rules took longer than ten minutes") from error
    for rule in sorted(found.matching_rules, key=lambda rule: (rule.namespace, rule.identifier)):
        places = {
            pattern.identifier: [match.offset for match in pattern.matches] for pattern in rule.patterns
        }
        offsets = [offset for at in places.values() for offset in at]
        strings = {
            name: str(len(at)) if len(at) < MOST else f"{MOST} or more"
            for name, at in sorted(places.items())
            if at
        }
        yield YaraMatch(_credit(rule), min(offsets, default=None), strings)


def _credit(rule: Any) -> Rule:
    meta = {str(key).lower(): value for key, value in rule.metadata}
    level = str(meta.get("severity") or meta.get("level") or "").lower() or None
    score = meta.get("score")
    if level is None and isinstance(score, int):
        level = "high" if score >= 75 else "medium" if score >= 50 else "low"
    author, licence = meta.get("author"), meta.get("license") or meta.get("licence")
    return Rule(
        id=f"{rule.namespace}:{rule.identifier}",
        kind="yara",
        level=level,
        author=str(author) if author else None,
        licence=str(licence) if licence else None,
        title=rule.identifier,
    )
