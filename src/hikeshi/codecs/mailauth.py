# SPDX-License-Identifier: Apache-2.0
"""What headers state about SPF, DKIM and DMARC (RFC 8601, RFC 7208 section 9.1, RFC 8617), and hops.

A statement is text of the form `result domain by who`, `-` where the header does not say, with ` via arc`
when it came in an ARC set. Anyone may have written it: nothing here verifies.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

MAX_STATEMENTS = 50
_COMMENT = re.compile(r"\([^()]*\)")
_METHOD = re.compile(r"\b(spf|dkim|dmarc)\s{0,5}=\s{0,5}([a-z]{1,20})\b", re.IGNORECASE)
_DOMAIN = re.compile(
    r"\b(header\.(?:d|i|from)|smtp\.(?:mailfrom|helo))\s{0,5}=\s{0,5}\"?([^\s;\"]{1,255})", re.IGNORECASE
)
_SAYS = ("header.d", "smtp.mailfrom", "header.from", "header.i", "smtp.helo")
_SPF = re.compile(r"\s*([a-z]{1,20})\b(?:\s*\(\s*([^\s:()]{1,255}):)?", re.IGNORECASE)
_RECEIVER = re.compile(r"\breceiver\s{0,5}=\s{0,5}\"?([^\s;\"]{1,255})", re.IGNORECASE)
_ENVELOPE = re.compile(
    r"\benvelope-from\s{0,5}=\s{0,5}[\"<]{0,3}([^\s;\"<>]{1,255})"
    r"|\bdomain of (?:transitioning )?([^\s;\"<>)]{1,255})",
    re.IGNORECASE,
)
_BY = re.compile(r"\sby\s", re.IGNORECASE)
_IP = re.compile(
    r"((?:helo|ehlo)[= ]\s?)?\[?(?:ipv6:)?"
    r"((?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:(?:\.\d{1,3}){3})?)(?![\w.:])",
    re.IGNORECASE | re.ASCII,
)


def statements(fields: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Statements by method (spf, dkim, dmarc), the newest header first."""
    found: dict[str, list[str]] = {"spf": [], "dkim": [], "dmarc": []}
    for name, value in fields:
        if name == "received-spf":
            found["spf"] += _received_spf(value)
        elif name in ("authentication-results", "arc-authentication-results"):
            for method, statement in _results(value, name.startswith("arc-")):
                found[method].append(statement)
    return {method: list(dict.fromkeys(said))[:MAX_STATEMENTS] for method, said in found.items()}


def _results(value: str, arc: bool) -> list[tuple[str, str]]:
    value = _COMMENT.sub(" ", value)
    segments = [segment.strip() for segment in value.split(";", 2)]
    first = segments[1] if arc and len(segments) > 1 and segments[0].lower().startswith("i=") else segments[0]
    who = first.split()[0] if first and "=" not in first else "-"
    methods = list(_METHOD.finditer(value))[: 2 * MAX_STATEMENTS]
    ends = [match.start() for match in methods[1:]] + [len(value)]
    out = []
    for match, end in zip(methods, ends, strict=False):
        domains = {found[1].lower(): found[2] for found in _DOMAIN.finditer(value, match.end(), end)}
        domain = next((domains[name] for name in _SAYS if name in domains), "")
        said = f"{match[2].lower()} {_host(domain)} by {who}{' via arc' if arc else ''}"
        out.append((match[1].lower(), said))
    return out


def _received_spf(value: str) -> list[str]:
    match = _SPF.match(value)
    if match is None:
        return []
    receiver, envelope = _RECEIVER.search(value), _ENVELOPE.search(value)
    who = receiver[1] if receiver else match[2] or "-"
    domain = _host(envelope[1] or envelope[2]) if envelope else "-"
    return [f"{match[1].lower()} {domain} by {who}"]


def _host(address: str) -> str:
    host = address.rpartition("@")[2].lower().rstrip(".")
    return "-" if host in ("", "none") else host


def hop_address(received: str) -> str:
    """Address of the host a Received line says it got the message from, "" when it names none.

    The receiving host writes what it saw in round brackets; what stands outside them, or after HELO, is the
    sender's own claim and is only used when there is nothing else.
    """
    by = _BY.search(received)
    clause = received[: by.start() if by else len(received)][:2_000]
    if not clause.lower().lstrip().startswith("from"):
        return ""
    bracket = clause.find("(") if "(" in clause else len(clause)
    seen = [
        (bool(match[1]), match.start() < bracket, match.start(), match[2]) for match in _IP.finditer(clause)
    ]
    for *_, text in sorted(seen):
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            continue
    return ""
