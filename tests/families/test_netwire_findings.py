# SPDX-License-Identifier: Apache-2.0
"""What regions and streams give as findings, what the findings say together, and that no secret is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import netwire_evidence as published
import netwire_logs
import netwire_settings
import netwire_traffic as inert
from hikeshi import families, words
from hikeshi.families.netwire import network, raw
from hikeshi.families.netwire.joins import joined
from hikeshi.families.netwire.keylog import encoded
from hikeshi.pack import Grade, Hit

PACK = next(pack for pack in families.packs() if pack.name == "netwire")


@dataclass(frozen=True)
class Region:
    """A region of raw bytes."""

    item: str
    offset: int
    bytes: bytes


@dataclass(frozen=True)
class Stream:
    """A stream of bytes in memory."""

    sent_bytes: bytes
    received_bytes: bytes
    item: str = "1" * 64
    number: int = 3
    time: int | None = 1_700_000_000_000_000
    client: str = "192.0.2.17"
    client_port: int = 50000
    server: str = "203.0.113.5"
    server_port: int = 1972

    def sent(self) -> Iterator[tuple[int, bytes]]:
        yield 0, self.sent_bytes

    def received(self) -> Iterator[tuple[int, bytes]]:
        yield 0, self.received_bytes


def worded(hits: list[Hit]) -> list[Hit]:
    """The hits; each is checked against pack.toml and can be said in both languages."""
    for hit in hits:
        assert hit.function is None or hit.function in PACK.functions
        assert set(hit.techniques) <= set(PACK.mitre + PACK.ours)
        for lang in words.LANGS:
            assert words.text(hit.message, lang, hit.fields)
    return hits


def region(data: bytes, offset: int = 512) -> Region:
    return Region("0" * 64, offset, data)


def test_a_stack_becomes_findings(real_evidence: Path) -> None:
    data = published.snapshots(real_evidence)["win7-32/5"]
    stack, file = worded(list(raw.stacks(region(data))))
    assert ("netwire.stack", Grade.PROVEN, "file-to-victim", 512) == (
        stack.message, stack.grade, stack.function, stack.offset,
    )  # fmt: skip
    assert ("nwclient-PC", "joakim", "upload", r"C:\share\*.*") == (
        stack.host, stack.user, stack.fields["action"], stack.fields["path"],
    )  # fmt: skip
    assert ("netwire.file", "54821", "PDF", "to-victim", "yes", "0") == (
        file.message, *(file.fields[n] for n in ("bytes", "type", "direction", "whole", "wrong_bytes")),
    )  # fmt: skip


def test_a_key_log_becomes_findings_without_what_was_typed() -> None:
    plain = (
        netwire_logs.day(1, windows=4)
        + b"\r\n\r\n[Log in - Exchange] - [12/03/2024 11:00:00]\r\nhunter2[Enter]"
    )
    hits = list(raw.keylogs(region(bytes(600) + encoded(plain) + bytes(600))))
    assert len(worded(list(joined(hits)))) == len(hits)
    log, *typed = hits
    assert ("netwire.key-log-clue", Grade.PROVEN, 512 + 600, str(len(plain))) == (
        log.message, log.grade, log.offset, log.fields["bytes"],
    )  # fmt: skip
    assert [5, None] == [len(typed), typed[0].time]
    assert ("Log in - Exchange", "yes", "12/03/2024 11:00:00") == (
        typed[-1].fields["window"], typed[-1].fields["login"], typed[-1].time_text,
    )  # fmt: skip
    assert typed[-1].fields["typed"].startswith("masked:len=14:")
    assert "hunter2" not in repr(hits)
    assert not [word for word in netwire_logs.WORDS if len(word) > 6 and f" {word} " in repr(hits)]


def test_settings_become_a_finding_whose_fields_the_exports_know() -> None:
    data = bytes(300) + netwire_settings.struct("1.7 with group", netwire_settings.WINDOWS)
    (hit,) = worded(list(raw.configs(region(data))))
    assert ("netwire.config", Grade.PROVEN, 812) == (hit.message, hit.grade, hit.offset)
    assert {
        "c2": "c2.example:1972\n198.51.100.7:443",
        "config_password": "Password",
        "config_campaign": "Default Group",
        "config_mutex": "UQrgsndM",
        "config_options_meaning": "mutex, offline key logger",
        "config_sleep": "75",
    }.items() <= hit.fields.items()


def test_a_decrypted_session_becomes_findings(real_evidence: Path) -> None:
    frames = published.frames(real_evidence)
    hits = worded(list(network.judged(Stream(*inert.stream(frames, b"s3cret-1")), [(b"s3cret-1", "memory")])))
    session = hits[0]
    assert ("netwire.session", Grade.PROVEN, "ws-01", "joakim") == (
        session.message, session.grade, session.host, session.user,
    )  # fmt: skip
    assert ("203.0.113.5:1972", "memory", "s3cret-1", "1.7a") == tuple(
        session.fields[name] for name in ("c2", "password_source", "config_password", "config_version")
    )
    functions = {hit.function for hit in hits}
    assert {
        "keylogging",
        "credential-theft",
        "screen-capture",
        "remote-shell",
        "file-to-victim",
        "clean-up",
    } <= functions
    assert {"file-from-victim", "download-and-run", "process-monitor", "file-search", "task"} <= functions
    commands = [hit for hit in hits if hit.message == "netwire.command"]
    assert {"yes"} == {hit.fields["decrypted"] for hit in commands}
    files = [hit for hit in hits if hit.message == "netwire.file"]
    assert {"text"} == {hit.fields["type"] for hit in files if hit.fields["direction"] == "to-victim"}


def test_a_session_that_stays_closed_still_tells_its_commands(real_evidence: Path) -> None:
    frames = published.frames(real_evidence)
    hits = worded(list(network.judged(Stream(*inert.stream(frames, b"unknown")))))
    assert ("netwire.traffic", Grade.STRONG, None) == (hits[0].message, hits[0].grade, hits[0].host)
    deleted = [h for h in hits if h.fields.get("command") == "key-log-delete"]
    assert 6 == len(deleted)
    assert {("no", "clean-up", "strong")} == {
        (h.fields["decrypted"], h.function, str(h.grade)) for h in deleted
    }
    assert not [h for h in hits if any(name.startswith("command_") for name in h.fields)]


def test_other_streams_and_regions_give_nothing() -> None:
    assert [] == list(network.judged(Stream(b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")))
    for judge in (raw.stacks, raw.keylogs, raw.configs):
        assert [] == list(judge(region(bytes(5000))))


def finding(message: str, machine: str | None = "ws-01", **fields: str) -> Hit:
    return Hit(
        message[-1] * 64, Grade.PROVEN, message, record=1, host=machine, family="netwire", fields=fields
    )


CONFIG = finding("netwire.config", None, config_host_id="spring-01", config_keylog_dir="%AppData%\\Logs\\")
REGISTRY = finding("netwire.identity", registry_path=r"SOFTWARE\NetWire\HostId", registry_data="spring-01")
COMMAND = finding("netwire.command", command="set-host-id", command_host_id="spring-01")
HELLO = finding("netwire.session", install_date="2024-03-12 09:41:05")
DATE = finding(
    "netwire.identity", registry_path=r"SOFTWARE\NetWire\Install Date", registry_data="2024-03-12 09:41:05"
)


def messages(*hits: Hit) -> list[str]:
    return sorted(hit.message for hit in worded(list(joined(hits))))


def test_one_host_id_that_differs_is_one_contradiction() -> None:
    assert ["netwire.same-value"] == messages(CONFIG, REGISTRY, COMMAND)
    other = finding("netwire.command", command="set-host-id", command_host_id="summer-02")
    assert ["netwire.contradiction"] == messages(CONFIG, REGISTRY, other)
    (told,) = joined([CONFIG, REGISTRY, other])
    assert ("host-id", "spring-01 / summer-02") == (told.fields["what"], told.fields["values"])
    assert [] == messages(REGISTRY)
    assert [] == messages(finding("netwire.config", None, config_host_id="HostId-%Rand%"), REGISTRY)


def test_install_date_and_introduction_agree_or_contradict() -> None:
    assert ["netwire.same-value"] == messages(HELLO, DATE)
    assert ["netwire.contradiction"] == messages(
        finding("netwire.session", install_date="2024-03-13 00:00:00"), DATE
    )
    assert [] == messages(HELLO, finding("netwire.session", "ws-02", install_date="2020-01-01 00:00:00"))


def test_a_log_where_the_settings_say_and_of_the_day_that_was_deleted() -> None:
    log = finding("netwire.key-log", file=r"C:\Users\a\AppData\Roaming\Logs\18-12-2022")
    deleted = finding("netwire.command", command="key-log-delete", command_day="18-12-2022")
    carved = finding("netwire.key-log-clue", None, first="18/12/2022 10:00:00")
    assert ["netwire.same-value"] == messages(CONFIG, log)
    assert ["netwire.log-of-day"] == messages(log, deleted)
    assert ["netwire.key-log-text", "netwire.log-of-day"] == messages(carved, deleted)
    assert [] == messages(finding("netwire.key-log", file=r"C:\Other\18-12-2022"), CONFIG)


@pytest.mark.parametrize("machine", ["ws-01", "ws-02"])
def test_evidence_without_a_machine_belongs_to_none_of_several(machine: str) -> None:
    assert [] == messages(CONFIG, finding("netwire.copy", machine), finding("netwire.copy", "ws-03"))
