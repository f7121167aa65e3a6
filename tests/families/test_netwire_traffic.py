# SPDX-License-Identifier: Apache-2.0
"""NetWire traffic: published vectors and messages, re-encrypted into streams that are cut anywhere."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import netwire_evidence as published
import netwire_traffic as inert
from hikeshi.families.netwire import commands, keys
from hikeshi.families.netwire.traffic import Session, session
from hikeshi.pack import Grade

# Vectors of a port of Unit 42's published code: password "Password", seed 00 to 1F.
VECTOR = "d9085e2fd82b5aac1dbb393b1bbb393bcbf8acfd08ffa8fd78bebdb939bbb9b9"


@pytest.mark.parametrize("reading", keys.READINGS)
def test_key_schedule_of_the_default_password(reading: str) -> None:
    made = keys.schedule(b"Password", bytes(range(32)), reading)
    assert made is not None
    assert VECTOR == made.hex()


def test_the_readings_differ_for_other_lengths_and_one_has_none_for_short_ones() -> None:
    seed = bytes(range(32))
    assert keys.schedule(b"abcd", seed, "from-8") is None
    assert keys.schedule(b"abcd", seed, "from-length") is not None
    assert keys.schedule(b"x" * 15, seed, "from-8") != keys.schedule(b"x" * 15, seed, "from-length")
    assert keys.schedule(b"Password", seed[:31]) is None
    for size in range(0, 200):
        for reading in keys.READINGS:
            keys.schedule(b"p" * size, seed, reading)


def test_a_message_of_the_synthetic_vector_opens() -> None:
    """Key as above, initial value 10 to 1F: an introduction."""
    key = keys.Key(keys.Secret(b"Password", "default"), "from-8", "CFB-128", True, False, bytes.fromhex(VECTOR), b"",
                   bytes(range(16, 32)), 0)  # fmt: skip
    plain = key.open(bytes.fromhex("f02134a3b166388967589a361f48c03024890899938681296ea3bc11"), True)
    assert b"\x0101076100\x07alice @ ws-01\x0723\x07\x07" == plain
    found = commands.hello(plain)
    assert found == commands.Hello("Windows", "1.7a", "alice", "ws-01", "Windows 10", "")


def test_the_published_messages_parse(real_evidence: Path) -> None:
    frames = published.frames(real_evidence)
    parsed = [commands.parse(f.control, f.data, f.size) for f in frames]
    assert (121, 118) == (len(frames), sum(c.complete for c in parsed))
    cut = [(f, c) for f, c in zip(frames, parsed, strict=True) if not c.complete]
    assert [(0xAC, 67)] * 3 == [(f.control, len(f.data)) for f, _ in cut]
    assert [(1, 67)] * 3 == [c.data for _, c in cut]
    assert all(c.name != "unknown" and c.bits >= 0 for c in parsed)


def test_what_some_published_messages_say(real_evidence: Path) -> None:
    told = {
        (f.control, f.data): commands.parse(f.control, f.data, f.size)
        for f in published.frames(real_evidence)
    }
    rename = told[0xB0, b"C:\\share\\file_w_31_0x60.txt\x07C:\\share\\file_w_31_0x60.newname.txt\x07"]
    assert {
        "path": r"C:\share\file_w_31_0x60.txt",
        "target": r"C:\share\file_w_31_0x60.newname.txt",
    } == rename.fields
    up = told[0xAB, b"\x01\x01C:\\share\\file_w_31_0x60.txt\x070\x07"]
    assert ("file-to-victim", "to-victim") == (up.function, up.fields["direction"])
    down = told[0xAB, b"\x00\x01C:\\share\\output123.txt\x070\x07"]
    assert ("file-from-victim", "from-victim") == (down.function, down.fields["direction"])
    assert "1" == told[0xC9, b"c"].fields["quality"]
    assert "100" == told[0xC9, b"\0"].fields["quality"]
    edit = told[0xE7, b"\x02\x00\x00\x80SOFTWARE\\testkey\x07stringtype\x070\x076\x0711\x07string_type"]
    assert ("HKLM", "rename-value", "stringtype") == (
        edit.fields["hive"],
        edit.fields["operation"],
        edit.fields["value"],
    )
    assert "Chrome" == told[0xD3, b"4"].fields["program"]
    assert (
        "yes"
        == told[0xC3, b"/test.exe\x07www.somehosting.com\x07%AppData%\\test.exe\x0780\x071\x07"].fields[
            "execute"
        ]
    )
    assert "clean-up" == told[0xCF, b"18-12-2022"].function


def test_older_numbers_are_raised() -> None:
    assert commands.parse(0x10, b"C:\\*.*") == commands.parse(0xA6, b"C:\\*.*")


PASSWORDS = (b"Ab1!", b"Password", b"correct-horse-5", b"a-password-of-thirty-one-letter")


def opened(agent: inert.Runs, server: inert.Runs, *passwords: bytes) -> Session:
    found = session(lambda: agent, lambda: server, [keys.Secret(p, "analyst") for p in passwords])
    assert found is not None
    return found


@pytest.mark.parametrize("mode", list(keys.MODES))
@pytest.mark.parametrize("reading", keys.READINGS)
@pytest.mark.parametrize("password", PASSWORDS, ids=len)
def test_re_encrypted_sessions_say_the_same(
    password: bytes, reading: str, mode: str, real_evidence: Path
) -> None:
    if len(password) < 8 and reading == "from-8":
        pytest.skip("this reading gives no key for fewer than 8 letters")
    frames = published.frames(real_evidence)
    agent, server = inert.stream(frames, password, reading, mode, len(password))
    found = opened(inert.cut(agent, 1), inert.cut(server, 2), b"wrong one", password)
    assert found.key is not None
    assert (mode, password) == (found.key.mode, found.key.secret.password)
    assert found.key.reading == reading or len(password) == 8
    assert (Grade.PROVEN, True, False) == (found.grade, found.key.settled, found.key.swapped)
    told = [event for event in found.events if not event.from_agent]
    assert list(inert.expected(frames)) == [event.control for event in told]
    plain = [f for f in frames if f.control != 0x9B]
    for event, frame in zip(told[1:], plain, strict=True):
        data = inert.data_of(frame)[:600]
        assert event.command is not None
        assert commands.parse(frame.control, data) == event.command
    assert found.hello == commands.Hello(
        "Windows", "1.7a", "joakim", "ws-01", "Windows 10", "2022-12-18 10:00:00"
    )
    assert [(r"C:\share\file_w_31_0x60.txt", 96), (r"C:\share\file_w_33_0x40.txt", 64)] == [
        (file.path, file.size) for file in found.files[:2] if file.whole
    ]
    assert {"text"} == {file.kind for file in found.files if file.direction == "to-victim"}


def test_any_cutting_gives_the_same_session(real_evidence: Path) -> None:
    agent, server = inert.stream(published.frames(real_evidence), b"Password")
    whole = opened([(0, agent)], [(0, server)])
    for seed in range(6):
        found = opened(inert.cut(agent, seed), inert.cut(server, seed + 50))
        assert (whole.events, whole.files, whole.key) == (found.events, found.files, found.key)


def test_the_default_password_is_tried_first_and_stated(real_evidence: Path) -> None:
    agent, server = inert.stream(published.frames(real_evidence), b"Password")
    found = opened([(0, agent)], [(0, server)], b"something else")
    assert found.key is not None
    assert "default" == found.key.secret.source


def test_a_wrong_password_is_refused_and_nothing_is_shown_as_text(real_evidence: Path) -> None:
    frames = published.frames(real_evidence)
    for seed in range(5):
        agent, server = inert.stream(frames, b"not tried", seed=seed)
        found = opened([(0, agent)], [(0, server)], *(f"guess {n}".encode() for n in range(20)))
        assert (None, 21, None, []) == (found.key, found.refused, found.hello, found.files)
        assert (Grade.STRONG, ("tiling", "handshake")) == (found.grade, found.grounds)
        assert all(e.command is None and e.reply is None and e.secret is None for e in found.events)
        assert list(inert.expected(frames)) == [e.control for e in found.events if not e.from_agent]


def test_a_session_of_an_introduction_alone_opens() -> None:
    agent, server = inert.stream((), b"Password")
    found = opened([(0, agent)], [(0, server)])
    assert found.hello is not None
    assert "ws-01" == found.hello.host


def test_first_blocks_are_recovered_and_marked_tentative(real_evidence: Path) -> None:
    agent, server = inert.stream(published.frames(real_evidence), b"unknown to us")
    found = opened([(0, agent)], [(0, server)])
    assert all(block.tentative for block in found.first_blocks)
    assert [] == [b for b in found.first_blocks if not b.text.isprintable()]


@pytest.mark.parametrize("start", [70, 71, 700, 1501])
def test_a_capture_that_starts_midway_still_tells_the_commands(start: int, real_evidence: Path) -> None:
    frames = published.frames(real_evidence)
    agent, server = inert.stream(frames, b"Password")
    found = opened(inert.cut(agent, 1), inert.cut(server, 2, start))
    told = [event.control for event in found.events if not event.from_agent]
    assert told
    assert list(inert.expected(frames))[-len(told) :] == told
    assert (Grade.INDICATED, None) == (found.grade, found.key)


def test_a_gap_loses_the_messages_in_it_and_no_others(real_evidence: Path) -> None:
    frames = published.frames(real_evidence)
    agent, server = inert.stream(frames, b"Password")
    holes = [(0, server[:300]), (330, server[330:1500]), (2600, server[2600:])]
    found = opened([(0, agent)], holes)
    assert found.key is not None
    told = [event.control for event in found.events if not event.from_agent]
    left = iter(inert.expected(frames))
    assert all(control in left for control in told)
    positions = [e.position for e in opened([(0, agent)], [(0, server)]).events if not e.from_agent]
    sure = [at for at in positions if at < 280 or 400 < at < 1400 or at > 2900]
    assert set(sure) <= {event.position for event in found.events if not event.from_agent}
    assert all(not file.whole or file.size in (64, 96, 208) for file in found.files)


def test_times_order_both_directions_and_give_the_period() -> None:
    frame = published.Frame(0x97, 0, b"")
    agent, server = inert.stream([frame] * 6, b"Password")
    found = session(
        lambda: [(0, agent)],
        lambda: [(0, server)],
        (),
        lambda from_agent, at: (at + (not from_agent)) * 60_000_000,
    )
    assert found is not None
    times = [event.time or 0 for event in found.events]
    assert times == sorted(times)
    assert 300.0 == found.keep_alive
    assert "keep-alive" in found.grounds


def test_the_ends_may_be_the_other_way_round(real_evidence: Path) -> None:
    agent, server = inert.stream(published.frames(real_evidence), b"Password")
    found = opened([(0, server)], [(0, agent)])
    assert found.reversed
    assert found.key is not None


def test_older_numbers_are_recognised_by_their_handshake(real_evidence: Path) -> None:
    frames = [f for f in published.frames(real_evidence) if f.control <= 0xE0]
    agent, server = inert.stream(frames, b"Password", older=True)
    found = opened([(0, agent)], [(0, server)])
    assert found.older
    assert list(inert.expected(frames)) == [e.control for e in found.events if not e.from_agent]


def test_other_traffic_is_no_session() -> None:
    chance = random.Random(9)
    for _ in range(60):
        data = chance.randbytes(chance.randrange(5000))
        assert session(lambda d=data: [(0, d)], lambda d=data: [(0, d[::-1])]) is None
    for data in (
        b"",
        b"GET / HTTP/1.1\r\n\r\n" * 50,
        bytes(5000),
        b"\x01\0\0\0\x02" * 100,
        b"\x16\x03\x01\x02\0" * 99,
    ):
        assert session(lambda d=data: [(0, d)], lambda d=data: [(0, d)]) is None
        assert session(lambda d=data: [(0, d)], list) is None


def test_damage_never_raises_and_never_shows_garbage(real_evidence: Path) -> None:
    frames = published.frames(real_evidence)[:40]
    agent, server = inert.stream(frames, b"Password")
    chance = random.Random(11)
    for at in [*range(0, 140, 3), *range(140, len(server), 97)]:
        found = session(lambda a=at: [(0, agent)], lambda a=at: [(0, server[:a])])
        assert found is None or found.grade in Grade
    for _ in range(30):
        bent = bytearray(server)
        for _ in range(3):
            bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
        found = session(lambda: [(0, agent)], lambda b=bytes(bent): [(0, b)])
        for event in found.events if found else ():
            if event.command and event.command.complete:
                assert all(text.isprintable() for text in event.command.fields.values())
