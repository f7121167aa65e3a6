# SPDX-License-Identifier: Apache-2.0
"""What a worker process runs: read items, compile rules. Judging is in judges.py."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, BinaryIO

from hikeshi.errors import CutShort
from hikeshi.evidence.kinds import kind_of
from hikeshi.evidence.segments import joined
from hikeshi.flow import sessions
from hikeshi.readers import OPTIONAL, READERS, Reader, by_size, pick
from hikeshi.schema import Batch, Count, Found, Issue, Item, Reason, Stream

Sent = tuple[Mapping[str, Any], bytes]
Units = Sequence[tuple[Mapping[str, Any], Sequence[BinaryIO]]]

HEAD = 65_536
SIGMA = (".yml", ".yaml")
YARA = (".yar", ".yara")


def read(arguments: Mapping[str, Any], units: Units) -> Iterator[Sent]:
    """Read items with the reader that knows them; messages are `table`, `child`, `bytes`, `closed`, `issue`, `count`.

    Each unit's arguments are `id`, `name` and `size`; its files hold the item's bytes, split images in several, and
    behind them as many transaction logs as `logs` says.
    `passwords` are tried on whatever is encrypted.
    """
    passwords = tuple(arguments.get("passwords", ()))
    groups: dict[Reader, list[tuple[int, Item]]] = {}
    for index, (unit, files) in enumerate(units):
        own = len(files) - unit.get("logs", 0)
        item = Item(unit["id"], unit["name"], unit["size"], joined(files[:own]), passwords, files[own:])
        reader, head = reader_of(item, own)
        if reader:
            groups.setdefault(reader, []).append((index, item))
        else:
            yield from _unread(index, item, head)
            yield {"kind": "end", "unit": index}, b""
    for reader, members in groups.items():
        yield from _read_group(reader, members)


def reader_of(item: Item, segments: int) -> tuple[Reader | None, bytes]:
    """Which reader knows an item that lies in so many files, and how the item begins."""
    item.file.seek(0)
    head = item.file.read(HEAD)
    item.file.seek(0)
    return pick(head, item.name) or by_size(item, segments, kind_of(head)), head


def _unread(unit: int, item: Item, head: bytes) -> Iterator[Sent]:
    """An item that no reader knows, named as far as its first bytes allow."""
    kind = kind_of(head) if item.size else "empty"
    if item.size:
        reason = Reason.UNSUPPORTED_FORMAT if kind else Reason.UNKNOWN_FORMAT
        yield from _message(unit, Issue(item.id, reason, fields={"kind": kind} if kind else {}))
    yield from _message(unit, Count(item.id, kind or "unknown", 1, whole=True))


def _read_group(reader: Reader, members: Sequence[tuple[int, Item]]) -> Iterator[Sent]:
    number = {item.id: index for index, item in members}
    if reader.KIND == "capture":
        for index, item in members:
            yield from _read_capture(index, item)
    else:
        for result in reader.read([item for _, item in members]):
            yield from _message(number[result.item], result)
    for index, _ in members:
        yield {"kind": "end", "unit": index}, b""


def _read_capture(unit: int, item: Item) -> Iterator[Sent]:
    """What the reader says of a capture, and in the same pass the streams that packs ask to keep."""
    from hikeshi.streams.capture import read_streams

    asking = sessions.keepers()
    for result in read_streams(item):
        if not isinstance(result, Stream):
            yield from _message(unit, result)
            continue
        for block in sessions.kept_of(result, asking) if asking else ():
            if isinstance(block, Issue):
                yield from _message(unit, block)
            else:
                yield {"kind": "table", "unit": unit, "table": "kept", "rows": 1}, block


def _message(unit: int, result: Batch | Found | Issue | Count) -> Iterator[Sent]:
    match result:
        case Batch():
            if result.rows.num_rows:
                yield (
                    {"kind": "table", "unit": unit, "table": result.table, "rows": result.rows.num_rows},
                    _arrow(result),
                )
        case Found():
            yield {"kind": "child", "unit": unit, "place": result.place}, b""
            yield from _child(unit, result.chunks)
        case Issue():
            fields = {name: value for name, value in dataclasses.asdict(result).items() if name != "item"}
            yield {"kind": "issue", "unit": unit, "issue": fields}, b""
        case Count():
            head = {"item_kind": result.kind, "records_in": result.records_in, "duplicate": result.duplicate}
            shape = {"container": result.container, "whole": result.whole, "blocks": result.blocks}
            yield {"kind": "count", "unit": unit, **shape, **head}, b""


def _child(unit: int, chunks: Iterable[bytes]) -> Iterator[Sent]:
    cut = None
    try:
        for chunk in chunks:
            yield {"kind": "bytes", "unit": unit}, chunk
    except CutShort as reason:
        cut = str(reason)
    yield {"kind": "closed", "unit": unit, "cut": cut}, b""


def _arrow(batch: Batch) -> bytes:
    """The rows as one Arrow IPC stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, batch.rows.schema, options=options) as writer:
        writer.write_table(batch.rows)
    return bytes(sink.getvalue())


def reading_version() -> str:
    """Hash over all readers, their versions and optional libraries: what was read under another is read again."""
    versions: list[Any] = [(reader, import_module(reader).VERSION) for reader in READERS]
    versions += [("kept", sessions.VERSION)]
    versions += [(library, _installed(library)) for library in OPTIONAL]
    return hashlib.sha256(repr(versions).encode()).hexdigest()[:16]


def _installed(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def compile_rules(arguments: Mapping[str, Any], units: Units) -> Iterator[Sent]:
    """Compile Sigma rules: one unit with `names` and as many files, archives among them; sends the rule set."""
    from hikeshi.detect.sigma.compile import compile_rules as compile_sigma

    for index, (unit, files) in enumerate(units):
        found = _rule_files(unit["names"], files)
        rules = [(name, data) for name, data in found if name.endswith(SIGMA)]
        drl = any(b"Detection Rule License" in data for name, data in found if "license" in name.lower())
        if rules:
            compiled = compile_sigma(rules, licence="DRL-1.1" if drl else None)
            yield {"kind": "rules", "unit": index}, compiled.to_bytes()
        yield {"kind": "end", "unit": index}, b""


def compile_yara(arguments: Mapping[str, Any], units: Units) -> Iterator[Sent]:
    """Compile YARA rules: one unit as for Sigma; sends the rule set."""
    from hikeshi.detect.yara import compile_yara as compile_files

    for index, (unit, files) in enumerate(units):
        rules = [(name, data) for name, data in _rule_files(unit["names"], files) if name.endswith(YARA)]
        if rules:
            yield {"kind": "rules", "unit": index}, compile_files(rules).to_bytes()
        yield {"kind": "end", "unit": index}, b""


def compile_indicators(arguments: Mapping[str, Any], units: Units) -> Iterator[Sent]:
    """Read indicators: one unit as for Sigma; sends the set."""
    from hikeshi.detect.indicators.sources import compile_indicators as compile_files

    for index, (unit, files) in enumerate(units):
        found = compile_files(_rule_files(unit["names"], files))
        if found.indicators or found.refused:
            yield {"kind": "rules", "unit": index}, found.to_bytes()
        yield {"kind": "end", "unit": index}, b""


def _rule_files(names: Sequence[str], files: Sequence[BinaryIO]) -> list[tuple[str, bytes]]:
    return [pair for name, file in zip(names, files, strict=True) for pair in _opened(name, file.read(), 0)]


def _opened(name: str, data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    """A rule file itself, or what an archive of rules holds."""
    reader = pick(data[:HEAD], name) if depth < 3 and not name.endswith((*SIGMA, *YARA)) else None
    if reader is None or not reader.__name__.startswith("hikeshi.evidence."):
        yield name, data
        return
    for found in reader.read([Item("rules", name, len(data), io.BytesIO(data))]):
        if isinstance(found, Found):
            yield from _opened(found.place or name, b"".join(found.chunks), depth + 1)
