# SPDX-License-Identifier: Apache-2.0
"""Indicators in CSV and plain lists: with a header or without, one value a line or several columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from types import MappingProxyType

from hikeshi.detect.indicators.sets import Refused, Said
from hikeshi.detect.indicators.values import KINDS, Unusable, typed

# What lists call the kinds, beside the kinds' own names; MISP's and STIX's words are among them.
_NAMES = MappingProxyType(
    {
        **{kind: kind for kind in KINDS},
        **dict.fromkeys(("ipv4", "ipv6", "ipv4-addr", "ipv6-addr", "ip-src", "ip-dst", "ip address"), "ip"),
        **dict.fromkeys(("ipaddress", "ip_address", "ip-address", "address", "c2", "c2_ip"), "ip"),
        **dict.fromkeys(
            ("hostname", "host", "fqdn", "domain-name", "domain name", "domainname", "dns"), "domain"
        ),
        **dict.fromkeys(("network", "cidr-v4", "range", "subnet"), "cidr"),
        **dict.fromkeys(("uri", "link", "c2_url"), "url"),
        **dict.fromkeys(("email-addr", "email-src", "email-dst", "mail", "e-mail", "email address"), "email"),
        **dict.fromkeys(("filehash-md5", "hash-md5", "hash_md5", "md5_hash"), "md5"),
        **dict.fromkeys(("filehash-sha1", "hash-sha1", "hash_sha1", "sha-1", "sha1_hash"), "sha1"),
        **dict.fromkeys(
            ("filehash-sha256", "hash-sha256", "hash_sha256", "sha-256", "sha256_hash"), "sha256"
        ),
        **dict.fromkeys(("file", "file name", "file_name", "file-name", "name_of_file"), "filename"),
        **dict.fromkeys(("file path", "file_path", "filepath", "directory"), "path"),
        **dict.fromkeys(("regkey", "registry key", "registry_key", "windows-registry-key"), "registry"),
        **dict.fromkeys(("mutex-name", "mutant", "mutex_name"), "mutex"),
        **dict.fromkeys(("named pipe", "named_pipe", "pipe_name"), "pipe"),
        **dict.fromkeys(("email-subject", "mail subject"), "subject"),
        **dict.fromkeys(("user_agent", "useragent", "http-user-agent"), "user-agent"),
    }
)
_HASH = ("hash", "filehash", "file hash", "hashes", "checksum")
_VALUE = ("value", "indicator", "ioc", "indicator_value", "ioc_value", "observable", "indicators", "iocs")
_TYPE = ("type", "indicator_type", "ioc_type", "kind", "indicator type", "ioc type")
_CONFIDENCE = ("confidence", "confidence_level", "score", "reliability")
_NOTE = ("note", "notes", "description", "comment", "comments", "title", "context", "family", "threat")
_AUTHOR = ("source", "author", "provider", "reporter", "reported_by")
_UNTIL = ("valid_until", "expires", "expiration", "expiry")
_MARKING = ("tlp", "marking", "classification")
_WORDS = MappingProxyType({"none": 0, "low": 15, "medium": 50, "med": 50, "moderate": 50, "high": 85})


def read(path: str, text: str) -> Iterator[Said | Refused]:
    """Every value of a list, or why a line has none."""
    rows = _rows(path, text)
    header: list[str] | None = None
    first = True
    for row in rows:
        if isinstance(row, Refused):
            yield row
            continue
        line, cells = row
        names = [cell.strip().lower().lstrip("#").strip() for cell in cells]
        if first and _is_header(names):
            header = names
        elif header:
            yield from _under(header, f"{path}:{line}", cells)
        else:
            yield _alone(f"{path}:{line}", cells)
        first = False


def _rows(path: str, text: str) -> Iterator[tuple[int, list[str]] | Refused]:
    lines = text.splitlines(keepends=True)
    reader = csv.reader(lines, delimiter=_delimiter(lines), skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Refused(f"{path}:{line}", f"not CSV: {error}")
            continue
        stripped = [cell.strip() for cell in cells]
        comment = stripped and stripped[0].startswith(("#", "//", ";"))
        if any(stripped) and not (comment and not _is_header([c.lower().lstrip("#").strip() for c in cells])):
            yield line, stripped


def _delimiter(lines: Sequence[str]) -> str:
    """What parts the columns: the mark that most of the first lines have."""
    sample = [line for line in lines[:200] if not line.lstrip().startswith(("#", "//"))][:50]
    counts = {mark: sum(mark in line for line in sample) for mark in ",;\t|"}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _is_header(names: Sequence[str]) -> bool:
    known = {*_NAMES, *_HASH, *_VALUE, *_TYPE}
    if len(names) == 1:
        return names[0] in known - {""}
    other = {
        *_CONFIDENCE,
        *_NOTE,
        *_AUTHOR,
        *_UNTIL,
        *_MARKING,
        "id",
        "port",
        "date",
        "first_seen",
        "last_seen",
    }
    met = sum(name in known | other for name in names if name)
    return met >= 2 and any(name in known for name in names)


def _under(header: Sequence[str], source: str, cells: Sequence[str]) -> Iterator[Said | Refused]:
    row = dict(zip(header, cells, strict=False))

    def one(names: Sequence[str]) -> str | None:
        return next((row[name] for name in names if row.get(name)), None)

    about = {
        "confidence": confidence(one(_CONFIDENCE)),
        "note": one(_NOTE),
        "author": one(_AUTHOR),
        "marking": one(_MARKING),
        "until": one(_UNTIL),
    }
    value, kind = one(_VALUE), one(_TYPE)
    if value is not None:
        named = kind_of(kind)
        if kind and named is None and kind.lower() not in _HASH:
            yield Refused(source, f"values of the kind {kind[:80]!r} are not searched for")
        else:
            yield Said(source, value, named, **about)  # type: ignore[arg-type]
        return
    found = False
    for name, cell in zip(header, cells, strict=False):
        if cell and (name in _NAMES or name in _HASH):
            found = True
            yield Said(source, cell, _NAMES.get(name), **about)  # type: ignore[arg-type]
    if not found:
        yield Refused(source, "empty")


def _alone(source: str, cells: Sequence[str]) -> Said | Refused:
    """A line of a list without a header: kind and value in either order, or a value and words about it."""
    if len(cells) > 1:
        for kind, value in ((0, 1), (1, 0)):
            if named := kind_of(cells[kind]):
                return Said(source, cells[value], named, note=" ".join(cells[2:]))
    filled = [cell for cell in cells if cell]
    for cell in filled:
        try:
            typed(cell)
        except Unusable:
            continue
        return Said(source, cell, note=" ".join(other for other in filled if other is not cell))
    return Said(source, filled[0])


def kind_of(name: str | None) -> str | None:
    """Our name of a kind, None when we have none."""
    return _NAMES.get((name or "").strip().lower())


def confidence(text: str | None) -> int | None:
    """A confidence from 0 to 100, given as number, share or word; None when it says nothing."""
    text = (text or "").strip().lower().removesuffix("%")
    if text in _WORDS:
        return _WORDS[text]
    if not re.fullmatch(r"\d{1,3}(?:\.\d{1,6})?", text):
        return None
    number = float(text)
    number = number * 100 if "." in text and number <= 1 else number
    return round(number) if number <= 100 else None
