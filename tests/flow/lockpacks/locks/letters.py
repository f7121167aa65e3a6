# SPDX-License-Identifier: Apache-2.0
"""Letters that carry heads of bodies, and streams that a key opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hikeshi.pack import Grade, Hit, KeyFound, KeySearch, Machine, rc4, row

if TYPE_CHECKING:
    import pyarrow as pa

WORDS = ("e607",)
LAYOUT = "X" * 14 + "N"


def heads(rows: pa.Table) -> Iterator[Hit]:
    """Every subject is the head of a body, or the digits of a digest."""
    for number in range(rows.num_rows):
        found = row(rows, number)
        fields = {"what": found["subject"] or ""}
        yield Hit(found["item"], Grade.WEAK, "locks.head", found["record"], family="locks", fields=fields)


def jobs(hits: Sequence[Hit], machines: Sequence[Machine]) -> Iterator[KeySearch]:
    """One search for each letter."""
    for hit in hits:
        kind, _, text = hit.fields["what"].partition(" ")
        if hit.message == "locks.head" and kind == "head":
            yield KeySearch("rc4-head", heads=(text,), words=WORDS, layout=LAYOUT, fields={"item": hit.item})
        if hit.message == "locks.head" and kind == "name":
            name, begins = text.split()
            yield KeySearch("md5-digits", before=name, after="", begins=begins, fields={"item": hit.item})


def found(search: KeySearch, answer: KeyFound) -> Iterator[Hit]:
    """A key, or that there is none."""
    fields = {"searched": f"{answer.searched}/{answer.of}", "values": " ".join(answer.values)}
    if answer.heads:
        (key,) = set(answer.heads.values())
        yield _hit(search, "locks.key", {**fields, "config_key": key})
    elif answer.values:
        yield _hit(search, "locks.digits", fields)
    elif answer.exhausted:
        yield _hit(search, "locks.none", fields)


def _hit(search: KeySearch, message: str, fields: Mapping[str, str]) -> Hit:
    return Hit(search.fields["item"], Grade.PROVEN, message, family="locks", fields=fields)


def wanted(stream: Any) -> bool:
    """Streams to one port."""
    return bool(stream.server_port == 4999)


def judged(stream: Any, secrets: Sequence[tuple[bytes, str]], where: Callable[..., Any]) -> Iterator[Hit]:
    """What a key opens."""
    text = b"".join(piece for _, piece in stream.sent())
    for key, source in secrets:
        if rc4(key, text).startswith(b"\xe6\x07"):
            fields = {"key": key.hex(), "source": source}
            yield Hit(stream.item, Grade.PROVEN, "locks.opened", family="locks", fields=fields)


def given(texts: Mapping[str, Sequence[str]]) -> Iterator[KeySearch]:
    """Bodies as the analyst gives them."""
    if texts.get("body"):
        yield KeySearch("rc4-head", heads=tuple(texts["body"]), words=WORDS, layout=LAYOUT)
