# SPDX-License-Identifier: Apache-2.0
"""Access logs of Apache and nginx (common and combined format, with or without the virtual host) and Apache's
error log.

Formats: httpd.apache.org "Log Files" and mod_log_config; nginx.org ngx_http_log_module. Fields carry the W3C names
that rules for web servers use (cs-method, c-uri, sc-status …).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from hikeshi.readers.text_lines import Rows, first_lines, lines, whole
from hikeshi.schema import Batch, Count, Found, Issue, Item

KIND = "web-log"
VERSION = "1"

_ACCESS = re.compile(
    r"(?:(?P<vhost>[^\s:\[\]]+(?::\d+)?) )?(?P<client>[0-9a-fA-F.:]+|[\w.-]+) (?P<ident>\S+) (?P<user>\S+(?: \S+)*?) "
    r"\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}|-) (?P<bytes>\d+|-)'
    r'(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?(?P<rest>.*)',
    re.ASCII,
)
_ERROR = re.compile(
    r"\[(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d(?:\.\d{1,6})? \d{4})\] "
    r"\[(?P<level>[a-z0-9_:]+)\] (?:\[pid (?P<pid>[\d:a-z ]+)\] )?(?:\[client (?P<client>[^\]]+)\] )?"
    r"(?P<message>.*)",
    re.ASCII,
)
_REQUEST = re.compile(r"([A-Za-z]+) (.*?)(?: (HTTP/[\d.]+))?", re.DOTALL)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
LONGEST_LINE = 64 << 10


def sniff(head: bytes, name: str) -> bool:
    """Whether most of the first lines are those of an access or error log."""
    found = first_lines(head)
    good = sum(_match(line) is not None for line in found)
    return good > 0 and good * 2 > len(found)


def _match(line: bytes) -> re.Match[str] | None:
    if len(line) > LONGEST_LINE:
        return None
    text = line.decode("utf-8", "backslashreplace")
    return _ERROR.fullmatch(text) if text.startswith("[") else _ACCESS.fullmatch(text)


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """Events and exchanges of each log."""
    for item in items:
        rows = Rows(item.id)
        for offset, line in lines(item.file):
            found = _match(line)
            if found is None:
                rows.refuse(offset)
            elif found.re is _ERROR:
                _error(rows, offset, found)
            else:
                _access(rows, offset, found)
            yield from rows.ready()
        yield from rows.rest()
        yield Count(item.id, KIND, rows.records)


def access_time(text: str) -> int | None:
    """UTC microseconds of a time as 26/Jan/2018:00:02:13 +0900."""
    day, month, rest = text.split("/")
    year, clock = rest[:4], rest[5:13]
    zone = f"{rest[14:17]}:{rest[17:19]}"
    try:
        moment = datetime.fromisoformat(f"{year}-{_MONTHS.get(month, 0):02d}-{day}T{clock}{zone}")
    except ValueError:
        return None
    since = moment - _EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000


def request_fields(request: str) -> dict[str, str]:
    """Method, address and version of a request line under their W3C names."""
    found = _REQUEST.fullmatch(request)
    if found is None:
        return {"c-request": request}
    uri = found[2]
    stem, question, query = uri.partition("?")
    fields = {"cs-method": found[1], "c-uri": uri, "c-uri-stem": stem, "cs-version": found[3]}
    if question:
        fields["c-uri-query"] = query
    return {name: value for name, value in fields.items() if value is not None}


def _access(rows: Rows, offset: int, found: re.Match[str]) -> None:
    named = {name: None if value == "-" else value for name, value in found.groupdict().items()}
    fields = {
        "c-ip": named["client"],
        "cs-username": named["user"],
        "s-computername": named["vhost"],
        "sc-status": named["status"],
        "sc-bytes": named["bytes"],
        "cs-referer": named["referer"],
        "c-useragent": named["agent"],
        "cs-user-agent": named["agent"],
        "extra": (named["rest"] or "").strip() or None,
    }
    request = request_fields(named["request"] or "")
    given = {name: value for name, value in fields.items() if value is not None}
    stamp = found["time"]
    where = rows.event(offset, access_time(stamp), stamp, "web/access", "web-server", request | given)
    host = named["vhost"]
    rows.add(
        "exchanges",
        where
        | {
            "client": named["client"],
            "host": host,
            "method": request.get("cs-method"),
            "uri": request.get("c-uri"),
            "user_agent": named["agent"],
            "status_code": whole(named["status"]),
            "response_bytes": whole(named["bytes"]),
            "notes": [],
        },
    )


def _error(rows: Rows, offset: int, found: re.Match[str]) -> None:
    """The error log gives local time without its zone: it is kept as text, and there is no UTC time."""
    fields = {
        name: value for name, value in found.groupdict().items() if value is not None and name != "time"
    }
    rows.event(offset, None, found["time"], "web/error", "web-server", fields)
