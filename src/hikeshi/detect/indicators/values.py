# SPDX-License-Identifier: Apache-2.0
"""Values of indicators: written back to what they mean, typed, in one form; what would hit everything is refused.

Sources: RFC 1034 and 5891 (names), RFC 3986 (URLs), the registry hives that Windows documents.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from types import MappingProxyType
from urllib.parse import urlsplit

from hikeshi.codecs.addresses import address, inside, inside_network

HASHES = ("md5", "sha1", "sha256", "imphash")
LITERALS = ("filename", "path", "registry", "mutex", "pipe", "subject", "user-agent")
KINDS = ("ip", "cidr", "domain", "url", "email", *HASHES, *LITERALS)
LONGEST = 2_048


class Unusable(ValueError):
    """A value that cannot be searched for; the text says why."""


_DOT = re.compile(r"\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?|\\\.", re.IGNORECASE)
_AT = re.compile(r"\s?[\[({]\s?(?:@|at)\s?[\])}]\s?", re.IGNORECASE)
_SCHEME = re.compile(r"^(?:h(?:xx|\*\*|__|tt)p(s?)|f(?:x|\*|t)p(s?))(?=\s?[\[(]?:[\])]?\s?/)", re.IGNORECASE)
_COLON = re.compile(r"[\[(]:(?://)?[\])]")


def refanged(text: str) -> str:
    """A value as it was before it was made unclickable: hxxp, [.], (dot), [at], [:]."""
    text = text.strip().strip("\u200b\ufeff").strip("\"'`").strip()
    text = _COLON.sub(lambda found: "://" if "//" in found[0] else ":", text)
    text = _AT.sub("@", _DOT.sub(".", text)).replace("[/]", "/")
    if found := _SCHEME.match(text):
        name = "ftp" if text[:1].lower() == "f" else "http"
        text = name + (found[1] or found[2] or "") + text[found.end() :]
    return text


def typed(text: str, kind: str | None = None) -> tuple[str, str]:
    """Kind and searched form of a value as written; Unusable, with the reason, when it cannot be searched for."""
    value = refanged(text) if kind not in ("subject", "mutex", "user-agent") else text.strip()
    if not value:
        raise Unusable("empty")
    if len(value) > LONGEST:
        raise Unusable(f"longer than {LONGEST} characters")
    if not value.isprintable():
        raise Unusable("it has characters that do not print")
    kind = kind or _guess(value)
    return _READ[kind](value)


def _guess(value: str) -> str:
    if re.fullmatch(r"[0-9A-Fa-f]+", value) and len(value) in _DIGITS.values():
        return next(kind for kind, digits in _DIGITS.items() if digits == len(value))
    if _network(value) is not None or address(_unported(value)) is not None:
        return "ip"
    if "://" in value:
        return "url"
    if re.fullmatch(r"[^\s@]+@[^\s@]+", value):
        return "email"
    if _HIVE.match(value):
        return "registry"
    if "\\" in value or value.startswith(("/", "%")):
        return "path"
    host, slash, _ = value.partition("/")
    if "." in host and not re.search(r"\s", value):
        if slash:
            return "url"
        return "filename" if _EXTENSIONS.fullmatch(host.rpartition(".")[2].lower()) else "domain"
    if "." in value and _EXTENSIONS.fullmatch(value.rpartition(".")[2].lower()):
        return "filename"
    raise Unusable("its kind is not stated and cannot be told from its form")


# File name extensions that are no more likely the end of a domain name.
_EXTENSIONS = re.compile(
    "7z|apk|bat|bin|cab|cmd|dat|dll|docm?|docx|dotm|exe|gif|hta|img|iso|jar|jpg|jse?|lnk|msi|one|pdf|png|ps1"
    "|rar|rtf|scr|sys|tmp|txt|vb[es]|wsf|xls|xls[bmx]|xml|zip"
)
_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64}


def _unported(text: str) -> str:
    """The address of ``address:port`` or ``[address]:port``."""
    found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}|\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?", text)
    return (found[1] or found[2]) if found else text


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def _ip(text: str) -> tuple[str, str]:
    network = _network(text)
    if network is not None and network.num_addresses > 1:
        if network.prefixlen < (8 if network.version == 4 else 16):
            raise Unusable("the range is too wide")
        if inside_network(network):
            raise Unusable("the range means nothing outside one network")
        return "cidr", str(network)
    found = address(str(network.network_address) if network else _unported(text))
    if found is None:
        raise Unusable("not an IP address")
    if inside(found):
        raise Unusable("the address means nothing outside one network")
    return "ip", str(found)


_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# What registries put between a name and a country: example.co.jp is a name, co.jp is everyone's.
_SHARED = re.compile(r"(?:a[cd]|com?|edu?|g[or]|go[bv]|lg|mil|net?|org?)\.[a-z]{2}")


def domain(text: str) -> str:
    """A domain name in lower case, ASCII form; Unusable for single labels and what all names of a country share."""
    name = text.strip().removeprefix("*.").strip(".").lower()
    try:
        name = name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        raise Unusable("not a domain name") from None
    labels = name.split(".")
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise Unusable("not a domain name")
    if len(labels) < 2:
        raise Unusable("a name of one label means nothing outside one network")
    if labels[-1].isdigit():
        raise Unusable("not a domain name")
    if _SHARED.fullmatch(name):
        raise Unusable("all names of a country share it")
    return name


def _domain(text: str) -> tuple[str, str]:
    text = re.sub(r":\d{1,5}$", "", text)
    return _ip(text) if address(text) else ("domain", domain(text))


PORTS = MappingProxyType({"http": "80", "https": "443", "ftp": "21", "ftps": "990"})


def _url(text: str) -> tuple[str, str]:
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Unusable("not a URL") from None
    if not host:
        raise Unusable("not a URL")
    place = _ip(host)[1] if address(host) else domain(host)
    if port and str(port) != PORTS.get(parts.scheme.lower()):
        place += f":{port}"
    query = f"?{parts.query}" if parts.query else ""
    return "url", (place + (parts.path if parts.path != "/" or query else "") + query).lower()


def _email(text: str) -> tuple[str, str]:
    local, at, host = text.removeprefix("mailto:").strip("<>").rpartition("@")
    if not at or not local or re.search(r"[\s<>,;]", local):
        raise Unusable("not a mail address")
    return "email", f"{local}@{domain(host)}".lower()


# Of no bytes at all.
_EMPTY = frozenset(
    (
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )
)


def _digest(kind: str) -> Callable[[str], tuple[str, str]]:
    digits = _DIGITS.get(kind, 32)

    def read(text: str) -> tuple[str, str]:
        text = re.sub(r"[\s:-]", "", text).lower()
        if not re.fullmatch(rf"[0-9a-f]{{{digits}}}", text):
            raise Unusable(f"not {digits} hexadecimal digits")
        if text in _EMPTY or len(set(text)) == 1:
            raise Unusable("the hash of no bytes, or no hash at all")
        return kind, text

    return read


# Programs that come with Windows: their bare names are in every log.
_WINDOWS = re.compile(
    "(?:cmd|conhost|csrss|dllhost|explorer|iexplore|lsass|mshta|msiexec|net|notepad|powershell|reg|regsvr32|rundll32"
    r"|schtasks|services|smss|svchost|taskhostw?|userinit|wininit|winlogon|winword|wmic|wscript)\.exe"
)


def _filename(text: str) -> tuple[str, str]:
    if re.search(r"[\\/]", text):
        return _path(text)
    return "filename", _specific(text, 4, _WINDOWS)


def _path(text: str) -> tuple[str, str]:
    text = re.sub(r"^%[^%\\/]+%(?=[\\/])", "", text)
    if not re.search(r"[\\/].*[\\/]", text):
        return "filename", _specific(text.strip("\\/"), 4, _WINDOWS)
    return "path", _specific(text, 6)


_HIVE = re.compile(
    r"^\\?(?:HKEY_[A-Z_]+|HKLM|HKCU|HKU|HKCR|HKCC|\\REGISTRY\\(?:MACHINE|USER))(?=\\)", re.IGNORECASE
)
_SID = re.compile(r"^\\S-1-5-[0-9-]+(?:_Classes)?(?=\\)", re.IGNORECASE)
CONTROL_SET = re.compile(r"controlset\d{3}", re.IGNORECASE)


def _registry(text: str) -> tuple[str, str]:
    key = _SID.sub("", _HIVE.sub("", text).replace("\\\\", "\\"))
    key = CONTROL_SET.sub("currentcontrolset", key).strip("\\")
    if key.count("\\") < 1:
        raise Unusable("a key of one step is too general")
    return "registry", _specific(key, 8)


def _specific(text: str, least: int, general: re.Pattern[str] | None = None) -> str:
    text = " ".join(text.lower().split())
    if re.search(r"[*?<>|]|%[^%]+%", text):
        raise Unusable("wildcards and place holders are not understood")
    if len(text) < least or not re.search(r"[^\W_]{2}", text):
        raise Unusable(f"shorter than {least} characters")
    if general and general.fullmatch(text):
        raise Unusable("a program of Windows itself bears that name")
    return text


def _words(kind: str, least: int) -> Callable[[str], tuple[str, str]]:
    def read(text: str) -> tuple[str, str]:
        text = " ".join(re.sub(r"^(?:\\?BaseNamedObjects\\|Global\\|Local\\)+", "", text).lower().split())
        if len(text) < least or not re.search(r"[^\W_]{2}", text):
            raise Unusable(f"shorter than {least} characters")
        return kind, text

    return read


_READ: MappingProxyType[str, Callable[[str], tuple[str, str]]] = MappingProxyType(
    {
        "ip": _ip,
        "cidr": _ip,
        "domain": _domain,
        "url": _url,
        "email": _email,
        **{kind: _digest(kind) for kind in HASHES},
        "filename": _filename,
        "path": _path,
        "registry": _registry,
        "mutex": _words("mutex", 6),
        "pipe": _words("pipe", 6),
        "subject": _words("subject", 6),
        "user-agent": _words("user-agent", 6),
    }
)
