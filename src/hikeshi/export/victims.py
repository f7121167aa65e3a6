# SPDX-License-Identifier: Apache-2.0
"""What names the victim in a case, and the test that keeps it out of what is shared.

This is the second fence. The first is the allow-list (allowed.py): nothing is shared but fields named there.
This one withholds a value of an allowed field that contains a name, address or number of the victim, also in
other case or width, percent-encoded, in hexadecimal, base64 or UTF-16, or as an IDNA label.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from hikeshi.codecs import addresses

if TYPE_CHECKING:
    from hikeshi.case.saved import Saved

SHORT, REMEMBERED = 4, 65_536
# Fields of findings and events that say who or what the victim is; their values are never shared.
FINDING_FIELDS = ("account", "bot_id", "computer", "host", "host_id", "subject", "user", "volume_serial")
EVENT_FIELDS = (
    *("AccountDomain", "AccountName", "Computer", "SubjectDomainName", "SubjectUserName", "TargetDomainName"),
    *("TargetUserName", "User", "Workstation", "WorkstationName"),
)
# Names that every Windows machine has, and words that name nobody.
_EVERYWHERE = frozenset(
    [
        *("system", "localservice", "networkservice", "localsystem", "anonymouslogon", "administrator"),
        *("ntauthority", "ntservice", "fontdriverhost", "windowmanager", "builtin", "workgroup"),
        *("localhost", "users", "administrators", "everyone", "defaultaccount", "wdagutilityaccount"),
        *("admin", "user", "test", "root", "owner", "public", "default", "allusers", "defaultuser"),
        *("server", "client", "unknown", "none", "null", "host", "name", "mail", "info", "microsoft"),
        *("local", "guest", "desktop", "windows"),
    ]
)
_PROFILE = r"(?i)(?:users|home|documents and settings)[/\\]+([^/\\\"]+)"
_NUMBER = re.compile(r"[0-9a-f]{8,}")
_JOINTS = re.compile(r"[\s_-]+")
_HEX = re.compile(r"[0-9a-f]{8,}", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
_WORD = re.compile(r"\w+")


class Victims:
    """Everything in a case that names the victim."""

    def __init__(self, names: Iterable[str], addresses: Iterable[str]) -> None:
        self.addresses = frozenset(filter(None, map(address, addresses)))
        folded = {_fold(name) for name in (*names, *self.addresses)} - _EVERYWHERE
        self._short = frozenset(name for name in folded if 1 < len(name) < SHORT)
        long = sorted(name for name in folded if len(name) >= SHORT)
        self._asked: dict[str, bool] = {}
        self._names = re.compile("|".join(map(re.escape, long))) if long else None
        self._pieces = frozenset(piece for name in long if _NUMBER.fullmatch(name) for piece in _pieces(name))

    def named_in(self, text: str) -> bool:
        """Whether the text contains a name of the victim in any writing known here."""
        if len(self._asked) >= REMEMBERED:
            self._asked.clear()
        if text not in self._asked:
            self._asked[text] = self._named_in(text)
        return self._asked[text]

    def _named_in(self, text: str) -> bool:
        plain = {text, unquote(text)}
        if any(_fold(word) in self._short for form in plain for word in _WORD.findall(form)):
            return True
        return any(map(self._found_in, map(_fold, (*plain, *_decoded(text)))))

    def _found_in(self, form: str) -> bool:
        """Whether a folded form holds a long name, or a piece of a long number such as a bot's id."""
        if self._names is None:
            return False
        met = (piece for number in _NUMBER.findall(form) for piece in _pieces(number))
        return self._names.search(form) is not None or not self._pieces.isdisjoint(met)


def victims(case: Saved) -> Victims:
    """The victim's names and addresses, from every table and finding of a case."""
    names: set[str] = set()
    addresses: set[str] = set()
    for value in _named(case):
        (addresses if address(value) else names).update((value, *parts(value)))
    names.update(_distinct(case, "messages", _OUTSIDERS))
    for finding in case.findings():
        fields = finding["fields"]
        names.update(profile for value in fields.values() for profile in re.findall(_PROFILE, value))
        names.add(re.split(r"[\\/]", fields.get("file") or "")[-1])
    return Victims(names, addresses)


_EVENT = (
    *("host", '"user"', *(f"fields['{field}']" for field in EVENT_FIELDS)),
    "CASE WHEN fields['Initiated'] = 'true' THEN fields['SourceIp'] END",
)
# Table -> list of the names in one row.
_LISTS = {
    "hosts": "list_concat([host], aliases)",
    "machines": "[value]",
    "places": f"[host, regexp_extract(path, '{_PROFILE}', 1), regexp_extract(original, '{_PROFILE}', 1),"
    " split_part(path, '/', 1)]",
    "events": f"[{', '.join(_EVENT)}]",
    "messages": "recipients",
}
# A sender may be the attacker: the address stays inside, but its domain names no victim.
_OUTSIDERS = "[subject, sender, reply_to, return_path, sent_by]"


def _named(case: Saved) -> Iterator[str]:
    for table, names in _LISTS.items():
        yield from _distinct(case, table, names)
    for finding in case.findings():
        yield from (finding["host"] or "", finding["user"] or "")
        yield from (finding["fields"].get(field) or "" for field in FINDING_FIELDS)


def _distinct(case: Saved, table: str, names: str) -> Iterator[str]:
    for row in case.rows(f'SELECT DISTINCT unnest({names}) AS value FROM "{table}"'):
        yield row["value"] or ""


def parts(value: str) -> Iterator[str]:
    """The names inside a name: account and domain of ``AOBA\\hayashi``, machine and domain of a full name."""
    domain, slash, account = value.rpartition("\\")
    if slash:
        yield from (domain, account)
    local, at, domain = value.rpartition("@")
    if at:
        yield local.rpartition("<")[2]
    else:
        local, dot, domain = value.partition(".")
        if not dot or not re.fullmatch(r"[\w.-]+", value):
            return
        yield local
    labels = domain.strip("<> .").split(".")
    yield from (label for label in labels[:-1] if len(label) > SHORT)
    for start in range(len(labels) - 1):
        if start == len(labels) - 2 and max(map(len, labels[start:])) <= 3:
            return  # such as co.jp: a registry's suffix
        yield ".".join(labels[start:])


def address(text: str) -> str | None:
    """An IP address in its one canonical form, IPv4 inside IPv6 taken out; None when it is none."""
    found = addresses.address(text)
    return str(found) if found else None


def _fold(text: str) -> str:
    """One width, one case, no blanks, hyphens and underscores."""
    return _JOINTS.sub("", unicodedata.normalize("NFKC", text).casefold())


def _pieces(number: str) -> Iterator[str]:
    """Every eight digits in a row."""
    yield from (number[start : start + 8] for start in range(len(number) - 7))


def _decoded(text: str) -> Iterator[str]:
    """What hexadecimal, base64 (from each of its four positions) and IDNA in a text stand for."""
    for found in _HEX.finditer(text):
        for digits in (found[0], found[0][1:]):
            yield from _texts(bytes.fromhex(digits[: len(digits) // 2 * 2]))
    for found in _BASE64.finditer(text):
        digits = found[0].rstrip("=").translate(str.maketrans("-_", "+/"))
        for start in range(4):
            piece = digits[start : start + (len(digits) - start) // 4 * 4]
            tail = digits[start + len(piece) :]
            padded = piece + (tail + "=" * (4 - len(tail)) if len(tail) > 1 else "")
            yield from _texts(base64.b64decode(padded))
    if "xn--" in text.lower():
        yield from (_label(label) for label in text.lower().split("."))


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, binascii.Error):
        return label


def _texts(data: bytes) -> Iterator[str]:
    yield data.decode("utf-8", "replace")
    for start in (0, 1):
        yield data[start:].decode("utf-16-le", "replace")
        yield data[start:].decode("utf-16-be", "replace")
