# SPDX-License-Identifier: Apache-2.0
"""Which indicators a text holds: what looks like an address, name, hash or URL in it is looked up, not searched for.

Time is linear in the text and does not grow with the number of indicators. Only values that no form betrays (file
names, keys, mutexes …) are searched for, and only where their rarest word stands.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from hikeshi.codecs.addresses import address
from hikeshi.detect.indicators.sets import Indicator
from hikeshi.detect.indicators.values import CONTROL_SET, HASHES, LITERALS, LONGEST

_WORD = re.compile(r"\w+")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\w)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4})(?![\w:])")
# Possessive, and begun only where a run begins: no text makes these go back.
_NAME = re.compile(r"(?<![\w-])[\w-]++(?:\.[\w-]++)++")
_MAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,128}+@(?=\w)")
_PORT = re.compile(r":(\d{1,5})(?!\d)")
_TAIL = re.compile(rf"[/?][^\s\"'<>\\^`{{|}}]{{0,{LONGEST}}}")
_AFTER = ".,;:!)]}*"
_DEFAULTS = {"http": "80", "https": "443", "ftp": "21", "ftps": "990"}


class Finder:
    """Looks indicators up; give it each distinct text once."""

    def __init__(self, indicators: Sequence[Indicator]) -> None:
        self._exact: dict[str, dict[str, int]] = {"ip": {}, "domain": {}, "url": {}, "email": {}}
        self._hashes: dict[str, list[int]] = {}
        self._networks: dict[tuple[int, int], dict[int, int]] = {}
        self._hosts: set[str] = set()
        self._literals: dict[str, list[tuple[str, int]]] = {}
        literals = []
        for number, each in enumerate(indicators):
            if each.kind in self._exact:
                self._exact[each.kind][each.value] = number
            elif each.kind in HASHES:
                self._hashes.setdefault(each.value, []).append(number)
            elif each.kind == "cidr":
                network = ipaddress.ip_network(each.value)
                places = self._networks.setdefault((network.version, network.prefixlen), {})
                places[int(network.network_address) >> (network.max_prefixlen - network.prefixlen)] = number
            elif each.kind in LITERALS:
                literals.append((each.value, number))
        self._hosts = {_host(url) for url in self._exact["url"]}
        self._six = any(":" in host for host in (*self._exact["ip"], *self._hosts)) or any(
            version == 6 for version, _ in self._networks
        )
        self._anchor(literals)

    def _anchor(self, literals: Sequence[tuple[str, int]]) -> None:
        """File each literal under the word in it that fewest others have."""
        words = [sorted(set(_WORD.findall(text))) for text, _ in literals]
        common = Counter(word for found in words for word in found)
        for (text, number), found in zip(literals, words, strict=True):
            rarest = min(found, key=lambda word: (common[word], -len(word), word))
            self._literals.setdefault(rarest, []).append((text, number))

    def find(self, text: str) -> list[int]:
        """Numbers of the indicators in a text, ascending."""
        text = CONTROL_SET.sub("currentcontrolset", text.lower())
        return sorted(set(self._numbers(text)))

    def _numbers(self, text: str) -> Iterator[int]:
        words = set(_WORD.findall(text))
        for word in words & self._hashes.keys():
            yield from self._hashes[word]
        if anchors := words & self._literals.keys():
            yield from self._literal(text, anchors)
        if "." in text:
            yield from self._names(text)
        if "." in text or ":" in text:
            yield from self._addresses(text)
        if "@" in text and self._exact["email"]:
            for local in _MAIL.finditer(text):
                if host := _NAME.match(text, local.end()):
                    mail = self._exact["email"].get(local[0] + host[0])
                    yield from () if mail is None else (mail,)

    def _literal(self, text: str, anchors: set[str]) -> Iterator[int]:
        text = " ".join(text.split())
        for anchor in anchors:
            for literal, number in self._literals[anchor]:
                if _stands(literal, text):
                    yield number

    def _names(self, text: str) -> Iterator[int]:
        domains = self._exact["domain"]
        if not domains and not self._hosts:
            return
        for met in _NAME.finditer(text):
            name = _ascii(met[0])
            labels = name.split(".")[-16:]
            for start in range(len(labels) - 1):
                number = domains.get(".".join(labels[start:]))
                if number is not None:
                    yield number
            if name in self._hosts:
                yield from self._urls(text, met.start(), met.end(), name)

    def _addresses(self, text: str) -> Iterator[int]:
        if not (self._exact["ip"] or self._networks or self._hosts):
            return
        for pattern in (_IPV4, _IPV6) if self._six else (_IPV4,):
            for met in pattern.finditer(text):
                found = address(met[0])
                if found is None:
                    continue
                number = self._exact["ip"].get(str(found))
                if number is not None:
                    yield number
                for (version, length), places in self._networks.items():
                    if version == found.version:
                        number = places.get(int(found) >> (found.max_prefixlen - length))
                        if number is not None:
                            yield number
                if str(found) in self._hosts:
                    yield from self._urls(text, met.start(), met.end(), str(found))

    def _urls(self, text: str, start: int, end: int, host: str) -> Iterator[int]:
        """URLs at a host: the whole, without fragment, without query, without the marks of the sentence around it."""
        end += text.startswith("]", end)
        place, port = host, _PORT.match(text, end)
        if port:
            end = port.end()
            scheme = re.search(r"([a-z]{3,5})://\[?$", text[max(start - 9, 0) : start])
            if _DEFAULTS.get(scheme[1] if scheme else "http") != port[1]:
                place = f"{host}:{port[1]}"
        tail = _TAIL.match(text, end)
        whole = (tail[0] if tail else "").partition("#")[0]
        trimmed = whole.rstrip(_AFTER)
        bare = whole.partition("?")[0]
        for path in {whole, trimmed, bare, bare.rstrip(_AFTER), ""}:
            number = self._exact["url"].get(place + ("" if path == "/" else path))
            if number is not None:
                yield number


def _host(url: str) -> str:
    """The host of a URL in the searched form; an IPv6 address is what parses as one before the path."""
    place = re.split(r"[/?]", url, maxsplit=1)[0]
    if address(place):
        return place
    return place.rpartition(":")[0] or place


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


def _stands(literal: str, text: str) -> bool:
    """Whether a literal stands in a text as a whole, not as part of a longer name."""
    start = text.find(literal)
    while start >= 0:
        before, end = text[start - 1 : start], start + len(literal)
        after, beyond = text[end : end + 1], text[end + 1 : end + 2]
        begins = not literal[0].isalnum() or not _goes_on(before, "_-.")
        if begins and not _goes_on(after, "_-") and not (after == "." and beyond.isalnum()):
            return True
        start = text.find(literal, start + 1)
    return False


def _goes_on(character: str, marks: str) -> bool:
    return bool(character) and (character.isalnum() or character in marks)
