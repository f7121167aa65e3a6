# SPDX-License-Identifier: Apache-2.0
"""Key logs carry the machine's local time; where the case knows the zone, their findings get a place in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from hikeshi.pack import Hit, Machine, in_utc, replace

# What raw bytes give of key logs feeds this alone; findings are made of it here, with or without a zone.
CLUES = {"netwire.key-log-clue": "netwire.key-log-text", "netwire.typed-clue": "netwire.typed"}


def placed(hits: Iterable[Hit], machines: Sequence[Machine]) -> Iterator[Hit]:
    """Key logs and windows as findings: `time_text` is the machine's clock, `time` the same in its zone."""
    by_item, by_host, single = _zones(machines)
    for hit in hits:
        if hit.message in CLUES:
            zone = by_item.get(hit.item) or (by_host.get(hit.host.casefold()) if hit.host else single)
            yield _in_zone(replace(hit, message=CLUES[hit.message]), zone)


@dataclass(frozen=True)
class Zone:
    """A zone, the item that states it, and the ground: same-evidence, same-machine or only-machine."""

    name: str
    item: str
    ground: str


def _in_zone(hit: Hit, zone: Zone | None) -> Hit:
    """The finding with its time in a zone; as it is where the zone or the clock is not known."""
    if zone is None or hit.time_text is None:
        return hit
    try:
        moment = in_utc(datetime.strptime(hit.time_text, "%d/%m/%Y %H:%M:%S"), zone.name)
    except ValueError:
        return hit
    fields = {**hit.fields, "zone": zone.name, "zone_ground": zone.ground, "zone_from": zone.item}
    return hit if moment is None else replace(hit, time=moment, fields=fields)


def _zones(machines: Sequence[Machine]) -> tuple[dict[str, Zone], dict[str, Zone], Zone | None]:
    """The zone by item that states one, by machine, and that of the case's only machine."""
    by_item: dict[str, Zone] = {}
    by_host: dict[str, Zone] = {}
    named = [machine for machine in machines if machine.host]
    for machine in machines:
        marks = sorted((mark.value, mark.item) for mark in machine.marks if mark.kind == "time-zone")
        for value, item in marks:
            by_item[item] = Zone(value, item, "same-evidence")
        if machine.host and len({value for value, _ in marks}) == 1:
            for name in (machine.host, *machine.aliases):
                by_host[name.casefold()] = Zone(*marks[0], "same-machine")
    only = by_host.get(named[0].host.casefold()) if len(named) == 1 else None
    return by_item, by_host, replace(only, ground="only-machine") if only else None
