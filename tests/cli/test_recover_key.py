# SPDX-License-Identifier: Apache-2.0
"""hikeshi recover-key on what is published of one machine, and on a constant nobody has published."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from hikeshi.cli import main
from hikeshi.codecs.keysearch import kernels
from hikeshi.flow import keyjobs
from keysearch_vectors import BODY, BOT_ID, CONSTANT, KEY, NAME, SERIAL

MACHINE = ["--name", NAME, "--serial", SERIAL]


def recovered(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert 0 == main(["recover-key", "--json", *arguments])
    searches: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["searches"]
    return searches


@pytest.mark.parametrize(
    ("names", "bits"),
    [
        (["--task", BOT_ID[:16]], 64),
        (["--task", BOT_ID[:16].lower()], 64),
        (["--files", "cfjeirb", "dhbtvdi"], 36),
        (["--files", "dhbtvdi", "cfjeirb"], 36),
        (["--files", "cfjeirb"], 28),
    ],
)
def test_a_published_constant_needs_no_search(
    names: list[str], bits: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = recovered(capsys, *MACHINE, *names)
    assert (["C7E12AF6"], 0, bits) == (found["values"], found["searched"], found["bits"])
    assert CONSTANT == found["values"][0]


def test_a_published_key_opens_a_body(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "post.bin").write_bytes(BODY)
    arguments = ["recover-key", "--body", str(tmp_path / "post.bin")]
    assert 0 == main(arguments)
    out = capsys.readouterr().out
    assert f"key {KEY.hex().upper()} opens 1 of 1 bodies; known before" in out
    assert f"<E6><07>{BOT_ID}<00>" in out


@pytest.mark.parametrize("names", [["--files", "dhbtvdi"], ["--files", "notepad"], []])
def test_what_says_too_little_is_refused(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The program's name alone holds eight bits of the hash; another word holds none."""
    assert 2 == main(["recover-key", *MACHINE, *names])
    assert "No pack can search with that" in capsys.readouterr().err


def test_another_constant_is_found_and_several_are_said_to_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 16 shards only the first 16 outer numbers each: the value lies in the first."""
    monkeypatch.setattr(kernels, "OUTER", 16)
    monkeypatch.setattr(keyjobs, "_SIGMAS", 40)
    digest = hashlib.md5(f"WS-010000A12B{SERIAL}".encode()).hexdigest().upper()
    assert 0 == main(
        ["recover-key", "--name", "ws-01", "--serial", SERIAL, "--task", digest[:16], "--jobs", "1"]
    )
    out, err = capsys.readouterr()
    assert "smokeloader: constant 0000A12B for WS-01; found after 1 of 16 shards; 64 bits of evidence" in out
    assert "16 shards of constants to search with" in err
