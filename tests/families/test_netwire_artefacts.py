# SPDX-License-Identifier: Apache-2.0
"""NetWire in registry hives, autostart entries and file listings: what is its own, and listings of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from hikeshi import families, schema, words
from hikeshi.families.netwire import artefacts
from hikeshi.families.netwire.joins import joined
from hikeshi.pack import Grade, Hit, Machine, Mark, replace

PACK = next(pack for pack in families.packs() if pack.name == "netwire")
HIVE, LISTING = "a" * 64, "b" * 64
USER = r"HKU\S-1-5-21-1000000001-1000000002-1000000003-1001\Software"
RUN = USER + r"\Microsoft\Windows\CurrentVersion\Run"
SETUP = r"HKLM\SOFTWARE\Microsoft\Active Setup\Installed Components"
PROGRAM = r"C:\Users\hayashi\AppData\Roaming\Install\Host.exe"
FINDER = "/Users/ito/.defaults/Finder.app/Contents/MacOS/Finder"
AGENT = "/Users/ito/Library/LaunchAgents/com.mac.host.plist"
TIME = 1_710_204_060_000_000


def table(name: str, rows: list[dict[str, Any]], item: str = HIVE) -> Any:
    stated = [{"item": item, "record": number, "time": TIME, **row} for number, row in enumerate(rows)]
    return schema.table(name, stated)


def value(key: str, name: str, data: str) -> dict[str, Any]:
    return {"key": key, "name": name, "type": "REG_SZ", "data": data}


def told(hits: Iterator[Hit]) -> list[tuple[str, str]]:
    found = [hit for hit in hits if hit.message not in PACK.clues]
    for hit in found:
        assert hit.function is None or hit.function in PACK.functions
        assert set(hit.techniques) <= set(PACK.mitre + PACK.ours)
        for lang in words.LANGS:
            assert words.text(hit.message, lang, hit.fields)
    return [(hit.message.removeprefix("netwire."), str(hit.grade)) for hit in found]


OWN_VALUES = [
    (value(USER + r"\NetWire", "HostId", "HostId-kai6Ci"), ("identity", "strong")),
    (value(USER + r"\NetWire", "Install Date", "2021-08-30 07:17:27"), ("identity", "strong")),
    (value(RUN, "NetWire", PROGRAM), ("run-value", "strong")),
    (value(RUN, "NetWire", f'"{PROGRAM}"'), ("run-value", "strong")),
    (value(RUN, "NetWire", r"%AppData%\Install\Host.exe"), ("run-value", "strong")),
    (value(RUN, "NetWire", r"C:\Example\other.exe"), ("run-partial", "indicated")),
    (value(RUN, "Updater", PROGRAM), ("run-partial", "indicated")),
    (value(SETUP + r"\{0Q44F73L-1XD5-6N1H-53K4-I28DQ30QB8Q1}", "StubPath", PROGRAM), ("active-setup", "indicated")),
]  # fmt: skip
OTHER_VALUES = [
    value(USER + r"\NetWire", "Theme", "dark"),
    value(USER + r"\NetWire Pro", "HostId", "HostId-kai6Ci"),
    value(USER + r"\Example\HostId", "HostId", "x"),
    value(RUN, "OneDrive", r"C:\Users\hayashi\AppData\Local\Microsoft\OneDrive\OneDrive.exe /background"),
    value(USER + r"\Microsoft\Windows\CurrentVersion\RunMRU", "NetWire", PROGRAM),
    value(SETUP + r"\{8A69D345-D564-463c-AFF1-A69D9E530F96}", "StubPath", r"C:\Example\chrmstp.exe"),
    value(SETUP + r"\{>22d6f312-b0f6-11d0-94ab-0080c74c7e95}", "StubPath", r"C:\Example\unregmp2.exe"),
    value(SETUP + r"\{0Q44F73L-1XD5-6N1H-53K4-I28DQ30QB8Q1}", "Version", "1"),
    {"key": None, "name": None, "data": None},
]


@pytest.mark.parametrize(("row", "expected"), OWN_VALUES)
def test_values_of_a_hive(row: dict[str, Any], expected: tuple[str, str]) -> None:
    (hit,) = artefacts.registry(table("registry", [row]))
    assert [expected] == told(iter([hit]))
    assert (f"{row['key']}\\{row['name']}", TIME) == (hit.fields["registry_path"], hit.time)
    assert "program" not in hit.fields


def test_values_of_others() -> None:
    assert [] == told(artefacts.registry(table("registry", OTHER_VALUES)))


def entry(kind: str, path: str, command: str | None, name: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "path": path, "command": command, "name": name}


ENTRIES = [
    (entry("launch-agent", AGENT, FINDER, "com.mac.host"), [("autostart", "strong")]),
    (entry("launch-agent", AGENT, FINDER), [("autostart", "strong")]),
    (entry("launch-agent", AGENT, "/Users/ito/.default/Dropbox.app/Contents/MacOS/Dropbox", "com.mac.host"),
     [("autostart-partial", "indicated")]),
    (entry("launch-agent", "/Users/ito/Library/LaunchAgents/com.example.plist", FINDER),
     [("autostart-partial", "indicated")]),
    (entry("xdg-autostart", "/home/mori/.config/autostart/wifi.desktop", "/home/mori/WIFIADAPT"),
     [("autostart-partial", "indicated")]),
    (entry("launch-agent", "/Library/LaunchAgents/com.apple.finder.plist",
           "/System/Library/CoreServices/Finder.app/Contents/MacOS/Finder"), []),
    (entry("task", r"\Microsoft\Windows\Example", r"C:\Windows\System32\example.exe"), []),
    (entry("xdg-autostart", "/home/mori/.config/autostart/mail.desktop", "/usr/bin/mail"), []),
    (entry("launch-agent", "", None), []),
]  # fmt: skip


@pytest.mark.parametrize(("row", "expected"), ENTRIES)
def test_autostart_entries(row: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert expected == told(artefacts.autostarts(table("autostarts", [row])))


OWN_FILES = {
    PROGRAM: "copy",
    r"Users\hayashi\AppData\Roaming\Logs\12-03-2024": "key-log",
    "C/Users/hayashi/AppData/Roaming/Logs/31-12-2023": "key-log",
    FINDER: "copy",
    AGENT: "autostart-file",
    "/home/mori/WIFIADAPT": "copy",
}
OTHER_FILES = (
    r"C:\Users\hayashi\AppData\Roaming\Logs\12-03-2024.txt",
    r"C:\Users\hayashi\AppData\Roaming\Logs\2024-03-12",
    r"C:\Users\hayashi\AppData\Roaming\Logs\32-13-2024",
    r"C:\Users\hayashi\AppData\Local\Logs\12-03-2024",
    r"C:\Program Files\Install\Host.exe",
    "/Applications/Finder.app/Contents/MacOS/Finder",
    "/home/mori/WIFIADAPT.txt",
    "",
)


def listing(paths: list[str], **columns: Any) -> Any:
    rows = [{"path": path, "kind": "file", "bytes": 900, "modified": TIME, **columns} for path in paths]
    return schema.table("files", [{"item": LISTING, "record": n, **row} for n, row in enumerate(rows)])


def test_files_of_a_listing() -> None:
    hits = list(artefacts.files(listing(list(OWN_FILES))))
    assert [(message, "indicated") for message in OWN_FILES.values()] == told(iter(hits))
    assert {TIME} == {hit.time for hit in hits}


def test_files_of_others_and_folders() -> None:
    assert [] == told(artefacts.files(listing(list(OTHER_FILES))))
    assert [] == told(artefacts.files(listing(list(OWN_FILES), kind="folder")))


def on(host: str, hits: Iterator[Hit]) -> list[Hit]:
    return [replace(hit, host=host) for hit in hits]


def agreed(*hits: Hit) -> set[tuple[str, str]]:
    return {(h.message.removeprefix("netwire."), str(h.grade)) for h in joined(hits)}


VALUES = on("ws-07", artefacts.registry(table("registry", [OWN_VALUES[0][0], OWN_VALUES[2][0]])))
FILES = on("ws-07", artefacts.files(listing([PROGRAM])))


def test_two_values_of_one_hive_are_one_artefact_and_a_file_beside_them_a_second() -> None:
    assert {("beside", "strong")} == agreed(*VALUES)
    assert {("beside", "strong"), ("agreed", "proven")} == agreed(*VALUES, *FILES)


def test_a_value_that_a_tool_wrote_proves_nothing_in_the_hive_either() -> None:
    fields = {**VALUES[0].fields, "program": r"C:\Windows\system32\reg.exe"}
    by_tool = replace(
        VALUES[0], item="c" * 64, message="netwire.identity-by-tool", grade=Grade.WEAK, fields=fields
    )
    assert set() == agreed(*VALUES, *FILES, by_tool)


def test_a_hive_and_an_event_of_one_machine_under_two_names() -> None:
    event = Hit(LISTING, Grade.STRONG, "netwire.run-value", record=3, time=TIME, host="ws-07.aoba.example",
                family="netwire", fields={"registry_path": RUN + r"\NetWire", "program": PROGRAM})  # fmt: skip
    machines = [Machine("ws-07.aoba.example", ("WS-07",), ())]
    assert {"agreed"} == {
        hit.message.removeprefix("netwire.") for hit in joined([VALUES[0], event], machines)
    }
    assert [] == list(joined([VALUES[0], event]))


def test_a_host_id_in_the_hive_contradicts_the_settings_once() -> None:
    settings = Hit("d" * 64, Grade.PROVEN, "netwire.config", offset=5, family="netwire",
                   fields={"config_host_id": "spring-01"})  # fmt: skip
    told_ = [hit for hit in joined([VALUES[0], settings]) if hit.message == "netwire.contradiction"]
    assert ["HostId-kai6Ci / spring-01"] == [hit.fields["values"] for hit in told_]


CLUE = Hit("e" * 64, Grade.PROVEN, "netwire.typed-clue", offset=9, time_text="12/03/2024 09:41:00", family="netwire",
           function="keylogging", techniques=("T1056.001",), fields={"keys": "3"})  # fmt: skip
SETTINGS = Hit("d" * 64, Grade.PROVEN, "netwire.config", offset=5, host="mac-02", family="netwire",
               fields={"config_startup_name": "com.mac.host"})  # fmt: skip


def test_a_trace_beside_decoded_evidence_and_a_name_that_the_settings_give() -> None:
    rows = [ENTRIES[0][0], ENTRIES[2][0] | {"path": "/Users/mori/Library/LaunchAgents/com.mac.host.plist"}]
    entries = on("mac-02", artefacts.autostarts(table("autostarts", rows)))
    assert {("beside-decoded", "proven"), ("beside-decoded", "strong"), ("same-value", "strong")} == agreed(
        *entries, SETTINGS
    )


OWN_BUILD = Hit("d" * 64, Grade.PROVEN, "netwire.config", offset=5, host="ws-07", family="netwire", fields={
    "config_startup_name": "Spooler", "config_install_path": r"%AppData%\Printing\spool.exe",
    "config_keylog_dir": "%AppData%\\Journal\\",
})  # fmt: skip


def test_entries_and_logs_of_a_build_with_settings_of_its_own() -> None:
    """Nothing bears a default name; the decoded settings alone tell what is NetWire's."""
    there = r"C:\Users\hayashi\AppData\Roaming\Printing\spool.exe"
    rows = [value(RUN, "OneDrive", r"C:\Example\OneDrive.exe"), value(RUN, "Spooler", f'"{there}"')]
    both = on("ws-07", artefacts.registry(table("registry", rows)))
    assert ["netwire.autostart-clue"] * 2 == [hit.message for hit in both]
    assert {("same-value", "proven")} == {
        pair for pair in agreed(*both, OWN_BUILD) if not pair[0].endswith("clue")
    }
    renamed = on("ws-07", artefacts.registry(table("registry", [value(RUN, "Other", there)])))
    assert ("same-value", "strong") in agreed(*renamed, OWN_BUILD)
    other = on("ws-07", artefacts.registry(table("registry", rows[:1])))
    assert set() == agreed(*other, OWN_BUILD)
    logs = on("ws-07", artefacts.files(listing([r"C:\Users\hayashi\AppData\Roaming\Journal\12-03-2024"])))
    (found,) = joined([*logs, OWN_BUILD])
    assert ("log-directory", Grade.PROVEN, "keylogging") == (
        found.fields["what"],
        found.grade,
        found.function,
    )
    elsewhere = on("ws-07", artefacts.files(listing([r"C:\Users\hayashi\Documents\12-03-2024"])))
    assert set() == agreed(*elsewhere, OWN_BUILD)
    assert set() == agreed(*both, *logs)


def marked(host: str, zone: str, item: str = HIVE, aliases: tuple[str, ...] = ()) -> Machine:
    return Machine(host, aliases, (Mark("time-zone", zone, item, 0, None),))


def timed(hit: Hit, *machines: Machine) -> tuple[int | None, str | None, Mapping[str, str]]:
    (found,) = joined([hit], machines)
    assert "netwire.typed" == found.message
    return found.time, found.time_text, found.fields


def test_local_times_get_their_place_only_where_the_zone_is_known() -> None:
    local = "12/03/2024 09:41:00"
    here = replace(CLUE, host="ws-07")
    assert (None, local) == timed(CLUE)[:2]
    assert (None, local) == timed(here, marked("other", "Asia/Tokyo"), marked("third", "UTC"))[:2]
    time, text, fields = timed(here, marked("ws-07.aoba.example", "Tokyo Standard Time", aliases=("WS-07",)))
    assert (TIME, local, "Tokyo Standard Time") == (time, text, fields["zone"])
    assert ("same-machine", HIVE) == (fields["zone_ground"], fields["zone_from"])
    assert "only-machine" == timed(CLUE, marked("ws-07", "Asia/Tokyo"))[2]["zone_ground"]
    assert "same-evidence" == timed(CLUE, marked("", "Asia/Tokyo", CLUE.item))[2]["zone_ground"]
    assert (None, local) == timed(here, marked("ws-07", "Nowhere/Land"))[:2]
    two = Machine("ws-07", (), (*marked("", "UTC").marks, *marked("", "Asia/Tokyo", LISTING).marks))
    assert (None, local) == timed(here, two)[:2]
