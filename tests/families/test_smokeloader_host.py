# SPDX-License-Identifier: Apache-2.0
"""Names on machines against names computed from them: published vectors, one invented build, look-alikes."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from hikeshi import schema
from hikeshi.families.smokeloader import builds, clues, events, hosts, identity, memory, synth
from hikeshi.pack import Grade, Hit, Issue, KeyFound, LogRecord, Machine, Region
from smokeloader_machines import clues as judged
from smokeloader_machines import events as rows_of
from smokeloader_machines import files, findings, item, machine, said

ROAMING = r"C:\Users\minami\AppData\Roaming"
# "smokeloader-analysis" (2026-03-30).
VICTIM, SERIAL, DIGITS = "WIN-PF2LPO0V4UO", "1CE38C10", "25948A1110D2E646"
PROGRAM, STORE = f"{ROAMING}\\dhbtvdi", f"{ROAMING}\\cfjeirb"
# ThreatLabz/smokebuster, screenshots.
SCREEN, SCREEN_PROGRAM = "3F85C0FCCEF4B8D40F451A23C9FC317D40056638", f"{ROAMING}\\hueaafg"
HOSTS = {"ws-11.aoba.example": "4E21C0DE", "ws-12.aoba.example": "90AB12CD", "ws-15.aoba.example": "1D2C3B4A"}


def task(
    path: str, host: str | None = None, start: str = "1999-11-30T00:00:00", command: str = PROGRAM
) -> Any:
    fields = {"start_boundary": start, "interval": "PT10M", "triggers": f"TimeTrigger {start} repeat PT10M"}
    row = {"item": item(2), "record": 0, "host": host, "kind": "task", "name": path.rpartition("\\")[2]}
    return {**row, "path": path, "command": command, "fields": list(fields.items())}


def on(host: str, hits: list[Hit]) -> list[Hit]:
    return [replace(hit, host=host) for hit in hits]


def test_a_file_named_after_the_serial_is_strong() -> None:
    hits = on(VICTIM, judged({"files": files(item(1), PROGRAM, r"C:\Windows\explorer.exe")}))
    found = findings(hits, [machine(VICTIM, SERIAL)])
    assert [(hit.message, hit.grade) for hit in found] == [("smokeloader.name-serial", Grade.STRONG)]
    assert found[0].fields["volume_serial"] == SERIAL
    assert found[0].fields["bits"] == "20"
    assert float(found[0].fields["expected_false"]) == pytest.approx(1 / 16**5, rel=0.1)
    assert found[0].host == VICTIM


def test_the_published_names_agree_with_the_published_constant() -> None:
    hits = on(VICTIM, judged({"files": files(item(1), PROGRAM, STORE)}))
    found = findings(hits, [machine(VICTIM, SERIAL)])
    computed = said(found, "computed")
    assert [hit.grade for hit in computed] == [Grade.PROVEN]
    fields = computed[0].fields
    assert fields["bot_id"] == "25948A1110D2E646A6133895C5DDF6371CE38C10"
    assert (fields["config_constant"], fields["bits"], fields["agrees"]) == (
        "C7E12AF6",
        "36",
        "program, store",
    )
    assert fields["undocumented"] == "2011-2013, 2014-2016, 2017, 2018, 2019-2020, 2025"
    assert list(builds.jobs(hits, [machine(VICTIM, SERIAL)])) == []


def test_the_published_task_agrees_with_the_published_constant() -> None:
    hits = judged({"autostarts": [task(f"\\Firefox Default Browser Agent {DIGITS}", VICTIM)]})
    found = findings(hits, [machine(VICTIM, SERIAL)])
    assert said(found, "task-xml")[0].grade is Grade.STRONG
    assert said(found, "computed")[0].fields["bits"] == "72"
    assert said(found, "name-and-task")[0].grade is Grade.PROVEN


@pytest.mark.parametrize("host", ["WIN-PF2LPO0V4UP", "WS-01"])
def test_another_computer_name_agrees_with_no_constant(host: str) -> None:
    hits = on(host, judged({"files": files(item(1), PROGRAM, STORE)}))
    assert said(findings(hits, [machine(host, SERIAL)]), "computed") == []


def test_store_and_task_agree_without_serial_or_constant() -> None:
    hits = judged(
        {"autostarts": [task(f"\\Firefox Default Browser Agent {DIGITS}", VICTIM, "2024-01-01T00:00:00")]}
    )
    hits += on(VICTIM, judged({"files": files(item(1), STORE)}))
    found = findings(hits, [machine(VICTIM)])
    assert said(found, "task-name")[0].grade is Grade.INDICATED
    assert [(hit.grade, hit.fields["bits"]) for hit in said(found, "store-and-task")] == [
        (Grade.STRONG, "28")
    ]


def test_mozillas_own_task_is_no_trace() -> None:
    moz = task(
        r"\Mozilla\Firefox Default Browser Agent 308046B0AF4A39CB",
        VICTIM,
        "2023-01-01T00:00:00",
        r"C:\Program Files\Mozilla Firefox\default-browser-agent.exe",
    )
    assert judged({"autostarts": [moz]}) == []
    tree = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree"
    key = rf"{tree}\Mozilla\Firefox Default Browser Agent 308046B0AF4A39CB"
    assert judged({"registry": [{"item": item(1), "key": key, "name": "Index"}]}) == []


def test_the_task_cache_of_a_hive_names_the_task() -> None:
    tree = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree"
    key = rf"{tree}\Firefox Default Browser Agent {DIGITS}"
    rows = [
        {"item": item(1), "record": n, "host": VICTIM, "key": key, "name": name}
        for n, name in enumerate("ab")
    ]
    found = findings(judged({"registry": rows}), [machine(VICTIM, SERIAL)])
    assert [hit.message for hit in found] == ["smokeloader.computed", "smokeloader.task-name"]


def test_onedrives_run_value_in_a_hive() -> None:
    run = r"HKU\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Run"
    rows = [
        {"item": item(1), "record": n, "key": run, "name": "OneDrive", "data": f"{ROAMING}\\{name}.exe"}
        for n, name in enumerate(("ditereah", "wthrabdc", "OneDrive"))
    ]
    found = findings(judged({"registry": rows}))
    assert [(hit.message, hit.grade) for hit in found] == [
        ("smokeloader.run-letters", Grade.INDICATED),
        ("smokeloader.run-value", Grade.STRONG),
    ]


def test_programs_that_hives_remember() -> None:
    bam = r"HKLM\SYSTEM\ControlSet001\Services\bam\State\UserSettings\S-1-5-21-1-2-3-1001"
    device = PROGRAM.replace("C:", r"\Device\HarddiskVolume3")
    cache = b"\x34\0\0\0" + PROGRAM.encode("utf-16-le") + b"\x80\0\x01" + STORE.encode("utf-16-le") + b"\0\0"
    other = f"{PROGRAM}x".encode("utf-16-le") + b"\0\0"
    manager = r"HKLM\SYSTEM\ControlSet001\Control\Session Manager\AppCompatCache"
    rows = [
        {"key": bam, "name": device, "data": "00"},
        {"key": bam, "name": r"\Device\HarddiskVolume3\Windows\explorer.exe", "data": "00"},
        {"key": manager, "name": "AppCompatCache", "data": (cache + other).hex()},
        {"key": manager, "name": "AppCompatCache", "data": "no digits"},
    ]
    hits = judged({"registry": [{"item": item(1), "record": n, **row} for n, row in enumerate(rows)]})
    assert [hit.fields["file"] for hit in hits] == [device, STORE, PROGRAM]
    computed = said(findings(on(VICTIM, hits), [machine(VICTIM, SERIAL)]), "computed")
    assert [hit.fields["agrees"] for hit in computed] == ["program, store"]


def test_a_list_of_files_without_a_machine_finds_its_machine_by_the_serial() -> None:
    hits = judged({"files": files(item(1), PROGRAM, STORE)})
    found = findings(hits, [machine("WS-01", "AAAA0001"), machine(VICTIM, SERIAL)])
    assert {hit.host for hit in found} == {VICTIM}
    assert said(found, "computed")[0].grade is Grade.PROVEN


def test_a_serial_that_only_a_shortcut_remembers_is_told_apart() -> None:
    hits = on(VICTIM, judged({"files": files(item(1), PROGRAM)}))
    link = {
        "item": item(3),
        "host": VICTIM,
        "machine": VICTIM.lower(),
        "volume_serial": SERIAL,
        "target": r"C:\a.txt",
    }
    hits += judged({"shortcuts": [link, {**link, "volume_serial": "AAAA0001", "target": r"E:\a.txt"}]})
    found = findings(hits, [machine(VICTIM, "77770000")])
    assert [hit.message for hit in found] == ["smokeloader.name-former-serial"]


def test_a_shortcuts_serial_among_the_marks_is_not_taken_for_the_volumes() -> None:
    hits = on(VICTIM, judged({"files": files(item(1), PROGRAM)}))
    link = {"item": item(900), "host": VICTIM, "volume_serial": SERIAL, "target": r"C:\a.txt"}
    hits += judged({"shortcuts": [link]})
    found = findings(hits, [machine(VICTIM, SERIAL)])
    assert [hit.message for hit in found] == ["smokeloader.name-former-serial"]


def test_a_serial_of_no_known_machine_is_tried_and_said_to_be_that() -> None:
    hits = on(VICTIM, judged({"files": files(item(1), PROGRAM)}))
    found = findings(hits, [machine(VICTIM), machine("", SERIAL)])
    assert [hit.message for hit in found] == ["smokeloader.name-unplaced-serial"]


def test_a_mapping_in_memory_agrees_with_a_file() -> None:
    region = Region(item(5), 4096, 200, b"\0\0\\" + (SCREEN + "FF").encode("utf-16-le") + b"\0\0")
    hits = on("ws-03.example", [*memory.mappings(region), *judged({"files": files(item(1), SCREEN_PROGRAM)})])
    found = findings(hits, [machine("ws-03.example", "40056638")])
    assert said(found, "id-agrees")[0].grade is Grade.PROVEN
    assert said(found, "id-agrees")[0].fields["bot_id"] == SCREEN
    alone = findings([hit for hit in hits if hit.item == item(5)], [machine("ws-03.example", "40056638")])
    assert [(hit.message, hit.grade) for hit in alone] == [("smokeloader.id-serial", Grade.STRONG)]


def test_an_id_seen_elsewhere_and_the_task_named_after_it_agree_without_a_serial() -> None:
    region = Region(item(5), 4096, 200, b"\0\0\\" + (SCREEN + "FF").encode("utf-16-le") + b"\0\0")
    for digits, messages in ((SCREEN[:16], ["named-by-id"]), (SCREEN[1:17], [])):
        rows = [
            {
                "item": item(1),
                "record": 0,
                "kind": "task",
                "path": f"\\Firefox Default Browser Agent {digits}",
            }
        ]
        hits = on("ws-03.example", [*memory.mappings(region), *judged({"autostarts": rows})])
        named = said(findings(hits, [machine("ws-03.example")]), "named-by-id")
        assert messages == [hit.message.partition(".")[2] for hit in named]
        for hit in named:
            assert ("persistence", Grade.PROVEN) == (hit.function, hit.grade)
            assert (SCREEN, item(5), "64") == tuple(
                hit.fields[key] for key in ("bot_id", "with_item", "bits")
            )


def test_a_mapping_of_the_published_machine_is_proven_by_the_published_constant() -> None:
    bot_id = identity.bot_id(VICTIM, 0xC7E12AF6, SERIAL)
    region = Region(item(5), 0, 60, b"\\" + bot_id.encode() + b"FF\0")
    found = findings(on(VICTIM, list(memory.mappings(region))), [machine(VICTIM, SERIAL)])
    assert [(hit.message, hit.grade) for hit in found] == [("smokeloader.id-computed", Grade.PROVEN)]


@pytest.mark.parametrize(
    "text",
    [
        SCREEN.encode() + b"\0",
        b"A" + SCREEN.encode() + b"FF\0",
        SCREEN.encode() + b"FF0",
        b"0" * 40 + b"FF\0",
        SCREEN.lower().encode() + b"FF\0",
    ],
)
def test_digits_that_are_no_mapping(text: bytes) -> None:
    assert list(memory.mappings(Region(item(5), 0, len(text), text))) == []


@pytest.mark.parametrize("coding", ["ascii", "utf-16-le"])
@pytest.mark.parametrize("shift", [0, 1])
def test_the_tasks_name_in_raw_bytes(coding: str, shift: int) -> None:
    name = f"Firefox Default Browser Agent {DIGITS}"
    own, mozilla = (f"{before}{name}\0".encode(coding) for before in ("\\Tasks\\", "\\Tasks\\Mozilla\\"))
    found = list(memory.tasks(Region(item(5), 100, 0, b"\0" * shift + own)))
    assert [hit.fields["digits"] for hit in found] == [DIGITS]
    assert found[0].offset == 100 + shift + len("\\Tasks\\".encode(coding))
    assert list(memory.tasks(Region(item(5), 100, 0, b"\0" * shift + mozilla))) == []


def test_mozillas_digits_are_never_a_trace_wherever_they_stand() -> None:
    name = "Firefox Default Browser Agent 308046B0AF4A39CB"
    assert judged({"autostarts": [task(f"\\{name}", VICTIM, "2024-01-01T00:00:00", "C:\\a.exe")]}) == []
    assert list(memory.tasks(Region(item(5), 0, 0, f'TaskName: "{name}"'.encode()))) == []


def test_a_tasks_name_in_bytes_is_no_second_artefact() -> None:
    region = Region(item(5), 0, 0, f"\\Firefox Default Browser Agent {'AB' * 8}\0".encode())
    hits = on(VICTIM, [*memory.tasks(region), *judged({"files": files(item(1), PROGRAM)})])
    assert [hit.message for hit in findings(hits, [machine(VICTIM, SERIAL)])] == ["smokeloader.name-serial"]


@pytest.mark.parametrize("coding", ["ascii", "utf-16-le"])
def test_paths_in_memory_are_tested_against_the_serial(coding: str) -> None:
    text = f"x\0{PROGRAM}\0{PROGRAM}\0{STORE}.dat\0{ROAMING}\\example\0".encode(coding)
    hits = list(memory.programs(Region(item(5), 100, len(text), text)))
    assert [(hit.fields["file"], hit.offset) for hit in hits] == [(PROGRAM, 100 + len("x\0".encode(coding)))]
    found = findings(hits, [machine("WS-01", "AAAA0001"), machine(VICTIM, SERIAL)])
    assert [(hit.message, hit.host) for hit in found] == [("smokeloader.name-serial", VICTIM)]


def build(constant: int = 0x0BADF00D) -> tuple[list[Hit], list[Machine]]:
    hits, machines = [], []
    for number, (host, serial) in enumerate(HOSTS.items()):
        artefacts = synth.rows(number, host=host, serial=serial, constant=constant)
        del artefacts["machines"]
        tables = {
            name: [{"item": item(10 * number + n), "record": r, **row} for r, row in enumerate(rows)]
            for n, (name, rows) in enumerate(artefacts.items())
        }
        hits += on(host, judged(tables))
        machines.append(machine(host, serial))
    return hits, machines


def test_three_machines_of_one_build_are_each_named_and_then_linked() -> None:
    hits, machines = build()
    first = findings(hits, machines)
    assert {(hit.host, hit.grade) for hit in said(first, "name-and-task")} == {
        (h, Grade.PROVEN) for h in HOSTS
    }
    assert said(first, "computed") == []
    asked = list(builds.jobs(hits, machines))
    assert [(job.before, job.after, len(job.begins)) for job in asked] == [
        ("WS-11", "4E21C0DE", 16),
        ("WS-12", "90AB12CD", 16),
        ("WS-15", "1D2C3B4A", 16),
    ]
    answer = KeyFound(("0BADF00D",), {}, 16, 16, True, 64.0, 2.0**-32)
    constant = list(builds.found(asked[0], answer))
    assert [(hit.message, hit.host, hit.grade) for hit in constant] == [
        ("smokeloader.constant", "ws-11.aoba.example", Grade.STRONG)
    ]
    assert list(builds.jobs([*hits, *constant], machines)) == []
    found = findings([*hits, *constant], machines)
    assert {(hit.host, hit.grade) for hit in said(found, "computed")} == {(h, Grade.PROVEN) for h in HOSTS}
    linked = said(found, "same-build")
    assert {hit.fields["hosts"] for hit in linked} == {", ".join(sorted(HOSTS))}
    assert [hit.grade for hit in linked] == [Grade.PROVEN] * 3


def test_without_a_task_the_two_file_names_are_asked_for_and_say_less() -> None:
    hits, machines = build()
    named = [hit for hit in hits if hit.fields.get("file") and hit.message == "smokeloader.clue-file"]
    asked = list(builds.jobs(named, machines))
    assert [(job.before, len(job.begins), len(job.ends)) for job in asked] == [
        ("WS-11", 7, 2),
        ("WS-12", 7, 2),
        ("WS-15", 7, 2),
    ]
    answer = KeyFound(("0BADF00D", "11111111"), {}, 16, 16, True, 36.0, 1 / 16)
    assert [hit.grade for hit in builds.found(asked[0], answer)] == [Grade.WEAK, Grade.WEAK]
    alone = builds.found(asked[0], replace(answer, values=("0BADF00D",)))
    assert [hit.grade for hit in alone] == [Grade.INDICATED]


def test_a_constant_found_on_one_machine_is_one_trial_on_the_others() -> None:
    hits, machines = build()
    files_only = [hit for hit in hits if hit.message == "smokeloader.clue-file"]
    own = replace(constant("0BADF00D"), host="ws-11.aoba.example")
    found = {hit.host: hit for hit in said(findings([*files_only, own], machines), "computed")}
    assert found["ws-11.aoba.example"].grade is Grade.STRONG
    assert float(found["ws-11.aoba.example"].fields["expected_false"]) == pytest.approx(1 / 16, rel=0.1)
    assert found["ws-12.aoba.example"].grade is Grade.PROVEN
    assert found["ws-15.aoba.example"].grade is Grade.PROVEN


def test_two_builds_are_not_linked() -> None:
    one, machines = build(0x0BADF00D)
    other, _ = build(0x0BADCAFE)
    mixed = [hit for hit in one if hit.host == "ws-11.aoba.example"]
    mixed += [hit for hit in other if hit.host == "ws-12.aoba.example"]
    constants = [constant(value) for value in ("0BADF00D", "0BADCAFE")]
    found = findings([*mixed, *constants], machines)
    assert {hit.fields["config_constant"] for hit in said(found, "computed")} == {"0BADF00D", "0BADCAFE"}
    assert said(found, "same-build") == []


def test_a_deciphered_request_alone_gives_ground_for_a_search_and_then_links_its_machine() -> None:
    of = identity.bot_id("WS-31", 0x0BADF00D, "5EED0001")
    fields = {"bot_id": of, "computer": "WS-31", "client": "192.0.2.31"}
    request = Hit(item(6), Grade.WEAK, "smokeloader.request", 4, family="smokeloader", fields=fields)
    hits, machines = build()
    asked = list(builds.jobs([request], []))
    assert [(job.before, job.after, job.begins) for job in asked] == [("WS-31", "5EED0001", of[:32])]
    found = findings([*hits, request, constant("0BADF00D")], machines)
    named = said(found, "id-computed")
    assert [(hit.host, hit.grade) for hit in named] == [("WS-31", Grade.PROVEN)]
    assert {hit.fields["count"] for hit in said(found, "same-build")} == {"4"}


def constant(value: str) -> Hit:
    fields = {"config_constant": value}
    return Hit(item(7), Grade.STRONG, "smokeloader.constant", family="smokeloader", fields=fields)


def test_copied_times_are_seen_only_beside_the_library_of_the_same_list() -> None:
    hits, machines = build()
    found = said(findings(hits, machines), "copied-times")
    assert len(found) == 6
    assert {hit.grade for hit in found} == {Grade.INDICATED}
    assert {hit.function for hit in found} == {"clean-up"}
    assert found[0].fields["copied"] == "2019-03-19T02:02:00.000000Z"
    assert found[0].fields["created"] == "2024-03-12T00:41:00.000000Z"
    without = [hit for hit in hits if hit.message != "smokeloader.clue-library"]
    assert said(findings(without, machines), "copied-times") == []


def test_names_that_fit_the_letters_alone_say_nothing() -> None:
    chance = random.Random(5)
    names = ["".join(chance.choices("abcdefghijrstuvw", k=7)) for _ in range(2000)]
    paths = [f"{ROAMING}\\{name}" for name in names]
    paths += [rf"{ROAMING}\example", rf"{ROAMING}\Example\dhbtvdi", r"C:\dhbtvdi", rf"{ROAMING}\dhbtvdi.dat"]
    hits = on(VICTIM, judged({"files": files(item(1), *paths)}))
    assert len(hits) == 2000
    assert findings(hits, [machine(VICTIM, "5A5A5A5A")]) == []


def test_the_events_of_a_machine_give_name_task_and_program() -> None:
    records = list(synth.traces(3, host="ws-11.aoba.example", serial="4E21C0DE"))
    found = findings(judged({"events": rows_of(records)}), [machine("ws-11.aoba.example", "4E21C0DE")])
    assert said(found, "name-and-task")[0].grade is Grade.PROVEN
    assert said(found, "task-xml")[0].grade is Grade.STRONG
    ran = said(found, "task-ran")
    assert [(hit.fields["count"], hit.grade) for hit in ran] == [("2", Grade.INDICATED)]


def test_the_same_events_on_a_machine_with_another_serial_do_not_name_it() -> None:
    records = list(synth.traces(3, host="ws-11.aoba.example", serial="4E21C0DE"))
    found = findings(judged({"events": rows_of(records)}), [machine("ws-11.aoba.example", "11112222")])
    assert said(found, "name-serial") == []
    assert {hit.grade for hit in found} >= {Grade.STRONG, Grade.INDICATED}


def test_a_machine_is_meant_by_its_short_name_or_by_its_serial() -> None:
    *known, _ = hosts.known(
        [], [machine("ws-11.aoba.example", "4E21C0DE"), machine("ws-12.aoba.example", "90AB12CD")]
    )
    named = [
        Hit(item(1), Grade.WEAK, "smokeloader.x", host=host) for host in ("WS-11", "90AB12CD", "WS-13", None)
    ]
    assert [hit.host for hit in hosts.placed(named, known)] == [
        "ws-11.aoba.example",
        "ws-12.aoba.example",
        "WS-13",
        None,
    ]


def test_defenders_name_is_a_claim_with_its_meaning() -> None:
    log = "Microsoft-Windows-Windows Defender/Operational"
    labels = ("TrojanDownloader:Win32/Dofoil.L", "Trojan:Win32/Mokes.A!MTB", "Trojan:Win32/Example")
    records = [
        LogRecord(n, "ws-01.example", log, "Microsoft-Windows-Windows Defender", 1116, {"Threat Name": label})
        for n, label in enumerate(labels)
    ]
    found = findings(judged({"events": rows_of(records)}))
    assert [(hit.message, hit.grade) for hit in found] == [
        ("smokeloader.label", Grade.WEAK),
        ("smokeloader.label-unclear", Grade.WEAK),
    ]
    known, unclear = found
    assert (known.fields["label"], known.fields["family_resolved"]) == (labels[0], "smokeloader")
    assert (known.family, unclear.family) == ("smokeloader", None)
    assert (unclear.fields["label"], unclear.fields["family_resolved"]) == (
        labels[1],
        "smokeloader, mokes_qt, crypter",
    )


def test_a_list_with_too_many_such_names_says_what_was_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clues, "MOST", 3)
    rows = files(item(1), *(f"{ROAMING}\\{name}" for name in ("dhbtvdi", "cfjeirb", "hueaafg", "ditereh")))
    found = list(clues.files(schema.table("files", rows)))
    assert [type(one) for one in found] == [Hit, Hit, Hit, Issue]


@pytest.mark.parametrize("name", ["events", "files", "autostarts", "registry", "shortcuts"])
def test_rows_of_nothing_but_nulls_say_nothing(name: str) -> None:
    module = events if name == "events" else clues
    table = schema.table(name, [{"item": item(1)}, {"item": item(1), "record": 5}])
    assert list(getattr(module, name)(table)) == []


def test_damaged_hits_never_make_the_join_raise() -> None:
    hits, machines = build()
    records = list(synth.traces(3, host="ws-11.aoba.example", serial="4E21C0DE"))
    hits += judged({"events": rows_of(records)})
    chance = random.Random(11)
    for _ in range(60):
        bent = []
        for hit in hits:
            fields = {k: chance.choice((v, v, v[: len(v) // 2], "", "ｱ")) for k, v in hit.fields.items()}
            if chance.random() < 0.3:
                fields.pop(next(iter(fields), ""), None)
            host = chance.choice((hit.host, None, "other.example"))
            bent.append(
                replace(hit, fields=fields, host=host, time=chance.choice((hit.time, None, -(1 << 62))))
            )
        assert all(isinstance(one, Hit) for one in findings(bent, machines))
        list(builds.jobs(bent, machines))
