# SPDX-License-Identifier: Apache-2.0
"""What a worker runs to search raw bytes: all packs' patterns in one pass, regions handed to the packs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from hikeshi.evidence import media
from hikeshi.evidence.ewf import EwfError
from hikeshi.evidence.segments import joined
from hikeshi.families import named, packs
from hikeshi.flow import programs
from hikeshi.raw.patterns import Patterns, loaded
from hikeshi.raw.search import CHEAP, Stretch, regions
from hikeshi.schema import Hit, Issue, Reason, Search

Units = Sequence[tuple[Mapping[str, Any], Sequence[BinaryIO]]]

_loaded: dict[str, Patterns] = {}


def search(arguments: Mapping[str, Any], units: Units) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """Search ranges of items; a unit's files are the item's and the compiled patterns.

    One message a range carries its hits as JSON lines and its issues.
    """
    for index, (unit, files) in enumerate(units):
        patterns = _patterns(files[-1], arguments["version"])
        for number, hits, issues in ranged(unit, joined(files[:-1]), patterns):
            yield {"kind": "range", "unit": index, "number": number, "issues": issues}, "".join(hits).encode()
        yield {"kind": "end", "unit": index}, b""


def ranged(
    unit: Mapping[str, Any], file: BinaryIO, patterns: Patterns
) -> Iterator[tuple[int, list[str], list[dict[str, Any]]]]:
    """Number, hits as JSON lines and issues of each asked range of an item."""
    held = _media(unit, file)
    for number in unit["ranges"]:
        start = number * unit["step"]
        stretch = Stretch(unit["id"], held.file, held.size, start, min(start + unit["step"], held.size))
        hits, issues = _searched(stretch, patterns)
        if number == 0 and programs.concerns(unit["kind"], held.file):
            for said in programs.judged(unit["id"], held.file, held.size):
                _keep(said, hits, issues)
        yield number, hits, issues


def _patterns(file: BinaryIO, version: str) -> Patterns:
    if version not in _loaded:
        data = file.read()
        if hashlib.sha256(data).hexdigest() != version:
            raise ValueError("the compiled patterns changed while they were in use")
        _loaded.clear()
        _loaded[version] = loaded(data)
    return _loaded[version]


def _media(unit: Mapping[str, Any], file: BinaryIO) -> media.Media:
    """What is searched: the media in an image, else the bytes as they are."""
    plain = media.Media(media.RAW, "raw", file, unit["size"])
    if unit["kind"] not in (media.RAW, media.MEMORY):
        return plain
    try:
        return media.opened(unit["id"], file, unit["size"], unit["name"])
    except EwfError:
        return plain


def _searched(stretch: Stretch, patterns: Patterns) -> tuple[list[str], list[dict[str, Any]]]:
    known = {pack.name: pack for pack in packs()}
    hits: list[str] = []
    issues: list[dict[str, Any]] = []
    tests = {}
    for number, asked in enumerate(patterns.searches):
        if asked.test is None:
            continue
        if asked.costly and stretch.size > CHEAP:
            issues += [_plain(_untested(stretch, asked))] if stretch.start == 0 else []
        else:
            tests[number] = named(known[asked.pack], asked.test)
    for found in regions(stretch, patterns, tests):
        if isinstance(found, Issue):
            issues.append(_plain(found))
            continue
        asked = patterns.searches[found[0]]
        for said in named(known[asked.pack], asked.entry)(found[1]):
            _keep(said, hits, issues)
    return hits, issues


def _keep(said: Hit | Issue, hits: list[str], issues: list[dict[str, Any]]) -> None:
    if isinstance(said, Issue):
        issues.append(_plain(said))
    else:
        hits.append(json.dumps(dataclasses.asdict(said), ensure_ascii=False) + "\n")


def _untested(stretch: Stretch, asked: Search) -> Issue:
    fields = {"limit": str(CHEAP), "what": "test of every offset", "search": f"{asked.pack} {asked.name}"}
    return Issue(stretch.item, Reason.SEARCH_LIMIT, 0, fields=fields, unknown="unknown.raw-search")


def _plain(issue: Issue) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(issue).items() if name != "item"}


def own_patterns() -> bytes:
    """The searches of all packs, compiled."""
    from hikeshi.raw.patterns import check, compiled

    return compiled([check(search) for pack in packs() for search in pack.raw])


def compile_patterns(arguments: Mapping[str, Any], units: Units) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """Compile the searches of all packs: one unit; sends the databases."""
    for index, _ in enumerate(units):
        yield {"kind": "rules", "unit": index}, own_patterns()
        yield {"kind": "end", "unit": index}, b""
