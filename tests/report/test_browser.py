# SPDX-License-Identifier: Apache-2.0
"""The page in headless Chromium: its policy is never violated, and it needs no script."""

import re
import shutil
import subprocess

import pytest

from hikeshi.report.build import build
from report import cases

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--v=0",
    "--virtual-time-budget=5000",
)
VIOLATION = re.compile(r"Content.Security.Policy", re.IGNORECASE)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


def console(html, tmp_path):
    """What Chromium says about a page, and the page as it understood it."""
    path = tmp_path / "page.html"
    path.write_bytes(html)
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    said = [line for line in done.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]
    return said, done.stdout.decode()


@pytest.mark.parametrize("make", [cases.incident, cases.empty, cases.poison, cases.traffic])
@pytest.mark.parametrize("languages", [("ja", "en"), ("en", "ja")])
def test_no_violation_and_no_message(make, languages, tmp_path):
    said, dom = console(build(make(tmp_path / "case"), languages, "Asia/Tokyo")["index.html"], tmp_path)
    assert [] == said
    assert "<script" not in dom
    assert dom.count("<section") == (18 if make in (cases.poison, cases.traffic) else 16)


def test_a_violation_would_be_seen(tmp_path):
    html = build(cases.empty(tmp_path / "case"), ("en",), "Asia/Tokyo")["index.html"]
    broken = html.replace(b"<main>", b'<main style="color:red"><img src="http://192.0.2.1/x">')
    said, _ = console(broken, tmp_path)
    assert len([line for line in said if VIOLATION.search(line)]) >= 2
