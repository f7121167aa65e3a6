# SPDX-License-Identifier: Apache-2.0
"""Machines known only from their own settings: a hive names the image, volume, collection or folder it lies in."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flow import incident
from flow.test_open import run
from hikeshi.case.saved import Saved
from hikeshi.flow import naming
from hikeshi.flow.saving import TABLED
from hikeshi.synth import autostarts, disk
from hikeshi.synth.registry import Key, hive, text
from readers import hive_logs, hives

SYSTEM = "Windows/System32/config/SYSTEM"
KINDS = ("autostart", "file-system", "registry-hive")
TASK = autostarts.task(r"\Example", r"C:\Users\taro\example.exe")


def rows(case: Saved, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in case.rows(sql)]


def machine(folder: Path, name: str) -> None:
    """A Windows system as a folder."""
    for path, content in (
        (SYSTEM, hives.system(name)),
        ("Windows/System32/config/SOFTWARE", hives.software()),
        ("Windows/System32/Tasks/Example", TASK),
        ("Users/taro/NTUSER.DAT", hives.user()),
        ("notes/elsewhere.body", disk.body([disk.Listed("/a", 1)])),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def test_a_folder_and_an_image_and_a_collection(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    machine(folder / "mounted", "PC-MOUNTED")
    kape = {
        "E/$Extend/$J": b"\1\2",
        f"E/{SYSTEM}": hives.system("PC-KAPE"),
        "E/Windows/System32/Tasks/Other": TASK + b"\n\0",
    }
    (folder / "somewhere.zip").write_bytes(incident.zipped(kape))
    make = shutil.which("mke2fs", path="/usr/sbin:/sbin:/usr/bin")
    if make:
        machine(tmp_path / "content", "PC-IMAGE")
        image = folder / "disk.dd"
        subprocess.run(
            [make, "-q", "-t", "ext4", "-d", tmp_path / "content", image, "6M"],
            check=True,
            capture_output=True,
        )
    case = Saved(run(tmp_path / "case", folder).case)
    found = {
        path: (host, ground) for path, host, ground in rows(case, "SELECT path, host, ground FROM places")
    }
    mounted = ("pc-mounted.corp.example", "registry")
    assert mounted == found[f"evidence/mounted/{SYSTEM}"] == found["evidence/mounted/Users/taro/NTUSER.DAT"]
    assert (None, None) == found["evidence/mounted/notes/elsewhere.body"]
    assert ("pc-kape.corp.example", "registry") == found[
        "evidence/somewhere.zip/E/Windows/System32/Tasks/Other"
    ]
    hosts = {host for (host,) in rows(case, "SELECT host FROM hosts")}
    assert {"pc-mounted.corp.example", "pc-kape.corp.example"} <= hosts
    if make is None:
        pytest.skip("mke2fs is not installed: no image was read")
    image_host = ("pc-image.corp.example", "registry")
    assert image_host == found["evidence/disk.dd"] == found["evidence/disk.dd/notes/elsewhere.body"]
    assert image_host == found["evidence/disk.dd/Windows/System32/Tasks/Example"]


def test_what_counts_as_an_artefact_that_was_examined(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    machine(folder / "pc", "PC1")
    (folder / "SAM").write_bytes(hive({r"SAM\Domains": Key([("", "REG_SZ", text("a"))])}, "SAM"))
    case = Saved(run(tmp_path / "case", folder).case)
    items = {kind: {row["item"] for row in case.rows(sql)} for kind, sql in TABLED.items() if kind in KINDS}
    paths: dict[str, set[str]] = {kind: set() for kind in items}
    for item, path in rows(case, "SELECT item, path FROM places"):
        for kind in items:
            paths[kind] |= {path.removeprefix("evidence/pc/")} if item in items[kind] else set()
    hives_there = {SYSTEM, "Windows/System32/config/SOFTWARE", "Users/taro/NTUSER.DAT"}
    assert {
        "registry-hive": hives_there,
        "autostart": {"Windows/System32/config/SOFTWARE", "Windows/System32/Tasks/Example"},
        "file-system": {"notes/elsewhere.body"},
    } == paths


def test_a_mac_and_a_debian_machine(tmp_path: Path) -> None:
    settings = {
        "NetworkServices": {},
        "System": {
            "Network": {"HostNames": {"LocalHostName": "taros-mac"}},
            "System": {"ComputerName": "Taro's Mac"},
        },
    }
    folder = tmp_path / "evidence"
    for path, content in (
        ("mac/Library/Preferences/SystemConfiguration/preferences.plist", plistlib.dumps(settings)),
        ("mac/Library/LaunchAgents/a.plist", autostarts.launchd("com.example.a", ["/tmp/a"])),
        ("linux/etc/hosts", b"127.0.0.1\tlocalhost\n127.0.1.1\tweb01.corp.example\tweb01\n"),
        ("linux/home/taro/.config/autostart/a.desktop", autostarts.desktop("A", "/tmp/a")),
        ("linux-unnamed/etc/hosts", b"127.0.0.1 localhost\n"),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    case = Saved(run(tmp_path / "case", folder).case)
    assert [("taros-mac",), ("web01.corp.example",)] == rows(case, "SELECT host FROM hosts ORDER BY host")
    assert [
        ("linux/home/taro/.config/autostart/a.desktop", "web01.corp.example", "system-settings"),
        ("mac/Library/LaunchAgents/a.plist", "taros-mac", "system-settings"),
    ] == rows(
        case,
        "SELECT replace(p.path, 'evidence/', '') AS path, p.host, p.ground FROM autostarts a JOIN places p USING (item)"
        " ORDER BY path",
    )


def test_where_a_property_list_lay_says_what_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    for path, name in (
        ("m/Library/LaunchDaemons/a.plist", "com.example.a"),
        ("m/Users/taro/Library/LaunchAgents/b.plist", "com.example.b"),
        ("loose.plist", "com.example.c"),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(autostarts.launchd(name, ["/tmp/x"]))
    (folder / "task").write_bytes(TASK)
    sql = "SELECT name, kind, path FROM autostarts ORDER BY name"
    wanted = [
        ("Example", "task", "\\Example"),
        ("com.example.a", "launch-daemon", "evidence/m/Library/LaunchDaemons/a.plist"),
        ("com.example.b", "launch-agent", "evidence/m/Users/taro/Library/LaunchAgents/b.plist"),
        ("com.example.c", "launch-agent", "evidence/loose.plist"),
    ]
    for _ in range(2):
        assert wanted == rows(Saved(run(tmp_path / "case", folder).case), sql)


def test_a_hive_that_lies_alone_names_itself(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "some.hive").write_bytes(hives.system("PC-ALONE"))
    (folder / "NTUSER.DAT").write_bytes(hives.user())
    case = Saved(run(tmp_path / "case", folder).case)
    assert [
        ("evidence/NTUSER.DAT", None, None),
        ("evidence/some.hive", "pc-alone.corp.example", "registry"),
    ] == rows(case, "SELECT path, host, ground FROM places ORDER BY path")
    assert [("pc-alone.corp.example", 0)] == rows(case, "SELECT host, events FROM hosts")


@pytest.mark.parametrize("packed", [False, True])
def test_the_same_hive_with_and_without_its_log_in_one_run(tmp_path: Path, packed: bool) -> None:
    """Whichever is met first: exported without its log, and where it lay, with it."""
    folder, with_log = (
        tmp_path / "evidence",
        {"NTUSER.DAT": hive_logs.OLD, "NTUSER.DAT.LOG1": hive_logs.log()},
    )
    for name in ("a", "z"):
        (folder / name).mkdir(parents=True)
        (folder / name / "NTUSER.DAT").write_bytes(hive_logs.OLD)
    if packed:
        (folder / "m.zip").write_bytes(
            incident.zipped({f"C/{name}": data for name, data in with_log.items()})
        )
    else:
        (folder / "m").mkdir()
        for name, data in with_log.items():
            (folder / "m" / name).write_bytes(data)
    case = Saved(run(tmp_path / "case", folder).case)
    assert [("new",)] == rows(case, "SELECT data FROM registry WHERE name = 'a'")
    assert ["unsupported-format"] == [issue["reason"] for issue in case.issues()]


def scope(
    paths: list[str], images: list[str], names: dict[str, list[str]] | None = None
) -> dict[str, str | None]:
    found = naming.scopes([(path, path) for path in paths], names or {}, images)
    return {path: (met.host if (met := naming.above(found, path)) else None) for path in paths}


def test_volumes_of_one_image_that_disagree_name_only_themselves() -> None:
    one, two = f"d.dd/p2/{SYSTEM}", f"d.dd/p3/{SYSTEM.lower()}"
    paths = ["d.dd", "d.dd/p1/x", one, two, "d.dd/p3/Users/a"]
    both = {one: ["PC1"], two: ["PC2"]}
    assert {"d.dd": None, "d.dd/p1/x": None, one: "PC1", two: "PC2", "d.dd/p3/Users/a": "PC2"} == scope(
        paths, ["d.dd"], both
    )
    same = {one: ["PC1"], two: ["pc1"]}
    assert {"PC1"} == {(host or "").upper() for host in scope(paths, ["d.dd"], same).values()}


def test_a_hive_kept_in_a_backup_names_the_backup() -> None:
    own, kept = f"d.dd/{SYSTEM}", f"d.dd/Users/a/Desktop/PC2/{SYSTEM}"
    paths = [own, kept, "d.dd/Users/a/Desktop/PC2/notes.txt", "d.dd/Users/a/Desktop/PC2/Users/b/NTUSER.DAT"]
    found = scope(paths, ["d.dd"], {own: ["PC1"], kept: ["PC2"]})
    assert ["PC1", "PC2", "PC1", "PC2"] == [found[path] for path in paths]


@pytest.mark.parametrize("packed", [False, True])
def test_logs_beside_a_hive_are_applied_also_when_they_come_later(tmp_path: Path, packed: bool) -> None:
    """A value that stands in the log alone; in a zip, hive and log are members of one folder."""
    content = {"NTUSER.DAT": hive_logs.OLD, "NTUSER.DAT.LOG1": hive_logs.log()}
    alone, both, case = tmp_path / "alone", tmp_path / "both", tmp_path / "case"
    alone.mkdir()
    both.mkdir()
    (alone / "NTUSER.DAT").write_bytes(hive_logs.OLD)
    if packed:
        files = {f"C/Users/taro/{name}": data for name, data in content.items()}
        (both / "x.zip").write_bytes(incident.zipped(files))
    else:
        for name, data in content.items():
            (both / name).write_bytes(data)
    said = "SELECT data, \"offset\" IS NULL AS logged FROM registry WHERE name = 'a'"
    assert [("old", False)] == rows(Saved(run(case, alone).case), said)
    assert ["log-not-applied"] == [issue["reason"] for issue in Saved(case).issues()]
    assert [("new", True)] == rows(Saved(run(case, both).case), said)
    assert ["unsupported-format"] == [issue["reason"] for issue in Saved(case).issues()]
    assert [("new", True)] == rows(Saved(run(case, alone).case), said)
