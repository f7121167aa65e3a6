# SPDX-License-Identifier: Apache-2.0
"""Key logs carry the machine's local time; where the case knows the zone, their findings get a place in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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


def _in_zone(hit: Hit, zone: tuple[str, str] | None) -> Hit:
    """The finding with its time in a zone; as it is where the zone or the clock is not known."""
    if zone is None or hit.time_text is None:
        return hit
    try:
        moment = in_utc(datetime.strptime(hit.time_text, "%d/%m/%Y %H:%M:%S"), zone[0])
    except ValueError:
        return hit
    fields = {**hit.fields, "zone": zone[0], "zone_from": zone[1]}
    return hit if moment is None else replace(hit, time=moment, fields=fields)


Zones = dict[str, tuple[str, str]]


def _zones(machines: Sequence[Machine]) -> tuple[Zones, Zones, tuple[str, str] | None]:
    """The zone and its ground by item that states one, by machine, and that of the case's only machine."""
    by_item: Zones = {}
    by_host: Zones = {}
    named = [machine for machine in machines if machine.host]
    for machine in machines:
        marks = sorted((mark.value, mark.item) for mark in machine.marks if mark.kind == "time-zone")
        for value, item in marks:
            by_item[item] = (value, "the same evidence")
        if machine.host and len({value for value, _ in marks}) == 1:
            for name in (machine.host, *machine.aliases):
                by_host[name.casefold()] = (marks[0][0], f"item {marks[0][1][:12]} of this machine")
    only = by_host.get(named[0].host.casefold()) if len(named) == 1 else None
    return by_item, by_host, (only[0], f"the only machine of the case, {only[1]}") if only else None
