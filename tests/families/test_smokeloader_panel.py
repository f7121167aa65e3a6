# SPDX-License-Identifier: Apache-2.0
"""Access logs of a seized server: gates by their rhythm, own ranges listed, others counted."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import pyarrow as pa
import pytest

from hikeshi.families.smokeloader import beside, panel
from hikeshi.pack import Grade, Hit, Issue, Machine, Mark
from hikeshi.readers import squid, weblog
from hikeshi.schema import Batch, Item

START = 1_525_132_800  # 2018-05-01
IE = "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko"


def line(
    at: int, client: str, request: str = "POST /gate/", status: int = 404, size: int = 7, agent: str = IE
) -> str:
    """One line of an access log, `at` seconds after the start."""
    from datetime import UTC, datetime

    stamp = datetime.fromtimestamp(START + at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'{client} - - [{stamp}] "{request} HTTP/1.1" {status} {size} "-" "{agent}"'


def bot(client: str, first: int, times: int = 30, bundle: int | None = 90_000) -> list[str]:
    """A bot that asks every ten minutes; its first answer may be the bundle."""
    made = [line(first + n * 600, client) for n in range(times)]
    if bundle:
        made[0] = line(first, client, size=bundle)
    return made


def tables(lines: Sequence[str]) -> Iterator[pa.Table]:
    """What the reader of access logs makes of them."""
    data = "\n".join(sorted(lines, key=lambda text: text.partition("[")[2])).encode() + b"\n"
    for batch in weblog.read([Item("1" * 64, "access.log", len(data), BytesIO(data))]):
        if isinstance(batch, Batch) and batch.table == "exchanges":
            yield batch.rows


def told(lines: Sequence[str], machines: Sequence[Machine] = ()) -> list[Hit]:
    """Findings of a log."""
    hits = [hit for rows in tables(lines) for hit in beside.exchanges(rows)]
    assert not any(isinstance(hit, Issue) for hit in hits)
    return list(panel.joined([hit for hit in hits if isinstance(hit, Hit)], machines))


def asked(*marks: tuple[str, str]) -> list[Machine]:
    """What an analyst gave, as marks of no machine."""
    return [Machine("", (), tuple(Mark(kind, value, "") for kind, value in marks))]


LOG = [
    *bot("203.0.113.7", 0),
    *bot("198.51.100.9", 120),
    *bot("192.0.2.33", 300, 5),
    line(40, "192.0.2.99", "GET /"),
]


def test_others_are_counted_and_nobody_is_listed() -> None:
    [gate] = told(LOG)
    assert (panel.GATE, Grade.INDICATED, "/gate/", "3", "0", "3", "65") == (
        gate.message, gate.grade, *(gate.fields[name] for name in ("uri", "networks", "listed", "counted", "requests")),
    )  # fmt: skip
    assert ("7: 62, 90000: 3", "404: 65") == (gate.fields["sizes"], gate.fields["statuses"])
    assert gate.fields["first"].startswith("2018-05-01T00:00:00")
    assert not any(client in str(gate.fields) for client in ("203.0.113.7", "198.51.100.9", "192.0.2.33"))


@pytest.mark.parametrize(
    "machines",
    [
        asked((panel.OWN_RANGE, "203.0.113.0/24")),
        [Machine("gw.example", (), (Mark("address", "203.0.113.7", "2" * 64),))],
    ],
)
def test_own_addresses_are_listed(machines: list[Machine]) -> None:
    gate, client = told(LOG, machines)
    assert ("1", "2", "203.0.113.7", "600", "1") == (
        gate.fields["listed"], gate.fields["counted"], *(client.fields[n] for n in ("client", "period", "parallel")),
    )  # fmt: skip
    assert (machines[0].host or None) == client.host


def test_a_cert_may_ask_for_all() -> None:
    _, *clients = told(LOG, asked((panel.EVERYONE, "yes")))
    assert ["192.0.2.33", "198.51.100.9", "203.0.113.7"] == [hit.fields["client"] for hit in clients]


def test_machines_behind_one_address_show_as_rhythms_side_by_side() -> None:
    lines = [*bot("203.0.113.7", 0), *bot("203.0.113.7", 200), *bot("203.0.113.7", 430)]
    _, client = told(lines, asked((panel.OWN_RANGE, "203.0.113.7")))
    assert "3" == client.fields["parallel"]


def test_who_looks_around_is_told_apart() -> None:
    looks = [
        line(n * 7, "192.0.2.99", "GET /control.php?p=1", 200, 5_000, "Mozilla/5.0 (X11)") for n in range(40)
    ]
    *_, visitor = told([*LOG, *looks])
    assert (panel.VISITOR, Grade.WEAK, "192.0.2.99", "Mozilla/5.0 (X11)") == (
        visitor.message, visitor.grade, visitor.fields["client"], visitor.fields["user_agent"],
    )  # fmt: skip


def test_other_logs_say_nothing() -> None:
    chance = random.Random(5)
    lines = [
        line(chance.randrange(90_000), f"192.0.2.{chance.randrange(250)}", "GET /index.html", 200)
        for _ in range(900)
    ]
    lines += [line(n * 60, "192.0.2.8", "POST /wp-cron.php", 200, 0) for n in range(200)]
    lines += [line(chance.randrange(90_000), "192.0.2.9", "POST /login", 302, 0) for _ in range(40)]
    assert [] == told(lines)


def test_ten_minutes_of_something_else_is_asked_of_more_than_one_rhythm() -> None:
    """A monitor that posts every ten minutes looks like a gate: it is indicated, never more."""
    assert [Grade.INDICATED] == [hit.grade for hit in told(bot("192.0.2.8", 0, bundle=None))]


def test_a_proxy_is_no_seized_server() -> None:
    """Its log names ports and whole addresses; the clear requests of 2012 show in it."""
    lines = [
        f"{START + n * 600}.000 20 192.0.2.8 TCP_MISS/404 300 POST http://telemetry.example/t - DIRECT/- text/html"
        for n in range(30)
    ]
    lines.append(
        f"{START}.500 20 192.0.2.8 TCP_MISS/200 300 GET http://gate.example/p/index.php?cmd=getload&login=a&ver=1"
        " - DIRECT/198.51.100.20 text/html"
    )
    data = "\n".join(lines).encode() + b"\n"
    hits = [
        hit
        for batch in squid.read([Item("1" * 64, "access.log", len(data), BytesIO(data))])
        if isinstance(batch, Batch) and batch.table == "exchanges"
        for hit in beside.exchanges(batch.rows)
    ]
    found = [hit for hit in hits if isinstance(hit, Hit)]
    assert ["smokeloader.old-gate"] == [hit.message for hit in found if hit.grade is not Grade.WEAK]
    assert [] == list(panel.joined(found))


def test_damaged_rows_never_raise() -> None:
    chance = random.Random(6)
    names = ("item", "record", "offset", "time", "stream", "client", "server", "method", "uri", "user_agent",
             "status_code", "response_bytes")  # fmt: skip
    for _ in range(300):
        rows: list[dict[str, Any]] = []
        for number in range(chance.randrange(12)):
            row: dict[str, Any] = dict.fromkeys(names)
            row |= {"item": "1" * 64, "record": number, "client": chance.choice(["192.0.2.1", "x", None])}
            row |= {"method": chance.choice(["POST", "GET", None]), "uri": chance.choice(["/g/", "", None])}
            row["time"] = chance.choice([None, number * 600_000_000])
            rows.append(row)
        list(panel.joined([hit for hit in panel.requests(rows) if isinstance(hit, Hit)]))
