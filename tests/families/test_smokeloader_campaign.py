# SPDX-License-Identifier: Apache-2.0
"""Ten thousand damaged inputs for each decoder: nothing is raised, and what is said stands in the damaged bytes.

`make test` runs a small part of each from the same seed.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

import smokeloader_config
import smokeloader_traffic as inert
from hikeshi.codecs.rc4 import rc4
from hikeshi.families.smokeloader import (
    checkin,
    config,
    entries,
    network,
    panel,
    requestkeys,
    strings,
    traffic,
)
from hikeshi.pack import Grade, Hit, Issue

MANY = pytest.mark.parametrize("count", [60, pytest.param(10_000, marks=pytest.mark.campaign)])
ID = re.compile("[0-9A-F]{40}")


@dataclass(frozen=True)
class Region:
    """A region of raw bytes."""

    bytes: bytes
    offset: int = 0
    item: str = "1" * 64


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes cut, bent, repeated or partly overwritten."""
    out, kind = bytearray(data), chance.randrange(5)
    at = chance.randrange(len(out))
    if kind == 0:
        del out[at:]
    elif kind == 1:
        del out[:at]
    elif kind == 2:
        out[at : at + chance.randrange(64)] = chance.randbytes(chance.randrange(64))
    elif kind == 3:
        out[at:at] = out[at : at + chance.randrange(200)]
    for _ in range(chance.randrange(8) if out else 0):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def repeat(count: int, seed: int, once: Callable[[random.Random], None]) -> None:
    """Call with a source of chance of its own each time."""
    for number in range(count):
        once(random.Random(seed * 1_000_003 + number))


@MANY
@pytest.mark.parametrize("codec", ["X-E4", "R4"])
def test_servers(count: int, codec: str) -> None:
    """Every address said is what its bytes give under the key beside them; two of them at least where it is proven."""
    whole = [
        bytes(
            smokeloader_config.blob(codec, bits, size=0x1100, at=0xA00, order=[2, 0, 3, 1]).data[0x900:0xC00]
        )
        for bits in (32, 64)
    ]

    def once(chance: random.Random) -> None:
        bent = damaged(chance.choice(whole), chance)
        for hit in config.found(Region(bent)):
            if hit.message != "smokeloader.config":
                continue
            urls, places = hit.fields["c2_url"].split("\n"), hit.fields["config_offsets"].split(", ")
            read = [
                entries.xor_entry(bent, int(p, 16)) or entries.rc4_entry(bent, int(p, 16)) for p in places
            ]
            assert set(urls) == {entry.url for entry in read if entry}
            more = hit.fields.get("config_outside_table", "").split("\n")
            assert hit.grade is not Grade.PROVEN or len({*urls, *more} - {""}) > 1

    repeat(count, 1, once)


@MANY
def test_lists_of_strings(count: int) -> None:
    whole = bytes(40) + smokeloader_config.string_list(b"\x91\x22\xf3\x44") + bytes(40)
    known = {text if isinstance(text, str) else text.decode("utf-16-le") for text in smokeloader_config.TEXTS}

    def once(chance: random.Random) -> None:
        for found in strings.lists(damaged(whole, chance)):
            assert all(
                text.isprintable() or "\n" in text or "\r" in text or "\t" in text for text in found.texts
            )
            assert set(found.telling) <= known

    repeat(count, 2, once)


@MANY
def test_requests(count: int) -> None:
    """An id said is under the key in the damaged body; nothing is said of a head that does not fit."""
    bot = inert.Bot()
    sent = b"".join(
        inert.post(era, bot.body(seed=n + 1)) for n, era in enumerate(("2018-03", "2018-08", "2022-10"))
    )
    received = (
        inert.answer(404, inert.TASK) + inert.answer(404, inert.PAGE) + inert.answer(404, inert.chance(600))
    )

    def once(chance: random.Random) -> None:
        stream = inert.Stream(damaged(sent, chance), damaged(received, chance))
        network.wanted(stream)
        hits = list(network.judged(stream, [(inert.KEY, "given")]))
        for hit in hits:
            if "bot_id" in hit.fields:
                assert checkin.fits(rc4(inert.KEY, bytes.fromhex(hit.fields["head"])[:43]))
        for hit in traffic.joined(hits):
            assert hit.grade is not Grade.PROVEN or hit.fields.get("config_key") == inert.KEY.hex()
            assert ID.fullmatch(hit.fields.get("bot_id", bot.id))
        list(requestkeys.jobs(hits))

    repeat(count, 3, once)


@MANY
def test_check_ins(count: int) -> None:
    bodies = [inert.Bot().body(), inert.Bot(word=2022).body(size=300, named=True)]

    def once(chance: random.Random) -> None:
        bent = damaged(chance.choice(bodies), chance)
        found = checkin.opened(bent, [(inert.KEY, "given")])
        if found is not None:
            assert ID.fullmatch(found.bot_id)
            assert found.word in checkin.WORDS
            assert found.computer is None or found.computer.isascii()
            assert rc4(inert.KEY, bent)[found.unread[0] :].startswith(found.unread[1])

    repeat(count, 4, once)


@MANY
def test_clear_requests_and_pools(count: int) -> None:
    old = inert.request("GET", "/p/index.php?cmd=getload&login=a&ver=1&bits=0", [("Host", inert.SITE)])
    grab = inert.request("POST", "/p/index.php", [("Host", inert.SITE)], b"cmd=grab&data=hunter2&login=a")
    login = json.dumps({"method": "login", "params": {"agent": "invented/1"}, "id": 1}).encode() + b"\n"

    def once(chance: random.Random) -> None:
        stream = inert.Stream(
            damaged(chance.choice([old + grab, login]), chance), damaged(inert.answer(), chance)
        )
        network.wanted(stream)
        for hit in network.judged(stream):
            assert hit.grade in (Grade.INDICATED, Grade.WEAK)
            assert "hunter2" not in str(hit.fields)

    repeat(count, 5, once)


@MANY
def test_access_logs(count: int) -> None:
    names = ("item", "record", "offset", "time", "stream", "client", "server", "method", "uri", "user_agent",
             "status_code", "response_bytes")  # fmt: skip

    def once(chance: random.Random) -> None:
        rows = []
        for number in range(chance.randrange(20)):
            row = dict.fromkeys(names) | {
                "item": "1" * 64,
                "record": number,
                "method": chance.choice(["POST", "GET"]),
            }
            row |= {
                "client": chance.choice(["192.0.2.1", "::1", "x", None]),
                "uri": chance.choice(["/g/", "?", None]),
            }
            row |= {
                "time": chance.choice([None, number * 600_000_000, -5]),
                "response_bytes": chance.choice([None, 7]),
            }
            rows.append(row)
        said = list(panel.requests(rows))
        assert not any(isinstance(one, Issue) for one in said)
        for hit in panel.joined(one for one in said if isinstance(one, Hit)):
            assert hit.grade in (Grade.INDICATED, Grade.WEAK)

    repeat(count, 6, once)
