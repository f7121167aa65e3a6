# SPDX-License-Identifier: Apache-2.0
"""What the pack's findings of different evidence say together, and where they contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hikeshi.families.netwire import clocks, configured, host
from hikeshi.pack import Grade, Hit, Machine, replace

_DAY = re.compile(r"(\d\d)[-/](\d\d)[-/](\d{4})")


def joined(hits: Iterable[Hit], machines: Iterable[Machine] = ()) -> Iterator[Hit]:
    """Key logs in time, agreements and contradictions: identity and traces, names and dates, logs and commands."""
    machines, given = list(machines), sorted(hits, key=_order)
    logs = list(clocks.placed(given, machines))
    yield from logs
    every = sorted([*(hit for hit in given if hit.message not in clocks.CLUES), *logs], key=_order)
    names = {
        name.casefold(): one.host.casefold() for one in machines for name in (one.host, *one.aliases) if name
    }
    groups: dict[str, list[Hit]] = {}
    for hit in every:
        if hit.host:
            groups.setdefault(names.get(hit.host.casefold(), hit.host.casefold()), []).append(hit)
    homeless = [hit for hit in every if not hit.host]
    for machine in sorted(groups):
        # Memory and files often do not name their machine: with one machine in the case they are its own.
        own = sorted([*groups[machine], *(homeless if len(groups) == 1 else ())], key=_order)
        yield from host.joined(groups[machine])
        yield from _compared(own, "host-id", _host_ids(own))
        yield from _compared(own, "install-date", _install_dates(own))
        yield from configured.joined(own)
        yield from _days(own)


def _host_ids(hits: list[Hit]) -> list[tuple[str, Hit]]:
    found = []
    for hit in hits:
        value = hit.fields.get("config_host_id", "")
        if hit.message == "netwire.command" and hit.fields.get("command") == "set-host-id":
            value = hit.fields.get("command_host_id", "")
        if hit.message == host.IDENTITY and hit.fields.get("registry_path", "").endswith("\\HostId"):
            value = hit.fields.get("registry_data", "")
        if value and "%" not in value:
            found.append((value, hit))
    return found


def _install_dates(hits: list[Hit]) -> list[tuple[str, Hit]]:
    found = []
    for hit in hits:
        value = hit.fields.get("install_date", "") if hit.message == "netwire.session" else ""
        if hit.message == host.IDENTITY and hit.fields.get("registry_path", "").endswith("\\Install Date"):
            value = hit.fields.get("registry_data", "")
        if value:
            found.append((value, hit))
    return found


def _compared(hits: list[Hit], what: str, found: list[tuple[str, Hit]]) -> Iterator[Hit]:
    """One finding for values that evidence of different kinds gives: they agree, or they contradict each other."""
    kinds = {hit.message for _, hit in found}
    values = sorted({value for value, _ in found})
    if len(kinds) < 2:
        return
    first, second = _apart(found)
    fields = {
        "what": what,
        "values": " / ".join(values),
        "with_message": second.message,
        "with_item": second.item,
    }
    if len(values) == 1:
        yield replace(first, grade=Grade.PROVEN, message="netwire.same-value", fields=fields, rule=None)
    else:
        yield replace(first, grade=Grade.INDICATED, message="netwire.contradiction", fields=fields, rule=None)


def _apart(found: list[tuple[str, Hit]]) -> tuple[Hit, Hit]:
    """Two findings of different evidence, with different values where there are such."""
    value, first = found[0]
    others = [(v, hit) for v, hit in found if hit.message != first.message]
    return first, next((hit for v, hit in others if v != value), others[0][1])


def _days(hits: list[Hit]) -> Iterator[Hit]:
    """Logs of a day that the operator read or deleted."""
    logs: dict[str, Hit] = {}
    for hit in hits:
        if hit.message in ("netwire.key-log", "netwire.key-log-text"):
            day = _day(hit.fields.get("file", "").rpartition("\\")[2] or hit.fields.get("first", ""))
            if day:
                logs.setdefault(day, hit)
    told = set()
    for hit in hits:
        command = hit.fields.get("command", "")
        day = _day(hit.fields.get("command_day", ""))
        if hit.message == "netwire.command" and day in logs and (command, day) not in told:
            told.add((command, day))
            log = logs[day]
            fields = {"command": command, "day": day, "with_message": log.message, "with_item": log.item}
            yield replace(hit, message="netwire.log-of-day", fields=fields, rule=None)


def _day(text: str) -> str:
    match = _DAY.match(text)
    return "-".join(match.groups()) if match else ""


def _order(hit: Hit) -> tuple[str, str, int, int, str]:
    return hit.message, hit.item, hit.record or 0, hit.offset or 0, str(sorted(hit.fields.items()))
