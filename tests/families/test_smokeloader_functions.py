# SPDX-License-Identifier: Apache-2.0
"""Each function of the operators' console: shown beside a sure trace, looked for in vain, and not examinable.

Rows and evidence are those of the pack's sheet. What a machine shows without a sure trace stays weak or unsaid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest

from hikeshi.case import findings as case_findings
from hikeshi.families.smokeloader import synth
from hikeshi.pack import LogRecord
from hikeshi.reconstruct.functions import functions
from smokeloader_machines import clues, events, files, findings, item, pack, said

HOST, CLEAN, BARE = "ws-21.aoba.example", "ws-22.aoba.example", "ws-23.aoba.example"
SYSMON, SECURITY = synth.SYSMON, synth.SECURITY
START, SECOND, MINUTE, HOUR = synth.START, synth.SECOND, synth.MINUTE, synth.HOUR
PROFILE, SERVER = r"C:\Users\minami", "203.0.113.9"

Evidence = tuple[list[LogRecord], dict[str, Any]]


def sysmon(at: int, event_id: int, **fields: str) -> LogRecord:
    return LogRecord(at, HOST, *SYSMON, event_id, fields)


def security(at: int, event_id: int, **fields: str) -> LogRecord:
    return LogRecord(at, HOST, *SECURITY, event_id, fields)


def sure() -> list[LogRecord]:
    """The task in the root folder that starts on 1999-11-30."""
    program = rf"{PROFILE}\AppData\Roaming\dhbtvdi"
    content = synth.TASK.format(account=r"AOBA\minami", program=program)
    name = r"\Firefox Default Browser Agent 25948A1110D2E646"
    return [security(START, 4698, TaskName=name, TaskContent=content, SubjectUserName="minami")]


def connected(at: int, address: str = SERVER, image: str = synth.EXPLORER, **more: str) -> LogRecord:
    fields = {"DestinationIp": address, "DestinationPort": "80", "Initiated": "true", "Image": image}
    return sysmon(at, 3, **fields, **more)


def beacon(hours: int = 2) -> list[LogRecord]:
    return [connected(START + turn * 10 * MINUTE) for turn in range(hours * 6)]


def read(at: int, name: str, image: str = synth.MODULE) -> LogRecord:
    return security(at, 4663, ObjectType="File", ObjectName=name, ProcessName=image, AccessMask="0x1")


def thread(target: str) -> LogRecord:
    return sysmon(START + MINUTE, 8, SourceImage=synth.EXPLORER, TargetImage=target)


def registration() -> Evidence:
    return beacon(), {}


def download() -> Evidence:
    name = rf"{PROFILE}\AppData\Local\Temp\8A1C.exe"
    return [sysmon(START + MINUTE, 11, Image=synth.EXPLORER, TargetFilename=name)], {}


def scriptlet() -> Evidence:
    line = r'regsvr32 /s /n /u /i:"C:\Users\minami\AppData\Local\Temp\3F2A.tmp" scrobj'
    image = r"C:\Windows\SysWOW64\regsvr32.exe"
    return [sysmon(START, 1, Image=image, CommandLine=line, ParentImage=synth.EXPLORER)], {}


def stealer() -> Evidence:
    return [read(START, rf"{PROFILE}\AppData\Local\Google\Chrome\User Data\Default\Login Data")], {}


def password_sniffer() -> Evidence:
    return [thread(r"C:\Program Files\FileZilla FTP Client\filezilla.exe")], {}


def form_grabber() -> Evidence:
    return [thread(synth.CHROME)], {}


def mail_grabber() -> Evidence:
    return [read(START, rf"{PROFILE}\Documents\Outlook Files\minami.pst")], {}


def keylogger() -> Evidence:
    """A beacon day and night, and between its beats more connections while somebody works."""
    records = beacon(24)
    records += [security(START - MINUTE, 4801), security(START + 8 * HOUR, 4800)]
    records += [security(START + 24 * HOUR, 4801)]
    records += [connected(START + turn * 20 * MINUTE + 4 * MINUTE) for turn in range(24)]
    return records, {}


def process_monitor() -> Evidence:
    records = beacon(8)
    for turn in range(4):
        at = START + turn * HOUR + 7 * MINUTE
        image = r"C:\Program Files\Electrum\electrum.exe"
        records += [sysmon(at, 1, Image=image, ParentImage=synth.EXPLORER), connected(at + 2 * SECOND)]
    return records, {}


def file_search() -> Evidence:
    names = (rf"{PROFILE}\Documents\plan-{n:02}.xlsx" for n in range(30))
    return [read(START + n * SECOND, name) for n, name in enumerate(names)], {}


def fake_dns() -> Evidence:
    records = []
    for turn in range(3):
        at, who = START + turn * MINUTE, {"ProcessGuid": "{1}"}
        results = "::ffff:198.51.100.7;"
        records += [
            sysmon(at, 22, QueryName="bank.example", QueryResults=results, Image=synth.CHROME, **who),
            connected(at + SECOND, "203.0.113.77", synth.CHROME, **who),
        ]
    return records, {}


def flooder() -> Evidence:
    return [connected(START + n * 30_000, "198.51.100.9") for n in range(300)], {}


def hidden_viewer() -> Evidence:
    return [], {"files": files(item(8), rf"{PROFILE}\AppData\Roaming\Example\tv_w32.dll")}


def viewer_started() -> Evidence:
    image = rf"{PROFILE}\AppData\Roaming\Example\TeamViewer.exe"
    return [sysmon(START, 1, Image=image, CommandLine=image, ParentImage=synth.EXPLORER)], {}


def miner() -> Evidence:
    image = rf"{PROFILE}\AppData\Roaming\D1C53892\wuauclt.exe"
    return [sysmon(START, 1, Image=image, CommandLine=image, ParentImage=synth.MODULE)], {}


def miner_file() -> Evidence:
    return [], {"files": files(item(8), rf"{PROFILE}\AppData\Roaming\D1C53892\wuauclt.exe")}


# Row of the console as the sheet names it, function, evidence that shows it, and what of it can be examined.
ROWS: tuple[tuple[str, str, Callable[[], Evidence], str], ...] = (
    ("BOT LIST", "registration", registration, "Microsoft-Windows-Sysmon/Operational/3"),
    ("TASK LIST", "download-and-run", download, "Microsoft-Windows-Sysmon/Operational/11"),
    ("TASK LIST", "download-and-run", scriptlet, "Microsoft-Windows-Sysmon/Operational/1"),
    ("STEALER", "credential-theft", stealer, "Security/4663"),
    ("PASS SNIF", "password-sniffing", password_sniffer, "Microsoft-Windows-Sysmon/Operational/8"),
    ("FORM GRAB", "form-theft", form_grabber, "Microsoft-Windows-Sysmon/Operational/8"),
    ("EMAIL GRAB", "mail-theft", mail_grabber, "Security/4663"),
    ("KEYLOGGER", "keylogging", keylogger, "Microsoft-Windows-Sysmon/Operational/3"),
    ("PROCMON", "process-monitor", process_monitor, "Microsoft-Windows-Sysmon/Operational/3"),
    ("FILE SEARCH", "file-search", file_search, "Security/4663"),
    ("FAKE DNS", "dns-tampering", fake_dns, "Microsoft-Windows-Sysmon/Operational/22"),
    ("DDoS", "flooding", flooder, "Microsoft-Windows-Sysmon/Operational/3"),
    ("HIDDEN TEAMVIEWER", "remote-desktop", hidden_viewer, "file-system"),
    ("HIDDEN TEAMVIEWER", "remote-desktop", viewer_started, "Microsoft-Windows-Sysmon/Operational/1"),
    ("MINER", "mining", miner, "Microsoft-Windows-Sysmon/Operational/1"),
    ("MINER", "mining", miner_file, "file-system"),
)
IDS = [f"{row}-{evidence.__name__}" for row, _, evidence, _ in ROWS]


def found(evidence: Evidence, beside: list[LogRecord]) -> list[dict[str, Any]]:
    """Findings on the machine as a case keeps them."""
    records, tables = evidence
    every = sorted([*beside, *records], key=lambda record: record.time)
    hits = clues({"events": events(every), **tables})
    said = [asdict(hit) | {"host": hit.host or HOST} for hit in findings(hits)]
    places = {item(number): [("logs/one", None)] for number in range(10)}
    return list(case_findings.findings(said, places))


def console(shown: list[dict[str, Any]], seen_in: str) -> dict[tuple[str, str], str]:
    """Grade by machine and function: one with the findings, one with the same evidence, one with none of it."""
    needs = {"smokeloader": {name: seen.seen_in for name, seen in pack().functions.items()}}
    examined = {HOST: frozenset({seen_in}), CLEAN: frozenset({seen_in}), BARE: frozenset({"Application/1"})}
    rows = functions(shown, {name: name for name in examined}, examined, needs)
    return {(row["host"], row["function"]): row["grade"] for row in rows}


@pytest.mark.parametrize(("row", "function", "evidence", "seen_in"), ROWS, ids=IDS)
def test_a_function_is_indicated_beside_a_sure_trace(
    row: str, function: str, evidence: Callable[[], Evidence], seen_in: str
) -> None:
    grades = console(found(evidence(), sure()), seen_in)
    assert grades[HOST, function] in ("proven", "strong", "indicated")
    assert grades[CLEAN, function] == "no-evidence"
    assert grades[BARE, function] == "not-examinable"


@pytest.mark.parametrize(("row", "function", "evidence", "seen_in"), ROWS, ids=IDS)
def test_without_a_sure_trace_the_same_evidence_is_weak_or_unsaid(
    row: str, function: str, evidence: Callable[[], Evidence], seen_in: str
) -> None:
    grade = console(found(evidence(), []), seen_in)[HOST, function]
    # These two rules name what the family did in public reports; they fit it by themselves.
    allowed = ("indicated",) if evidence in (scriptlet, miner) else ("weak", "no-evidence")
    assert grade in allowed


@pytest.mark.parametrize("function", sorted(pack().functions))
def test_every_function_names_where_it_would_show(function: str) -> None:
    seen = pack().functions[function]
    assert seen.seen_in or seen.also_in


def near_misses() -> Iterator[tuple[str, list[LogRecord]]]:
    """Behaviour of the same kind that machines show without any malware."""
    irregular = [connected(START + n * n * MINUTE) for n in range(12)]
    yield "explorer-period", irregular
    yield "flood", [connected(START + n * SECOND, "198.51.100.9") for n in range(300)]
    names = [rf"{PROFILE}\Documents\plan-{n:02}.xlsx" for n in range(30)]
    yield "documents-read", [read(START + n * SECOND, name, synth.EXPLORER) for n, name in enumerate(names)]
    yield "documents-read", [read(START + n * MINUTE, name) for n, name in enumerate(names)]
    yield "documents-read", [read(START + n * SECOND, names[0]) for n in range(30)]
    start = sysmon(START, 1, Image=r"C:\Program Files\Electrum\electrum.exe", ParentImage=synth.EXPLORER)
    yield "reacts-to-start", [start, *beacon()]
    yield "typing-hours", beacon(24) + [security(START, 4801), security(START + 8 * HOUR, 4800)]
    night = [connected(START + turn * HOUR + 4 * MINUTE) for turn in range(24)]
    yield "typing-hours", keylogger()[0] + night
    answered = [
        sysmon(
            START + n, 22, QueryName="bank.example", QueryResults="::ffff:203.0.113.77;", Image=synth.CHROME
        )
        for n in range(2)
    ]
    yield "other-address", answered + fake_dns()[0]
    down = security(START + 20 * SECOND, 4647)
    tools = [sysmon(START + n * SECOND, 5, Image=rf"C:\Tools\{n}\procmon.exe") for n in range(3)]
    yield "tools-ended", tools
    yield "tools-ended", [*tools, sysmon(START, 5, Image=r"C:\Tools\Wireshark.exe"), down]


@pytest.mark.parametrize(("message", "records"), list(near_misses()))
def test_near_misses_say_nothing(message: str, records: list[LogRecord]) -> None:
    every = sorted([*sure(), *records], key=lambda record: record.time)
    assert said(findings(clues({"events": events(every)})), message) == []


def test_tools_that_end_at_once_are_a_clue() -> None:
    records = [
        sysmon(START + n * SECOND, 5, Image=rf"C:\Tools\{name}.exe")
        for n, name in enumerate(("Procmon64", "x64dbg", "notepad"))
    ]
    alone = said(findings(clues({"events": events(records)})), "tools-ended")
    beside = said(findings(clues({"events": events([*sure(), *records])})), "tools-ended")
    assert [(hit.grade.value, hit.fields["programs"]) for hit in (*alone, *beside)] == [
        ("weak", "procmon64.exe, x64dbg.exe"),
        ("indicated", "procmon64.exe, x64dbg.exe"),
    ]
