# SPDX-License-Identifier: Apache-2.0
"""What a worker runs to search raw bytes: all packs' patterns in one pass, regions handed to the packs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from hikeshi.evidence import media
from hikeshi.evidence.ewf import EwfError
from hikeshi.evidence.segments import joined
from hikeshi.families import named, packs
from hikeshi.flow import programs, scans
from hikeshi.flow.tasks import reader_of
from hikeshi.raw.patterns import Patterns, loaded
from hikeshi.raw.search import CHEAP, Stretch, regions
from hikeshi.schema import Hit, Issue, Item, Reason, Search

if TYPE_CHECKING:
    from hikeshi.detect.yara import YaraSet

Units = Sequence[tuple[Mapping[str, Any], Sequence[BinaryIO]]]

_loaded: dict[str, Patterns] = {}


def search(arguments: Mapping[str, Any], units: Units) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """Search ranges of items; a unit's files are the item's, YARA rules if `yara` says so, and the compiled patterns.

    One message a range carries its hits as JSON lines and its issues.
    """
    for index, (unit, files) in enumerate(units):
        *files, last = files
        patterns, rules = _patterns(last, arguments["version"]), None
        if arguments["yara"]:
            *files, last = files
            rules = scans.held(last, arguments["yara"])
        for number, hits, issues in ranged(unit, joined(files), patterns, arguments["deep"], rules):
            yield {"kind": "range", "unit": index, "number": number, "issues": issues}, "".join(hits).encode()
        yield {"kind": "end", "unit": index}, b""


def sweep(arguments: Mapping[str, Any], units: Units) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """The same for a file that no reader has seen yet; nothing is said of one whose bytes are no image as they lie."""
    for index, (unit, files) in enumerate(units):
        parts = files[: -1 - bool(arguments["yara"])]
        item = Item(unit["id"], unit["name"], unit["size"], joined(parts))
        reader, _ = reader_of(item, len(parts))
        if reader is not None and reader.KIND == media.RAW and _as_it_lies(item):
            for head, hits in search(arguments, [(unit, files)]):
                yield {**head, "unit": index}, hits
        else:
            yield {"kind": "end", "unit": index}, b""


def _as_it_lies(item: Item) -> bool:
    """Whether the media of an image are the bytes of the file."""
    try:
        return media.opened(item.id, item.file, item.size, item.name).file is item.file
    except EwfError:
        return False


def ranged(
    unit: Mapping[str, Any],
    file: BinaryIO,
    patterns: Patterns,
    deep: bool,
    rules: YaraSet | None = None,
) -> Iterator[tuple[int, list[str], list[dict[str, Any]]]]:
    """Number, hits as JSON lines and issues of each asked range of an item."""
    held = _media(unit, file)
    for number in unit["ranges"]:
        start = number * unit["step"]
        stretch = Stretch(unit["id"], held.file, held.size, start, min(start + unit["step"], held.size))
        hits, issues = _searched(stretch, patterns, deep, rules)
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


def _searched(
    stretch: Stretch, patterns: Patterns, deep: bool, rules: YaraSet | None
) -> tuple[list[str], list[dict[str, Any]]]:
    known = {pack.name: pack for pack in packs()}
    hits: list[str] = []
    issues: list[dict[str, Any]] = []
    tests = {}
    for number, asked in enumerate(patterns.searches):
        if asked.test is None:
            continue
        if asked.costly and not deep and stretch.size > CHEAP:
            issues += [_plain(_untested(stretch, asked))] if stretch.start == 0 else []
        else:
            tests[number] = named(known[asked.pack], asked.test)
    judged: dict[tuple[int | None, str], Hit] = {}
    for found in regions(stretch, patterns, tests):
        if isinstance(found, Issue):
            issues.append(_plain(found))
            continue
        if rules:
            issues += _judged(judged, stretch.item, found[1].offset, scans.in_region(found[1], rules))
        asked = patterns.searches[found[0]]
        for said in named(known[asked.pack], asked.entry)(found[1]):
            _keep(said, hits, issues)
    if rules and deep:
        issues += _judged(judged, stretch.item, stretch.start, scans.in_pieces(stretch, rules))
    hits += [_line(judged[key]) for key in sorted(judged, key=lambda key: (key[0] or 0, key[1]))]
    return hits, issues


def _judged(
    judged: dict[tuple[int | None, str], Hit], item: str, offset: int, said: Iterable[Hit]
) -> list[dict[str, Any]]:
    """Note each hit of a rule once; gives the issue of a scan that took too long."""
    try:
        for hit in said:
            judged.setdefault((hit.offset, hit.rule.id if hit.rule else ""), hit)
    except TimeoutError as error:
        fields = {"judge": "yara", "detail": str(error)}
        late = Issue(item, Reason.WORKER_HUNG, offset, fields=fields, unknown="unknown.not-judged")
        return [_plain(late)]
    return []


def _keep(said: Hit | Issue, hits: list[str], issues: list[dict[str, Any]]) -> None:
    if isinstance(said, Issue):
        issues.append(_plain(said))
    else:
        hits.append(_line(said))


def _line(hit: Hit) -> str:
    return json.dumps(dataclasses.asdict(hit), ensure_ascii=False) + "\n"


def _untested(stretch: Stretch, asked: Search) -> Issue:
    fields = {
        "limit": str(CHEAP),
        "what": "test of every offset",
        "option": "--deep",
        "search": f"{asked.pack} {asked.name}",
    }
    return Issue(stretch.item, Reason.NOT_ASKED, 0, fields=fields, unknown="unknown.raw-search")


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
