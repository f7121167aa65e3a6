# SPDX-License-Identifier: Apache-2.0
"""Functions of the bot in its client's other traffic: each shown beside the bot, and said of nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import pytest

import smokeloader_config
import smokeloader_traffic as inert
from hikeshi.codecs.rc4 import rc4
from hikeshi.families.smokeloader import beside, config, network, traffic
from hikeshi.pack import Grade, Hit
from hikeshi.schema import Batch, Item
from hikeshi.streams import capture
from hikeshi.synth.capture import Conversation, Packet, ether, ip, udp


@dataclass(frozen=True)
class Region:
    """A region of raw bytes."""

    bytes: bytes
    offset: int = 0
    item: str = "2" * 64


BOT, CLEAN = "192.0.2.10", "192.0.2.50"
PAGE = inert.answer(404, inert.PAGE)


def told(net: inert.Network, *more: Hit) -> list[Hit]:
    """Everything that the pack says of a capture, with other hits."""
    data = net.data
    judges = {"exchanges": beside.exchanges, "names": beside.names, "contacts": beside.contacts}
    item = Item("1" * 64, "gateway.pcap", len(data), BytesIO(data))
    hits = []
    for said in capture.read([item]):
        if isinstance(said, Batch) and said.table in judges:
            hits += [hit for hit in judges[said.table](said.rows) if isinstance(hit, Hit)]
    item.file.seek(0)
    for stream in capture.streams(item):
        if network.wanted(stream):
            hits += network.judged(stream)
    return list(traffic.joined([*hits, *more]))


def bot(
    net: inert.Network, answers: dict[int, bytes] | None = None, sizes: dict[int, int] | None = None
) -> None:
    """The bot's requests, ten minutes apart; `sizes` gives larger bodies by turn."""
    for turn in range(6):
        plain = inert.Bot().plain(seed=turn + 1)
        more = (sizes or {}).get(turn, 0)
        body = rc4(inert.KEY, plain + bytes((at * 7 + turn) % 251 for at in range(more)))
        era = "2018-10" if more else "2018-03"
        net.talk(turn * 600, BOT, [(inert.post(era, body, uri="/4711/"), (answers or {}).get(turn, PAGE))])


def resolve(net: inert.Network, at: float, client: str, name: str, address: str | None) -> None:
    """A question for a name and its answer."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    question = labels + b"\0\1\0\1"
    ask = b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + question
    count = b"\0\1" if address else b"\0\0"
    record = (
        b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes(map(int, (address or "0.0.0.0").split(".")))
        if address
        else b""
    )
    flags = b"\x81\x80" if address else b"\x81\x83"
    reply = b"\x12\x34" + flags + b"\0\1" + count + b"\0\0\0\0" + question + record
    time = inert.START + int(at * inert.SECOND)
    ends = ("192.0.2.1", 53)
    net.packets.append(Packet(time, ether(ip(client, ends[0], 17, udp(40000, 53, ask)))))
    net.packets.append(Packet(time + 1000, ether(ip(ends[0], client, 17, udp(53, 40000, reply)))))


def get(uri: str, site: str) -> bytes:
    return inert.request("GET", uri, [("Host", site)])


def fetched(net: inert.Network, client: str) -> None:
    """The place that the third answer named is asked for."""
    answer = inert.answer(200, inert.chance(30_000), "application/octet-stream")
    net.talk(1215, client, [(get("/a1.exe", "payload.example"), answer)], "198.51.100.66")


def pool(net: inert.Network, client: str) -> None:
    login = {"method": "login", "params": {"login": "x", "pass": "x", "agent": "invented/1"}, "id": 1}
    net.talk(
        700, client, [(json.dumps(login).encode() + b"\n", b'{"id":1,"result":{}}\n')], "198.51.100.70", 3333
    )


def viewer(net: inert.Network, client: str) -> None:
    net.talk(800, client, [(inert.chance(80), inert.chance(80))], "198.51.100.71", 5938)


def forms(net: inert.Network, client: str) -> None:
    for turn in range(1, 5):
        form = [("Host", "bank.example"), ("Content-Type", inert.FORM)]
        ask = inert.request("POST", "/login", form, b"user=invented&pin=0000")
        net.talk(turn * 600 - 2, client, [(ask, inert.answer(200, b"ok"))], "198.51.100.80")


def elsewhere(net: inert.Network, client: str) -> None:
    resolve(net, 900, client, "bank.example", "198.51.100.80")
    net.talk(901, client, [(get("/", "bank.example"), inert.answer(200, b"ok"))], "198.51.100.99")


def flood(net: inert.Network, client: str) -> None:
    for number in range(1_200):
        talk = Conversation(
            client=client, server="198.51.100.90", client_port=2000 + number, server_port=443,
            time=inert.START + 950 * inert.SECOND + number * 10_000,
        )  # fmt: skip
        net.packets += talk.open().packets


def bit(net: inert.Network, client: str) -> None:
    resolve(net, 30, client, "invented.bit", None)


def decoy(net: inert.Network, client: str) -> None:
    net.talk(590, client, [(get("/kb/12345", "support.example"), PAGE)], "198.51.100.60")


CASES: dict[str, tuple[Callable[[inert.Network, str], None], str | None, Grade]] = {
    "smokeloader.fetched": (fetched, "download-and-run", Grade.INDICATED),
    "smokeloader.pool": (pool, "mining", Grade.INDICATED),
    "smokeloader.teamviewer-port": (viewer, "remote-desktop", Grade.INDICATED),
    "smokeloader.after-form": (forms, "form-theft", Grade.INDICATED),
    "smokeloader.unanswered-server": (elsewhere, "dns-tampering", Grade.INDICATED),
    "smokeloader.connection-flood": (flood, "flooding", Grade.INDICATED),
    "smokeloader.bit-name": (bit, None, Grade.WEAK),
    "smokeloader.decoy": (decoy, None, Grade.WEAK),
}


@pytest.mark.parametrize("message", CASES)
def test_beside_the_bot_and_never_of_another_client(message: str) -> None:
    act, function, grade = CASES[message]
    answers = {2: inert.answer(404, inert.TASK)}
    for client, wanted in ((BOT, True), (CLEAN, False)):
        net = inert.Network()
        bot(net, answers)
        act(net, client)
        found = [hit for hit in told(net) if hit.message == message]
        assert wanted == bool(found)
        assert all((hit.function, hit.grade, hit.fields["client"]) == (function, grade, BOT) for hit in found)
    alone = inert.Network()
    act(alone, BOT)
    assert [] == told(alone)


def test_larger_bodies_after_a_delivery() -> None:
    net = inert.Network()
    bot(net, {1: inert.answer(404, inert.chance(60_000))}, {3: 9_000, 4: 20_000})
    [found] = [hit for hit in told(net) if hit.message == "smokeloader.larger-bodies"]
    assert ("credential-theft", Grade.INDICATED, "2", "60000", "63") == (
        found.function, found.grade, *(found.fields[n] for n in ("requests", "delivered_bytes", "beacon_bytes")),
    )  # fmt: skip
    for answers, sizes in (({4: inert.answer(404, inert.chance(60_000))}, {2: 9_000}), ({}, {3: 9_000})):
        quiet = inert.Network()
        bot(quiet, answers, sizes)
        assert not [hit for hit in told(quiet) if hit.message == "smokeloader.larger-bodies"]


def test_the_right_address_is_no_finding() -> None:
    net = inert.Network()
    bot(net)
    resolve(net, 900, BOT, "bank.example", "198.51.100.80")
    net.talk(901, BOT, [(get("/", "bank.example"), inert.answer(200, b"ok"))], "198.51.100.80")
    assert ["smokeloader.beacon"] == [hit.message for hit in told(net)]


@pytest.mark.parametrize("names", [1, 2, 3])
def test_servers_of_a_configuration_that_a_client_asked_for(names: int) -> None:
    """Two names are strong, one may be bait; a client that asked for none of them is not named."""
    blob = smokeloader_config.blob("R4", 32)
    memory = [hit for hit in config.found(Region(bytes(blob.data))) if hit.message == "smokeloader.config"]
    net = inert.Network()
    for number, url in enumerate(smokeloader_config.URLS[:names]):
        resolve(net, 10 * number, CLEAN, url[7:-1], None if number else "198.51.100.20")
    resolve(net, 5, BOT, "www.example", "198.51.100.30")
    [found] = told(net, *memory)
    grade = Grade.STRONG if names > 1 else Grade.INDICATED
    assert ("smokeloader.server-asked", grade, CLEAN, str(names), str(names - 1)) == (
        found.message, found.grade, *(found.fields[name] for name in ("client", "count", "dead")),
    )  # fmt: skip
