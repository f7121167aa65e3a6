# SPDX-License-Identifier: Apache-2.0
"""What the findings of one machine say together: spool files by day with both clocks, programs and autostarts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from hikeshi.families.mokes_qt.host import CLUE
from hikeshi.families.mokes_qt.network import PORT_CLUE
from hikeshi.families.mokes_qt.places import is_temporary, unified
from hikeshi.families.mokes_qt.spool import spooled
from hikeshi.pack import Grade, Hit, Machine, in_utc, iso, replace

_LARGEST_DRIFT = 120_000_000


def joined(hits: Iterable[Hit], machines: Sequence[Machine]) -> Iterator[Hit]:
    """Spool files as findings, programs that an autostart of the same machine names, a second channel."""
    every = sorted(hits, key=_order)
    zones = _zones(machines)
    days: defaultdict[tuple[str, str, str, str], list[Hit]] = defaultdict(list)
    for hit in _once(every):
        day = hit.fields["clock"][:6]
        folder = unified(hit.fields["file"]).rpartition("/")[0]
        key = ((hit.host or "").casefold(), folder, hit.function or "", day[4:] + day[2:4] + day[:2])
        days[key].append(hit)
    for key in sorted(days):
        yield _day(days[key], zones.get(key[0]))
    yield from _beside(every)
    yield from _second_channel(every)


def _once(hits: Sequence[Hit]) -> Iterator[Hit]:
    """Clues, each name of a machine once: listings are believed before raw bytes, a folder before none."""
    clues = [hit for hit in hits if hit.message == CLUE]
    seen = set()
    for hit in sorted(clues, key=lambda hit: (hit.record is None, hit.fields["file"][:1].isalpha())):
        name = ((hit.host or "").casefold(), unified(hit.fields["file"]).rpartition("/")[2])
        if hit.record is not None or name not in seen:
            seen.add(name)
            yield hit


def _zones(machines: Sequence[Machine]) -> dict[str, tuple[str, str]]:
    """The one zone each machine states, by all its names, with the item that states it; none where they differ."""
    found = {}
    for machine in machines:
        marks = [mark for mark in machine.marks if mark.kind == "time-zone"]
        if machine.host and len({mark.value for mark in marks}) == 1:
            for name in (machine.host, *machine.aliases):
                found[name.casefold()] = (marks[0].value, marks[0].item)
    return found


def _day(hits: Sequence[Hit], zone: tuple[str, str] | None) -> Hit:
    """One kind of spool file of one day in one folder, placed in time by the zone, else by the file system."""
    read = [(name, hit) for hit in hits if (name := spooled(hit.fields["file"])) is not None]
    read.sort(key=lambda pair: (pair[0].clock, pair[1].fields["file"]))
    (name, first), (last_name, _) = read[0], read[-1]
    times = sorted(hit.time for hit in hits if hit.time is not None)
    stated = in_utc(name.clock, zone[0]) if zone else None
    fields = {
        "file": first.fields["file"], "files": str(len(hits)), "own_clock": f"{name.clock:%Y-%m-%d %H:%M:%S.%f}"[:-3],
        "own_clock_last": f"{last_name.clock:%Y-%m-%d %H:%M:%S.%f}"[:-3],
        "file_time": iso(times[0]) if times else None, "file_time_last": iso(times[-1]) if times else None,
        "zone": zone[0] if zone else None, "zone_from": zone[1] if zone else None,
        "clocks": _compared(stated, first.time), "time_from": _source(stated, times),
    }  # fmt: skip
    temporary = all(is_temporary(hit.fields["file"]) for hit in hits)
    return replace(
        first, grade=Grade.INDICATED if temporary else Grade.WEAK, message="mokes_qt.spool",
        time=stated if stated is not None else times[0] if times else None, time_text=name.text,
        fields={key: value for key, value in fields.items() if value},
    )  # fmt: skip


def _compared(stated: int | None, file_time: int | None) -> str | None:
    if stated is None or file_time is None:
        return None
    return "agree" if abs(stated - file_time) <= _LARGEST_DRIFT else "differ"


def _source(stated: int | None, times: Sequence[int]) -> str | None:
    return "own clock" if stated is not None else "file system" if times else None


def _beside(hits: Sequence[Hit]) -> Iterator[Hit]:
    """A program at a published place that an autostart entry of the same machine starts."""
    entries: dict[tuple[str, str], Hit] = {}
    for hit in hits:
        if hit.message == "mokes_qt.autostart" and hit.host:
            entries.setdefault((hit.host.casefold(), _inside(hit.fields["program"])), hit)
    told = set()
    for hit in hits:
        key = ((hit.host or "").casefold(), _inside(hit.fields.get("file", "")))
        if hit.message == "mokes_qt.file" and key in entries and key not in told:
            told.add(key)
            entry = entries[key]
            fields = {
                "file": hit.fields["file"],
                "autostart": entry.fields["autostart"],
                "with_item": entry.item,
            }
            yield replace(hit, grade=Grade.STRONG, message="mokes_qt.beside", function="persistence",
                          techniques=entry.techniques, fields=fields)  # fmt: skip


def _inside(path: str) -> str:
    """The path from the library folder on: a listing may begin above the root, and ~ is somebody's home."""
    return "/Library/" + unified(path).rpartition("/Library/")[2]


def _second_channel(hits: Sequence[Hit]) -> Iterator[Hit]:
    """Port 433, where the same client also asked for /v1 as the family does."""
    asking = {
        hit.fields["client"] for hit in hits if hit.message == "mokes_qt.heartbeat" and "client" in hit.fields
    }
    told = set()
    for hit in hits:
        if hit.message == PORT_CLUE and hit.fields.get("client") in asking:
            ends = (hit.fields["client"], hit.fields.get("address"))
            if ends not in told:
                told.add(ends)
                yield replace(hit, message="mokes_qt.second-channel")


def _order(hit: Hit) -> tuple[str, str, int, int, str]:
    return hit.message, hit.item, hit.record or 0, hit.offset or 0, str(sorted(hit.fields.items()))
