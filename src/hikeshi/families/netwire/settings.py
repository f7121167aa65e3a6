# SPDX-License-Identifier: Apache-2.0
"""The settings of a NetWire build: what each field may look like and what it means.

Grammar and option bits: kevthehermit/RATDecoders; offsets and the Group build: JPCERTCC/MalConfScan; macOS:
"The Art of Mac Malware", listing 9-6. All values are text, the flags too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

STRICT, PLAUSIBLE, WRONG = 3, 1, -4
_HOSTS = re.compile(r"(?:[A-Za-z0-9._-]{3,253}:\d{1,5};){1,16}")
_PROXIES = re.compile(r"-|(?:[A-Za-z0-9._-]{3,253}:\d{1,5}:[0-3];){1,16}")
_BRACES = re.compile(r"\{[0-9A-Z]{8}(?:-[0-9A-Z]{4}){3}-[0-9A-Z]{12}\}", re.IGNORECASE)
_FOLDER = re.compile(r"%[A-Za-z]{2,20}%[\\/]\S.*|[A-Za-z]:\\.+|/\S.*")
_MUTEX = re.compile(r"-|[A-Za-z]{8}")
_OPTIONS = {
    0x01: "copy the program", 0x02: "delete the original", 0x04: "lock the program", 0x08: "Run autostart",
    0x10: "Active Setup autostart", 0x20: "mutex", 0x40: "offline key logger",
}  # fmt: skip
_PROXY_MODES = {"1": "direct", "2": "one proxy", "4": "chain of proxies"}
_PROXY_TYPES = ("SOCKS4", "SOCKS4a", "SOCKS5", "HTTP")

# The order in which builds hold their fields; 1.5 has it the other way round.
ORDER = (
    "hosts", "proxies", "password", "host_id", "group", "mutex", "install_path", "startup_name", "activex",
    "keylog_dir", "options", "proxy_mode", "sleep",
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """One field: its text, where it lies, what it means and whether it looks as such a field must."""

    name: str
    value: str
    offset: int
    meaning: str
    valid: bool


@dataclass(frozen=True)
class Config:
    """The settings of one build. `confidence` is the share of fields that look exactly as such fields must."""

    source: str
    layout: str
    offset: int
    settings: Sequence[Setting]
    confidence: float
    key: bytes | None = None
    unreadable: Sequence[str] = ()

    def get(self, name: str) -> str | None:
        """The text of a field."""
        return next((one.value for one in self.settings if one.name == name), None)

    @property
    def hosts(self) -> list[tuple[str, int]]:
        """Servers and ports in the order they are tried."""
        return pairs(self.get("hosts") or "")


def pairs(text: str) -> list[tuple[str, int]]:
    """`host:port;` entries as pairs."""
    parts = (part.rpartition(":") for part in text.split(";") if part)
    return [(host, int(port)) for host, _, port in parts if host and port.isascii() and port.isdigit()]


def _hosts(text: str) -> int:
    return STRICT if _HOSTS.fullmatch(text) and all(0 < p < 65536 for _, p in pairs(text)) else WRONG


def _when(pattern: re.Pattern[str], otherwise: int) -> Callable[[str], int]:
    return lambda text: STRICT if pattern.fullmatch(text) else PLAUSIBLE if text in ("", "-") else otherwise


def _name(text: str) -> int:
    return (
        PLAUSIBLE
        if text and not _HOSTS.fullmatch(text) and not _BRACES.fullmatch(text)
        else 0
        if not text
        else WRONG
    )


def _host_id(text: str) -> int:
    return STRICT if text.startswith("HostId-") else _name(text)


def _group(text: str) -> int:
    return STRICT if text == "Default Group" else WRONG if text.startswith("%") else _name(text)


def _startup(text: str) -> int:
    known = text == "NetWire" or re.fullmatch(r"[a-z]+(?:\.[a-z]+){2,}", text)
    return STRICT if known else WRONG if text.startswith("%") else _name(text) if text else PLAUSIBLE


def _password(text: str) -> int:
    return STRICT if text == "Password" else WRONG if text.startswith("%") or text == "-" else _name(text)


def _number(limit: int) -> Callable[[str], int]:
    return lambda text: STRICT if text.isascii() and text.isdigit() and int(text) <= limit else WRONG


_SCORES: Mapping[str, Callable[[str], int]] = {
    "hosts": _hosts,
    "proxies": _when(_PROXIES, WRONG),
    "password": _password,
    "host_id": _host_id,
    "group": _group,
    "mutex": _when(_MUTEX, WRONG),
    "install_path": _when(_FOLDER, WRONG),
    "startup_name": _startup,
    "activex": _when(_BRACES, WRONG),
    "keylog_dir": _when(_FOLDER, WRONG),
    "options": _number(127),
    "proxy_mode": lambda text: STRICT if text in _PROXY_MODES else WRONG,
    "sleep": _number(999),
    "flag": _number(999),
    "label": lambda text: STRICT if text == "NC" else _name(text),
}


def score(name: str, text: str) -> int:
    """How well a text fits a field."""
    return _SCORES[name](text)


def meaning(name: str, text: str) -> str:
    """What a field's text says, spelled out; empty where the text speaks for itself."""
    if name == "options" and text.isdigit():
        return ", ".join(what for bit, what in _OPTIONS.items() if int(text) & bit) or "none"
    if name == "proxy_mode":
        return _PROXY_MODES.get(text, "")
    if name == "sleep" and text.isdigit():
        return f"{text} seconds"
    if name == "password" and text == "Password":
        return "the builder's default"
    if name == "activex" and _BRACES.fullmatch(text) and re.search("[G-Zg-z]", text):
        return "no legal GUID"
    if name == "proxies":
        kinds = [part.rpartition(":")[2] for part in text.split(";") if part]
        return ", ".join(_PROXY_TYPES[int(k)] for k in kinds if k.isdigit() and int(k) < 4)
    return ""


def setting(name: str, text: str, offset: int) -> Setting:
    """A field with its meaning."""
    return Setting(name, text, offset, meaning(name, text), score(name, text) >= PLAUSIBLE)


def labelled(texts: Sequence[tuple[str, int]]) -> list[tuple[str, str, int]] | None:
    """Names for texts given in order, by what fits best in the known order; None when hosts are not among them.

    A build may lack fields, and may have the order the other way round.
    """
    best: tuple[int, list[tuple[str, str, int]]] | None = None
    for way in (list(texts), list(texts)[::-1]):
        total, names = _aligned([text for text, _ in way])
        if best is None or total > best[0]:
            best = total, [(n, text, at) for n, (text, at) in zip(names, way, strict=True) if n]
    if best is None or not any(name == "hosts" for name, _, _ in best[1]):
        return None
    return best[1]


def _aligned(texts: Sequence[str]) -> tuple[int, list[str]]:
    """The best alignment of texts with ORDER: each text takes a later name than the one before, or none."""
    empty: tuple[int, tuple[str, ...]] = (0, ())
    row = [empty] * (len(ORDER) + 1)
    for text in texts:
        new = [(row[0][0] + WRONG, (*row[0][1], ""))]
        for at, name in enumerate(ORDER, 1):
            taken = (row[at - 1][0] + score(name, text), (*row[at - 1][1], name))
            unnamed = (row[at][0] + WRONG, (*row[at][1], ""))
            new.append(max(taken, unnamed, new[-1], key=lambda one: one[0]))
        row = new
    return row[-1][0], list(row[-1][1])
