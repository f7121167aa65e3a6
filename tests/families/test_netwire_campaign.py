# SPDX-License-Identifier: Apache-2.0
"""Ten thousand damaged inputs for each decoder: nothing is raised, and nothing that was not there is stated.

`make test` runs a small part of each from the same seed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import netwire_evidence as published
import netwire_logs
import netwire_settings
import netwire_traffic as inert
from hikeshi import schema
from hikeshi.families.netwire import artefacts, commands, config_file, settings
from hikeshi.families.netwire.carving import carve
from hikeshi.families.netwire.config import memory
from hikeshi.families.netwire.joins import joined
from hikeshi.families.netwire.program import judged
from hikeshi.families.netwire.stack import stacks
from hikeshi.families.netwire.traffic import session
from hikeshi.pack import Grade, Layout, Program

STAMP = re.compile(r"[0-3]\d/[01]\d/\d{4} [0-2]\d(:[0-6]\d){2}")
JUDGES = {"autostarts": artefacts.autostarts, "files": artefacts.files, "registry": artefacts.registry}
MANY = pytest.mark.parametrize("count", [60, pytest.param(10_000, marks=pytest.mark.campaign)])


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes cut, bent, repeated or partly overwritten."""
    out, kind = bytearray(data), chance.randrange(5)
    if kind == 0:
        del out[chance.randrange(len(out)) :]
    elif kind == 1:
        del out[: chance.randrange(len(out))]
    elif kind == 2:
        at = chance.randrange(len(out))
        out[at : at + chance.randrange(64)] = chance.randbytes(chance.randrange(64))
    elif kind == 3:
        at = chance.randrange(len(out))
        out[at:at] = out[at : at + chance.randrange(200)]
    for _ in range(chance.randrange(8) if out else 0):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def repeat(count: int, seed: int, once: Callable[[random.Random], None]) -> None:
    """Call with a source of chance of its own each time."""
    for number in range(count):
        once(random.Random(seed * 1_000_003 + number))


@MANY
def test_stacks(count: int, real_evidence: Path) -> None:
    whole = published.snapshots(real_evidence)["win7-64/5"][0x1000:0x5000]

    def once(chance: random.Random) -> None:
        for found in stacks(damaged(whole, chance)):
            assert 0 <= found.constants <= 5

    repeat(count, 1, once)


@MANY
def test_key_logs(count: int) -> None:
    whole = bytes(700) + netwire_logs.coded(1, windows=4, words=(3, 20)) + bytes(700)

    def once(chance: random.Random) -> None:
        bent = damaged(whole, chance)
        for found in carve(bent):
            assert 0 <= found.offset < found.offset + found.length <= len(bent)
            assert all(s.time_text is None or STAMP.fullmatch(s.time_text) for s in found.segments)

    repeat(count, 2, once)


@MANY
def test_settings_in_memory(count: int) -> None:
    blocks = [netwire_settings.placed(layout, 1, 6000)[0] for layout in ("1.5b", "1.7a", "macOS")]

    def once(chance: random.Random) -> None:
        assert len(list(memory(damaged(chance.choice(blocks), chance)))) <= 2

    repeat(count, 3, once)


@MANY
def test_settings_in_files(count: int) -> None:
    names = [name for name in netwire_settings.WINDOWS if not name.startswith("flag")]
    data, sections, base = netwire_settings.blob([netwire_settings.WINDOWS[name] for name in names], 3)

    def once(chance: random.Random) -> None:
        bent = damaged(data, chance)
        list(config_file.from_file(bent, sections, base))
        config_file.why_none(bent, sections, base)

    repeat(count, 4, once)


@MANY
def test_sessions(count: int, real_evidence: Path) -> None:
    agent, server = inert.stream(published.frames(real_evidence)[:30], b"Password")

    def once(chance: random.Random) -> None:
        first, second = damaged(agent, chance), damaged(server, chance)
        found = session(lambda: [(0, first)], lambda: [(0, second)])
        for event in found.events if found else ():
            if event.command and event.command.complete:
                assert all(text.isprintable() for text in event.command.fields.values())

    repeat(count, 5, once)


@MANY
def test_messages(count: int, real_evidence: Path) -> None:
    frames = [f for f in published.frames(real_evidence) if f.data]

    def once(chance: random.Random) -> None:
        frame = chance.choice(frames)
        found = commands.parse(chance.randrange(256), damaged(frame.data, chance), frame.size)
        assert found.control > 0 or found.name == "unknown"
        commands.hello(damaged(inert.HELLO, chance))
        commands.drives(damaged(b"A:\x02\x07C:\x03\x07", chance))

    repeat(count, 6, once)


@MANY
def test_programs(count: int) -> None:
    fields = [netwire_settings.WINDOWS[name] for name in settings.ORDER if name != "group"]
    data, sections, base = netwire_settings.blob(fields, 1)

    def once(chance: random.Random) -> None:
        bent = damaged(data + b"HostId-%Rand%\0wcnwClass\0%s.Identifier\0", chance)
        for hit in judged(Program("0" * 64, bent, (Layout("PE", base, tuple(sections)),))):
            # Cipher text has no check of its own: a bent letter shows as another letter, a lost field as none.
            assert hit.message in ("netwire.config", "netwire.program")
            assert hit.fields.get("c2", "c2.example:1").isprintable() or "\n" in hit.fields["c2"]

    repeat(count, 7, once)


@MANY
def test_artefacts(count: int) -> None:
    """Rows of hives, autostart entries and listings with bent texts: nothing is raised, nothing is proven."""
    texts = ["HKU\\S-1-5-21-1\\Software\\NetWire", "HostId", "HostId-kai6Ci", "/Users/ito/.defaults/Finder.app"
             "/Contents/MacOS/Finder", "com.mac.host", r"C:\Users\a\AppData\Roaming\Logs\12-03-2024"]  # fmt: skip

    def bent(chance: random.Random) -> str | None:
        text = chance.choice(texts)
        return damaged(text.encode(), chance).decode("utf-8", "replace") if chance.random() < 0.9 else None

    def once(chance: random.Random) -> None:
        given = {name: bent(chance) for name in ("key", "name", "data", "path", "command", "kind")}
        hits = []
        for table, judge in JUDGES.items():
            columns = {name for name, _ in schema.TABLES[table]}
            row = {name: text for name, text in given.items() if name in columns}
            hits += list(judge(schema.table(table, [{"item": "0" * 64, "record": 0, **row}])))
        assert all(hit.grade is not Grade.PROVEN for hit in hits)
        list(joined(hits))

    repeat(count, 8, once)
