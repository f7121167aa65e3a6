# SPDX-License-Identifier: Apache-2.0
"""The machines of a case as SmokeLoader would see them: names, volume serials, and the hits that are theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hikeshi.families.smokeloader import identity
from hikeshi.pack import Hit, Machine

# More names or serials than a machine has; what lies beyond is not tried.
MOST = 64


@dataclass(frozen=True)
class Serial:
    """A volume serial and where it was found: the volume itself, a shortcut, or a record that names no machine."""

    value: str
    ground: str
    item: str


@dataclass
class Known:
    """One machine: `computers` are names it may have given itself, `hits` the pack's hits on it."""

    host: str
    computers: tuple[str, ...] = ()
    serials: tuple[Serial, ...] = ()
    addresses: frozenset[str] = frozenset()
    hits: list[Hit] = field(default_factory=list)

    def said(self, *messages: str) -> list[Hit]:
        """The hits with one of these messages."""
        return [hit for hit in self.hits if hit.message in messages]


def known(hits: Iterable[Hit], machines: Sequence[Machine]) -> list[Known]:
    """Every machine with what is its own; last comes the one without a name, for what belongs to none."""
    every = sorted(hits, key=_order)
    machines = sorted(machines, key=lambda machine: machine.host)
    names = {
        name.casefold(): machine.host
        for machine in machines
        if machine.host
        for name in (machine.host, *machine.aliases)
    }
    for hit in every:
        if hit.host:
            names.setdefault(hit.host.casefold(), hit.host)
    unnamed = [mark for machine in machines if not machine.host for mark in machine.marks]
    found = {host: Known(host) for host in sorted(set(names.values()))}
    only = next(iter(found)) if len(found) == 1 else ""
    nobody = Known("")
    for hit in every:
        host = names.get((hit.host or "").casefold(), only)
        (found[host] if host else nobody).hits.append(hit)
    rest = tuple(Serial(mark.value, "unnamed", mark.item) for mark in unnamed if mark.kind == "volume-serial")
    by_host = {machine.host: machine for machine in machines}
    for one in found.values():
        _fill(one, by_host.get(one.host, Machine(one.host)), nobody.hits, rest)
    return [*found.values(), nobody]


def _fill(one: Known, machine: Machine, nobodys: list[Hit], rest: tuple[Serial, ...]) -> None:
    """Names and serials of a machine, those that are surely its own first."""
    marks = machine.marks
    said = [one.host, *machine.aliases, *(m.value for m in marks if m.kind in ("name", "former-name"))]
    computers = [name for name in map(identity.computer_name, said) if name]
    one.computers = tuple(dict.fromkeys(computers))[:MOST]
    own = [Serial(m.value, "volume", m.item) for m in marks if m.kind == "volume-serial"]
    links = [hit for hit in one.hits if hit.message == "smokeloader.clue-serial"]
    links += [
        hit
        for hit in nobodys
        if hit.message == "smokeloader.clue-serial" and hit.fields.get("machine", "").upper() in one.computers
    ]
    own += [Serial(hit.fields.get("serial", ""), "shortcut", hit.item) for hit in links]
    serials: dict[str, Serial] = {}
    for serial in (*own, *rest):
        if identity.is_serial(serial.value):
            serials.setdefault(serial.value, serial)
    one.serials = tuple(serials.values())[:MOST]
    one.addresses = frozenset(m.value for m in marks if m.kind == "address")


def _order(hit: Hit) -> tuple[bool, int, str, int, int, str, str]:
    return (
        hit.time is None,
        hit.time or 0,
        hit.item,
        -1 if hit.record is None else hit.record,
        hit.offset or 0,
        hit.message,
        str(sorted(hit.fields.items())),
    )
