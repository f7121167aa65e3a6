# SPDX-License-Identifier: Apache-2.0
"""Small inert evidence for tests of the whole flow."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

SYSMON = "Microsoft-Windows-Sysmon/Operational"


def event(
    number: int, host: str = "PC1.corp.example", minute: int | None = None, **fields: Any
) -> dict[str, Any]:
    """One Sysmon process event in the flat form, a minute after the one before."""
    at = number if minute is None else minute
    time = f"2018-01-{10 + at // 1440:02}T{at // 60 % 24:02}:{at % 60:02}:00.000Z"
    system = {"@timestamp": time, "EventID": 1, "Channel": SYSMON, "Hostname": host, "RecordNumber": number}
    return {**system, "SourceName": "Microsoft-Windows-Sysmon", "Image": "C:\\Windows\\notepad.exe", **fields}


def lines(events: list[dict[str, Any]]) -> bytes:
    """Events as JSON lines."""
    return "".join(json.dumps(event) + "\n" for event in events).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2018, 1, 26, 0, 0, 0)), content)
    return data.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    """A gzip-compressed tar archive."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


MAIL = (
    b"From: a@example.com\r\nTo: b@example.com\r\nDate: Fri, 26 Jan 2018 00:00:00 +0900\r\n"
    b"Subject: test\r\n\r\nbody\r\n"
)

RULE = b"""title: Notepad Started
id: 11111111-2222-4333-8444-555555555555
author: Test
level: high
logsource: {category: process_creation, product: windows}
detection:
  selection: {Image|endswith: '\\notepad.exe'}
  condition: selection
"""

OTHER_RULE = RULE.replace(b"1111-2222", b"1111-3333").replace(b"high", b"low").replace(b"Started", b"Ran")


def write(folder: Path) -> tuple[Path, Path]:
    """Two evidence arguments, with the same log at two places, nested archives, and bytes nobody knows."""
    one, two = folder / "one", folder / "two"
    one.mkdir()
    two.mkdir()
    log = lines([event(n) for n in range(60)])
    (one / "log.jsonl").write_bytes(log)
    (one / "mail.eml").write_bytes(MAIL)
    (one / "unknown.bin").write_bytes(b"\x01\x02nothing known\n")
    inner = zipped({"again.jsonl": log, "deep/other.jsonl": lines([event(n, "PC2") for n in range(30)])})
    (two / "collected.zip").write_bytes(zipped({"inner.zip": inner, "mail/1.eml": MAIL}))
    (two / "logs.tar.gz").write_bytes(tarred({"third.jsonl": lines([event(n, "PC3") for n in range(40)])}))
    return one, two
