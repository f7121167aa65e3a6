# SPDX-License-Identifier: Apache-2.0
"""Reveal and quarantine: what comes out, what stays in, and the lines they leave."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

import netwire_logs
from evidence.sealed import aes
from flow import incident
from flow.test_flow import content
from flow.test_open import run
from hikeshi.case.saved import Saved
from hikeshi.cli import main
from hikeshi.evidence import zip_archive
from hikeshi.families.netwire.keylog import encoded
from hikeshi.schema import Found, Item
from hikeshi.synth import capture

BODY = "パスワードは xyzzy-4711 です"
MAIL = incident.MAIL.replace(
    b"Subject: test\r\n", b"Subject: marker-subject\r\nContent-Type: text/plain; charset=utf-8\r\n"
).replace(b"body", BODY.encode())
MBOX = b"From a@example.com Fri Jan 26 00:00:00 2018\n" + incident.MAIL.replace(b"\r\n", b"\n") + b"\n"
MBOX += b"From a@example.com Fri Jan 26 00:00:00 2018\n" + MAIL.replace(b"\r\n", b"\n") + b"\n"
YARA = b'rule Marker { meta: id = "marker" strings: $a = "marker-subject" condition: $a at 85 or $a }\n'
SAMPLE = b"inert bytes that stand for a program\n" * 200


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    inner = incident.zipped({"日本/mail.eml": MAIL, "sample.bin": SAMPLE})
    (folder / "outer.zip").write_bytes(aes("inner.zip", inner, b"sesame"))
    (folder / "box.mbox").write_bytes(MBOX)
    return folder


@pytest.fixture
def case(tmp_path: Path, evidence: Path) -> Path:
    (tmp_path / "rules.yar").write_bytes(YARA)
    run(tmp_path / "case", evidence, passwords=("sesame",), yara=(str(tmp_path / "rules.yar"),))
    return tmp_path / "case"


def show(capfdbinary: Any, *arguments: Any) -> tuple[int, bytes, str]:
    code = main(["show", *map(str, arguments)])
    out, err = capfdbinary.readouterr()
    return code, out, err.decode()


def log(case: Path) -> list[dict[str, Any]]:
    path = case / "reveals.log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def item_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_reveal_a_record_and_log_it(case: Path, evidence: Path, capfdbinary: Any) -> None:
    before = content(case)
    code, out, err = show(
        capfdbinary, "secrets", case, "--reveal", f"{item_of(MBOX)[:12]}:1", "--evidence", evidence
    )
    assert (0, BODY.encode()) == (code, out.strip())
    assert "reveals.log" in err
    (line,) = log(case)
    assert ("reveal", item_of(MBOX), 1, "messages", "body") == tuple(
        line[key] for key in ("event", "item", "record", "table", "column")
    )
    assert all(line[key] for key in ("operator", "machine"))
    assert line["time"].endswith("+00:00")
    assert "xyzzy" not in (case / "reveals.log").read_text()
    assert before == content(case)


def test_reveal_a_finding_through_an_encrypted_container(
    case: Path, evidence: Path, capfdbinary: Any
) -> None:
    found = [f for f in Saved(case).findings() if f["evidence"]["path"].endswith("mail.eml")]
    arguments = ["secrets", case, "--reveal", found[0]["id"], "--evidence", evidence / "outer.zip", "--json"]
    code, out, err = show(capfdbinary, *arguments)
    assert (2, b"") == (code, out)
    assert "--password" in err
    code, out, _ = show(capfdbinary, *arguments, "--password", "sesame")
    assert (0, BODY) == (code, json.loads(out)["value"].strip())
    assert [found[0]["id"]] == [line["asked"] for line in log(case)]


def test_reveal_refuses_other_evidence(case: Path, evidence: Path, capfdbinary: Any) -> None:
    arguments = ["secrets", case, "--reveal", item_of(MBOX), "--evidence", evidence]
    (evidence / "box.mbox").write_bytes(MBOX.replace(b"xyzzy", b"other"))
    code, out, err = show(capfdbinary, *arguments)
    assert (1, b"") == (code, out)
    assert "SHA-256 differs" in err
    (evidence / "box.mbox").unlink()
    code, out, err = show(capfdbinary, *arguments)
    assert (1, b"") == (code, out)
    assert "does not hold" in err
    assert [] == log(case)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["secrets", "--reveal", "f-0000000000000000", "--evidence", "."], "no finding"),
        (["secrets", "--reveal", "abc", "--evidence", "."], "no item"),
        (["secrets", "--reveal", item_of(MBOX) + ":x", "--evidence", "."], "no record"),
        (["secrets", "--reveal", item_of(SAMPLE), "--evidence", "."], "Nothing is masked"),
        (["secrets", "--reveal", item_of(MBOX)], "--evidence"),
        (["findings", "--reveal", item_of(MBOX), "--evidence", "."], "show secrets"),
        (["evidence", "--quarantine", item_of(MBOX), "--evidence", "."], "--out"),
        (["findings", "--evidence", "."], "--reveal"),
    ],
)
def test_what_is_not_meant_is_said(case: Path, capfdbinary: Any, arguments: list[str], said: str) -> None:
    code, out, err = show(capfdbinary, arguments[0], case, *arguments[1:])
    assert (2, b"") == (code, out)
    assert said in err
    assert [] == log(case)


def test_reveal_a_header_field_of_a_capture(tmp_path: Path, capfdbinary: Any) -> None:
    request = b"GET / HTTP/1.1\r\nHost: web.example\r\nAuthorization: Basic dTpnZWhlaW0=\r\n\r\n"
    (tmp_path / "net.pcap").write_bytes(conversation(request))
    run(tmp_path / "case", tmp_path / "net.pcap")
    code, out, _ = show(capfdbinary, "secrets", tmp_path / "case", "--json")
    (row,) = map(json.loads, out.splitlines())
    assert ("exchanges", "Basic" in out.decode()) == (row["table"], False)
    arguments = ["--reveal", f"{row['item']}:{row['record']}", "--evidence", tmp_path / "net.pcap"]
    code, out, _ = show(capfdbinary, "secrets", tmp_path / "case", *arguments)
    assert (0, b"Basic dTpnZWhlaW0=") == (code, out.strip())


def test_reveal_what_was_typed_in_a_key_log(tmp_path: Path, capfdbinary: Any) -> None:
    plain = netwire_logs.day(1, windows=4) + b"\r\n\r\n[Log in - Exchange] - [12/03/2024 11:00:00]\r\n"
    plain += b"hunter2[Enter]"
    (tmp_path / "found.bin").write_bytes(b"\x01\x02" * 300 + encoded(plain) + bytes(600))
    run(tmp_path / "case", tmp_path / "found.bin")
    (found,) = [
        f for f in Saved(tmp_path / "case").findings() if "masked:len=14" in f["fields"].get("typed", "")
    ]
    code, out, _ = show(capfdbinary, "secrets", tmp_path / "case", "--json")
    assert (0, [found["id"]]) == (code, [json.loads(line)["finding"] for line in out.splitlines()])
    arguments = ["--reveal", found["id"], "--evidence", tmp_path / "found.bin"]
    code, out, _ = show(capfdbinary, "secrets", tmp_path / "case", *arguments)
    assert (0, b"hunter2[Enter]") == (code, out.strip())
    assert ["findings"] == [line["table"] for line in log(tmp_path / "case")]


def conversation(request: bytes) -> bytes:
    """A capture of one request after a handshake."""
    here, there = ("192.0.2.1", 1025), ("198.51.100.2", 80)
    steps = [
        (here, there, 100, 0, 2, b""),
        (there, here, 500, 101, 18, b""),
        (here, there, 101, 501, 24, request),
    ]
    packets = []
    for time, (source, target, seq, ack, flags, data) in enumerate(steps):
        segment = capture.tcp(source[1], target[1], seq, ack, flags, data)
        packets.append(capture.Packet(time, capture.ether(capture.ip(source[0], target[0], 6, segment))))
    return capture.pcap(packets)


def test_secrets_are_listed_masked(case: Path, capfdbinary: Any) -> None:
    code, out, _ = show(capfdbinary, "secrets", case, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (0, 3) == (code, len(rows))
    assert {("messages", "body")} == {(row["table"], row["column"]) for row in rows}
    assert BODY.encode() not in out


def test_quarantine(case: Path, evidence: Path, tmp_path: Path, capfdbinary: Any) -> None:
    out = tmp_path / "out.zip"
    wanted = sorted([item_of(SAMPLE), item_of(MBOX)])
    arguments = ["--evidence", evidence, "--password", "sesame"]
    code, said, _ = show(capfdbinary, "evidence", case, "--quarantine", *wanted, "--out", out, *arguments)
    assert (0, [*wanted, str(out)]) == (code, said.decode().split())
    data = out.read_bytes()
    assert b"inert" not in data
    item = Item("0" * 64, "", len(data), io.BytesIO(data))
    members = {f.place: b"".join(f.chunks) for f in zip_archive.read([item]) if isinstance(f, Found)}
    assert {item_of(SAMPLE): SAMPLE, item_of(MBOX): MBOX} == members
    assert [("quarantine", item) for item in wanted] == [(line["event"], line["item"]) for line in log(case)]
    assert zipfile.ZipFile(out).namelist() == wanted
    code, _, err = show(capfdbinary, "evidence", case, "--quarantine", wanted[0], "--out", out, *arguments)
    assert (2, data) == (code, out.read_bytes())
    assert "exists" in err


@pytest.mark.parametrize("inside", ["case", "evidence"])
def test_quarantine_keeps_out_of_case_and_evidence(
    case: Path, evidence: Path, tmp_path: Path, capfdbinary: Any, inside: str
) -> None:
    out = tmp_path / inside / "out.zip"
    arguments = ["--out", out, "--evidence", evidence]
    code, _, err = show(capfdbinary, "evidence", case, "--quarantine", item_of(MBOX), *arguments)
    assert (2, False) == (code, out.exists())
    assert "inside" in err


def test_a_sealed_case_stays_as_it_is(case: Path, evidence: Path, capfdbinary: Any) -> None:
    (case / "seal").mkdir()
    code, _, err = show(capfdbinary, "secrets", case, "--reveal", item_of(MBOX), "--evidence", evidence)
    assert (2, []) == (code, log(case))
    assert "sealed" in err
