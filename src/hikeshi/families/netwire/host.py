# SPDX-License-Identifier: Apache-2.0
"""Traces of NetWire that agree with each other on one machine.

The identity value under SOFTWARE\\NetWire is particular to the family; a second trace kept elsewhere removes
the doubt of a namesake. A value written with a registry tool never counts: an emulation writes all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hikeshi.pack import Grade, Hit, replace

IDENTITY = "netwire.identity"
REGISTRY_TOOLS = ("reg.exe", "regedit.exe", "powershell.exe", "pwsh.exe")

# The grade of a trace once the identity value stands on the same machine. The default Run value and a file at
# the default place are themselves particular enough that two artefacts then agree.
AGREED = {
    "netwire.run-value": Grade.PROVEN,
    "netwire.copy": Grade.PROVEN,
    "netwire.run-partial": Grade.STRONG,
    "netwire.active-setup": Grade.STRONG,
    "netwire.key-log": Grade.STRONG,
    "netwire.store-access": Grade.STRONG,
    "netwire.connection": Grade.STRONG,
}


def joined(hits: Iterable[Hit]) -> Iterator[Hit]:
    """What the findings say together: one per machine and kind of trace that agrees with the identity."""
    machines: dict[str, list[Hit]] = {}
    for hit in hits:
        if hit.host and not _by_tool(hit):
            machines.setdefault(hit.host.casefold(), []).append(hit)
    for name in sorted(machines):
        found = sorted(machines[name], key=_order)
        identity = next((hit for hit in found if hit.message == IDENTITY), None)
        if identity is not None:
            yield from _agreeing(identity, found)


def _agreeing(identity: Hit, found: list[Hit]) -> Iterator[Hit]:
    first: dict[str, Hit] = {}
    for hit in found:
        if hit.message in AGREED:
            first.setdefault(hit.message, hit)
    for message in AGREED:
        if message in first:
            yield _agreed(identity, first[message], AGREED[message])
    proving = [m for m in first if AGREED[m] is Grade.PROVEN]
    if proving:
        yield _agreed(first[min(proving)], identity, Grade.PROVEN)


def _agreed(other: Hit, subject: Hit, grade: Grade) -> Hit:
    """The subject's finding again, raised to `grade` because of the other."""
    identity, trace = (subject, other) if subject.message == IDENTITY else (other, subject)
    fields = {
        "identity": _named(identity),
        "other": _named(trace),
        "with_item": other.item,
        "with_message": other.message,
        "with_record": "" if other.record is None else str(other.record),
    }
    message = "netwire.agreed" if grade is Grade.PROVEN else "netwire.beside"
    return replace(subject, grade=grade, message=message, fields=fields, rule=None)


def _named(hit: Hit) -> str:
    fields = hit.fields
    return fields.get("registry_path") or fields.get("file") or fields.get("address") or hit.message


def _by_tool(hit: Hit) -> bool:
    return hit.fields.get("program", "").casefold().rpartition("\\")[2] in REGISTRY_TOOLS


def _order(hit: Hit) -> tuple[bool, int, str, int]:
    return hit.time is None, hit.time or 0, hit.item, -1 if hit.record is None else hit.record
