# SPDX-License-Identifier: Apache-2.0
"""The machines of a case as SmokeLoader would see them: names, volume serials, and the hits that are theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from hikeshi.families.smokeloader import identity
from hikeshi.pack import Hit, Machine, replace

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

    @cached_property
    def _own(self) -> frozenset[int]:
        return frozenset(map(id, self.hits))

    def owns(self, hit: Hit) -> bool:
        """Whether this very hit is one of the machine's, once all are known."""
        return id(hit) in self._own

    def said(self, *messages: str) -> list[Hit]:
        """The hits with one of these messages."""
        return [hit for hit in self.hits if hit.message in messages]


def known(hits: Iterable[Hit], machines: Sequence[Machine]) -> list[Known]:
    """Every machine with what is its own; last comes the one without a name, for what belongs to none."""
    every = sorted(hits, key=_order)
    names = _names(every, machines)
    found = {host: Known(host) for host in sorted(set(names.values()))}
    only = next(iter(found)) if len(found) == 1 else ""
    nobody = Known("")
    for hit in every:
        host = names.get(_called(hit).casefold(), "") or only
        (found[host] if host else nobody).hits.append(hit)
    by_host = {machine.host: machine for machine in machines}
    unnamed = by_host.get("", Machine("")).marks
    rest = tuple(Serial(mark.value, "unnamed", mark.item) for mark in unnamed if mark.kind == "volume-serial")
    for one in found.values():
        _fill(one, by_host.get(one.host, Machine(one.host)), nobody.hits, rest)
    return [*found.values(), nobody]


def _names(hits: Iterable[Hit], machines: Sequence[Machine]) -> dict[str, str]:
    """What machines are called, in lower case, and what they are called here: full names win over short ones."""
    names: dict[str, str] = {}
    for machine in sorted(machines, key=lambda machine: machine.host):
        for name in (machine.host, *machine.aliases) if machine.host else ():
            names.setdefault(name.casefold(), machine.host)
    told = sorted({name for hit in hits if (name := _called(hit))}, key=lambda name: ("." not in name, name))
    for called in (name for name in told if "." in name):
        names.setdefault(called.casefold(), called)
    short: dict[str, set[str]] = {}
    for host in names.values():
        short.setdefault((identity.computer_name(host) or "").casefold(), set()).add(host)
    for computer, meant in short.items():
        if computer and len(meant) == 1:
            names.setdefault(computer, *meant)
    for called in told:
        names.setdefault(called.casefold(), called)
    return names


def _called(hit: Hit) -> str:
    """The machine a hit names: its host, or the computer name beside a bot id."""
    computer = hit.fields.get("computer") if hit.fields.get("bot_id") else None
    return hit.host or computer or ""


def placed(hits: Iterable[Hit], machines: Sequence[Known]) -> Iterator[Hit]:
    """The hits with the machines of the case they mean: by name, by the name Windows gives itself, or by serial."""
    hosts = {one.host.casefold() for one in machines}
    for hit in hits:
        called = (hit.host or "").upper()
        meant = [
            one.host
            for one in machines
            if called and (called in one.computers or called in (serial.value for serial in one.serials))
        ]
        if len(meant) == 1 and called.casefold() not in hosts:
            yield replace(hit, host=meant[0])
        else:
            yield hit


def _fill(one: Known, machine: Machine, nobodys: list[Hit], rest: tuple[Serial, ...]) -> None:
    """Names and serials of a machine, those that are surely its own first."""
    marks = machine.marks
    said = [one.host, *machine.aliases, *(m.value for m in marks if m.kind in ("name", "former-name"))]
    computers = [name for name in map(identity.computer_name, said) if name]
    one.computers = tuple(dict.fromkeys(computers))[:MOST]
    links = one.said("smokeloader.clue-serial")
    links += [
        hit
        for hit in nobodys
        if hit.message == "smokeloader.clue-serial" and hit.fields.get("machine", "").upper() in one.computers
    ]
    remembered = {hit.item for hit in (*links, *nobodys) if hit.message == "smokeloader.clue-serial"}
    stated = (m for m in marks if m.kind == "volume-serial" and m.item not in remembered)
    own = [Serial(m.value, "volume", m.item) for m in stated]
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
