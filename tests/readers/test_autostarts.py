# SPDX-License-Identifier: Apache-2.0
"""What starts by itself on a Mac and on Linux: values that launchd.plist(5) and freedesktop.org define."""

from __future__ import annotations

import plistlib
from typing import Any

import pytest

from hikeshi.readers import desktop_entry, hosts_file, launchd, macos_names, pick
from hikeshi.synth import autostarts
from readers.evidence import members
from readers.reading import run


@pytest.mark.parametrize("binary", [False, True])
def test_an_agent(binary: bool) -> None:
    content = autostarts.launchd(
        "com.example.agent",
        ["/Users/taro/.example/agent", "-d", "a b"],
        binary=binary,
        RunAtLoad=True,
        StartInterval=600,
    )
    assert pick(content, "") is launchd
    (row,) = run(launchd, content).rows["autostarts"]
    assert ("launch-agent", "com.example.agent", None) == (row["kind"], row["name"], row["user"])
    assert ("/Users/taro/.example/agent", "-d a b") == (row["command"], row["arguments"])
    assert [("interval", "600"), ("run_at_load", "true")] == row["fields"]


def test_the_program_is_what_runs_whatever_the_first_argument_says() -> None:
    content = autostarts.launchd(
        "com.example.daemon", ["harmless", "x"], Program="/tmp/example", UserName="root"
    )
    (row,) = run(launchd, content).rows["autostarts"]
    assert ("launch-daemon", "/tmp/example", "x", "root") == (
        row["kind"],
        row["command"],
        row["arguments"],
        row["user"],
    )


def test_real_jobs() -> None:
    """plaso's launchd.plist states its own values."""
    found = {
        name: content
        for name, content in members("triage/plaso-test-data.tar.xz", ".plist")
        if "launchd" in name
    }
    assert 3 == sum(pick(content, "") is launchd for content in found.values())
    (full,) = [content for name, content in found.items() if name.endswith("/launchd.plist")]
    (row,) = run(launchd, full).rows["autostarts"]
    wanted = plistlib.loads(full)
    assert (wanted["Label"], wanted["Program"], wanted["UserName"]) == (
        row["name"],
        row["command"],
        row["user"],
    )


def test_other_property_lists_are_no_jobs() -> None:
    for name, content in members("triage/plaso-test-data.tar.xz", ".plist"):
        if "launchd" not in name:
            assert pick(content[:65536], "") is None, name


def test_a_desktop_entry() -> None:
    content = autostarts.desktop(
        "Example", r'"/home/taro/my \"apps\"/example" --start %U', Comment="例え", Hidden="false", TryExec="/bin/true"
    ) + b"\n[Desktop Action new]\nExec=/bin/other\n"  # fmt: skip
    assert pick(content, "") is desktop_entry
    (row,) = run(desktop_entry, content).rows["autostarts"]
    assert ("xdg-autostart", "Example") == (row["kind"], row["name"])
    assert ('/home/taro/my "apps"/example', "--start %U") == (row["command"], row["arguments"])
    assert [("comment", "例え"), ("hidden", "false"), ("try_exec", "/bin/true")] == row["fields"]


@pytest.mark.parametrize(
    "text",
    [
        "[Desktop Entry]\nType=Link\nURL=http://example.com/\n",
        "Exec=a\n[Desktop Entry]\n",
        "[Other]\nExec=a\n",
    ],
)
def test_what_is_no_program_is_no_entry(text: str) -> None:
    assert not desktop_entry.sniff(text.encode(), "a.desktop")


SETTINGS: dict[str, Any] = {
    "CurrentSet": "/Sets/1",
    "NetworkServices": {},
    "System": {
        "Network": {"HostNames": {"LocalHostName": "taros-mac"}},
        "System": {"ComputerName": "Taro’s Mac", "HostName": "mac1.corp.example"},
    },
}


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_how_a_mac_is_called(form: Any) -> None:
    content = plistlib.dumps(SETTINGS, fmt=form)
    assert pick(content, "") is macos_names
    rows = run(macos_names, content).rows["machines"]
    assert ["mac1.corp.example", "taros-mac", "Taro’s Mac"] == [row["value"] for row in rows]
    assert {"name"} == {row["kind"] for row in rows}


DEBIAN = b"# made by hand\n127.0.0.1\tlocalhost\n127.0.1.1\tweb01.corp.example web01 # own\n::1 localhost\n"


def test_a_hosts_file_names_the_machine() -> None:
    assert pick(DEBIAN, "") is hosts_file
    assert ["web01.corp.example", "web01"] == [
        row["value"] for row in run(hosts_file, DEBIAN).rows["machines"]
    ]
    windows = b"# Copyright\r\n#\t127.0.0.1       localhost\r\n#\t::1             localhost\r\n0.0.0.0 ads.example\r\n"
    assert pick(windows, "") is hosts_file
    assert {} == run(hosts_file, windows).rows


def test_a_line_of_blanks_costs_no_time() -> None:
    assert not hosts_file.sniff(b" " * 65_536, "hosts")
    assert not desktop_entry.sniff(b"[Desktop Entry]\n" + b"Exec" + b" " * 65_000, "a.desktop")


@pytest.mark.parametrize(
    "text",
    [
        b"127.0.0.1 localhost\nand more text\n",
        b"192.0.2.1 pc1\n",
        b"127.0.0.1 localhost;\n",
        b"127.0.0.1 localhost\0",
    ],
)
def test_other_text_is_no_hosts_file(text: bytes) -> None:
    assert not hosts_file.sniff(text, "etc/hosts")
