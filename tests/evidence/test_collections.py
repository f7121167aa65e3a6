# SPDX-License-Identifier: Apache-2.0
"""Collections recognised from paths alone; expected paths are those of the tools' documented layouts."""

from __future__ import annotations

import pytest

from hikeshi.evidence.collections import find, innermost
from hikeshi.readers import collector
from readers.reading import run

VELOCIRAPTOR = {
    "uploads/auto/C%3A/Users/山田/Desktop/見積.eml": "C:\\Users\\山田\\Desktop\\見積.eml",
    "uploads/ntfs/%5C%5C.%5CC%3A/$Extend/$UsnJrnl%3A$J": "C:\\$Extend\\$UsnJrnl:$J",
    "uploads/ntfs/%5C%5C.%5CC%3A/Windows/System32/winevt/Logs/Microsoft-Windows-Sysmon%254Operational.evtx": (
        "C:\\Windows\\System32\\winevt\\Logs\\Microsoft-Windows-Sysmon%4Operational.evtx"
    ),
    "uploads/mft/%5C%5C.%5Cd%3A/%E8%A8%98%E9%8C%B2.txt": "D:\\記録.txt",
    "uploads/ntfs_vss/%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy2/Windows/a.log": (
        "\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy2\\Windows\\a.log"
    ),
    "uploads/file/Users/yamada/Library/LaunchAgents/com.example.plist": (
        "/Users/yamada/Library/LaunchAgents/com.example.plist"
    ),
    "uploads/auto/etc/passwd": "/etc/passwd",
    "uploads.json": None,
    "client_info.json": None,
    "results/Windows.Triage.Targets%2FUploads.json": None,
}
KAPE = {
    "C/Users/山田/NTUSER.DAT": "C:\\Users\\山田\\NTUSER.DAT",
    "C/$Extend/$J": "C:\\$Extend\\$UsnJrnl:$J",
    "C/$Secure_$SDS": "C:\\$Secure:$SDS",
    "e/data/x.txt": "E:\\data\\x.txt",
    "2024-05-08T22_33_17_6779741_CopyLog.csv": None,
}
UAC = {
    "uac.log": None,
    "live_response/process/ps.txt": None,
    "[root]/etc/passwd": "/etc/passwd",
    "[root]/Users/山田/Library/LaunchAgents/com.example.plist": "/Users/山田/Library/LaunchAgents/com.example.plist",
}


@pytest.mark.parametrize(("layout", "tree"), [("velociraptor", VELOCIRAPTOR), ("kape", KAPE), ("uac", UAC)])
@pytest.mark.parametrize("root", ["evidence/one", "collected.zip", "a/b.zip/folder"])
def test_original_paths_come_back(layout: str, tree: dict[str, str | None], root: str) -> None:
    collections = find([f"{root}/{path}" for path in tree])
    assert {root: layout} == {found: c.layout for found, c in collections.items()}
    assert tree == {path: collections[root].original(f"{root}/{path}") for path in tree}


@pytest.mark.parametrize(
    ("root", "inner", "host"),
    [
        ("x/Collection-KEIRI-PC07-2024-03-12T09_00_00Z.zip/data.zip", "uploads/auto/C%3A/a", "KEIRI-PC07"),
        ("x/Collection-PC1-2024-03-12T09_00_00Z.zip", "uploads/auto/C%3A/a", "PC1"),
        ("uac-mac-07.aoba.example-macos-20240312090000.tar.gz", "[root]/etc/hosts", "mac-07.aoba.example"),
        ("uac-srv-linux-20240312090000", "[root]/etc/hosts", "srv"),
        ("renamed.zip", "uploads/auto/C%3A/a", None),
        ("kape/2024", "C/$Extend/$J", None),
    ],
)
def test_host_in_the_name(root: str, inner: str, host: str | None) -> None:
    assert host == find([f"{root}/{inner}", f"{root}/uac.log"])[root].named


@pytest.mark.parametrize(
    "paths",
    [
        ["web/uploads/file/picture.png"],
        ["web/uploads/auto/C/x"],
        ["disk/C/Windows/System32/config/SYSTEM"],
        ["logs/uac.log", "logs/other/[root]/etc/passwd"],
        ["x/2024-05-08T22_33_17_1_CopyLog.csv", "x/notes/readme.txt"],
        ["client_info.json"],
    ],
)
def test_what_is_no_collection(paths: list[str]) -> None:
    assert {} == find(paths)


def test_a_folder_inside_a_collection_begins_none_and_an_archive_does() -> None:
    outer = "case/uploads/auto/C%3A/Temp"
    left = [f"{outer}/uac.log", f"{outer}/[root]/etc/passwd"]
    archive = [f"{outer}/c.zip", f"{outer}/c.zip/uac.log", f"{outer}/c.zip/[root]/etc/passwd"]
    collections = find(["case/uploads.json", *left, *archive])
    assert {"case", f"{outer}/c.zip"} == set(collections)
    met = innermost(collections, left[1])
    assert met is not None
    assert "C:\\Temp\\[root]\\etc\\passwd" == met.original(left[1])


CLIENT_INFO = b'{"Hostname":"KEIRI-PC07","Fqdn":"KEIRI-PC07.aoba.example","OS":"windows","BuildTime":"2024"}'
CLIENT_RECORD = (
    b'{"client_id":"C.1","agent_information":{"name":"velociraptor"},"os_info":{"hostname":"KEIRI-PC07"}}'
)
UAC_LOG = (
    b"2024-03-12 09:00:00 +0900 INF Unix-like Artifacts Collector 3.1.0\n"
    b"2024-03-12 09:00:00 +0900 INF Operating system: macos\n2024-03-12 09:00:00 +0900 INF Hostname: KEIRI-PC07\n"
)
KAPE_LOG = (
    b"KAPE version 1.3.0.2, Author: Eric Zimmerman\r\n\r\nKAPE directory: E:\\KAPE\r\n"
    b"System info: Machine name: KEIRI-PC07, 64-bit: True, User: tanto OS: Windows10 (10.0.22621)\r\n"
)


@pytest.mark.parametrize(
    "content", [CLIENT_INFO, CLIENT_RECORD, UAC_LOG, KAPE_LOG, b"\xef\xbb\xbf" + CLIENT_INFO]
)
def test_the_tools_own_files_name_the_machine(content: bytes) -> None:
    assert collector.sniff(content, "")
    outcome = run(collector, content)
    assert [("collection", "KEIRI-PC07")] == [(r["kind"], r["value"]) for r in outcome.rows["machines"]]
    assert [] == outcome.issues


@pytest.mark.parametrize(
    "content",
    [
        b'{"hostname":"x"}',
        b'{"client_id":"a","client_secret":"b"}',
        b'{"Hostname":"x","EventID":1}',
        b'{"a":' + b"[" * 60_000,
        b"Machine name: x, no log",
        b"KAPE version 1.3, no machine",
    ],
)
def test_others_name_none(content: bytes) -> None:
    assert not collector.sniff(content, "client_info.json")
    assert [1] == [issue.records for issue in run(collector, content).issues]


@pytest.mark.parametrize("content", [CLIENT_INFO, UAC_LOG, KAPE_LOG])
def test_damage_never_raises(content: bytes) -> None:
    for cut in range(len(content)):
        run(collector, content[:cut])
    for at in range(len(content)):
        run(collector, content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
