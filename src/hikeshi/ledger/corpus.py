# SPDX-License-Identifier: Apache-2.0
"""What has been met before: how often a value stood in unrelated configurations, since when in public."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hikeshi.ledger.fields import (
    Complaints,
    Reader,
    identifier,
    listed,
    made,
    mapped,
    one_of,
    record,
    text,
    when,
)
from hikeshi.ledger.model import NOWHERE, When
from hikeshi.ledger.text import Node, Place, parse

SCHEMA = "hikeshi.corpus/1"


@dataclass(frozen=True, slots=True)
class Seen:
    """One value of one field of one family: in how many configurations, and since when in public."""

    family: str
    field: str
    value: str
    count: int = 0
    first_public: When | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Corpus:
    """Unrelated decoded configurations counted; empty when nothing is known."""

    date: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    seen: Mapping[tuple[str, str, str], Seen] = field(default_factory=dict)


def whole(to: Complaints, node: Node) -> int:
    """A count."""
    value = text(to, node)
    if value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    to.add(node.place, f"expected a count, found {value[:40]!r}")
    return 0


SEEN: Reader = made(
    Seen,
    {"family": identifier, "field": identifier, "value": text, "count": whole, "first_public": when},
    ("family", "field", "value"),
)


def load_corpus(data: str | bytes, name: str = "corpus.yaml") -> Corpus:
    """The corpus in the bytes of a file."""
    to = Complaints(name)
    spec = {"schema": one_of(SCHEMA), "date": when, "sizes": mapped(whole), "values": listed(SEEN)}
    values = record(spec, ("schema", "date", "sizes"))(to, parse(data, name))
    to.stop()
    seen = {(one.family, one.field, one.value): one for one in values.get("values", ())}
    return Corpus(values["date"].text, values["sizes"], seen)
