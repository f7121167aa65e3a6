# SPDX-License-Identifier: Apache-2.0
"""Squid's native access log.

Format: wiki.squid-cache.org "Features/LogFormat" (time elapsed client code/status bytes method URL user
hierarchy/peer type). Fields carry the W3C names that rules for proxies use (c-uri, cs-host, sc-status …).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hikeshi.readers.text_lines import Rows, first_lines, lines, seconds, whole
from hikeshi.schema import Batch, Count, Found, Issue, Item

KIND = "squid-log"
VERSION = "1"

_LINE = re.compile(
    r"(?P<time>\d{1,12}\.\d{3}) +(?P<elapsed>-?\d+) (?P<client>\S+) (?P<action>[A-Z][A-Z_0-9]*)/(?P<status>\d{3}) "
    r"(?P<bytes>\d+) (?P<method>\S+) (?P<uri>\S+) (?P<user>\S+) (?P<hierarchy>[A-Z][A-Z_0-9]*)/(?P<peer>\S+)"
    r"(?: (?P<type>\S+))?(?: (?P<rest>.*))?",
    re.ASCII,
)
_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/@]*@)?(\[[0-9a-fA-F:.]+\]|[^/:?]+)(?::(\d+))?", re.ASCII)


def sniff(head: bytes, name: str) -> bool:
    """Whether most of the first lines have the native format."""
    found = first_lines(head)
    good = sum(_match(line) is not None for line in found)
    return good > 0 and good * 2 > len(found)


def _match(line: bytes) -> re.Match[str] | None:
    return _LINE.fullmatch(line.decode("utf-8", "backslashreplace"))


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """Events and exchanges of each log."""
    for item in items:
        rows = Rows(item.id)
        for offset, line in lines(item.file):
            found = _match(line)
            if found is None:
                rows.refuse(offset)
            else:
                _add(rows, offset, found)
            yield from rows.ready()
        yield from rows.rest()
        yield Count(item.id, KIND, rows.records)


def _add(rows: Rows, offset: int, found: re.Match[str]) -> None:
    named = {name: None if value == "-" else value for name, value in found.groupdict().items()}
    uri = named["uri"] or ""
    target = _HOST.match(uri)
    host = target[1] if target else None
    port = whole(target[2]) if target and target[2] else 443 if uri.startswith("https:") else 80
    stem, question, query = uri.partition("?")
    fields = {
        "c-ip": named["client"],
        "cs-method": named["method"],
        "c-uri": uri,
        "c-uri-stem": stem,
        "c-uri-query": query if question else None,
        "cs-host": host,
        "cs-username": named["user"],
        "sc-status": named["status"],
        "sc-bytes": named["bytes"],
        "time-taken": named["elapsed"],
        "action": named["action"],
        "hierarchy": named["hierarchy"],
        "dst_ip": named["peer"],
        "content-type": named["type"],
        "extra": named["rest"],
    }
    given = {name: value for name, value in fields.items() if value is not None}
    where = rows.event(offset, seconds(found["time"]), found["time"], "proxy/access", "squid", given)
    rows.add(
        "exchanges",
        where
        | {
            "client": named["client"],
            "server": named["peer"],
            "server_port": port,
            "method": named["method"],
            "host": host,
            "uri": uri,
            "status_code": whole(named["status"]),
            "response_bytes": whole(named["bytes"]),
            "notes": [],
        },
    )
