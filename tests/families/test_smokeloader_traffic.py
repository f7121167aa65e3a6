# SPDX-License-Identifier: Apache-2.0
"""SmokeLoader's requests: published head, forms of every era, keyless statistics, keys, and silence beside them."""

from __future__ import annotations

import random
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

import smokeloader_traffic as inert
from hikeshi.families.smokeloader import (
    asked,
    checkin,
    eras,
    network,
    posts,
    prefixes,
    requestkeys,
    traffic,
    wire,
)
from hikeshi.pack import Grade, Hit, KeyFound, Machine, Mark, rc4
from hikeshi.schema import Item
from hikeshi.streams.capture import sniff, streams

T7 = bytes.fromhex(
    "9e3f06c9878dfe6a5b5b6d1356a7c697b6202ca819f232d9aad65db15635acf52169dcb3c180bd1d713069503a548063236219228f41e73198a26e"
)
T5_ID = "25948A1110D2E646A6133895C5DDF6371CE38C10"


def judged(*streams: inert.Stream, secrets: list[tuple[bytes, str]] | None = None) -> list[Hit]:
    return [hit for stream in streams for hit in network.judged(stream, secrets or [])]


def joined(hits: list[Hit], machines: list[Machine] | None = None) -> list[Hit]:
    return list(traffic.joined(hits, machines or []))


def beacons(
    bot: inert.Bot, count: int = 4, era: str = "2018-03", client: str = "192.0.2.10", answer: bytes = b"",
    **how: int | bool,
) -> list[inert.Stream]:  # fmt: skip
    """Requests ten minutes apart that differ in their ends."""
    return [
        inert.Stream(
            inert.post(era, bot.body(seed=number + 1, **how)), answer or inert.answer(404, inert.PAGE), client,
            time=inert.START + number * 600 * inert.SECOND,
        )
        for number in range(count)
    ]  # fmt: skip


def test_t7_byte_for_byte() -> None:
    plain = b"\xe6\x07" + T5_ID.encode() + b"\0" + b"WIN-PF2LPO0V4UO\0"
    assert T7 == rc4(bytes.fromhex("EC55C28F"), plain)
    for secret, source in (("EC55C28F", "published"), ("8FC255EC", "published, bytes reversed")):
        [(key, how)] = [(k, s) for k, s in checkin.orders([]) if k.hex().upper() == secret]
        assert (secret, source) == (key.hex().upper(), how)
    found = checkin.opened(T7, checkin.orders([]))
    assert found is not None
    assert (2022, T5_ID, "WIN-PF2LPO0V4UO", "1CE38C10", 0xC7E12AF6) == (
        found.word, found.bot_id, found.computer, found.serial, found.constant,
    )  # fmt: skip
    assert None is checkin.opened(random.Random(1).randbytes(59), checkin.orders([]))


def test_no_name_is_invented_for_what_stands_behind_the_head() -> None:
    bot = inert.Bot()
    found = checkin.opened(bot.body(), [(inert.KEY, "fixture")])
    assert found is not None
    assert (None, ((47, 10001),), (43, bot.plain()[43:])) == (found.computer, found.commands, found.unread)


@pytest.mark.parametrize("era", inert.ERAS)
def test_each_era_fits_its_row_and_the_bodies_begin_alike(era: str) -> None:
    size = {"2015-08": 200, "2018-10": 120, "2022-10": 340}.get(era, 63)
    streams = beacons(inert.Bot(), era=era, size=size)
    assert all(network.wanted(stream) for stream in streams)
    hits = judged(*streams)
    [found] = joined(hits)
    assert ("smokeloader.beacon", Grade.INDICATED, "registration", None) == (
        found.message, found.grade, found.function, found.host,
    )  # fmt: skip
    assert era in found.fields["rows"].split(", ")
    assert {"constant beginning", "header form", "every ten minutes"} <= set(
        found.fields["grounds"].split(", ")
    )
    assert ("63 bytes" in found.fields["grounds"]) == (size == 63)
    assert ("600", "4") == (found.fields["period"], found.fields["requests"])
    assert "c2_url" not in found.fields


def test_a_header_form_alone_is_indicated_and_nothing_else_is_said() -> None:
    [found] = joined(judged(*beacons(inert.Bot(), count=1)))
    assert (Grade.INDICATED, "header form, 63 bytes") == (found.grade, found.fields["grounds"])


def test_each_row_needs_what_its_rule_says() -> None:
    for era, (uri, headers) in inert.ERAS.items():
        row = next(row for row in eras.rows() if row.name == era)
        length = row.length or 90
        assert row in eras.fitting(uri, headers, length, row.malformed)
        assert (row.uri is None) == (
            row in eras.fitting("/some/other.php?x=1", headers, length, row.malformed)
        )
        assert row not in eras.fitting(uri, headers, length, not row.malformed)
        assert row not in eras.fitting(uri, headers[::-1], length, row.malformed) or row.malformed
        if row.length:
            assert row not in eras.fitting(uri, headers, 64, row.malformed)


def test_ids_under_one_key_are_certain_without_it() -> None:
    """Three machines behind one address: three beginnings, one key."""
    bots = [inert.Bot(f"WS-0{n}", f"1CE38C1{n}") for n in range(3)]
    hits = judged(*(stream for bot in bots for stream in beacons(bot)))
    found = joined(hits)
    assert [(Grade.STRONG, "3", "3")] * 3 == [
        (hit.grade, hit.fields["bots_of_key"], hit.fields["bots_of_client"]) for hit in found
    ]
    assert all(hit.fields["c2_url"] == "http://gate.example/4711/" for hit in found)
    other = [inert.Bot("WS-09", "AAAA0001").body(key=b"\x01\x02\x03\x04")[:43]]
    heads = [bot.body()[:43] for bot in bots]
    assert [[0, 1, 2]] == prefixes.families(heads + other)
    assert 32 == len(prefixes.DIGIT_PAIRS)


def test_explorer_makes_a_constant_beginning_strong() -> None:
    hits = judged(*beacons(inert.Bot()))
    fields = {"program": r"C:\Windows\explorer.exe", "address": inert.SERVER}
    record = Hit(
        "2" * 64, Grade.WEAK, "smokeloader.clue-connection", record=1, family="smokeloader", fields=fields
    )
    machines = [Machine("ws-01", (), (Mark("address", "192.0.2.10", "3" * 64),))]
    [found] = joined([*hits, record], machines)
    assert (Grade.STRONG, "ws-01") == (found.grade, found.host)
    assert found.fields["grounds"].endswith("explorer.exe")


def test_a_key_names_every_machine_behind_an_address() -> None:
    bots = [inert.Bot(f"WS-0{n}", f"1CE38C1{n}", 2022) for n in range(3)]
    streams = [s for bot in bots for s in beacons(bot, era="2022-10", named=True, size=300)]
    hits = judged(*streams, secrets=[(inert.KEY[::-1], "key search")])
    found = joined(hits)
    assert {("smokeloader.request-key", None)} | {("smokeloader.check-in", bot.computer) for bot in bots} == {
        (hit.message, hit.host) for hit in found
    }
    assert all(hit.grade is Grade.PROVEN for hit in found)
    assert {bot.id for bot in bots} == {hit.fields["bot_id"] for hit in found[1:]}
    assert (inert.KEY.hex(), "key search, bytes reversed", "3") == (
        found[0].fields["config_key"], found[0].fields["key_source"], found[0].fields["bots"],
    )  # fmt: skip
    assert "10001 at 63" in found[1].fields["commands"]
    assert found[1].fields["unread"].startswith("59: ")


def test_a_short_form_names_the_machine_by_its_serial() -> None:
    [_, found] = joined(judged(*beacons(inert.Bot()), secrets=[(inert.KEY, "given")]))
    assert ("1CE38C10", None) == (found.host, found.fields.get("computer"))


def test_dwords_from_memory_open_requests() -> None:
    hits = judged(*beacons(inert.Bot()))
    fields = {"candidates": f"00000000 {inert.KEY[::-1].hex()} {random.Random(2).randbytes(4).hex()}"}
    memory = Hit("4" * 64, Grade.WEAK, wire.CANDIDATES, offset=0, family="smokeloader", fields=fields)
    key, found = joined([*hits, memory])
    assert ("smokeloader.check-in", Grade.PROVEN, "memory 444444444444") == (
        found.message, found.grade, key.fields["key_source"],
    )  # fmt: skip


def test_a_key_search_takes_two_of_one_key_and_says_both_ends() -> None:
    bots = [inert.Bot(f"WS-0{n}", f"1CE38C1{n}") for n in range(4)]
    hits = judged(*(stream for bot in bots for stream in beacons(bot)))
    [search] = requestkeys.jobs(hits)
    assert ("rc4-head", 2, 20, 43) == (
        search.kind,
        len(search.heads),
        len(search.words),
        2 + len(search.layout),
    )
    assert ("EC55C28F", "8FC255EC") == tuple(search.known)
    assert {bot.body()[:43].hex() for bot in bots} > set(search.heads)
    value = inert.KEY.hex().upper()
    [key] = requestkeys.found(
        search, KeyFound([value], dict.fromkeys(search.heads, value), 91, 256, False, 185.0, 0.0)
    )
    assert (Grade.PROVEN, inert.KEY.hex(), "2", "no") == (
        key.grade, key.fields["config_key"], key.fields["opened"], key.fields["exhausted"],
    )  # fmt: skip
    said, *named = joined([*hits, key])
    assert ["smokeloader.check-in"] * 4 == [hit.message for hit in named]
    assert ("smokeloader.request-key", "key search", "91/256", "4") == (
        said.message, *(said.fields[name] for name in ("key_source", "searched", "bots")),
    )  # fmt: skip
    [none] = requestkeys.found(search, KeyFound([], {}, 256, 256, True, 185.0, 0.0))
    assert (requestkeys.NO_KEY, "256/256") == (none.message, none.fields["searched"])
    assert [] == list(requestkeys.found(search, KeyFound([], {}, 12, 256, False, 185.0, 0.0)))


def test_nothing_is_searched_for_harmless_bodies() -> None:
    for name, some in inert.harmless().items():
        assert [] == list(requestkeys.jobs(judged(*some))), name


@pytest.mark.parametrize("name", inert.harmless())
def test_other_software_stays_unsaid(name: str) -> None:
    assert [] == joined(judged(*inert.harmless()[name]))


def test_decoys_are_no_servers_of_the_bot() -> None:
    body = inert.Bot().body(size=200)
    streams = [
        inert.Stream(
            inert.post("2015-08", body, site="www.adobe.com", uri="/go/flashplayer_support/"), time=n
        )
        for n in range(4)
    ]
    assert [] == joined(judged(*streams))


def test_what_an_answer_is() -> None:
    filler = inert.chance(900)
    wanted = {
        "task": inert.TASK, "page": inert.PAGE, "page and more": inert.PAGE + filler, "opaque": filler, "empty": b"",
        "text": b"nothing here",
    }  # fmt: skip
    for kind, body in wanted.items():
        [(_, said)] = posts.exchanges(
            lambda: [(0, inert.post("2018-08", inert.Bot().body()))],
            lambda body=body: [(0, inert.answer(404, body))],
        )
        assert kind == network.answer_kind(said)
    hits = judged(*beacons(inert.Bot(), answer=inert.answer(404, filler)))
    assert "404 with a body that is no page" in joined(hits)[0].fields["grounds"]


def test_a_place_to_load_from() -> None:
    hits = judged(*beacons(inert.Bot(), answer=inert.answer(404, inert.TASK)))
    found = next(hit for hit in joined(hits) if hit.message == "smokeloader.task-url")
    assert (Grade.INDICATED, "download-and-run", "http://payload.example/a1.exe") == (
        found.grade, found.function, found.fields["task_url"],
    )  # fmt: skip


def test_the_clear_protocol_of_2012_and_what_it_stole_unread() -> None:
    ask = inert.request(
        "GET", "/panel/index.php?cmd=getload&login=invented&ver=1&bits=0", [("Host", inert.SITE)]
    )
    [hit] = judged(inert.Stream(ask, inert.answer(200, b"Smk3")))
    assert ("smokeloader.old-gate", Grade.INDICATED, "getload", "Smk3", "/panel/index.php") == (
        hit.message, hit.grade, hit.fields["command"], hit.fields["answer"], hit.fields["uri"],
    )  # fmt: skip
    grab = inert.request(
        "POST", "/panel/index.php", [("Host", inert.SITE)], b"cmd=grab&data=hunter2&login=invented"
    )
    [hit] = judged(inert.Stream(grab))
    assert ("form-theft", "grab") == (hit.function, hit.fields["command"])
    assert "hunter2" not in str(hit)


def test_thresholds_of_the_sheet_hold_for_chance_and_for_forms() -> None:
    """Random bodies of 63, 200 and 400 bytes pass all but rarely; text never does."""
    for size in (63, 200, 400):
        passed = sum(posts.enciphered(inert.chance(size, seed)) for seed in range(300))
        assert passed >= 295
    assert not any(posts.enciphered(b"a=1&name=invented" * n) for n in range(1, 20))


def test_gaps_and_halves_never_raise() -> None:
    whole = inert.post("2018-08", inert.Bot().body())
    for cut in range(len(whole)):
        stream = inert.Stream(whole[:cut], inert.answer(404, inert.TASK)[:cut])
        network.wanted(stream)
        for hit in judged(stream, secrets=[(inert.KEY, "given")]):
            assert hit.fields.get("bot_id") in (None, inert.Bot().id)


def test_what_an_analyst_gives_becomes_searches() -> None:
    body = inert.Bot().body()
    [search] = asked.given({"body": [body.hex(), body[:12].hex()]})
    assert (body[:43].hex(),) == search.heads
    machine = {"name": ["WIN-PF2LPO0V4UO"], "serial": ["1CE38C10"]}
    [task] = asked.given(machine | {"task": ["25948A1110D2E646"]})
    assert ("md5-digits", "25948A1110D2E646", "") == (task.kind, task.begins, task.ends)
    [names] = asked.given(machine | {"files": ["cfjeirb", "dhbtvdi"]})
    assert ("25948A1", "37") == (names.begins, names.ends)
    assert [] == list(asked.given({"body": ["00"]})) == list(asked.given(machine))


def test_a_key_that_an_analyst_writes_is_tried() -> None:
    [hit] = judged(*beacons(inert.Bot(), count=1), secrets=[(inert.KEY.hex().encode(), "analyst")])
    assert (inert.Bot().id, "analyst") == (hit.fields["bot_id"], hit.fields["key_source"])


def captures(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every capture of the real evidence, those in archives too."""
    for path in sorted((folder / "pcap").rglob("*")):
        if path.name.endswith(".tar.xz"):
            with tarfile.open(path) as archive:
                for member in archive:
                    file = archive.extractfile(member)
                    if file is not None:
                        yield member.name, file.read()
        elif path.is_file():
            yield path.name, path.read_bytes()


def test_silent_on_all_real_captures(real_evidence: Path) -> None:
    """1,516 captures with 2,027 streams that nobody of us made."""
    seen = 0
    for name, data in captures(real_evidence):
        item = Item("1" * 64, name, len(data), BytesIO(data))
        for stream in streams(item) if sniff(data[:65536], name) else ():
            seen += 1
            assert not network.wanted(stream), name
            assert [] == list(network.judged(stream)), name
    assert seen > 2000


def test_the_machine_of_the_case_is_named_where_it_is_known() -> None:
    """By another name of it, or by the serial number of its volume; else the request's own name stands."""
    named = [Machine("ws-01.corp.example", ("WS-01",))]
    serial = [Machine("pc-7.corp.example", (), (Mark("volume-serial", "1CE38C10", "2" * 64),))]
    keys = [(inert.KEY, "given")]
    long = judged(*beacons(inert.Bot(word=2022), era="2022-10", named=True, size=300), secrets=keys)
    short = judged(*beacons(inert.Bot()), secrets=keys)
    for hits, machines, host in (
        (long, named, "ws-01.corp.example"),
        (short, serial, "pc-7.corp.example"),
        (long, serial, "WS-01"),
        (short, named, "1CE38C10"),
    ):
        assert host == joined(hits, machines)[1].host
