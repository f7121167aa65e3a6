# SPDX-License-Identifier: Apache-2.0
"""The build constant: what is asked of a search, what it found, and the machines of one build."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hikeshi.families.smokeloader import hosts, identity, seen
from hikeshi.families.smokeloader.clues import number
from hikeshi.families.smokeloader.hosts import Known
from hikeshi.families.smokeloader.identified import Constant, Traces, computed, evidence
from hikeshi.pack import Grade, Hit, KeyFound, KeySearch, Machine, replace

CONSTANT = "smokeloader.constant"
# Names, serials and pairs of file names that are tried on one machine: each costs a whole search.
NAMES, PAIRS = 4, 2


def constants(hits: Sequence[Hit]) -> tuple[Constant, ...]:
    """Published constants, then those that searches found in this case."""
    found: dict[int, set[str]] = {}
    for hit in hits:
        text = hit.fields.get("config_constant", "")
        if hit.message == CONSTANT and identity.is_serial(text):
            found.setdefault(int(text, 16), set()).add(hit.host or "")
    searched = (
        Constant(value, frozenset(found[value])) for value in sorted(found) if value not in identity.KNOWN
    )
    return (*map(Constant, identity.KNOWN), *searched)


def jobs(hits: Sequence[Hit], machines: Sequence[Machine]) -> Iterator[KeySearch]:
    """One search for each machine whose name, serial and names on disk are known and fit no known constant."""
    *named, nobody = hosts.known(hits, machines)
    known = constants(hits)
    given = seen.ids(hits)
    for one in named:
        traces = Traces(one, nobody)
        fitting = [*computed(one, traces, known), *seen.compared([one], nobody, given, known)]
        if not any(constant for _, constant in fitting):
            yield from _asked(one, traces, given)


def _asked(one: Known, traces: Traces, given: dict[str, Hit]) -> Iterator[KeySearch]:
    """By a bot id, by the digits of a task, or by the two file names, whichever says most."""
    own = [of for of in sorted(given) if one.owns(given[of])]
    serials = list(dict.fromkeys((*(of[32:] for of in own), *(serial.value for serial in one.serials))))
    named = [s for s in serials if any(name.endswith(identity.serial_letters(s)) for name in traces.files)]
    for computer in one.computers[:NAMES]:
        for serial in (named or serials)[:NAMES]:
            whole = [of for of in (own or sorted(given)) if of[32:] == serial]
            if whole:
                yield _search(one, computer, serial, given[whole[0]], whole[0][:32], "", "bot-id")
            elif traces.tasks:
                digits = min(Traces(one).tasks or traces.tasks)
                yield _search(one, computer, serial, traces.tasks[digits], digits, "", "task")
            else:
                yield from _pairs(one, traces, computer, serial)


def _pairs(one: Known, traces: Traces, computer: str, serial: str) -> Iterator[KeySearch]:
    programs = [d for d in sorted(traces.digits) if d[2:] == serial[:5]]
    stores = [d for d in sorted(traces.digits) if d not in programs]
    pairs = [(store, program) for program in programs for store in stores]
    for store, program in pairs[:PAIRS]:
        yield _search(one, computer, serial, traces.digits[program], store, program[:2], "files")


def _search(
    one: Known, computer: str, serial: str, hit: Hit, begins: str, ends: str, ground: str
) -> KeySearch:
    place = {
        "host": one.host,
        "item": hit.item,
        "record": "" if hit.record is None else str(hit.record),
        "offset": "" if hit.offset is None else str(hit.offset),
        "time": "" if hit.time is None else str(hit.time),
        "computer": computer,
        "volume_serial": serial,
        "ground": ground,
    }
    return KeySearch(
        kind="md5-digits",
        before=computer,
        after=serial,
        begins=begins,
        ends=ends,
        known=tuple(f"{value:08X}" for value in identity.KNOWN),
        fields=place,
    )


def found(search: KeySearch, answer: KeyFound) -> Iterator[Hit]:
    """The constants that a search came to; nothing when none fits."""
    place = dict(search.fields)
    grade = Grade.STRONG if answer.bits >= 56 else Grade.INDICATED
    for value in answer.values:
        fields = {
            "config_constant": value,
            "computer": place.get("computer", ""),
            "volume_serial": place.get("volume_serial", ""),
            "ground": place.get("ground", ""),
            **evidence(answer.bits, answer.false),
            "searched": f"{answer.searched}/{answer.of}",
            "exhausted": "yes" if answer.exhausted else "no",
            "values": str(len(answer.values)),
        }
        yield Hit(
            item=place["item"],
            grade=grade if len(answer.values) == 1 else Grade.WEAK,
            message=CONSTANT,
            record=number(place.get("record")),
            offset=number(place.get("offset")),
            time=number(place.get("time")),
            host=place.get("host") or None,
            family="smokeloader",
            techniques=("T1480.001",),
            fields=fields,
        )


def shared(found_on: dict[str, list[Hit]]) -> Iterator[Hit]:
    """For each constant on several machines, a finding on each of them that names the others."""
    for constant in sorted(found_on):
        by_host = {hit.host or "": hit for hit in reversed(found_on[constant])}
        if len(by_host) < 2:
            continue
        proven = all(hit.grade is Grade.PROVEN for hit in by_host.values())
        bits = sum(number(hit.fields.get("bits")) or 0 for hit in by_host.values())
        for host in sorted(by_host):
            fields = {
                "config_constant": constant,
                "hosts": ", ".join(sorted(by_host)),
                "count": str(len(by_host)),
                **evidence(bits, 2.0**32 / 2.0**bits),
            }
            yield replace(
                by_host[host],
                grade=Grade.PROVEN if proven or bits >= 56 else Grade.STRONG,
                message="smokeloader.same-build",
                function=None,
                techniques=(),
                fields=fields,
            )
