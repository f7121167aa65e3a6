# SPDX-License-Identifier: Apache-2.0
"""Streams a pack keeps: judged with the passwords of the case, again when there are new ones."""

from __future__ import annotations

import json
import random
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import netwire_evidence as published
import netwire_logs
import netwire_settings
import netwire_traffic as inert
from hikeshi import schema
from hikeshi.flow import Options, opening, run, sessions
from hikeshi.synth.capture import Conversation, pcap

PASSWORD = "s3cret-15-chars"
START = 1_516_924_800_000_000


def session(folder: Path) -> bytes:
    """A capture of the published messages under a password of our own, a second between packets."""
    agent, server = inert.stream(published.frames(folder), PASSWORD.encode())
    talk = Conversation(server_port=1972, time=START, step=1_000_000, size=300).open()
    first = 5 + 64
    talk.send(agent[:first]).receive(server[:67]).send(agent[first:]).receive(server[67:])
    return pcap(talk.close().packets)


def findings(case: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (case / "findings.jsonl").read_text().splitlines()]


def told(case: Path) -> set[str]:
    return {finding["message"] for finding in findings(case)}


def test_a_password_given_later_opens_the_capture_as_if_given_at_once(
    tmp_path: Path, real_evidence: Path
) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    with tarfile.open(evidence / "sensor.tar", "w") as archive:
        data = session(real_evidence)
        member = tarfile.TarInfo("gateway.pcap")
        member.size = len(data)
        archive.addfile(member, BytesIO(data))
    later, once = tmp_path / "later", tmp_path / "once"
    run([str(evidence)], later, Options(), 1)
    assert {"netwire.traffic", "netwire.command"} == told(later) - {"netwire.first-block"}
    outcome = run([str(evidence)], later, Options(passwords=(PASSWORD,)), 1)
    assert 0 == outcome.read
    run([str(evidence)], once, Options(passwords=(PASSWORD,)), 1)
    assert findings(once) == findings(later)
    assert {"netwire.session", "netwire.command", "netwire.file"} == told(once)
    opened = next(f for f in findings(once) if f["message"] == "netwire.session")
    assert ("proven", "ws-01", PASSWORD, "analyst") == (
        opened["grade"], opened["host"], opened["fields"]["config_password"], opened["fields"]["password_source"],
    )  # fmt: skip
    commands = [f for f in findings(once) if f["message"] == "netwire.command"]
    assert all("2018-01-26T00:00:00" < f["time"] < "2018-01-26T00:05:00" for f in commands)
    assert all(f["evidence"]["record"] is not None for f in commands)
    assert len({f["time"] for f in commands}) > 5


def test_other_captures_keep_nothing(tmp_path: Path) -> None:
    talk = (
        Conversation()
        .open()
        .send(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
        .receive(b"HTTP/1.1 204 No\r\n\r\n")
    )
    (tmp_path / "plain.pcap").write_bytes(pcap(talk.close().packets))
    run([str(tmp_path / "plain.pcap")], tmp_path / "case", Options(), 1)
    assert set() == told(tmp_path / "case")


def test_a_password_in_memory_opens_the_capture_of_another_item(tmp_path: Path, real_evidence: Path) -> None:
    sensor, memory = tmp_path / "gateway.pcap", tmp_path / "pagefile.bin"
    sensor.write_bytes(session(real_evidence))
    settings = {**netwire_settings.WINDOWS, "password": PASSWORD}
    noise = random.Random(4).randbytes(300_000)
    memory.write_bytes(
        noise
        + netwire_settings.struct("1.7a", settings)
        + noise
        + published.snapshots(real_evidence)["win7-32/5"]
        + netwire_logs.coded(1)
        + noise
    )
    later, once = tmp_path / "later", tmp_path / "once"
    run([str(sensor)], later, Options(), 1)
    assert "netwire.session" not in told(later)
    run([str(memory)], later, Options(), 1)
    run([str(sensor), str(memory)], once, Options(), 1)
    assert findings(once) == findings(later)
    wanted = {"netwire.session", "netwire.command", "netwire.file", "netwire.config", "netwire.stack"}
    assert wanted | {"netwire.key-log-text", "netwire.typed"} <= told(once)
    opened = next(f for f in findings(once) if f["message"] == "netwire.session")
    assert opened["fields"]["password_source"].startswith("settings in ")
    assert 1 == sum(f["message"] == "netwire.stack" for f in findings(once))


def test_a_kept_stream_that_is_too_long_is_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven of ten bytes sent and one of four received do not fit into three for each direction."""
    stream = schema.Stream(
        item="0" * 64, number=0, time=None, client="192.0.2.1", client_port=1, server="192.0.2.2", server_port=2,
        sent=lambda: [(0, b"0123456789")], received=lambda: [(0, b"abcd")], marks=lambda sent: [],
    )  # fmt: skip
    monkeypatch.setattr(sessions, "LARGEST", 3)
    monkeypatch.setattr(sessions, "packs", lambda: ["pack"])
    monkeypatch.setattr(sessions, "entry", lambda pack, name: lambda stream: True)
    monkeypatch.setattr("hikeshi.streams.capture.streams", lambda item: [stream])
    block, loss = sessions.kept(schema.Item("0" * 64, "", 0, BytesIO()))
    assert isinstance(block, bytes)
    assert block.endswith(b"\n012abc")
    assert isinstance(loss, schema.Issue)
    assert ("8", "3") == (loss.fields["bytes"], loss.fields["limit"])


def test_passwords_that_are_not_tried_are_counted() -> None:
    """4,096 are the most that settings may bring; the analyst's are always tried."""
    settings = [("item", {"config_password": "\n".join(f"{n:05}" for n in range(5000))})]
    secrets, left = opening.known_secrets(settings, ["mine"])
    assert (4097, 904) == (len(secrets), left)
    assert (b"mine", "analyst") == secrets[-1]


def test_keys_in_findings_are_secrets_as_bytes() -> None:
    settings = [("item-of-keys", {"config_key": "EC55C28F\n0bad\nno key\n123", "config_password": "pass"})]
    secrets, left = opening.known_secrets(settings, [])
    source = "settings in item-of-keys"
    assert ([(b"\x0b\xad", source), (b"pass", source), (bytes.fromhex("ec55c28f"), source)], 0) == (
        secrets,
        left,
    )
    assert ("0bad", source) == opening.told(secrets)[0]
