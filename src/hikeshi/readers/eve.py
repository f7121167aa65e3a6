# SPDX-License-Identifier: Apache-2.0
"""Suricata's EVE JSON: every line an event, and its flows, names, requests and handshakes.

Format: docs.suricata.io, "EVE JSON Format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from hikeshi.readers.text_lines import Rows, first_lines, flat, lines, text, whole
from hikeshi.readers.windows_event import microseconds
from hikeshi.schema import Batch, Count, Found, Issue, Item

KIND = "suricata-eve"
VERSION = "1"

_MARK = re.compile(rb'"event_type"\s*:\s*"')


def sniff(head: bytes, name: str) -> bool:
    """Whether this begins with JSON objects that name their event type as Suricata does."""
    found = first_lines(head, 3)
    return bool(found) and all(_MARK.search(line) is not None and _object(line) is not None for line in found)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("event_type"), str) else None


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """Rows of each log."""
    for item in items:
        rows = Rows(item.id)
        for offset, line in lines(item.file):
            entry = _object(line)
            if entry is None:
                rows.refuse(offset)
            else:
                _add(rows, offset, entry)
            yield from rows.ready()
        yield from rows.rest()
        yield Count(item.id, KIND, rows.records)


def _add(rows: Rows, offset: int, entry: dict[str, Any]) -> None:
    stamp = entry.get("timestamp")
    time = microseconds(stamp) if isinstance(stamp, str) else None
    kind = entry["event_type"]
    stamp_text = text(stamp) if stamp is not None else None
    where = rows.event(offset, time, stamp_text, f"suricata/{kind}", "suricata", dict(flat(entry)))
    row = where | {"client": _text(entry, "src_ip"), "server": _text(entry, "dest_ip")}
    part = entry.get(kind)
    detail: dict[str, Any] = part if isinstance(part, dict) else {}
    match kind:
        case "flow":
            rows.add("streams", row | _flow(entry, detail, time))
        case "dns":
            rows.add("names", row | _dns(detail))
        case "http":
            rows.add("exchanges", row | {"server_port": whole(entry.get("dest_port"))} | _http(detail))
        case "tls":
            rows.add("handshakes", row | {"server_port": whole(entry.get("dest_port"))} | _tls(detail))
        case "dhcp":
            rows.machine(where, "name", detail.get("hostname"))
            rows.machine(where, "address", detail.get("assigned_ip"))


def _text(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    return None if value is None else text(value)


def _flow(entry: Mapping[str, Any], detail: Mapping[str, Any], time: int | None) -> dict[str, Any]:
    start, end = (microseconds(v) if isinstance(v := detail.get(n), str) else None for n in ("start", "end"))
    protocol = _text(entry, "proto")
    return {
        "time": start if start is not None else time,
        "last": end if end is not None else time,
        "protocol": protocol.lower() if protocol else None,
        "application": _text(entry, "app_proto"),
        "client_port": whole(entry.get("src_port")),
        "server_port": whole(entry.get("dest_port")),
        "packets_sent": whole(detail.get("pkts_toserver")),
        "packets_received": whole(detail.get("pkts_toclient")),
        "notes": [
            "bytes-with-headers",
            f"bytes-sent-{whole(detail.get('bytes_toserver'))}",
            f"bytes-received-{whole(detail.get('bytes_toclient'))}",
        ],
    }


def _dns(detail: Mapping[str, Any]) -> dict[str, Any]:
    queries = detail.get("queries")
    first = queries[0] if isinstance(queries, list) and queries and isinstance(queries[0], dict) else detail
    answers = detail.get("answers")
    rows = [part for part in answers if isinstance(part, dict)] if isinstance(answers, list) else []
    response = detail.get("type") in ("answer", "response")
    return {
        "query_id": whole(detail.get("id")),
        "response": int(response),
        "name": _text(first, "rrname"),
        "type": _text(first, "rrtype"),
        "rcode": _text(detail, "rcode") if response else None,
        "answers": [f"{text(part.get('rrtype'))} {text(part.get('rdata'))}".strip() for part in rows],
        "notes": [],
    }


def _http(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "method": _text(detail, "http_method"),
        "host": _text(detail, "hostname"),
        "uri": _text(detail, "url"),
        "user_agent": _text(detail, "http_user_agent"),
        "status_code": whole(detail.get("status")),
        "response_bytes": whole(detail.get("length")),
        "notes": [] if "status" in detail else ["no-response"],
    }


def _tls(detail: Mapping[str, Any]) -> dict[str, Any]:
    listed = {name: [text(detail[key])] if detail.get(key) else [] for name, key in _TLS_LISTS}
    return {
        "version": _text(detail, "version"),
        "name": _text(detail, "sni"),
        "ja4": _text(detail, "ja4"),
        "alpn": [],
        **listed,
        "notes": [],
    }


_TLS_LISTS = (("subjects", "subject"), ("issuers", "issuerdn"), ("fingerprints", "fingerprint"))
