# SPDX-License-Identifier: Apache-2.0
"""SmokeLoader through a whole run: captures, memory and access logs together become findings of named machines."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import smokeloader_config
import smokeloader_traffic as inert
from flow.test_keysearching import fewer
from hikeshi.flow import Options, run

BOTS = [inert.Bot(f"WS-0{n}", f"1CE38C1{n}") for n in range(3)]
CLIENT = "192.0.2.10"


def findings(case: Path) -> list[dict[str, Any]]:
    """The findings of the pack."""
    lines = (case / "findings.jsonl").read_text().splitlines()
    return [found for line in lines if (found := json.loads(line))["family"] == "smokeloader"]


def capture(key: bytes = inert.KEY) -> bytes:
    """Three bots of one build behind one address, four requests each."""
    made = inert.Network()
    for number, bot in enumerate(BOTS):
        for turn in range(4):
            body = bot.body(key, seed=turn + 1)
            answer = inert.answer(404, inert.TASK if turn == 2 else inert.PAGE)
            made.talk(turn * 600 + number * 70, CLIENT, [(inert.post("2018-03", body), answer)])
    return made.data


def memory(bits: int = 32) -> bytes:
    """A page file with a configuration, and the request key as an instruction carries it."""
    made = smokeloader_config.blob("X-FF", bits, texts=True)
    made.data[0x200:0x205] = b"\x68" + inert.KEY
    noise = random.Random(4).randbytes(300_000)
    return noise + bytes(made.data) + noise


def test_without_a_key_the_bots_are_told_apart_but_not_named(tmp_path: Path) -> None:
    (tmp_path / "gateway.pcap").write_bytes(capture())
    run([str(tmp_path / "gateway.pcap")], tmp_path / "case", Options(), 1)
    found = [one for one in findings(tmp_path / "case") if one["message"] == "smokeloader.beacon"]
    assert [("strong", None, "3")] * 3 == [
        (f["grade"], f["host"], f["fields"]["bots_of_client"]) for f in found
    ]
    urls = [f for f in findings(tmp_path / "case") if f["message"] == "smokeloader.task-url"]
    assert {"http://payload.example/a1.exe"} == {f["fields"]["task_url"] for f in urls}


def test_a_key_in_memory_names_all_three_and_shares_none_of_them(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    (evidence / "gateway.pcap").write_bytes(capture())
    (evidence / "pagefile.bin").write_bytes(memory())
    run([str(evidence)], tmp_path / "case", Options(), 1)
    found = findings(tmp_path / "case")
    named = [one for one in found if one["message"] == "smokeloader.check-in"]
    assert {("proven", bot.serial, bot.id) for bot in BOTS} == {
        (one["grade"], one["host"], one["fields"]["bot_id"]) for one in named
    }
    [key] = [one for one in found if one["message"] == "smokeloader.request-key"]
    assert key["fields"]["key_source"].startswith("memory ")
    [config] = [one for one in found if one["message"] == "smokeloader.config"]
    assert ("proven", "\n".join(smokeloader_config.URLS)) == (config["grade"], config["fields"]["c2_url"])
    assert not any(one["message"] in ("smokeloader.request", "smokeloader.key-candidates") for one in found)
    maco = [
        json.loads(line) for line in (tmp_path / "case/export/internal/maco.jsonl").read_text().splitlines()
    ]
    assert smokeloader_config.URLS in [[http["uri"] for http in one.get("http", ())] for one in maco]
    shared = b"".join(path.read_bytes() for path in sorted((tmp_path / "case/export/share").iterdir()))
    for bot in BOTS:
        for secret in (bot.id, bot.serial, bot.computer):
            assert secret.encode() not in shared
    assert b"gate.example" in shared


def test_other_victims_of_a_seized_server_are_listed_only_when_asked_for(tmp_path: Path) -> None:
    lines = [
        f"{client} - - [01/May/2018:{minute // 60:02d}:{minute % 60:02d}:0{number} +0000]"
        ' "POST /gate/ HTTP/1.1" 404 7 "-" "-"'
        for minute in range(0, 300, 10)
        for number, client in enumerate(("192.0.2.77", "198.51.100.9", "203.0.113.7"))
    ]
    (tmp_path / "access.log").write_text("\n".join(lines) + "\n")

    def listed(**asked: Any) -> list[str]:
        run([str(tmp_path / "access.log")], tmp_path / "case", Options(**asked), 1)
        found = findings(tmp_path / "case")
        assert 1 == sum(one["message"] == "smokeloader.panel-gate" for one in found)
        return sorted(
            one["fields"]["client"] for one in found if one["message"] == "smokeloader.panel-client"
        )

    assert [] == listed()
    assert ["203.0.113.7"] == listed(own=("203.0.113.0/24",))
    assert ["192.0.2.77", "198.51.100.9", "203.0.113.7"] == listed(cert=True)


def test_a_search_names_all_three_and_a_second_run_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer(monkeypatch)
    (tmp_path / "gateway.pcap").write_bytes(capture(bytes.fromhex("03000123")))
    evidence = [str(tmp_path / "gateway.pcap")]
    assert run(evidence, tmp_path / "case", Options(), 1).keys_left == 1
    assert "smokeloader.check-in" not in {one["message"] for one in findings(tmp_path / "case")}
    run(evidence, tmp_path / "case", Options(search_keys=True), 1)
    once = findings(tmp_path / "case")
    named = [one for one in once if one["message"] == "smokeloader.check-in"]
    assert {(bot.serial, bot.id) for bot in BOTS} == {(one["host"], one["fields"]["bot_id"]) for one in named}
    [key] = [one for one in once if one["message"] == "smokeloader.request-key"]
    assert ("proven", "03000123", "key search", "3") == (
        key["grade"], *(key["fields"][name] for name in ("config_key", "key_source", "bots")),
    )  # fmt: skip
    run(evidence, tmp_path / "case", Options(), 1)
    assert once == findings(tmp_path / "case")


def test_that_no_key_fits_is_said_only_when_all_were_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer(monkeypatch)
    (tmp_path / "gateway.pcap").write_bytes(capture())
    run([str(tmp_path / "gateway.pcap")], tmp_path / "case", Options(search_keys=True), 1)
    [none] = [one for one in findings(tmp_path / "case") if one["message"] == "smokeloader.no-request-key"]
    assert ("weak", "yes", "2") == (none["grade"], none["fields"]["exhausted"], none["fields"]["bodies"])


def test_every_era_in_one_capture(tmp_path: Path) -> None:
    """One client an era, three requests each: the row of its era is named, whatever else is there."""
    made = inert.Network()
    for number, era in enumerate(inert.ERAS):
        size = {"2015-08": 200, "2018-10": 120, "2022-10": 340}.get(era, 63)
        bot = inert.Bot(f"WS-{number:02}", f"0BADCA{number:02X}")
        for turn in range(3):
            body = bot.body(size=size, seed=turn + 1)
            made.talk(
                turn * 600 + number, f"192.0.2.{10 + number}", [(inert.post(era, body), inert.answer())]
            )
    for number, (name, streams) in enumerate(sorted(inert.harmless().items())):
        for turn, stream in enumerate(streams):
            made.talk(
                turn * 600 + 300, f"192.0.2.{90 + number}", [(stream.sent_bytes, stream.received_bytes)]
            )
        assert streams, name
    (tmp_path / "gateway.pcap").write_bytes(made.data)
    run([str(tmp_path / "gateway.pcap")], tmp_path / "case", Options(), 1)
    told = {one["fields"]["client"]: one["fields"]["rows"] for one in findings(tmp_path / "case")}
    wanted = {f"192.0.2.{10 + number}": era for number, era in enumerate(inert.ERAS)}
    assert wanted.keys() == told.keys()
    assert all(era in told[client].split(", ") for client, era in wanted.items())
