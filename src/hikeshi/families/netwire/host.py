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


# Grades of traces beside something of NetWire that was decoded on the same machine.
BESIDE_DECODED = {
    "netwire.autostart": Grade.PROVEN,
    "netwire.run-value": Grade.PROVEN,
    "netwire.autostart-partial": Grade.STRONG,
    "netwire.autostart-file": Grade.STRONG,
    "netwire.run-partial": Grade.STRONG,
    "netwire.copy": Grade.STRONG,
    "netwire.key-log": Grade.STRONG,
}
DECODED = ("netwire.config", "netwire.key-log-text", "netwire.session", "netwire.stack")


def joined(hits: Iterable[Hit]) -> Iterator[Hit]:
    """What the findings of one machine say together: one per kind of trace that agrees with another."""
    every = sorted(hits, key=_order)
    by_tool = {hit.fields.get("registry_data") for hit in every if _by_tool(hit)}
    found = [hit for hit in every if not _by_tool(hit) and not (_stored(hit) and _data(hit) in by_tool)]
    identities = sorted((hit for hit in found if hit.message == IDENTITY), key=_stored)
    if identities:
        yield from _agreeing(identities[0], found)
    decoded = next((hit for hit in found if hit.message in DECODED and hit.grade is Grade.PROVEN), None)
    if decoded is not None:
        for message, trace in _firsts(found, BESIDE_DECODED).items():
            fields = {"other": _named(trace), "decoded": decoded.message, "with_item": decoded.item}
            yield replace(trace, grade=BESIDE_DECODED[message], message="netwire.beside-decoded", fields=fields,
                          rule=None)  # fmt: skip


def _agreeing(identity: Hit, found: list[Hit]) -> Iterator[Hit]:
    first = _firsts(sorted(found, key=lambda hit: _one_hive(identity, hit)), AGREED)
    grades = {message: _grade(identity, trace) for message, trace in first.items()}
    for message, trace in first.items():
        yield _agreed(identity, trace, grades[message])
    proving = [message for message in first if grades[message] is Grade.PROVEN]
    if proving:
        yield _agreed(first[min(proving)], identity, Grade.PROVEN)


def _grade(identity: Hit, trace: Hit) -> Grade:
    """The grade of a trace beside the identity: two values of one hive are one artefact and prove nothing."""
    return Grade.STRONG if _one_hive(identity, trace) else AGREED[trace.message]


def _one_hive(one: Hit, other: Hit) -> bool:
    return _stored(one) and _stored(other) and one.item == other.item


def _firsts(found: Iterable[Hit], messages: Iterable[str]) -> dict[str, Hit]:
    """The first finding of each message, in the order of the messages."""
    first: dict[str, Hit] = {}
    for hit in found:
        first.setdefault(hit.message, hit)
    return {message: first[message] for message in messages if message in first}


def _stored(hit: Hit) -> bool:
    """Whether a finding is of a value as a hive holds it: who wrote it is not known."""
    return "registry_path" in hit.fields and "program" not in hit.fields


def _data(hit: Hit) -> str | None:
    return hit.fields.get("registry_data")


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
    names = ("autostart", "registry_path", "file", "address")
    return next((hit.fields[name] for name in names if name in hit.fields), hit.message)


def _by_tool(hit: Hit) -> bool:
    return hit.fields.get("program", "").casefold().rpartition("\\")[2] in REGISTRY_TOOLS


def _order(hit: Hit) -> tuple[bool, int, str, int]:
    return hit.time is None, hit.time or 0, hit.item, -1 if hit.record is None else hit.record
