# SPDX-License-Identifier: Apache-2.0
"""Damaged names, tasks and bytes of machines with SmokeLoader: nothing raises, nothing false is said to be sure."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from hikeshi.families.smokeloader import identity, lines, memory, names, places, synth
from hikeshi.pack import Grade, Hit, Region
from smokeloader_machines import clues, events, findings, item, machine

MANY = pytest.mark.parametrize("count", [40, pytest.param(10_000, marks=pytest.mark.campaign)])
HOST, SERIAL, CONSTANT = "ws-11.aoba.example", "4E21C0DE", identity.KNOWN[0]
MACHINES = (machine(HOST, SERIAL),)
LINE = lines.named("2020b-2022")


def bent(chance: random.Random, text: str) -> str:
    """The text cut, with one letter changed, doubled, or as it was."""
    kind, at = chance.randrange(4), chance.randrange(len(text) + 1)
    if kind == 0:
        return text[:at]
    if kind == 1 and at < len(text):
        return text[:at] + chr(ord(text[at]) ^ 1 << chance.randrange(7)) + text[at + 1 :]
    return text + text[at:] if kind == 2 else text


def damaged(chance: random.Random, row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: bent(chance, value) if isinstance(value, str) and chance.random() < 0.3 else value
        for key, value in row.items()
    }


def must_hold(found: Sequence[Hit]) -> None:
    """What is called strong or proven follows from the values that the finding itself gives."""
    for hit in found:
        fields = hit.fields
        if hit.message == "smokeloader.name-serial":
            assert fields["file"].endswith(identity.serial_letters(SERIAL))
            assert places.seven(fields["file"])
        if hit.message == "smokeloader.computed":
            made = identity.bot_id(fields["computer"], int(fields["config_constant"], 16), SERIAL)
            assert made == fields["bot_id"]
        if hit.message in ("smokeloader.task-xml", "smokeloader.name-and-task"):
            assert places.suffix(fields["task"])
        if hit.message.startswith("smokeloader.id-"):
            assert fields["bot_id"].endswith(fields["volume_serial"])
        if hit.grade in (Grade.PROVEN, Grade.STRONG):
            assert hit.host == HOST


@MANY
def test_rows(count: int) -> None:
    chance = random.Random(count)
    artefacts = synth.rows(1, host=HOST, serial=SERIAL, constant=CONSTANT)
    del artefacts["machines"]
    for _ in range(count):
        tables = {
            name: [{"item": item(n), "record": r, **damaged(chance, row)} for r, row in enumerate(rows)]
            for n, (name, rows) in enumerate(artefacts.items())
        }
        for row in tables["autostarts"]:
            row["host"] = HOST
        must_hold(findings(clues(tables), MACHINES))


@MANY
def test_events(count: int) -> None:
    chance = random.Random(count)
    rows = events(list(synth.traces(1, host=HOST, serial=SERIAL, constant=CONSTANT)))
    for _ in range(max(count // 40, 3)):
        some = [
            {**row, "fields": [(name, bent(chance, value)) for name, value in row["fields"]], "host": HOST}
            for row in rows
        ]
        must_hold(findings(clues({"events": some}), MACHINES))


@MANY
@pytest.mark.parametrize("read", [memory.tasks, memory.mappings])
def test_bytes(read: Callable[[Region], Any], count: int) -> None:
    chance = random.Random(count)
    of = identity.bot_id("WS-11", CONSTANT, SERIAL)
    known = identity.names(of, LINE)
    assert known is not None
    texts = [
        f"\\{text}\0".encode(coding)
        for text in (known.task, known.mapping)
        for coding in ("ascii", "utf-16-le")
    ]
    for _ in range(count):
        data = bytearray(chance.randbytes(chance.randrange(40)) + chance.choice(texts) + chance.randbytes(9))
        data = data[: chance.randrange(len(data) + 1)] if chance.random() < 0.3 else data
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        for hit in read(Region(item(1), 7, len(data), bytes(data))):
            assert len(hit.fields.get("bot_id", "0" * 40)) == 40
            assert len(hit.fields.get("digits", "0" * 16)) == 16
            assert 7 <= (hit.offset or 0) < 7 + len(data)


@MANY
def test_labels(count: int) -> None:
    chance = random.Random(count)
    labels = (
        "Backdoor.OSX.Mokes",
        "Trojan:Win32/Mokes.A!MTB",
        "TrojanDownloader:Win32/Dofoil.L",
        "Sharik/Smoke",
    )
    for _ in range(count):
        found = names.resolve(
            bent(chance, chance.choice(labels)), bent(chance, "Kaspersky"), bent(chance, "2017-11")
        )
        assert found.family in (None, "smokeloader", "mokes_qt", "sharik_2014_unclear")
        assert found.said
