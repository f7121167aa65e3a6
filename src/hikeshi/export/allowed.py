# SPDX-License-Identifier: Apache-2.0
"""The allow-list of what may be shared: fields of findings by name, each with what its value must be.

A finding's field that is not named here stays inside, whatever it holds. `address`, `name` and `port` are the
far end of a connection; they count in findings of a family only, not in hits of a rule that knows none.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from hikeshi.codecs.addresses import inside
from hikeshi.export.victims import Victims, address

LONGEST = 300
LINES = 1_000

# Names that are resolved inside one network only (RFC 6762, RFC 8375, and names ICANN will not delegate).
_INNER = (
    "local",
    "lan",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "localdomain",
    "home.arpa",
    "in-addr.arpa",
)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_PATH = re.compile(r"\\|(?:^|\s)[~/]|\b[A-Za-z]:|/(?:home|users|var|tmp|mnt)\b", re.IGNORECASE)
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_IPV6 = re.compile(r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}")
_MALWARE = {"malware_md5": ("md5", 32), "malware_sha1": ("sha1", 40), "malware_sha256": ("sha256", 64)}


@dataclass(frozen=True, order=True)
class Value:
    """One value that may leave: `kind` is ipv4, ipv6, domain, url, md5, sha1, sha256 or a setting's name."""

    kind: str
    text: str
    port: int | None = None


def public_address(text: str, victims: Victims) -> Value | None:
    """An address outside every inner range that is no machine of the case."""
    found = address(text)
    if found is None or found in victims.addresses:
        return None
    parsed = ipaddress.ip_address(found)
    if inside(parsed):
        return None
    return Value(f"ipv{parsed.version}", found)


def public_name(text: str, victims: Victims) -> Value | None:
    """A domain name that resolves outside and names no machine or domain of the case."""
    try:
        name = text.strip().rstrip(".").lower().encode("idna" if not text.isascii() else "ascii").decode()
    except UnicodeError:
        return None
    labels = name.split(".")
    inner = any(name == suffix or name.endswith("." + suffix) for suffix in _INNER)
    if len(name) > 253 or len(labels) < 2 or inner or not all(map(_LABEL.fullmatch, labels)):
        return None
    if labels[-1].isdigit() or victims.named_in(name) or victims.named_in(text):
        return None
    return Value("domain", name)


def place(text: str, victims: Victims) -> Value | None:
    """A public address or name, with its port where one follows a colon."""
    host, port = split_port(text)
    found = public_address(host, victims) or public_name(host, victims)
    return Value(found.kind, found.text, port) if found else None


def split_port(text: str) -> tuple[str, int | None]:
    """Host and port of ``host:port`` or ``[address]:port``; no port when none is there or it is none."""
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?", text)
    plain = re.fullmatch(r"([^:]+):(\d{1,5})", text)
    found = bracketed or plain
    if found is None:
        return text, None
    return found[1], _port(found[2])


def _port(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and 0 < int(text) < 65_536 else None


def link(text: str, victims: Victims) -> Value | None:
    """A URL on a public host without credentials in it, none of whose parts names the victim."""
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https", "ftp", "tcp") or parts.username is not None:
        return None
    if not text.isascii() or not text.strip().isprintable() or " " in text.strip() or len(text) > LONGEST:
        return None
    if not (public_address(host, victims) or public_name(host, victims)) or inner_in(text, victims):
        return None
    return Value("url", text.strip())


def _digest(kind: str, digits: int) -> Callable[[str, Victims], Value | None]:
    def read(text: str, victims: Victims) -> Value | None:
        hashed = re.fullmatch(rf"[0-9A-Fa-f]{{{digits}}}", text) and not victims.named_in(text)
        return Value(kind, text.lower()) if hashed else None

    return read


def _setting(name: str) -> Callable[[str, Victims], Value | None]:
    def read(text: str, victims: Victims) -> Value | None:
        if len(text) > LONGEST or not text.isprintable() or _PATH.search(text) or _MAIL.search(text):
            return None
        return None if inner_in(text, victims) else Value(name, text)

    return read


def inner_in(text: str, victims: Victims) -> bool:
    """Whether the text names the victim or contains an address that is not public."""
    met = [*_IPV4.findall(text), *_IPV6.findall(text)]
    inner = any(address(found) and public_address(found, victims) is None for found in met)
    return inner or victims.named_in(text)


SETTINGS = ("campaign", "constant", "key", "mutex", "password", "sleep", "user_agent", "version")
FIELDS: Mapping[str, Callable[[str, Victims], Value | None]] = MappingProxyType(
    {
        "address": public_address,
        "name": public_name,
        "c2": place,
        "c2_url": link,
        **{field: _digest(kind, digits) for field, (kind, digits) in _MALWARE.items()},
        **{f"config_{name}": _setting(name) for name in SETTINGS},
    }
)
# SmokeLoader makes these names from the victim's computer name and volume serial number.
DERIVED = frozenset([("smokeloader", "config_mutex")])


def allowed(
    family: str, fields: Mapping[str, str], victims: Victims
) -> Iterator[tuple[str, str, Value | None]]:
    """Field, text and value of what a family's finding may give away; None is a value that is withheld."""
    for field in sorted(fields.keys() & FIELDS.keys()):
        lines = fields[field].split("\n")
        if len(lines) > LINES:
            yield field, f"{len(lines) - LINES} more lines", None
        for text in filter(str.strip, lines[:LINES]):
            value = None if (family, field) in DERIVED else FIELDS[field](text, victims)
            if value and field in ("address", "name"):
                value = Value(value.kind, value.text, _port(fields.get("port")))
            yield field, text, value
