# SPDX-License-Identifier: Apache-2.0
"""Bot ids that evidence shows (packets, mutexes, mappings), against machines and the names on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hikeshi.families.smokeloader import identity
from hikeshi.families.smokeloader.hosts import Known, Serial
from hikeshi.families.smokeloader.identified import (
    STORE_BITS,
    TASK_BITS,
    Constant,
    Traces,
    evidence,
    in_bytes,
)
from hikeshi.families.smokeloader.lines import documented
from hikeshi.pack import Grade, Hit, replace


def ids(hits: Iterable[Hit]) -> dict[str, Hit]:
    """Every bot id with the first hit that shows it; those computed here show nothing."""
    found: dict[str, Hit] = {}
    for hit in hits:
        of = hit.fields.get("bot_id", "")
        if hit.message != "smokeloader.computed" and len(of) == 40 and identity.is_serial(of[32:]):
            found.setdefault(of, hit)
    return found


def compared(
    machines: Sequence[Known], nobody: Known, seen: dict[str, Hit], constants: Iterable[Constant]
) -> Iterator[tuple[Hit, Constant | None]]:
    """What each bot id says of the machines: computed from one, named on one, or only of its serial."""
    constants = tuple(constants)
    for of in sorted(seen):
        for one in machines:
            serial = next((s for s in one.serials if s.value == of[32:]), None)
            fitting = _computed(one, of, constants)
            if fitting is not None:
                yield _equal(one, of, seen[of], *fitting), fitting[1]
            elif serial is not None:
                yield _serial(one, nobody, of, seen[of], serial), None
            if hit := _named(one, of, seen[of]):
                yield hit, None


def _computed(one: Known, of: str, constants: tuple[Constant, ...]) -> tuple[str, Constant, float] | None:
    tried = len(one.computers) * len(one.serials)
    for constant in constants:
        for computer in one.computers:
            if identity.bot_id(computer, constant.value, of[32:]) == of:
                return computer, constant, constant.tried(one.host, len(constants)) * max(tried, 1)
    return None


def _equal(one: Known, of: str, hit: Hit, computer: str, constant: Constant, tried: float) -> Hit:
    """The bot id as shown is the one that this machine's name gives: two independent artefacts agree."""
    fields = {
        "bot_id": of,
        "computer": computer,
        "volume_serial": of[32:],
        "config_constant": f"{constant.value:08X}",
        **evidence(128, tried / 2.0**128),
        **_from(hit),
    }
    return _finding(one, hit, Grade.PROVEN, "smokeloader.id-computed", fields)


def _serial(one: Known, nobody: Known, of: str, hit: Hit, serial: Serial) -> Hit:
    """The bot id ends with a volume serial of this machine; names made of its other digits make it proven."""
    traces = Traces(one, nobody)
    names = [name for line in documented() if (name := identity.names(of, line)) is not None]
    agreeing = [traces.tasks[of[:16]]] if of[:16] in traces.tasks else []
    agreeing += [traces.files[name] for n in names for name in (n.store, n.program) if name in traces.files]
    fields = {
        "bot_id": of,
        "volume_serial": serial.value,
        **evidence(32, len(one.serials) / 2.0**32),
        **_from(hit),
    }
    if not agreeing:
        return _finding(one, hit, Grade.STRONG, "smokeloader.id-serial", fields)
    other = agreeing[0]
    fields |= {"other": other.fields.get("task") or other.fields.get("file", ""), "with_item": other.item}
    return _finding(one, hit, Grade.PROVEN, "smokeloader.id-agrees", fields)


def _named(one: Known, of: str, hit: Hit) -> Hit | None:
    """The task or the store of this machine that has the digits of a bot id seen elsewhere: both agree."""
    traces = Traces(one)
    stores = [name.store for line in documented() if (name := identity.names(of, line)) is not None]
    own = traces.tasks.get(of[:16]) or next((traces.files[s] for s in stores if s in traces.files), None)
    if own is None or in_bytes(own) or own.item == hit.item:
        return None
    bits = TASK_BITS if of[:16] in traces.tasks else STORE_BITS
    fields = {
        "bot_id": of,
        "other": own.fields.get("task") or own.fields.get("file", ""),
        "volume_serial": of[32:],
        **evidence(bits, 1 / 2.0**bits),
        "with_item": hit.item,
        **_from(hit),
    }
    named = _finding(one, own, Grade.PROVEN, "smokeloader.named-by-id", fields)
    return replace(named, function="persistence", techniques=("T1480.001",))


def _from(hit: Hit) -> dict[str, str]:
    return {"with_message": hit.message, "ground": hit.fields.get("ground", "")}


def _finding(one: Known, hit: Hit, grade: Grade, message: str, fields: dict[str, str]) -> Hit:
    return replace(
        hit,
        host=one.host or hit.host,
        grade=grade,
        message=message,
        function="registration",
        techniques=("T1071.001",),
        fields={name: value for name, value in fields.items() if value},
        rule=None,
    )
