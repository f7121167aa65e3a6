# SPDX-License-Identifier: Apache-2.0
"""Collections through a whole run: host and original path of every item, and findings for each host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence.sealed import aes
from flow import incident
from flow.test_open import run
from hikeshi.case.saved import Saved

AGENT = b"""<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict><key>Label</key><string>com.example.marker-agent</string></dict></plist>
"""
MAIL = incident.MAIL.replace(b"body", b"See the attached marker-mail.")
YARA = b"""rule Marker {
  meta: id = "marker"
  strings: $a = "marker-agent" $b = "marker-mail"
  condition: any of them
}
"""
VOLUME = "uploads/ntfs/%5C%5C.%5CC%3A"
SHADOW = "uploads/ntfs_vss/%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy3"


def log(host: str) -> bytes:
    return incident.lines([incident.event(n, host) for n in range(5)])


def velociraptor(host: str | None) -> dict[str, bytes]:
    info = {"Hostname": host, "Fqdn": f"{host}.corp.example", "OS": "windows", "Version": "0.74"}
    files = {
        "uploads.json": b"",
        f"{VOLUME}/Users/%E5%B1%B1%E7%94%B0/mail.eml": MAIL,
        f"{VOLUME}/Windows/System32/winevt/Logs/log.jsonl": log(f"{host or 'PC9'}.corp.example"),
        f"{SHADOW}/Users/山田/mail.eml": MAIL,
    }
    return files | ({"client_info.json": json.dumps(info).encode()} if host else {})


@pytest.fixture
def case(tmp_path: Path) -> Saved:
    """Five machines: a secured Velociraptor container, a plain one that names nobody, KAPE twice, and a Mac by UAC."""
    folder = tmp_path / "evidence"
    inner = incident.zipped(velociraptor("KEIRI-PC07"))
    kape = {
        "C/$Extend/$J": b"\1\2",
        "C/Users/佐藤/mail.eml": MAIL,
        "2024-05-08T22_33_17_6779741_CopyLog.csv": b"CopiedTimestamp,SourceFile\r\n",
        "2024-05-08T22_33_17_6779741_ConsoleLog.txt": b"KAPE version 1.3\r\nMachine name: SOMU-PC02, 64-bit",
    }
    unsure = {
        "D/$Secure_$SDS": b"\1",
        "D/logs/a.jsonl": log("PC4") + b"\n",
        "D/logs/b.jsonl": log("PC5") + b"\n",
    }
    mac = {
        "uac.log": b"INF Unix-like Artifacts Collector 3.1.0\nINF Hostname: mac1\n",
        "[root]/Users/sato/Library/LaunchAgents/com.example.agent.plist": AGENT,
        "[root]/Users/sato/mail.eml": MAIL,
    }
    files = {
        "outer.zip": aes("data.zip", inner, b"infected"),
        "nameless.zip": incident.zipped(velociraptor(None)),
        "uac-mac2-macos-20240312090000.tar.gz": incident.tarred({**mac, "uac.log": b"cut short"}),
        **{f"kape/{path}": data for path, data in kape.items()},
        **{f"unsure/{path}": data for path, data in unsure.items()},
        **{f"mac/{path}": data for path, data in mac.items()},
    }
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (tmp_path / "rules.yar").write_bytes(YARA)
    run(tmp_path / "case", folder, yara=(str(tmp_path / "rules.yar"),))
    return Saved(tmp_path / "case")


def test_host_and_original_path_of_every_item(case: Saved) -> None:
    rows = case.rows(
        "SELECT path, layout, host, ground, original FROM places WHERE original IS NOT NULL ORDER BY path"
    )
    shadow = "\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy3\\Users\\山田\\mail.eml"
    windows = "C:\\Windows\\System32\\winevt\\Logs\\log.jsonl"
    agent = "/Users/sato/Library/LaunchAgents/com.example.agent.plist"
    assert {
        ("kape", "SOMU-PC02", "collection-file", "C:\\$Extend\\$UsnJrnl:$J"),
        ("kape", "SOMU-PC02", "collection-file", "C:\\Users\\佐藤\\mail.eml"),
        ("uac", "mac1", "collection-file", agent),
        ("uac", "mac1", "collection-file", "/Users/sato/mail.eml"),
        ("uac", "mac2", "collection-name", agent),
        ("uac", "mac2", "collection-name", "/Users/sato/mail.eml"),
        ("velociraptor", "PC9.corp.example", "event-logs", "C:\\Users\\山田\\mail.eml"),
        ("velociraptor", "PC9.corp.example", "event-logs", windows),
        ("velociraptor", "PC9.corp.example", "event-logs", shadow),
        ("velociraptor", "KEIRI-PC07", "collection-file", "C:\\Users\\山田\\mail.eml"),
        ("velociraptor", "KEIRI-PC07", "collection-file", windows),
        ("velociraptor", "KEIRI-PC07", "collection-file", shadow),
        ("kape", None, None, "D:\\$Secure:$SDS"),
        ("kape", None, None, "D:\\logs\\a.jsonl"),
        ("kape", None, None, "D:\\logs\\b.jsonl"),
    } == {(r["layout"], r["host"], r["ground"], r["original"]) for r in rows}


def test_one_item_many_places_a_finding_for_each_host(case: Saved) -> None:
    mail, agent = (
        [found for found in case.findings() if found["evidence"]["path"].endswith(end)]
        for end in (".eml", ".plist")
    )
    assert [1, 1] == [len({found["evidence"]["id"] for found in group}) for group in (mail, agent)]
    assert ["KEIRI-PC07", "PC9.corp.example", "SOMU-PC02", "mac1", "mac2"] == sorted(f["host"] for f in mail)
    assert ["mac1", "mac2"] == sorted(f["host"] for f in agent)
    assert len(mail) + len(agent) == len({found["id"] for found in (*mail, *agent)})
    (one,) = [f for f in mail if f["host"] == "KEIRI-PC07"]
    base = "evidence/outer.zip/data.zip"
    assert one["evidence"]["path"] == f"{base}/{VOLUME}/Users/%E5%B1%B1%E7%94%B0/mail.eml"
    assert [f"{base}/{SHADOW}/Users/山田/mail.eml"] == one["also"]
    assert 1 == case.rows("SELECT count(DISTINCT item) AS n FROM messages")[0]["n"]


def test_machines_of_collections_are_hosts(case: Saved) -> None:
    rows = {row["host"]: row for row in case.rows("SELECT host, aliases, events FROM hosts")}
    assert {"KEIRI-PC07.corp.example", "PC9.corp.example", "SOMU-PC02", "mac1", "mac2", "PC4", "PC5"} == set(
        rows
    )
    assert (["KEIRI-PC07"], 5) == tuple(rows["KEIRI-PC07.corp.example"].values())[1:]
