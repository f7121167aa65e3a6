# SPDX-License-Identifier: Apache-2.0
"""What tables of a capture hold that means something beside SmokeLoader's own requests: clues, no findings.

Each part of a table gives each thing once, and no more than a bounded number of things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hikeshi.families.smokeloader import eras, network, panel
from hikeshi.families.smokeloader.config import FAMILY
from hikeshi.pack import Grade, Hit, Issue, Reason, iso, replace

if TYPE_CHECKING:
    import pyarrow as pa

DECOY, FETCHED, FORM = "smokeloader.decoy-request", "smokeloader.program-request", "smokeloader.form-request"
BROWSED, ANSWERED, BIT = "smokeloader.browsed", "smokeloader.answered", "smokeloader.bit-request"
DEAD = "smokeloader.no-such-name"
TEAMVIEWER, MANY = "smokeloader.port-5938", "smokeloader.many-connections"
Clue = tuple[str, dict[str, str | None]]
Clues = Callable[[Mapping[str, Any]], Iterator[Clue]]
CLUES = (DECOY, FETCHED, FORM, BROWSED, ANSWERED, BIT, DEAD, TEAMVIEWER, MANY)
_MOST = 20_000
_FEWEST_CONNECTIONS, _RATE = 1_000, 20.0
_PROGRAM = (".exe", ".dll", ".bat", ".bin", ".scr")
_PROGRAM_TYPES = ("application/octet-stream", "application/x-msdownload", "application/x-dosexec")
_FORM = "application/x-www-form-urlencoded"


def exchanges(rows: pa.Table) -> Iterator[Hit | Issue]:
    """Decoys, programs fetched, forms sent, which server answered for which name; of access logs, who asks a gate."""
    names = ("item", "record", "offset", "time", "stream", "client", "server", "server_port", "method", "host", "uri",
             "user_agent", "request_headers", "status_code", "response_headers", "response_bytes",
             "request_bytes")  # fmt: skip
    yield from panel.requests(row for row in _rows(rows, names) if _logged(row))
    yield from _once(_of_exchange, (row for row in _rows(rows, names) if not _logged(row)))


def _logged(row: Mapping[str, Any]) -> bool:
    """Whether a row is a line of a web server's access log: it names neither a stream nor its own port."""
    return row["stream"] is None and row["server"] is None and row["server_port"] is None


def _once(of: Clues, rows: Iterable[Mapping[str, Any]]) -> Iterator[Hit | Issue]:
    """Each clue once, those that count each time with each record; what is beyond a bound is a loss."""
    seen: dict[tuple[str, ...], None] = {}
    item, left = "", 0
    for row in rows:
        for message, fields in of(row) if row["client"] else ():
            key = (message, *(value or "" for value in fields.values()))
            key += (str(row["record"]),) if message in (FORM, DECOY) else ()
            if key in seen:
                continue
            if len(seen) >= _MOST:
                item, left = row["item"], left + 1
                continue
            seen[key] = None
            yield _hit(row, message, fields)
    if left:
        about = {"limit": str(_MOST), "what": "clues of traffic", "left": str(left)}
        yield Issue(item, Reason.SEARCH_LIMIT, fields=about, unknown="unknown.not-judged")


def _of_exchange(row: Mapping[str, Any]) -> Iterator[Clue]:
    method, site, uri = row["method"] or "", row["host"] or "", row["uri"] or ""
    if "://" in uri[:12]:  # a proxy's log: the whole address
        uri = "/" + uri.partition("://")[2].partition("/")[2]
    ends = {"client": row["client"], "site": site, "uri": uri[:300]}
    if row["stream"] is None and (old := network.old_command(uri)):
        yield network.OLD, {**ends, "uri": uri.partition("?")[0][:300], "command": old, "line": "2011-2013",
                            "server": row["server"], "method": method}  # fmt: skip
    found = eras.decoy(method, site, uri)
    if found:
        names = tuple(line.partition(":")[0].strip().lower() for line in row["request_headers"] or ())
        own = "yes" if method == "GET" and names == eras.DECOY_ORDER else None
        yield DECOY, {**ends, "method": method, "line": found.line, "own_order": own}
    kind = _header(row["response_headers"], "content-type")
    if method == "GET" and (
        uri.partition("?")[0].lower().endswith(_PROGRAM) or kind.startswith(_PROGRAM_TYPES)
    ):
        size = row["response_bytes"]
        yield FETCHED, {**ends, "status": _text(row["status_code"]), "bytes": _text(size)}
    if method == "POST" and _header(row["request_headers"], "content-type").startswith(_FORM):
        yield FORM, {**ends, "bytes": _text(row["request_bytes"])}
    if site and row["server"]:
        yield (
            BROWSED,
            {"client": row["client"], "name": site.partition(":")[0].lower(), "server": row["server"]},
        )


def names(rows: pa.Table) -> Iterator[Hit | Issue]:
    """Addresses that were answered for names, names that do not exist, and names below .bit."""
    names = ("item", "record", "offset", "time", "client", "server", "response", "name", "rcode", "answers")
    yield from _once(_of_name, _rows(rows, names))


def _of_name(row: Mapping[str, Any]) -> Iterator[Clue]:
    name = (row["name"] or "").lower().rstrip(".")
    fields = {"client": row["client"], "name": name}
    if name.endswith(".bit"):
        yield BIT, {**fields, "server": row["server"]}
    elif name and row["response"] and row["answers"]:
        yield ANSWERED, {**fields, "answers": " ".join(sorted(row["answers"])[:50])}
    elif name and row["response"] and (row["rcode"] or "").upper() == "NXDOMAIN":
        yield DEAD, fields


def contacts(rows: pa.Table) -> Iterator[Hit]:
    """Connections of TeamViewer's port, and clients that open very many connections to one server."""
    told = 0
    for row in _rows(rows, ("item", "client", "server", "server_port", "connections", "first", "last")):
        row |= {"record": None, "offset": 0, "time": row["first"]}
        fields = {"client": row["client"], "server": f"{row['server']}:{row['server_port']}"}
        count, span = row["connections"] or 0, ((row["last"] or 0) - (row["first"] or 0)) / 1_000_000
        if row["server_port"] == 5938:
            yield _hit(row, TEAMVIEWER, {**fields, "connections": str(count)})
            told += 1
        if count >= _FEWEST_CONNECTIONS and count >= _RATE * span:
            yield _hit(row, MANY, {**fields, "connections": str(count), "seconds": f"{span:.0f}"})
            told += 1
        if told >= _MOST:
            return


def _rows(rows: pa.Table, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Rows of the columns named, times in microseconds, a bounded number at once."""
    import pyarrow as pa

    some = rows.select(names)
    for name in names:
        if pa.types.is_timestamp(some.schema.field(name).type):
            some = some.set_column(names.index(name), name, some.column(name).cast(pa.int64()))
    for batch in some.to_batches(max_chunksize=5_000):
        yield from batch.to_pylist()


def _header(lines: list[str] | None, wanted: str) -> str:
    for line in lines or ():
        name, _, value = line.partition(":")
        if name.strip().lower() == wanted:
            return value.strip().lower()
    return ""


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _hit(row: Mapping[str, Any], message: str, fields: Mapping[str, str | None]) -> Hit:
    time = row["time"]
    made = Hit(
        row["item"], Grade.WEAK, message, record=row["record"], offset=row["offset"], time=time, time_text=iso(time),
        family=FAMILY, fields={name: value for name, value in fields.items() if value},
    )  # fmt: skip
    if message != network.OLD:
        return made
    return replace(made, grade=Grade.INDICATED, function="registration", techniques=("T1071.001",))
