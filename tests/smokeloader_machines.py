# SPDX-License-Identifier: Apache-2.0
"""Evidence of machines with SmokeLoader as rows of tables, judged by the pack as a run judges them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pack_expected
from hikeshi import families, schema
from hikeshi.families import Pack
from hikeshi.pack import Hit, LogRecord, Machine, Mark

Rows = Sequence[Mapping[str, Any]]


@cache
def pack() -> Pack:
    """The pack as its pack.toml describes it."""
    return next(pack for pack in families.packs() if pack.name == "smokeloader")


def item(number: int) -> str:
    """The id of an invented item."""
    return f"{number:064x}"


def machine(host: str, *serials: str, **marks: str) -> Machine:
    """A machine with its volume serials and other marks."""
    found = [Mark("volume-serial", serial, item(900)) for serial in serials]
    found += [Mark(kind.replace("_", "-"), value, item(901)) for kind, value in marks.items()]
    return Machine(host, (), tuple(found))


def clues(tables: Mapping[str, Rows]) -> list[Hit]:
    """The hits of the pack's rules and of its own code over the tables."""
    found: list[Hit] = []
    for name, rows in tables.items():
        table = schema.table(name, rows)
        if name == "events":
            ruled = {rule.message for rule in pack().sigma}
            said = pack_expected.judged(pack(), rows)
            found += [one for one in said if isinstance(one, Hit) and one.rule and one.message in ruled]
        found += [one for one in families.entry(pack(), name)(table) if isinstance(one, Hit)]
    return found


def findings(hits: Sequence[Hit], machines: Sequence[Machine] = ()) -> list[Hit]:
    """All that becomes a finding: hits that are no clues, and what the join makes of all."""
    join = families.entry(pack(), "join")
    every = [*(hit for hit in hits if hit.message not in pack().clues), *join(hits, machines)]
    return sorted(every, key=lambda hit: (hit.host or "", hit.message, str(hit.fields)))


def events(records: Sequence[LogRecord]) -> Rows:
    """Events as rows of the table."""
    return [pack_expected.row(record, number) for number, record in enumerate(records)]


def said(hits: Sequence[Hit], message: str) -> list[Hit]:
    """Those with one message, without the pack's name."""
    return [hit for hit in hits if hit.message == f"smokeloader.{message}"]


def files(host_item: str, *paths: str, **times: int) -> Rows:
    """Rows of a list of files."""
    return [
        {"item": host_item, "record": number, "path": path, "kind": "file", **times}
        for number, path in enumerate(paths)
    ]
