# SPDX-License-Identifier: Apache-2.0
"""What events say only together: names, tasks, programs that end at once, what explorer.exe does and when.

Sources: Microsoft's pages on Security 4663, 4688, 4689, 4698 to 4702, 4800, 4801, on the Task Scheduler's events, and
Sysinternals, "Sysmon". Everything is gathered within one part of a table and bounded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hikeshi.families.smokeloader import places
from hikeshi.families.smokeloader.clues import clue, told
from hikeshi.pack import Grade, Hit, iso, replace

SYSMON = "microsoft-windows-sysmon/operational"
SCHEDULER = "microsoft-windows-taskscheduler/operational"
MOST = 5_000

_PATHS = ("Image", "TargetFilename", "NewProcessName", "ActionName", "Path", "ObjectName", "ProcessName")
_COMMAND = re.compile(r"<Command>\s*\"?([^<\"]{1,1024})")
_TASKS = {
    "security": (4698, 4699, 4700, 4701, 4702),
    SCHEDULER: (100, 102, 106, 110, 119, 129, 140, 141, 200, 201),
}
_RAN = (100, 102, 110, 119, 129, 200, 201)
TOOLS = (
    *("autoruns", "autoruns64", "procexp", "procexp64", "procmon", "procmon64", "tcpview", "wireshark"),
    *("processhacker", "ollydbg", "x32dbg", "x64dbg", "idaq", "idaq64", "idaw", "idaw64", "ida", "ida64"),
)
# Programs at which money or keys are kept, by the names of their files.
WATCHED = (
    *("electrum.exe", "bitcoin-qt.exe", "exodus.exe", "ledger live.exe", "trezor suite.exe", "wasabi.exe"),
    *("monero-wallet-gui.exe", "multibit-hd.exe", "armoryqt.exe", "litecoin-qt.exe", "atomic wallet.exe"),
)
BROWSERS = ("chrome.exe", "msedge.exe", "firefox.exe", "iexplore.exe", "opera.exe", "brave.exe")
_PRESENT = {4800: "away", 4801: "here", 4647: "away", 1074: "down", 6006: "down"}
_DOCUMENT = re.compile(
    r"(?i)\\users\\[^\\]+\\.*\.(docx?|xlsx?|pptx?|pdf|txt|csv|kdbx?|ppk|pem|jpe?g|zip|dat)$"
)
MINUTE = 60_000_000


@dataclass
class _Gathered:
    """What one part of the events holds, by host."""

    seen: dict[tuple[str, str, str], Hit] = field(default_factory=dict)
    lists: dict[tuple[str, str, str], tuple[Hit, list[str]]] = field(default_factory=dict)
    opened: dict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    asked: dict[tuple[str, str], tuple[int, str, frozenset[str]]] = field(default_factory=dict)
    answered: dict[str, set[str]] = field(default_factory=dict)
    served: dict[tuple[str, str, str], list[dict[str, Any]]] = field(default_factory=dict)

    def once(self, key: tuple[str, str, str], hit: Hit) -> None:
        if len(self.seen) < MOST:
            self.seen.setdefault(key, hit)

    def listed(self, key: tuple[str, str, str], hit: Hit, line: str) -> None:
        if key in self.lists or len(self.lists) < MOST:
            lines = self.lists.setdefault(key, (hit, []))[1]
            if len(lines) < MOST:
                lines.append(line)


def events(rows: Any) -> Iterator[Hit]:
    """The clues in a part of the events, and runs of the Firefox agent task."""
    gathered = _Gathered()
    for found in _wanted(rows):
        ask = _WANTED[found["channel"].lower(), found["event_id"]]
        ask(gathered, found, {name: value or "" for name, value in found["fields"] or ()})
    yield from gathered.seen.values()
    for hit, lines in gathered.lists.values():
        ran = hit.message == "smokeloader.task-ran"
        times = {"last": lines[-1]} if ran else {"times": "\n".join(lines)}
        yield replace(hit, fields={**hit.fields, **times, "count": str(len(lines))})
    yield from _documents(gathered)
    yield from _mismatches(gathered)


def _wanted(rows: Any) -> list[dict[str, Any]]:
    """The rows that are asked about, in order of time."""
    columns = (rows.column(name).to_pylist() for name in ("channel", "event_id"))
    numbers = [
        n
        for n, (name, event) in enumerate(zip(*columns, strict=True))
        if ((name or "").lower(), event) in _WANTED
    ]
    if not numbers:
        return []
    taken = rows.take(numbers)
    times = taken.column("time").cast("int64").to_pylist()
    found = [{**one, "time": time} for one, time in zip(taken.to_pylist(), times, strict=True)]
    return sorted(found, key=lambda one: (one["time"] is None, one["time"] or 0))


def _host(found: Mapping[str, Any]) -> str:
    return (found["host"] or "").casefold()


def _named(gathered: _Gathered, found: dict[str, Any], fields: Mapping[str, str]) -> None:
    """Files whose names are spelled in SmokeLoader's letters, and programs that are watched."""
    for name in _PATHS:
        letters = places.seven(fields.get(name))
        if letters:
            hit = clue("smokeloader.clue-file", found, file=fields[name], letters=letters)
            gathered.once((_host(found), "file", fields[name]), hit)
    if found["event_id"] in (1, 4688):
        program = fields.get("Image") or fields.get("NewProcessName") or ""
        if program.casefold().rpartition("\\")[2] in WATCHED and found["time"] is not None:
            hit = clue("smokeloader.clue-start", found, program=program)
            gathered.listed((_host(found), "start", program.casefold()), hit, str(found["time"]))


def _tasked(gathered: _Gathered, found: dict[str, Any], fields: Mapping[str, str]) -> None:
    task = fields.get("TaskName")
    digits = places.suffix(task)
    command = _COMMAND.search(fields.get("TaskContent") or fields.get("TaskContentNew") or "")
    program = command[1].strip() if command else fields.get("ActionName") or fields.get("Path")
    letters = places.seven(program)
    if letters:
        hit = clue("smokeloader.clue-file", found, file=program, letters=letters)
        gathered.once((_host(found), "file", program or ""), hit)
    if digits is None:
        return
    said = {"task": task, "program": program}
    gathered.once((_host(found), "task", digits), clue("smokeloader.clue-task", found, digits=digits, **said))
    if found["event_id"] in _RAN:
        hit = told(Grade.INDICATED, "smokeloader.task-ran", found, **said)
        hit = replace(hit, function="persistence", techniques=("T1053.005",))
        gathered.listed((_host(found), "ran", digits), hit, iso(found["time"]) or "")


def _ended(gathered: _Gathered, found: dict[str, Any], fields: Mapping[str, str]) -> None:
    program = (fields.get("Image") or fields.get("ProcessName") or "").casefold().rpartition("\\")[2]
    if program.removesuffix(".exe") in TOOLS and found["time"] is not None:
        line = f"{found['time']} {program}"
        gathered.listed((_host(found), "ended", ""), clue("smokeloader.clue-ended", found), line)


def _presence(gathered: _Gathered, found: dict[str, Any], fields: Mapping[str, str]) -> None:
    if found["event_id"] == 4624 and fields.get("LogonType") not in ("2", "7", "11"):
        return
    if found["time"] is not None:
        line = f"{found['time']} {_PRESENT.get(found['event_id'], 'here')}"
        gathered.listed((_host(found), "presence", ""), clue("smokeloader.clue-presence", found), line)


def _opened(gathered: _Gathered, found: dict[str, Any], fields: Mapping[str, str]) -> None:
    """Documents that an instance of explorer.exe reads."""
    _named(gathered, found, fields)
    program, name = fields.get("ProcessName") or "", fields.get("ObjectName") or ""
    reads = fields.get("AccessMask") in ("0x1", "0x3", "0x120089")
    reads = reads and found["time"] is not None and len(name) <= places.LONGEST
    if reads and program.casefold().endswith("\\explorer.exe") and _DOCUMENT.search(name):
        opened = gathered.opened.setdefault((_host(found), program), [])
        if len(opened) < MOST:
            opened.append((name.casefold(), found))


def _documents(gathered: _Gathered) -> Iterator[Hit]:
    """The busiest minute of each instance of explorer.exe."""
    for (_, program), opened in sorted(gathered.opened.items()):
        best, first, left = 0, 0, 0
        counts: Counter[str] = Counter()
        for name, found in opened:
            counts[name] += 1
            while found["time"] - opened[left][1]["time"] > MINUTE:
                counts[opened[left][0]] -= 1
                if not counts[opened[left][0]]:
                    del counts[opened[left][0]]
                left += 1
            if len(counts) > best:
                best, first = len(counts), left
        name, found = opened[first]
        yield clue("smokeloader.clue-opened", found, program=program, count=str(best), file=name)


def _queried(gathered: _Gathered, found: dict[str, Any], fields: Mapping[str, str]) -> None:
    answers = frozenset(
        part.strip().removeprefix("::ffff:")
        for part in (fields.get("QueryResults") or "")[:8192].split(";")
        if part.strip() and not part.strip().startswith("type:")
    )
    host, process = _host(found), fields.get("ProcessGuid") or ""
    known = gathered.answered.setdefault(host, set())
    if len(known) < 200_000:
        known |= answers
    room = len(gathered.asked) < MOST or (host, process) in gathered.asked
    if room and answers and process and found["time"] is not None and _is_browser(fields):
        gathered.asked[host, process] = (found["time"], fields.get("QueryName") or "", answers)


def _connected(gathered: _Gathered, found: dict[str, Any], fields: Mapping[str, str]) -> None:
    """A browser that connects, right after a name was resolved for it, to another address than it was told."""
    host, process, address = _host(found), fields.get("ProcessGuid") or "", fields.get("DestinationIp") or ""
    asked = gathered.asked.pop((host, process), None)
    if asked is None or found["time"] is None or not address or not _is_browser(fields):
        return
    time, name, answers = asked
    if (
        0 <= found["time"] - time <= 3_000_000
        and address not in answers
        and (":" in address) == any(":" in a for a in answers)
    ):
        served = gathered.served.setdefault((host, name, address), [])
        if len(served) < MOST and len(gathered.served) < MOST:
            served.append(found)


def _mismatches(gathered: _Gathered) -> Iterator[Hit]:
    """Addresses that a browser went to for a name twice or more although nobody answered them on this machine."""
    for (host, name, address), served in sorted(gathered.served.items()):
        if len(served) > 1 and address not in gathered.answered.get(host, ()):
            yield clue(
                "smokeloader.clue-mismatch", served[0], name=name, address=address, count=str(len(served))
            )


def _is_browser(fields: Mapping[str, str]) -> bool:
    return (fields.get("Image") or "").casefold().rpartition("\\")[2] in BROWSERS


_WANTED = {
    **{(SYSMON, number): _named for number in (1, 11, 23, 26)},
    ("security", 4688): _named,
    **{(channel, number): _tasked for channel, numbers in _TASKS.items() for number in numbers},
    (SYSMON, 5): _ended,
    ("security", 4689): _ended,
    **{("security", number): _presence for number in (4624, 4647, 4800, 4801)},
    ("system", 1074): _presence,
    ("system", 6006): _presence,
    ("security", 4663): _opened,
    (SYSMON, 22): _queried,
    (SYSMON, 3): _connected,
}
