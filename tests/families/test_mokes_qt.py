# SPDX-License-Identifier: Apache-2.0
"""The Qt backdoor Mokes: install places, spool files with two clocks, weak network signs, and what is not its own."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest

from hikeshi import families, schema, words
from hikeshi.families.mokes_qt import host, network, places, raw, spool, synth
from hikeshi.families.mokes_qt.joins import joined
from hikeshi.pack import Grade, Hit, Machine, Mark, Region, replace

PACK = next(pack for pack in families.packs() if pack.name == "mokes_qt")
ITEM, OTHER = "a" * 64, "b" * 64
TIME = 1_710_204_060_000_000  # 2024-03-12 00:41:00 UTC, 09:41:00 in Japan
SECOND = 1_000_000
TEMP = "/private/var/folders/4x/inert0example0folder0000000gn/T"
PROGRAM, AGENT = "/Users/ito/Library/Dropbox/quicklookd", "/Users/ito/Library/LaunchAgents/quicklookd.plist"


def table(name: str, rows: Iterable[dict[str, Any]], item: str = ITEM) -> Any:
    return schema.table(name, [{"item": item, "record": n, **row} for n, row in enumerate(rows)])


def told(hits: Iterable[Hit]) -> list[tuple[str, str, str | None]]:
    found = list(hits)
    for hit in found:
        assert hit.family == "mokes_qt"
        assert hit.function is None or hit.function in PACK.functions
        assert set(hit.techniques) <= set(PACK.ours)
        assert hit.grade is not Grade.PROVEN
        if not hit.message.endswith("-clue"):
            for lang in words.LANGS:
                assert words.text(hit.message, lang, hit.fields)
    return [(hit.message.removeprefix("mokes_qt."), str(hit.grade), hit.function) for hit in found]


def test_it_is_never_filed_under_the_software_of_the_same_name() -> None:
    assert (None, ()) == (PACK.attack_id, PACK.mitre)


def entry(kind: str, path: str, command: str | None, name: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "path": path, "command": command, "name": name}


ENTRIES = [
    (entry("launch-agent", AGENT, PROGRAM, "quicklookd"), [("autostart", "strong", "persistence")]),
    (entry("launch-agent", AGENT.replace("quicklookd", "any"), "/Users/ito/Library/App Store/storeaccountd"),
     [("autostart", "strong", "persistence")]),
    (entry("launch-agent", AGENT, "/opt/example/tool"), [("autostart-hint", "indicated", "persistence")]),
    (entry("launch-agent", "/Users/ito/Library/LaunchAgents/a.plist", "/Users/ito/Library/App Store/storeuserd"),
     [("autostart-hint", "indicated", "persistence")]),
    (entry("xdg-autostart", "/home/mori/.config/autostart/profiled.desktop", "/home/mori/.mozilla/firefox/profiled"),
     [("autostart-hint", "indicated", "persistence")]),
    (entry("xdg-autostart", "/home/mori/.config/autostart/profiled.desktop", "/usr/bin/profiled"),
     [("autostart-hint", "weak", "persistence")]),
    (entry("launch-agent", "/System/Library/LaunchAgents/com.apple.quicklook.plist",
           "/System/Library/Frameworks/QuickLook.framework/Resources/quicklookd.app/Contents/MacOS/quicklookd"), []),
    (entry("launch-agent", "/System/Library/LaunchAgents/com.apple.storeaccountd.plist",
           "/System/Library/PrivateFrameworks/CommerceKit.framework/Versions/A/Resources/storeaccountd",
           "com.apple.storeaccountd"), []),
    (entry("launch-agent", "/Users/ito/Library/LaunchAgents/com.dropbox.plist",
           "/Applications/Dropbox.app/Contents/MacOS/Dropbox"), []),
    (entry("xdg-autostart", "/home/mori/.config/autostart/dropbox.desktop", "/home/mori/.dropbox-dist/dropboxd"), []),
    (entry("task", r"\Example", None), []),
]  # fmt: skip


@pytest.mark.parametrize(("row", "expected"), ENTRIES)
def test_autostart_entries(row: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert expected == told(host.autostarts(table("autostarts", [row])))


def listing(*paths: str, **columns: Any) -> Any:
    return table(
        "files",
        ({"path": path, "kind": "file", "bytes": 13 << 20, "modified": TIME, **columns} for path in paths),
    )


FILES = [
    (PROGRAM, ("file", "indicated", None)),
    ("p1/Users/ito/Library/App Store/storeaccountd", ("file", "indicated", None)),
    (AGENT, ("file", "indicated", "persistence")),
    ("/Users/ito/Library/com.apple.spotlight/SpotlightHelper", ("file-hint", "weak", None)),
    ("/home/mori/.local/share/.dropbox/DropboxCache", ("file-hint", "weak", None)),
    ("/home/mori/.mozilla/firefox/profiled", ("file-hint", "weak", None)),
    ("/home/mori/.config/autostart/profiled.desktop", ("file-hint", "weak", "persistence")),
    (r"C:\Users\ito\AppData\Roaming\Hewlett-Packard\hpscan.exe", ("file-hint", "weak", None)),
    (f"{TEMP}/kk0-120324-094100-123.kkt", ("spool-clue", "indicated", "keylogging")),
    (
        r"C:\Users\ito\AppData\Local\Temp\ss1-120324-094100-007.sst",
        ("spool-clue", "indicated", "screen-capture"),
    ),
    ("/tmp/aa0-120324-094100-123.aat", ("spool-clue", "indicated", "audio-capture")),
    ("/tmp/dd0-120324-094100-123.ddt", ("spool-clue", "indicated", "file-search")),
]
OTHERS = (
    "/Library/Dropbox/quicklookd", "/System/Library/Dropbox/quicklookd", "/Users/ito/Library/Dropbox/quicklookd.log",
    "/System/Library/LaunchAgents/quicklookd.plist", "/Users/ito/Library/LaunchAgents/com.example.plist",
    "/home/mori/.mozilla/firefox/profiles.ini", r"C:\Program Files\Skype\SkypeHelper.exe",
    "/tmp/kk0-320324-094100-123.kkt", "/tmp/kk0-120324-094100-123.sst", "/tmp/xkk0-120324-094100-123.kkt",
    "/tmp/kk0-120324-094100-123.kkt.part", "/tmp/kk0-120324-094160-123.kkt", "/tmp/ss0-120324-0941-123.sst", "",
)  # fmt: skip


@pytest.mark.parametrize(("path", "expected"), FILES)
def test_files(path: str, expected: tuple[str, str, str | None]) -> None:
    assert [expected] == told(host.files(listing(path)))


def test_files_of_others() -> None:
    assert [] == told(host.files(listing(*OTHERS)))
    assert [] == told(host.files(listing()))


def test_the_size_is_beside_the_path() -> None:
    for size, fits in ((13 << 20, "yes"), (2000, "no"), (None, None)):
        (hit,) = host.files(listing(PROGRAM, bytes=size))
        assert fits == hit.fields.get("size_fits")


def test_run_values_of_a_hive() -> None:
    run = r"HKU\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Run"
    rows = [
        {"key": run, "name": "hpscan", "data": r'"C:\Users\ito\AppData\Roaming\Hewlett-Packard\hpscan.exe"'},
        {"key": run, "name": "nacl64", "data": r"%AppData%\Google\Chrome\nacl64.exe"},
        {"key": run, "name": "Skype", "data": r"C:\Program Files\Skype\Skype.exe"},
        {
            "key": r"HKLM\SOFTWARE\Example",
            "name": "x",
            "data": r"C:\Users\ito\AppData\Roaming\Skype\SkypeHelper.exe",
        },
        {"key": None, "name": None, "data": None},
    ]
    hits = list(host.registry(table("registry", rows)))
    assert [("run-value", "indicated", "persistence")] * 2 == told(hits)
    assert [run + "\\hpscan", run + "\\nacl64"] == [hit.fields["registry_path"] for hit in hits]


def test_the_clock_in_a_name() -> None:
    found = spool.spooled("/tmp/aa3-310119-235959-999.aat")
    assert found is not None
    assert (datetime(2019, 1, 31, 23, 59, 59, 999_000), "310119-235959-999") == (found.clock, found.text)
    for name in ("aa3-310219-235959-999.aat", "aa3-010119-245959-999.aat", "aa٣-310119-235959-999.aat", ""):
        assert spool.spooled(name) is None


def spooled(
    hosts: str | None = "mac-02", name: str = "kk0-120324-094100-123.kkt", **columns: Any
) -> list[Hit]:
    found = host.files(listing(f"{TEMP}/{name}", **columns))
    return [replace(hit, host=hosts) for hit in found]


def test_without_a_zone_the_file_system_gives_the_time() -> None:
    (hit,) = joined(spooled(modified=TIME + SECOND), [])
    assert [("spool", "indicated", "keylogging")] == told([hit])
    assert (TIME + SECOND, "120324-094100-123") == (hit.time, hit.time_text)
    assert ("2024-03-12 09:41:00.123", "file system") == (hit.fields["own_clock"], hit.fields["time_from"])
    assert {"zone", "clocks"}.isdisjoint(hit.fields)
    (bare,) = joined(spooled(modified=None), [])
    assert bare.time is None
    assert "time_from" not in bare.fields


def zoned(zone: str) -> list[Machine]:
    return [Machine("mac-02.aoba.example", ("mac-02",), (Mark("time-zone", zone, OTHER, 0, None),))]


def test_with_a_zone_the_own_clock_gives_the_time_and_both_are_compared() -> None:
    (hit,) = joined(spooled(modified=TIME + SECOND), zoned("Asia/Tokyo"))
    assert (TIME + 123_000, "own clock", "agree", "Asia/Tokyo", OTHER) == (
        hit.time, *(hit.fields[name] for name in ("time_from", "clocks", "zone", "zone_from")),
    )  # fmt: skip
    (late,) = joined(spooled(modified=TIME + 3600 * SECOND), zoned("Asia/Tokyo"))
    assert ("differ", TIME + 123_000) == (late.fields["clocks"], late.time)
    (other,) = joined(spooled("ws-09"), zoned("Asia/Tokyo"))
    assert "zone" not in other.fields


def test_one_finding_a_kind_day_and_folder() -> None:
    names = [f"{kind}0-{day}0324-0941{n:02}-000.{end}" for kind, end in (("ss", "sst"), ("kk", "kkt"))
             for day in (12, 13) for n in range(5)]  # fmt: skip
    hits = [hit for name in random.Random(1).sample(names, len(names)) for hit in spooled(name=name)]
    found = list(joined(hits, []))
    assert [("keylogging", "5"), ("keylogging", "5"), ("screen-capture", "5"), ("screen-capture", "5")] == [
        (hit.function, hit.fields["files"]) for hit in found
    ]
    assert ("2024-03-13 09:41:00.000", "2024-03-13 09:41:04.000") == (
        found[1].fields["own_clock"], found[1].fields["own_clock_last"],
    )  # fmt: skip


NAME = "kk0-120324-094100-123.kkt"


@pytest.mark.parametrize(
    ("before", "folder"),
    [
        ("rm /tmp/", "/tmp/"), ("\x00\x07", ""), ("", ""), ("name=", ""), ("x" * 3000 + "/", ""),
        ('"C:\\Users\\ito\\AppData\\Local\\Temp\\', "C:\\Users\\ito\\AppData\\Local\\Temp\\"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("code", ["utf-8", "utf-16-le"])
def test_names_in_raw_bytes(before: str, folder: str, code: str) -> None:
    data = (before + NAME + "\x00tail").encode(code)
    (hit,) = raw.names(Region(ITEM, 4096, len(data), data))
    assert (folder + NAME if len(before) < 3000 else NAME) == hit.fields["file"][-len(folder + NAME) :]
    assert 4096 + len(before.encode(code)) == hit.offset
    grade = "indicated" if "temp" in folder.casefold() or "tmp" in folder else "weak"
    assert [("spool", grade, "keylogging")] == told(joined([hit], []))


def test_names_that_are_none_and_names_listed_already() -> None:
    for text in ("kk0-329924-094100-123.kkt", "kk0-120324-094100-123.sst", "k0-120324-094100-123.kkt"):
        assert [] == list(raw.names(Region(ITEM, 0, len(text), text.encode())))
    data = f"/tmp/{NAME} {NAME} /tmp/{NAME}".encode()
    clues = [replace(hit, host="mac-02") for hit in raw.names(Region(ITEM, 0, len(data), data))]
    (once,) = joined(clues, [])
    assert ("1", f"/tmp/{NAME}") == (once.fields["files"], once.fields["file"])
    (listed,) = joined([*spooled(), *clues], [])
    assert "file_time" in listed.fields


def test_outside_temporary_folders_a_name_is_weak() -> None:
    hits = host.files(listing("/Users/ito/Documents/kk0-120324-094100-123.kkt"))
    assert [("spool", "weak", "keylogging")] == told(joined(list(hits), []))


def test_a_program_and_the_entry_that_starts_it() -> None:
    entries = [
        replace(hit, host="mac-02") for hit in host.autostarts(table("autostarts", [ENTRIES[0][0]], OTHER))
    ]
    files = [replace(hit, host="MAC-02") for hit in host.files(listing("p1" + PROGRAM))]
    assert [("beside", "strong", "persistence")] == told(joined([*entries, *files], []))
    assert [] == told(joined([*entries, *(replace(hit, host="ws-09") for hit in files)], []))
    assert [] == told(joined([*entries, *(replace(hit, host=None) for hit in files)], []))


PLAIN = ["Host: news.example", "User-Agent: Example/1"]
MAC = ["Connection: Close", "User-Agent: Mozilla/5.0 (Macintosh) Safari/7046A194A", "Accept-Encoding: gzip, deflate",
       "Accept-Language: en-US", "Host: news.example"]  # fmt: skip


def asked(count: int, gap: int, headers: list[str] = PLAIN, **columns: Any) -> Any:
    row = {"client": "192.0.2.17", "server": "203.0.113.9", "server_port": 80, "method": "GET", "uri": "/v1",
           "request_headers": headers, "host": "news.example", "status_code": 200, "response_bytes": 120,
           "response_headers": ["Content-Type: text/html", "Content-Encoding: gzip"], **columns}  # fmt: skip
    return table("exchanges", [{**row, "time": TIME + n * gap * SECOND} for n in range(count)])


def test_nine_questions_for_v1_in_a_minute_are_a_weak_sign() -> None:
    (hit,) = network.exchanges(asked(9, 7))
    assert [("heartbeat", "weak", "registration")] == told([hit])
    assert ("192.0.2.17", "203.0.113.9", "80", "9", "yes", "no", "9") == tuple(
        hit.fields[n]
        for n in ("client", "address", "port", "requests", "nine_a_minute", "mac_header", "short_answers")
    )
    assert TIME == hit.time


@pytest.mark.parametrize(
    "rows",
    [
        asked(8, 1), asked(20, 8), asked(20, 1, uri="/v1/items"), asked(20, 1, method="POST"),
        asked(20, 1, [*PLAIN, "Referer: http://www.example/"]), asked(20, 1, [*PLAIN, "accept: */*"]),
        asked(2, 1, MAC[1:]), asked(2, 1, [*MAC[:1], "User-Agent: Example/1", *MAC[2:]]), asked(0, 1),
        asked(9, 1, uri=None),
    ],
)  # fmt: skip
def test_other_questions(rows: Any) -> None:
    assert [] == told(network.exchanges(rows))


def test_the_header_fields_of_macos_need_no_nine() -> None:
    (hit,) = network.exchanges(asked(1, 1, MAC))
    assert ("no", "yes") == (hit.fields["nine_a_minute"], hit.fields["mac_header"])


def test_names_that_are_published() -> None:
    rows = [
        {"name": name, "client": "192.0.2.17", "time": TIME}
        for name in ("JIKENICK12and67.com.", "www.example.")
    ]
    assert [("server-name", "weak", "registration")] == told(network.names(table("names", rows * 3)))
    assert [("server-name", "weak", "registration")] == told(
        network.exchanges(asked(2, 90, host="kurgen3211a.com"))
    )


def test_port_433_is_told_only_beside_the_questions() -> None:
    rows = [
        {"client": "192.0.2.17", "server": "203.0.113.9", "server_port": port, "first": TIME}
        for port in (433, 443)
    ]
    clues = list(network.contacts(table("contacts", rows)))
    assert ["mokes_qt.port-clue"] == [hit.message for hit in clues]
    assert [] == told(joined(clues, []))
    beats = list(network.exchanges(asked(9, 1)))
    assert [("second-channel", "weak", "registration")] == told(joined([*clues, *beats], []))
    assert [] == told(
        joined([*clues, *(replace(h, fields={**h.fields, "client": "192.0.2.18"}) for h in beats)], [])
    )


def test_order_of_the_findings_changes_nothing() -> None:
    hits = [*spooled(), *spooled(name="ss0-120324-094100-123.sst"), *network.exchanges(asked(9, 1))]
    assert list(joined(hits, [])) == list(joined(hits[::-1], []))


def test_likely_paths_are_those_that_are_looked_at() -> None:
    """The pass over many paths lets everything through that the closer look would take."""
    import re

    likely = re.compile(places.LIKELY)
    for path, _ in FILES:
        assert likely.search(path)
        assert likely.search(path.replace("/", "\\"))


@pytest.mark.parametrize("count", [200, pytest.param(10_000, marks=pytest.mark.campaign)])
def test_damaged_rows_never_raise(count: int) -> None:
    """Rows are bent by the hundred: a table for each would cost more than what is tested."""
    chance = random.Random(3)
    for _ in range(count // 100):
        paths = [_bent(chance.choice(FILES)[0], chance) for _ in range(100)]
        list(joined(list(host.files(table("files", ({"path": path, "kind": "file"} for path in paths)))), []))
        entries = ({"kind": "launch-agent", "path": _bent(AGENT, chance), "command": _bent(PROGRAM, chance)}
                   for _ in range(100))  # fmt: skip
        told(host.autostarts(table("autostarts", entries)))
        lines = [[_bent(line, chance) or "" for line in MAC] for _ in range(100)]
        asking = [{"client": "192.0.2.17", "server": f"203.0.113.{n}", "method": "GET", "uri": "/v1", "time": TIME,
                   "request_headers": given, "response_headers": given} for n, given in enumerate(lines)]  # fmt: skip
        told(network.exchanges(table("exchanges", asking)))


def _bent(text: str, chance: random.Random) -> str | None:
    at = chance.randrange(len(text))
    return chance.choice(
        [None, text[:at], text[:at] + chr(ord(text[at]) ^ 1 << chance.randrange(7)) + text[at + 1 :]]
    )


def test_the_files_of_the_synthetic_machine_are_found() -> None:
    made = list(synth.files(1, "ito"))
    listed = table(
        "files", ({"path": one.path, "kind": "file", "bytes": one.size, "modified": one.time} for one in made)
    )
    hits = [replace(hit, host="mac-02") for hit in host.files(listed)]
    assert len(hits) == len(made)
    told_ = told(joined(hits, zoned("Asia/Tokyo")))
    assert {("spool", "indicated", name) for name in spool.TECHNIQUES} == set(told_)
