# SPDX-License-Identifier: Apache-2.0
"""A full disk: one clear sentence, nothing corrupt, and the run goes on when there is room."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flow import incident
from flow.test_flow import content


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no right to mount a small tmpfs here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def run(case: Path, *evidence: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hikeshi", "run", *map(str, evidence), "--out", str(case)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_full_disk(tmp_path: Path, small_disk: Path) -> None:
    one, two = incident.write(tmp_path)
    noise = [incident.event(n, CommandLine=os.urandom(500).hex()) for n in range(1500)]
    (one / "noise.jsonl").write_bytes(incident.lines(noise))
    full = run(small_disk / "case", one, two)
    assert 1 == full.returncode
    assert "The disk is full" in full.stderr
    assert 1 == full.stderr.count("\n")
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert 0 == run(small_disk / "case", one, two).returncode
    run(tmp_path / "whole", one, two)
    assert content(tmp_path / "whole") == content(small_disk / "case")
