# SPDX-License-Identifier: Apache-2.0
"""Small case folders written through the case's own writers: an incident, nothing at all, poison, and a large one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hikeshi.case.findings import findings
from hikeshi.case.saved import Saved
from hikeshi.case.tables import write_rows
from hikeshi.case.write import write_json, write_lines, write_manifest
from hikeshi.reconstruct.functions import functions

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SYSMON = "Microsoft-Windows-Sysmon/Operational"
KEIRI, SOUMU, FILES = "PC-KEIRI-07.corp.example", "PC-SOUMU-12.corp.example", "SRV-FILE-01.corp.example"
HOST_EXE = r"C:\Users\t.yamada\AppData\Roaming\Install\Host.exe"

NEEDS = {
    "netwire": {
        "registration": [f"{SYSMON}/13", "Security/4657"],
        "persistence": [f"{SYSMON}/13", "Security/4657"],
        "keylogging": [f"{SYSMON}/11", "Security/4663"],
        "credential-theft": ["Security/4663"],
        "screen-capture": ["memory", "network-capture"],
        "file-from-victim": ["memory", "network-capture"],
        "remote-shell": ["memory", "network-capture"],
    }
}


def item(name: str) -> str:
    """The id an item of this name has here."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def at(text: str) -> int:
    """Microseconds of an ISO time."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def node(
    path: str, kind: str, size: int, numbers: Sequence[int], status: str = "read", **more: Any
) -> dict[str, Any]:
    """An item of case.json; `numbers` are records in, out, refused, duplicate."""
    names = ("records_in", "records_out", "refused", "duplicate")
    id_ = more.pop("id", item(path))
    fixed = {"id": id_, "path": path, "kind": kind, "bytes": size, "sha256": id_, "status": status}
    return fixed | dict(zip(names, numbers, strict=True)) | more


def hit(
    path: str, record: int, time: str | None, host: str | None, message: str, **more: Any
) -> dict[str, Any]:
    """A hit as judges leave it."""
    fixed: dict[str, Any] = {
        "item": item(path),
        "record": record,
        "offset": None,
        "time": at(time) if time else None,
        "time_text": time,
        "host": host,
        "user": None,
        "family": None,
        "function": None,
        "techniques": [],
        "grade": "indicated",
        "message": message,
        "fields": {},
        "rule": None,
    }
    return fixed | more


def sigma(title: str, level: str = "high", **more: Any) -> dict[str, Any]:
    """The rule part of a hit."""
    return {"id": more.pop("id", f"rule-{title}"), "kind": "sigma", "level": level, "title": title} | {
        "author": "Examiner, Example",
        "licence": "DRL-1.1",
        **more,
    }


def write_case(
    folder: Path,
    tree: Sequence[Mapping[str, Any]],
    hits: Iterable[Mapping[str, Any]] = (),
    *,
    issues: Iterable[Mapping[str, Any]] = (),
    hosts: Sequence[Mapping[str, Any]] = (),
    examined: Mapping[str, frozenset[str]] | None = None,
    gaps: Sequence[Mapping[str, Any]] = (),
    events: Sequence[Mapping[str, Any]] = (),
    rules: Sequence[Mapping[str, Any]] = (),
    options: Mapping[str, Any] | None = None,
    intake: str | None = None,
    tables: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Saved:
    """Write a case and open it."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = list(_flat(tree))
    places: dict[str, list[tuple[str, str | None]]] = {}
    for each in nodes:
        places.setdefault(each["id"], []).append((each["path"], None))
    found = findings(hits, places)
    write_lines(folder / "findings.jsonl", found)
    write_lines(folder / "issues.jsonl", issues)
    machine = {alias: row["host"] for row in hosts for alias in (row["host"], *row.get("aliases", ()))}
    write_rows(folder, "hosts", [{"aliases": [], "events": 0, **row} for row in hosts])
    write_rows(folder, "functions", functions(found, machine, examined or {}, NEEDS))
    write_rows(folder, "gaps", list(gaps))
    write_rows(folder, "events", list(events))
    for name, rows in (tables or {}).items():
        write_rows(folder, name, list(rows))
    columns = ("kind", "bytes", "status", "reason", "records_in", "records_out", "refused", "duplicate")
    all_once = {each["id"]: each for each in nodes}
    write_rows(
        folder,
        "items",
        [{"item": id_} | {c: n.get(c) for c in columns} for id_, n in sorted(all_once.items())],
    )
    write_rows(folder, "places", [{"item": each["id"], "path": each["path"]} for each in nodes])
    once = [each for each in all_once.values() if not each.get("container")]
    sums = {key: sum(n[key] for n in once) for key in ("records_in", "records_out", "refused", "duplicate")}
    write_json(
        folder / "case.json",
        {
            "schema": "hikeshi.case/1",
            "tool": {
                "name": "hikeshi",
                "version": "0.1.0",
                "packs": [
                    {"name": name, "version": "1", "status": "stable", "sha256": item(name)}
                    for name in ("generic", "netwire")
                ],
                "rules": list(rules),
            },
            "options": {
                "timezone": "Asia/Tokyo",
                "languages": ["ja", "en"],
                "rules": [r["name"] for r in rules],
            }
            | dict(options or {}),
            "evidence": list(tree),
            "totals": {"items": len(once), "bytes": sum(n["bytes"] for n in once), **sums},
        },
    )
    if intake is not None:
        (folder / "intake.yaml").write_text(intake, encoding="utf-8")
    write_manifest(folder)
    return Saved(folder)


def _flat(tree: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for each in tree:
        if "id" in each:
            yield each
        yield from _flat(each.get("children", ()))


def issue(path: str, reason: str, records: int = 0, **more: Any) -> dict[str, Any]:
    """A line of issues.jsonl."""
    fixed = {"item": item(path), "path": path, "offset": None, "reason": reason, "records": records}
    return fixed | {"fields": {}, "unknown": None} | more


INTAKE = """\
schema: hikeshi.intake/1
case: 2018-EX-014
examiner: 調査員 甲野 例子
organisation: 例示株式会社
exhibits:
  - name: ノート PC（経理課）から取得したイベントログ一式
    evidence: [evidence]
    device: ExampleBook 13
    serial: 0012E4
    copy: copy
    taken-when: 2018-02-01T10:20+09:00
    taken-by: 調査員 甲野 例子
    tool: 証拠取得ツール例 4.2
    write-blocker: あり（例示ブロッカー WB-1）
    hand-overs:
      - when: 2018-02-01T17:05+09:00
        from: 調査員 甲野 例子
        to: 解析班 丙川 見本
        place: 東京都千代田区 例示株式会社 第3会議室
        witness: 総務課 乙山 試
        reason: 解析
"""


def incident(folder: Path, rules: bool = True) -> Saved:
    """NetWire on two of three machines, third-party hits, a gap, and evidence that could not be read."""
    zipped = "evidence/keiri.zip"
    keiri, soumu = f"{zipped}/PC-KEIRI-07/Sysmon.evtx", "evidence/PC-SOUMU-12/Security.evtx"
    broken, locked = "evidence/PC-SOUMU-12/System.evtx", "evidence/mail/明細.zip"
    mail = "evidence/mail/inbox.mbox"
    tree = [
        node(soumu, "evtx", 8_392_704, (9_120, 9_120, 0, 0)),
        node(broken, "evtx", 1_118_208, (1_204, 1_196, 8, 0), "partial", reason="damaged-record"),
        node(
            zipped,
            "zip",
            20_971_520,
            (1, 1, 0, 0),
            container=True,
            children=[
                node(keiri, "evtx", 68_157_440, (31_877, 31_871, 0, 6)),
            ],
        ),
        node(mail, "mbox", 4_194_304, (212, 212, 0, 0)),
        node(locked, "zip", 52_331, (1, 0, 1, 0), "encrypted", reason="encrypted"),
        node("evidence/memo.bin", "unknown", 901, (1, 1, 0, 0), "bytes-only", reason="unknown-format"),
        {"path": "evidence/link", "status": "refused", "reason": "link-not-followed"},
    ]
    # The registry paths are those the pack knows; the people, machines and addresses are invented.
    registry = r"HKU\S-1-5-21-1000\SOFTWARE\NetWire"
    run = r"HKU\S-1-5-21-1000\Software\Microsoft\Windows\CurrentVersion\Run\NetWire"
    netwire = {"family": "netwire", "user": "CORP\\t.yamada"}
    own = {"rule": sigma("NetWire writes its identity values", author="hikeshi", licence="Apache-2.0")}
    hits = [
        hit(
            keiri,
            4102,
            "2018-01-16T01:22:41.310000Z",
            KEIRI,
            "netwire.copy",
            techniques=["T1204.002"],
            **netwire,
            fields={
                "file": HOST_EXE,
                "program": r"C:\Users\t.yamada\Downloads\採用条件通知書.exe",
                "account": "CORP\\t.yamada",
            },
        ),
        hit(
            keiri,
            4110,
            "2018-01-16T01:22:43.010000Z",
            KEIRI,
            "netwire.identity",
            function="registration",
            grade="proven",
            techniques=["T1027.011", "T1112"],
            **netwire,
            **own,
            fields={
                "registry_path": registry + r"\HostId",
                "registry_data": "HostId-a1b2c3",
                "program": HOST_EXE,
            },
        ),
        hit(
            keiri,
            4111,
            "2018-01-16T01:22:43.110000Z",
            KEIRI,
            "netwire.run-value",
            function="persistence",
            grade="proven",
            techniques=["T1547.001"],
            **netwire,
            fields={"registry_path": run, "registry_data": HOST_EXE, "program": HOST_EXE},
        ),
        hit(
            keiri,
            4190,
            "2018-01-16T01:24:02.000000Z",
            KEIRI,
            "netwire.connection",
            function="registration",
            grade="strong",
            techniques=["T1095"],
            **netwire,
            fields={"program": HOST_EXE, "address": "203.0.113.45", "name": "update.example", "port": "3360"},
        ),
        hit(
            keiri,
            9001,
            "2018-01-19T06:11:10.000000Z",
            KEIRI,
            "netwire.key-log",
            function="keylogging",
            grade="strong",
            techniques=["T1056.001"],
            **netwire,
            fields={"file": r"C:\Users\t.yamada\AppData\Roaming\Logs\19-01-2018", "program": HOST_EXE},
        ),
        hit(
            soumu,
            77,
            "2018-01-23T00:03:55.120000Z",
            "pc-soumu-12",
            "netwire.run-partial",
            function="persistence",
            techniques=["T1547.001"],
            family="netwire",
            fields={
                "registry_path": run,
                "registry_data": r"C:\ProgramData\svc.exe",
                "program": r"C:\ProgramData\svc.exe",
            },
        ),
        hit(
            soumu,
            8801,
            "2018-01-25T15:40:00.000000Z",
            SOUMU,
            "generic.security-log-cleared",
            function="clean-up",
            techniques=["T1070.001"],
            user="CORP\\admin",
            fields={"account": "CORP\\admin"},
        ),
        *(
            hit(
                keiri,
                5000 + n,
                f"2018-01-16T02:{n:02}:00.000000Z",
                KEIRI,
                "rule.sigma",
                techniques=["T1059.001"],
                rule=sigma("Suspicious PowerShell Download"),
                fields={"title": "Suspicious PowerShell Download"},
            )
            for n in range(12)
        ),
        hit(
            soumu,
            90,
            "2018-01-23T01:00:00.000000Z",
            SOUMU,
            "rule.sigma",
            grade="weak",
            techniques=["T1018", "T1087"],
            rule=sigma("Net.exe Discovery", "medium", author=None),
            fields={"title": "Net.exe Discovery"},
        ),
        hit(soumu, 91, None, SOUMU, "rule.sigma", grade="weak", rule=sigma("Undated Record", "low")),
    ]
    hosts = [
        {"host": KEIRI, "aliases": ["PC-KEIRI-07"], "events": 31_871},
        {"host": SOUMU, "aliases": ["pc-soumu-12"], "events": 10_316},
        {"host": FILES, "events": 0},
    ]
    examined = {
        KEIRI: frozenset({f"{SYSMON}/13", f"{SYSMON}/11", "mail"}),
        SOUMU: frozenset({"Security/4657", "Security/4663", "mail"}),
        FILES: frozenset({"mail"}),
    }
    gaps = [
        {
            "host": SOUMU,
            "channel": "Security",
            "start": at("2018-01-24T09:00:00Z"),
            "end": at("2018-01-25T15:40:00Z"),
            "missing": 4_310,
            "kind": "records-missing",
        },
        {
            "host": KEIRI,
            "channel": SYSMON,
            "start": at("2018-01-20T00:00:00Z"),
            "end": at("2018-01-20T05:30:00Z"),
            "missing": None,
            "kind": "silence",
        },
    ]
    events = [
        {
            "item": item(keiri),
            "record": n,
            "time": at("2018-01-16T00:00:00Z") + n * 3_600_000_000,
            "host": KEIRI,
            "channel": SYSMON,
            "event_id": 1,
            "fields": {},
        }
        for n in range(0, 240, 3)
    ]
    issues = [
        issue(broken, "damaged-record", 8, offset=69_632, unknown="unknown.events"),
        issue(locked, "encrypted", 1, unknown="unknown.item"),
        issue("evidence/link", "link-not-followed"),
    ]
    return write_case(
        folder,
        tree,
        hits,
        issues=issues,
        hosts=hosts,
        examined=examined,
        gaps=gaps,
        events=events,
        intake=INTAKE,
        rules=[{"name": "sigma-rules", "kind": "sigma", "sha256": item("rules")}] if rules else [],
    )


OFFICE, DESK_IP, C2 = "evidence/office.pcap", "192.0.2.10", "203.0.113.45"


def stream(server: str, port: int, start: str, sent: int, received: int, **more: Any) -> dict[str, Any]:
    """A row of `streams`: one connection of a desk, of half a second."""
    ends = {"client": DESK_IP, "server": server, "server_port": port, "protocol": "tcp"}
    sizes = {"bytes_sent": sent, "bytes_received": received, "missing_sent": 0, "missing_received": 0}
    time = {"time": at(start), "last": at(start) + 500_000, "conflicting": 0, "notes": []}
    return {"item": item(OFFICE), **ends, **sizes, **time, **more}


def traffic(folder: Path) -> Saved:
    """A capture: a connection each minute to an address a finding names, an upload with holes, failing names."""
    where = {"item": item(OFFICE), "client": DESK_IP, "server": "192.0.2.53", "notes": []}
    beats = [stream(C2, 3360, f"2018-01-16T01:{n:02}:00.{n % 3:02}Z", 100, 20) for n in range(10)]
    streams = [
        *beats,
        stream(
            "198.51.100.7", 443, "2018-01-16T02:00:00Z", 5_000_000, 900, missing_sent=1_200, conflicting=1
        ),
        stream("198.51.100.8", 80, "2018-01-16T02:10:00Z", 400, 70_000),
        stream("2001:db8::9", 443, "2018-01-16T02:20:00Z", 1, 1),
        *(stream("224.0.0.251", 5353, f"2018-01-16T03:{n:02}:00Z", 5, 0, protocol="udp") for n in range(9)),
    ]
    asked = {**where, "response": 0, "rcode": None, "answers": [], "type": "A"}
    names = [
        asked | {"name": "update.example", "time": at("2018-01-16T00:59:59Z")},
        asked
        | {"name": "update.example", "response": 1, "rcode": "NOERROR", "answers": [f"A {C2}"]}
        | {"time": at("2018-01-16T01:00:00Z")},
        *(
            asked | {"name": name, "response": 1, "rcode": "NXDOMAIN", "time": at(f"2018-01-16T01:0{n}:00Z")}
            for n, name in enumerate(("qzxw.example", "QZXW.example", "vbnm.example"))
        ),
        asked | {"name": "vbnm.example", "notes": ["unanswered"], "time": at("2018-01-16T01:09:00Z")},
    ]
    shake = {"item": item(OFFICE), "client": DESK_IP, "server": "198.51.100.7", "server_port": 443}
    web = {"item": item(OFFICE), "client": DESK_IP, "server": "198.51.100.8", "server_port": 80}
    found = hit(
        OFFICE,
        3,
        "2018-01-16T01:00:00Z",
        None,
        "netwire.connection",
        family="netwire",
        function="registration",
        fields={"program": HOST_EXE, "address": C2, "name": "update.example", "port": "3360"},
    )
    lost = [
        issue(OFFICE, "cut-by-snapshot-length", fields={"packets": "11", "bytes": "4400"}),
        issue(OFFICE, "dropped-by-capture", fields={"interface": "0", "dropped": "7"}),
        issue(OFFICE, "dropped-by-capture", fields={"dropped": "5"}),
        issue(OFFICE, "unknown-link-type", 3, fields={"link_type": "x"}),
    ]
    tables = {
        "streams": streams,
        "names": names,
        "handshakes": [shake | {"name": "files.example", "subjects": ["CN=files.example", ""], "notes": []}],
        "exchanges": [
            web | {"host": "www.example", "request_bytes": 10, "response_bytes": 60_000, "notes": []},
            web | {"host": "www.example", "request_bytes": 30, "response_bytes": 5, "notes": []},
        ],
        "contacts": [
            {"client": DESK_IP, "server": "198.51.100.9", "server_port": 4041, "protocol": "tcp"}
            | {
                "item": item(OFFICE),
                "basis": "messages",
                "connections": 1,
                "period": 12.352314,
                "jitter": 0.2,
            }
        ],
    }
    tree = [node(OFFICE, "capture", 9_000, (600, 597, 3, 0))]
    return write_case(folder, tree, [found], issues=lost, tables=tables)


def empty(folder: Path) -> Saved:
    """One log was read and nothing was found."""
    return write_case(folder, [node("evidence/System.evtx", "evtx", 69_632, (20, 20, 0, 0))])


POISON = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>' onmouseover='x",
    "[x](javascript:alert(1))",
    "{{7*7}}{% for x in y %}",
    "=cmd|' /C calc'!A0",
    "\x1b[31mred\x1b[0m\x07",
    "invoice\u202egnp.exe",
    "a\u0000b\u200bc\ufeffd",
    "half \ud800 pair \udc00",
    "</style></template><!-- --></code></td>",
    "\ue0000\ue001 private",
    "Z\u0300\u0301\u0302\u0303\u0304\u0305\u0306algo",
    "x" * 100_000,
    "漏" * 100_000,
)


def poison(folder: Path, texts: Sequence[str] = POISON) -> Saved:
    """Everything that evidence can name holds text made to break a page."""
    path = "evidence/" + texts[0] + "\u202e.evtx"
    tree = [
        node(path, "evtx", 1, (len(texts), len(texts), 0, 0)),
        *(
            node(f"e{n}/{text[:300]}", text[:20], 1, (1, 0, 1, 0), "refused", reason=text[:40])
            for n, text in enumerate(texts)
        ),
    ]
    hits = []
    for n, text in enumerate(texts):
        everything = {"user": text, "time_text": text, "techniques": [text[:50]]}
        fields = {
            "registry_path": text,
            "registry_data": text,
            "program": text,
            "address": text,
            text[:60]: text,
        }
        hits.append(
            hit(
                path,
                n,
                f"2018-01-16T01:{n:02}:00Z",
                text,
                "netwire.identity",
                family="netwire",
                function="registration",
                fields=fields,
                **everything,
            )
        )
        hits.append(
            hit(
                path,
                n,
                None,
                text,
                text[:80],
                family=text[:80],
                function=text[:80],
                fields={text: text},
                **everything,
            )
        )
        rule = {
            "id": f"{n}{text[:50]}",
            "kind": text[:9],
            "level": text[:9],
            "title": text,
            "author": text,
            "licence": text,
        }
        hits.append(
            hit(
                path,
                n,
                f"2018-01-17T01:{n:02}:00Z",
                text,
                "rule.sigma",
                fields={"title": text},
                rule=rule,
                **everything,
            )
        )
    hits = [clean(each) for each in hits]
    hosts = [{"host": clean(text), "aliases": [clean(text) + "-alias"]} for text in texts]
    examined = {clean(text): frozenset({"mail"}) for text in texts}
    gaps = [
        {
            "host": clean(text),
            "channel": clean(text),
            "start": at("2018-01-16T02:00:00Z"),
            "kind": clean(text),
            "end": at("2018-01-16T09:00:00Z"),
            "missing": None,
        }
        for text in texts
    ]
    issues = [
        issue(path, clean(text)[:50], 1, unknown=clean(text)[:50], fields={"x": clean(text)})
        for text in texts
    ]
    return write_case(
        folder,
        [clean(each) for each in tree],
        hits,
        issues=issues,
        hosts=hosts,
        examined=examined,
        gaps=gaps,
        rules=[{"name": clean(text), "sha256": clean(text)} for text in texts],
        options={clean(text)[:40]: clean(text) for text in texts},
        tables=_poisoned(path, texts),
        intake="examiner: x\nexhibits:\n"
        + "\n".join(
            f"  - name: {yaml_text(text[:2000])}\n    note: {yaml_text(text[:2000])}" for text in texts
        ),
    )


def _poisoned(path: str, texts: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    ends = [
        {"item": item(path), "client": text, "server": text, "server_port": n, "protocol": text[:9]}
        for n, text in enumerate(map(clean, texts))
    ]
    named = {"answers": [], "rcode": "NXDOMAIN", "subjects": [], "notes": []}
    return {
        "streams": ends,
        "handshakes": [end | {"name": end["client"], "subjects": [end["client"]]} for end in ends],
        "names": [end | named | {"name": end["client"]} for end in ends],
        "exchanges": [end | {"host": end["client"]} for end in ends],
        "contacts": [end | {"basis": "messages", "period": 60.0, "jitter": 0.0} for end in ends],
    }


def clean(value: Any) -> Any:
    """The value as tables and JSON files can hold it: lone surrogates replaced, all else as it is."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {clean(key): clean(inner) for key, inner in value.items()}
    return [clean(inner) for inner in value] if isinstance(value, list) else value


def yaml_text(text: str) -> str:
    """A YAML scalar that any reader of YAML accepts."""
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\U{ord(c):08X}" for c in clean(text)) + '"'


def large(folder: Path, count: int = 50_000) -> Saved:
    """Half of the findings a pack's, half of third-party rules, on two hundred machines."""
    path = "evidence/big.evtx"
    start = at("2018-01-16T00:00:00Z")
    hits: list[dict[str, Any]] = []
    for n in range(count):
        host = f"PC-{n % 200:03}.corp.example"
        fields = {
            "registry_path": rf"HKCU\Run\{n}",
            "registry_data": HOST_EXE,
            "program": HOST_EXE,
            "account": "CORP\\u",
        }
        more: dict[str, Any] = {"time": start + n * 7_000_000, "techniques": ["T1547.001"], "fields": fields}
        if n % 2:
            rule = sigma(f"Rule {n % 700}", ("critical", "high", "medium", "low")[n % 4])
            hits.append(hit(path, n, None, host, "rule.sigma", rule=rule) | more)
        else:
            grade = ("weak", "indicated", "strong", "proven")[n % 8 // 2]
            named = {"family": "netwire", "function": "persistence", "grade": grade}
            hits.append(hit(path, n, None, host, "netwire.run-value", **named) | more)
    hosts = [{"host": f"PC-{n:03}.corp.example"} for n in range(200)]
    return write_case(
        folder,
        [node(path, "evtx", 1 << 30, (count, count, 0, 0))],
        hits,
        hosts=hosts,
        examined={row["host"]: frozenset({f"{SYSMON}/13"}) for row in hosts},
        rules=[{"name": "sigma-rules", "kind": "sigma", "sha256": item("rules")}],
    )
