# SPDX-License-Identifier: Apache-2.0
"""Names found on a machine against the names that its computer name and volume serial give.

Each test states how many bits of a name it compares and how many names would fit by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from hikeshi.families.smokeloader import identity
from hikeshi.families.smokeloader.hosts import Known, Serial
from hikeshi.families.smokeloader.lines import documented, undocumented
from hikeshi.pack import Grade, Hit, replace

NAME_BITS, STORE_BITS, TASK_BITS, DIGIT_BITS = 20, 28, 64, 8
# Message by where the serial stands: on the volume, in a shortcut, or in a record that names no machine.
NAMED_AFTER = {
    "volume": "smokeloader.name-serial",
    "shortcut": "smokeloader.name-former-serial",
    "unnamed": "smokeloader.name-unplaced-serial",
}
# A trial that fits more often than this by chance decides nothing by itself.
RARE = 1e-6


@dataclass(frozen=True)
class Constant:
    """A build constant: published, or found by search on some machines of the case."""

    value: int
    found_on: frozenset[str] | None = None

    def tried(self, host: str, known: int) -> float:
        """How many constants were tried on a machine before this one fitted: all, if it was found there alone."""
        return 2.0**32 if self.found_on is not None and self.found_on <= {host} else float(known)


class Traces:
    """The names on one machine that may be SmokeLoader's: files by their letters, tasks by their digits."""

    def __init__(self, *owners: Known) -> None:
        self.files: dict[str, Hit] = {}
        self.tasks: dict[str, Hit] = {}
        for one in owners:
            for hit in sorted(one.said("smokeloader.clue-file"), key=in_bytes):
                if hit.fields.get("file") and len(hit.fields.get("letters", "")) == 7:
                    self.files.setdefault(hit.fields["letters"], hit)
            for hit in sorted(one.said("smokeloader.clue-task"), key=in_bytes):
                self.tasks.setdefault(hit.fields.get("digits", ""), hit)

    @cached_property
    def digits(self) -> dict[str, Hit]:
        """The files by the digits that their letters stand for."""
        return {identity.digits(name) or "": hit for name, hit in self.files.items()}


def in_bytes(hit: Hit) -> bool:
    """Whether only raw bytes spell the name."""
    return hit.fields.get("ground") == "bytes"


def name_serial(one: Known, traces: Traces) -> Iterator[tuple[Hit, Serial]]:
    """Files whose last five letters spell the first five digits of a volume serial of this machine."""
    false = len(traces.files) * len(one.serials) / 2**NAME_BITS
    for serial in one.serials:
        wanted = identity.serial_letters(serial.value)
        for letters in sorted(traces.files):
            if letters.endswith(wanted):
                yield _name_serial(one, traces.files[letters], serial, false), serial


def _name_serial(one: Known, hit: Hit, serial: Serial, false: float) -> Hit:
    message = NAMED_AFTER[serial.ground]
    fields = {
        "file": hit.fields["file"],
        "volume_serial": serial.value,
        **evidence(NAME_BITS, false),
        "with_item": serial.item,
    }
    return _finding(one, hit, Grade.STRONG, message, fields, ("T1036",))


def with_task(one: Known, traces: Traces, named: list[tuple[Hit, Serial]]) -> Iterator[Hit]:
    """The file named after the serial and the task in the root folder: two artefacts that agree."""
    for task in sorted(traces.tasks):
        hit = traces.tasks[task]
        # Bytes that spell a task's name need not be a task.
        if in_bytes(hit):
            continue
        for file, serial in [pair for pair in named if one.owns(hit) or hit.item == pair[0].item][:1]:
            fields = {
                "task": hit.fields.get("task", ""),
                "file": file.fields["file"],
                "volume_serial": serial.value,
                **_beside(file),
            }
            yield _finding(one, hit, Grade.PROVEN, "smokeloader.name-and-task", fields, ("T1053.005",))


def store_and_task(one: Known, traces: Traces) -> Iterator[Hit]:
    """The first seven digits in a task's name, spelled as the name of a file on the same machine."""
    false = len(traces.tasks) * len(traces.files) / 2**STORE_BITS
    for task in sorted(traces.tasks):
        store = traces.digits.get(task[:7])
        if store is not None:
            hit = traces.tasks[task]
            fields = {
                "task": hit.fields.get("task", ""),
                "file": store.fields["file"],
                **evidence(STORE_BITS, false),
                **_beside(store),
            }
            yield _finding(one, hit, Grade.STRONG, "smokeloader.store-and-task", fields, ("T1053.005",))


def computed(one: Known, traces: Traces, constants: Sequence[Constant]) -> Iterator[tuple[Hit, Constant]]:
    """What fits the bot id that computer name, constant and serial give."""
    for constant in constants:
        tried = constant.tried(one.host, len(constants)) * len(one.computers) * len(one.serials)
        for computer in one.computers:
            for serial in one.serials:
                of = identity.bot_id(computer, constant.value, serial.value)
                found = _agreeing(of, traces)
                if found is not None:
                    yield _computed(one, of, computer, serial, constant, found, tried), constant


def _agreeing(of: str, traces: Traces) -> tuple[int, dict[str, Hit]] | None:
    """How many bits of names agree with a bot id, and which traces; None when too little does."""
    bits, found = 0, dict[str, Hit]()
    for line in documented():
        names = identity.names(of, line)
        if names is None or not line.task_suffix_len:
            continue
        task = traces.tasks.get(of[: line.task_suffix_len])
        if task is not None:
            found["task"], bits = task, bits + TASK_BITS
        for what, name, worth in (("store", names.store, STORE_BITS), ("program", names.program, DIGIT_BITS)):
            if name in traces.files:
                found[what], bits = traces.files[name], bits + worth
        # The store's digits stand in the task's name already.
        bits -= STORE_BITS if {"task", "store"} <= set(found) else 0
    return (bits, found) if bits >= STORE_BITS else None


def _computed(
    one: Known,
    of: str,
    computer: str,
    serial: Serial,
    constant: Constant,
    found: tuple[int, dict[str, Hit]],
    tried: float,
) -> Hit:
    bits, traces = found
    false = tried / 2.0**bits
    names = next(filter(None, (identity.names(of, line) for line in documented())))
    first = traces.get("task") or traces.get("store") or traces["program"]
    grade = Grade.PROVEN if bits > STORE_BITS and false < RARE else Grade.STRONG
    fields = {
        "bot_id": of,
        "computer": computer,
        "volume_serial": serial.value,
        "config_constant": f"{constant.value:08X}",
        "agrees": ", ".join(sorted(traces)),
        "program": names.program,
        "store": names.store,
        "task": names.task,
        "mapping": names.mapping,
        **evidence(bits, false),
        "undocumented": ", ".join(undocumented()),
    }
    return _finding(one, first, grade, "smokeloader.computed", fields, ("T1480.001",))


def evidence(bits: float, false: float) -> dict[str, str]:
    """How much a comparison says: bits compared, and how many would fit by chance."""
    return {"bits": f"{bits:g}", "expected_false": f"{false:.1e}"}


def _beside(hit: Hit) -> dict[str, str]:
    record = {} if hit.record is None else {"with_record": str(hit.record)}
    return {"with_item": hit.item, **record}


def _finding(
    one: Known, hit: Hit, grade: Grade, message: str, fields: dict[str, str], techniques: tuple[str, ...]
) -> Hit:
    """A finding at the place of a clue; the machine is the one whose marks fitted."""
    return replace(
        hit,
        host=one.host or hit.host,
        grade=grade,
        message=message,
        fields=fields,
        techniques=techniques,
        function="persistence",
        rule=None,
    )
