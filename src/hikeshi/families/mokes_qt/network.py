# SPDX-License-Identifier: Apache-2.0
"""What HTTP exchanges, names and contacts show: weak signs, for others ask servers for /v1 too.

Emerging Threats Open 2022477 (GET /v1 without Referer and Accept, nine in a minute), 2023182 and 2023183 (the order of
the header fields on macOS; the short compressed answer). Names and address: Maltrail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hikeshi.families.mokes_qt.host import FAMILY
from hikeshi.pack import Grade, Hit, iso, row

if TYPE_CHECKING:
    import pyarrow as pa

SERVERS = ("cameforcameand33212.com", "jikenick12and67.com", "kurgen3211a.com")
ADDRESSES = ("185.49.69.210",)
PORT_CLUE = "mokes_qt.port-clue"
MINUTE, ENOUGH, LARGEST_ANSWER, SECOND_PORT = 60_000_000, 9, 300, 433
_ORDER = ["connection", "user-agent", "accept-encoding", "accept-language", "host"]


def exchanges(rows: pa.Table) -> Iterator[Hit]:
    """Clients that ask one server for /v1 as the family does: nine times in a minute, or with its header fields."""
    import pyarrow.compute as pc

    asked = pc.fill_null(
        pc.and_(pc.equal(rows.column("method"), "GET"), pc.equal(rows.column("uri"), "/v1")), False
    )
    groups: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for number in pc.indices_nonzero(asked).to_pylist():
        found = row(rows, number)
        names = [name for name, _ in _headers(found["request_headers"])]
        if "referer" not in names and "accept" not in names:
            ends = (found["client"] or "", found["server"] or "", found["server_port"] or 0)
            groups.setdefault((found["item"], *ends), []).append(found)  # type: ignore[arg-type]
    for found_together in groups.values():
        yield from _heartbeat(found_together)
    yield from _named(rows)


def _heartbeat(found: Sequence[Mapping[str, Any]]) -> Iterator[Hit]:
    times = sorted(one["time"] for one in found if one["time"] is not None)
    often = any(last - first <= MINUTE for first, last in zip(times, times[ENOUGH - 1 :], strict=False))
    ordered = [one for one in found if _as_on_mac(one["request_headers"])]
    if not often and not ordered:
        return
    first = min(found, key=lambda one: (one["time"] or 0, one["record"] or 0))
    fields = {
        "client": first["client"] or "", "address": first["server"] or "", "port": str(first["server_port"] or ""),
        "requests": str(len(found)), "nine_a_minute": "yes" if often else "no",
        "mac_header": "yes" if ordered else "no",
        "short_answers": str(sum(map(_is_short, found))), "first": iso(times[0]) if times else None,
        "last": iso(times[-1]) if times else None,
    }  # fmt: skip
    yield _hit(first, "mokes_qt.heartbeat", "registration", fields)


def _as_on_mac(headers: Sequence[str] | None) -> bool:
    found = _headers(headers)
    agent = next((value for name, value in found if name == "user-agent"), "")
    return [name for name, _ in found] == _ORDER and agent.endswith("Safari/7046A194A")


def _is_short(found: Mapping[str, Any]) -> bool:
    headers = dict(_headers(found["response_headers"]))
    text, packed = headers.get("content-type", ""), headers.get("content-encoding", "")
    size = found["response_bytes"]
    return found["status_code"] == 200 and text.startswith("text/html") and packed == "gzip" and (
        size is not None and size < LARGEST_ANSWER
    )  # fmt: skip


def _headers(lines: Sequence[str] | None) -> list[tuple[str, str]]:
    parts = (line.partition(":") for line in lines or ())
    return [(name.strip().casefold(), value.strip()) for name, _, value in parts]


def _named(rows: pa.Table) -> Iterator[Hit]:
    """Exchanges with a server that is published as the family's, once for each client and name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    host, server = rows.column("host"), rows.column("server")
    known = pc.or_(pc.is_in(pc.utf8_lower(host), pa.array(SERVERS)), pc.is_in(server, pa.array(ADDRESSES)))
    told = set()
    for number in pc.indices_nonzero(pc.fill_null(known, False)).to_pylist():
        found = row(rows, number)
        name = (found["host"] or "").casefold()
        server_name = name if name in SERVERS else found["server"]
        if (found["client"], server_name) not in told:
            told.add((found["client"], server_name))
            yield _hit(found, "mokes_qt.server-name", "registration",
                       {"client": found["client"], "name": server_name})  # fmt: skip


def names(rows: pa.Table) -> Iterator[Hit]:
    """Questions for a name that is published as the family's server, once for each client and name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    folded = pc.utf8_rtrim(pc.utf8_lower(rows.column("name")), ".")
    told = set()
    for number in pc.indices_nonzero(pc.fill_null(pc.is_in(folded, pa.array(SERVERS)), False)).to_pylist():
        found = row(rows, number)
        name = found["name"].casefold().rstrip(".")
        if (found["client"], name) not in told:
            told.add((found["client"], name))
            yield _hit(
                found, "mokes_qt.server-name", "registration", {"client": found["client"], "name": name}
            )


def contacts(rows: pa.Table) -> Iterator[Hit]:
    """Clients that talk to port 433, for the join: the recalled second channel means nothing alone."""
    import pyarrow.compute as pc

    wanted = pc.fill_null(pc.equal(rows.column("server_port"), SECOND_PORT), False)
    for number in pc.indices_nonzero(wanted).to_pylist():
        found = row(rows, number)
        found |= {"time": found["first"], "record": None, "offset": None}
        yield _hit(found, PORT_CLUE, "registration", {"client": found["client"], "address": found["server"]})


def _hit(found: Mapping[str, Any], message: str, function: str, fields: Mapping[str, str | None]) -> Hit:
    return Hit(
        found["item"], Grade.WEAK, message, record=found["record"], offset=found["offset"], time=found["time"],
        time_text=found.get("time_text") or iso(found["time"]), family=FAMILY, function=function,
        techniques=("T1071.001",), fields={name: value for name, value in fields.items() if value},
    )  # fmt: skip
