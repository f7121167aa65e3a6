# SPDX-License-Identifier: Apache-2.0
"""What of each machine was examined: evidence that names nobody shows nothing about any of several machines."""

from __future__ import annotations

from typing import Any

from hikeshi.case.evidence import Account
from hikeshi.flow.examining import examined
from hikeshi.schema import Status

CAPTURE, MEMORY, LETTER = "c" * 64, "d" * 64, "e" * 64


def account(item: str, kind: str) -> Account:
    return Account(
        item,
        kind,
        bytes=1,
        status=Status.READ,
        reason=None,
        records_in=1,
        records_out=1,
        refused=0,
        duplicate=0,
        container=False,
        issues=(),
    )


ACCOUNTS = [account(CAPTURE, "capture"), account(MEMORY, "memory"), account(LETTER, "mail")]
PLACES = {item: [("place", None)] for item in (CAPTURE, MEMORY, LETTER)}


def query(sql: str) -> list[dict[str, Any]]:
    return [{"host": "ws-01", "channel": "Security", "event_id": 4624}] if "FROM events" in sql else []


def finding(host: str | None, item: str) -> dict[str, Any]:
    return {"host": host, "evidence": {"id": item}}


def test_what_names_nobody_is_the_only_machines() -> None:
    found = examined(query, ACCOUNTS, PLACES, {"ws-01": "ws-01"}, [])
    assert {"ws-01": {"Security/4624", "network-capture", "memory", "mail"}} == found


def test_of_several_machines_only_those_that_it_shows_were_examined_in_it() -> None:
    names = {name: name for name in ("ws-01", "ws-02")}
    found = examined(query, ACCOUNTS, PLACES, names, [finding("WS-12", CAPTURE), finding(None, CAPTURE)])
    assert found == {
        "": {"network-capture", "memory", "mail"},
        "WS-12": {"network-capture"},
        "ws-01": {"Security/4624"},
        "ws-02": set(),
    }


def test_an_artefact_at_a_place_is_that_machines() -> None:
    names = {name: name for name in ("ws-01", "ws-02")}
    places = {**PLACES, MEMORY: [("dump", "ws-02")], CAPTURE: [("web", "ws-02")]}
    found = examined(query, ACCOUNTS, places, names, [])
    assert found == {"ws-01": {"Security/4624"}, "ws-02": {"memory", "network-capture"}}


def test_another_spelling_is_the_same_machine() -> None:
    names = {"WS-01": "ws-01.example", "ws-01.example": "ws-01.example", "ws-02": "ws-02"}
    found = examined(lambda sql: [], ACCOUNTS, PLACES, names, [finding("WS-01", MEMORY)])
    assert found["ws-01.example"] == {"memory"}
