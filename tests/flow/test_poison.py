# SPDX-License-Identifier: Apache-2.0
"""Evidence whose strings attack whoever reads the result: page, table, terminal, exchange formats."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from flow import incident

STRINGS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[x](javascript:alert(1))",
    "{{7*7}}{% for x in y %}",
    "=cmd|' /C calc'!A0",
    "\x1b]0;owned\x07\x1b[31mred",
    "\u202egpj.exe\u2066",
    "a\0b",
    "\ud800lone",
    "x" * 100_000,
]


class Elements(HTMLParser):
    """Counts elements, and keeps what would run."""

    def __init__(self) -> None:
        super().__init__()
        self.active: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        links = [value or "" for name, value in attrs if name in ("href", "src", "action")]
        if tag in ("script", "iframe", "object", "embed", "form", "img") or any(
            name.startswith("on") for name, _ in attrs
        ):
            self.active.append(tag)
        self.active += [
            link for link in links if not link.startswith(("#", "https://attack.mitre.org/", "data:"))
        ]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("poison")
    evidence = folder / "evidence"
    evidence.mkdir()
    events = [
        incident.event(n, host=text, CommandLine=text, Image=f"C:\\{text}\\notepad.exe", User=text)
        for n, text in enumerate(STRINGS)
    ]
    (evidence / "log.jsonl").write_bytes(incident.lines(events))
    for n, text in enumerate(STRINGS[:-2]):
        subject = text.replace("\0", "").replace("\x1b", "\\x1b")
        (evidence / f"{n}.eml").write_bytes(incident.MAIL.replace(b"test", subject.encode()))
    (evidence / "<img src=x onerror=alert(1)>.txt").write_text("a name that attacks")
    rule = folder / "rules"
    rule.mkdir()
    (rule / "rule.yml").write_bytes(
        incident.RULE.replace(b"author: Test", b"author: '<b>=1+1</b>'").replace(
            b"Notepad Started", b"<script>rule</script>"
        )
    )
    command = [
        sys.executable,
        "-m",
        "hikeshi",
        "run",
        str(evidence),
        "--rules",
        str(rule),
        "--out",
        str(folder / "case"),
    ]
    subprocess.run(command, capture_output=True, check=False)
    return folder / "case"


def test_everything_is_found(case: Path) -> None:
    found = [json.loads(line) for line in (case / "findings.jsonl").read_text().splitlines()]
    assert len(STRINGS) == sum(finding["message"] == "rule.sigma" for finding in found)


def test_the_page_runs_nothing(case: Path) -> None:
    page = Elements()
    page.feed((case / "report" / "index.html").read_text())
    assert [] == page.active


@pytest.mark.parametrize("path", ["export/internal/findings.csv", "export/share/indicators.csv"])
def test_no_cell_is_a_formula(case: Path, path: str) -> None:
    rows = list(csv.reader(io.StringIO((case / path).read_text("utf-8-sig"))))
    assert rows
    assert [] == [cell for row in rows for cell in row if cell[:1] in "=+-@\t\r＝＋－＠" and cell]


@pytest.mark.parametrize("what", ["findings", "hosts", "issues", "evidence", "functions"])
def test_the_terminal_gets_no_control_characters(case: Path, what: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hikeshi", "show", what, str(case)], capture_output=True, check=True
    )
    assert done.stdout
    text = done.stdout.decode()
    assert [] == [
        c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066"
    ]


def test_exchange_files_are_json(case: Path) -> None:
    for name in ("share/bundle.stix.json", "share/misp.json", "internal/navigator.json"):
        assert json.loads((case / "export" / name).read_bytes())
    for line in (case / "export" / "internal" / "timesketch.jsonl").read_bytes().splitlines():
        assert json.loads(line)["message"]
