# SPDX-License-Identifier: Apache-2.0
"""Zeek logs, tab-separated or JSON lines: every line an event, and connections, names, requests and handshakes.

Formats and fields: docs.zeek.org, "Zeek Log Formats and Inspection" and the script reference of each log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from hikeshi.readers.text_lines import Rows, first_lines, flat, lines, seconds, text, whole
from hikeshi.readers.windows_event import microseconds
from hikeshi.schema import Batch, Count, Found, Issue, Item

KIND = "zeek"
VERSION = "1"

_HEX = re.compile(r"\\x([0-9a-fA-F]{2})")
# A field that only one kind of log has, for JSON lines, which do not name their log.
_OF = (
    ("conn", "conn_state"), ("dns", "trans_id"), ("http", "trans_depth"), ("ssl", "cipher"),
    ("x509", "certificate.serial"),
    ("notice", "note"), ("dhcp", "lease_time"), ("files", "fuid"), ("pe", "machine"), ("software", "software_type"),
    ("tunnel", "tunnel_type"), ("arp", "operation"), ("weird", "peer"), ("packet_filter", "filter"),
)  # fmt: skip
_MARKS = frozenset(
    ("id.orig_h", "uid", "uids", "fuid", "conn_uids", "tx_hosts", "certificate.serial", "software_type")
)
_FILE = re.compile(r"([a-z][a-z0-9_]*)(?:[._-]\d[^/\\]*)?\.log\b")


def sniff(head: bytes, name: str) -> bool:
    """Whether this begins with Zeek's header or with JSON objects that have Zeek's fields."""
    found = first_lines(head, 3)
    if not found:
        return False
    if found[0].lstrip().startswith(b"#separator"):
        return True
    return all(_is_json(line) for line in found)


def _is_json(line: bytes) -> bool:
    entry = _object(line)
    if entry is None:
        return False
    if isinstance(entry.get("name"), str) and len(entry) == 1:
        return bool(re.search(r"\.(zeek|bro)$", entry["name"]))
    known = entry.keys() & _MARKS or {"node", "filter"} <= entry.keys() or {"note", "actions"} <= entry.keys()
    known = known or {"operation", "orig_h"} <= entry.keys() or {"id", "compile_ts"} <= entry.keys()
    return "ts" in entry and bool(known)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return entry if isinstance(entry, dict) else None


def read(items: Sequence[Item]) -> Iterator[Batch | Found | Issue | Count]:
    """Rows of each log; its header lines are no records."""
    for item in items:
        rows = Rows(item.id)
        table = _Table(_path_of(item.name))
        for offset, line in lines(item.file):
            start = line.lstrip()
            if start.startswith(b"#"):
                table.header(start.decode("utf-8", "replace"))
                continue
            entry = _object(line) if start.startswith(b"{") else table.entry(line)
            if entry is None:
                rows.refuse(offset)
            else:
                _add(rows, offset, entry, table.path)
            yield from rows.ready()
        yield from rows.rest()
        yield Count(item.id, KIND, rows.records)


def _path_of(name: str) -> str | None:
    found = _FILE.search(name.replace("\\", "/").rsplit("/", 1)[-1])
    return found[1] if found else None


@dataclass
class _Table:
    """What the header of a tab-separated log says."""

    path: str | None
    separator: str = "\t"
    sets: str = ","
    empty: str = "(empty)"
    unset: str = "-"
    fields: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)

    def header(self, line: str) -> None:
        """Take up one line of the header."""
        if line.startswith("#separator"):
            self.separator = _unescape(line.partition(" ")[2].strip()) or "\t"
            return
        name, *values = line[1:].split(self.separator)
        first = values[0] if values else ""
        match name:
            case "set_separator":
                self.sets = first or ","
            case "empty_field":
                self.empty = first
            case "unset_field":
                self.unset = first
            case "path":
                self.path = first or self.path
            case "fields":
                self.fields, self.types = values, []
            case "types":
                self.types = values

    def entry(self, line: bytes) -> dict[str, Any] | None:
        """The values of a line by name, or nothing when their number is wrong."""
        values = line.decode("utf-8", "replace").split(self.separator)
        if not self.fields or len(values) != len(self.fields):
            return None
        kinds = self.types if len(self.types) == len(values) else [""] * len(values)
        cells = zip(self.fields, values, kinds, strict=True)
        return {name: self._value(value, kind) for name, value, kind in cells if value != self.unset}

    def _value(self, value: str, kind: str) -> Any:
        if kind.startswith(("set[", "vector[")):
            parts = [] if value == self.empty else value.split(self.sets)
            return [_unescape(part) for part in parts]
        if kind == "bool":
            return value == "T"
        return "" if value == self.empty else _unescape(value)


def _unescape(value: str) -> str:
    if "\\x" not in value:
        return value
    return _HEX.sub(lambda found: chr(int(found[1], 16)), value)


def _time(value: object) -> int | None:
    return microseconds(value) if isinstance(value, str) and "T" in value else seconds(value)


def _add(rows: Rows, offset: int, entry: Mapping[str, Any], path: str | None) -> None:
    if path is None:
        path = next((log for log, mark in _OF if mark in entry), None)
    path = text(entry["_path"]) if "_path" in entry else path
    stamp = entry.get("ts")
    time = _time(stamp)
    where = rows.event(
        offset,
        time,
        None if stamp is None else text(stamp),
        f"zeek/{path or 'log'}",
        "zeek",
        dict(flat(entry)),
    )
    ends = {"client": entry.get("id.orig_h"), "server": entry.get("id.resp_h")}
    ends = {name: None if value is None else text(value) for name, value in ends.items()}
    row = where | ends
    match path:
        case "conn":
            rows.add("streams", row | _conn(entry, time))
        case "dns":
            rows.add("names", row | _dns(entry))
        case "http":
            rows.add("exchanges", row | _http(entry))
        case "ssl":
            rows.add("handshakes", row | _ssl(entry))
        case "dhcp":
            rows.machine(where, "name", entry.get("host_name"))
            rows.machine(where, "address", entry.get("assigned_addr") or entry.get("client_addr"))


def _conn(entry: Mapping[str, Any], time: int | None) -> dict[str, Any]:
    duration = seconds(entry.get("duration"))
    notes = [f"zeek-{text(entry['conn_state'])}"] if "conn_state" in entry else []
    if whole(entry.get("missed_bytes")):
        notes.append(f"missed-{whole(entry['missed_bytes'])}")
    return {
        "last": time + duration if time is not None and duration is not None else time,
        "protocol": _optional(entry, "proto"),
        "application": _optional(entry, "service"),
        "client_port": whole(entry.get("id.orig_p")),
        "server_port": whole(entry.get("id.resp_p")),
        "packets_sent": whole(entry.get("orig_pkts")),
        "packets_received": whole(entry.get("resp_pkts")),
        "bytes_sent": whole(entry.get("orig_bytes")),
        "bytes_received": whole(entry.get("resp_bytes")),
        "notes": notes,
    }


def _dns(entry: Mapping[str, Any]) -> dict[str, Any]:
    kind = _optional(entry, "qtype_name")
    rcode = _optional(entry, "rcode_name")
    return {
        "query_id": whole(entry.get("trans_id")),
        "response": int(rcode is not None),
        "name": _optional(entry, "query"),
        "type": "ANY" if kind == "*" else kind,
        "rcode": rcode,
        "answers": _list(entry.get("answers")),
        "notes": ["unanswered"] if rcode is None else [],
    }


def _http(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "server_port": whole(entry.get("id.resp_p")),
        "method": _optional(entry, "method"),
        "host": _optional(entry, "host"),
        "uri": _optional(entry, "uri"),
        "user_agent": _optional(entry, "user_agent"),
        "request_bytes": whole(entry.get("request_body_len")),
        "status_code": whole(entry.get("status_code")),
        "response_bytes": whole(entry.get("response_body_len")),
        "notes": [] if "status_code" in entry else ["no-response"],
    }


def _ssl(entry: Mapping[str, Any]) -> dict[str, Any]:
    protocol = _optional(entry, "next_protocol")
    return {
        "server_port": whole(entry.get("id.resp_p")),
        "version": _optional(entry, "version"),
        "name": _optional(entry, "server_name"),
        "alpn": [protocol] if protocol else [],
        "cipher": _optional(entry, "cipher"),
        "ja4": _optional(entry, "ja4"),
        "subjects": _list(entry.get("subject")),
        "issuers": _list(entry.get("issuer")),
        "fingerprints": _list(entry.get("cert_chain_fps")),
        "notes": [] if entry.get("established") in (True, "true") else ["not-established"],
    }


def _optional(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    return None if value is None else text(value)


def _list(value: object) -> list[str]:
    if value is None:
        return []
    return [text(part) for part in value] if isinstance(value, list) else [text(value)]
