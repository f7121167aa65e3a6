# SPDX-License-Identifier: Apache-2.0
"""Settings in the bytes of a file: an RC4 key and encrypted fields that the code names by address and size.

Patterns and offsets: kevthehermit/RATDecoders (Breen, Cannings) and tomHCF/NetWire-config-extractor. RC4 begins
anew with each field. Only bytes are matched; nothing is executed or emulated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hikeshi.families.netwire.settings import STRICT, Config, labelled, score, setting
from hikeshi.pack import Section, rc4, read_text

_WALK = re.compile(
    rb"\x8d...\xc7\x44.{6}\xc7\x44.{6}\x89..\xe8..\0\0\x89..(?=\xc7\x44.\x08\xff\0\0\0)", re.DOTALL
)
_SLOT = re.compile(rb"\xc7\x44.\x08(.{4})\xc7\x44.\x04(.{4})\x89..\xe8.{4}", re.DOTALL)
# Pattern and place of the key's address; pattern and places of a field's size and address.
_LISTS = (
    (
        (
            re.compile(
                rb"\x53\x81\xec..\0\0\xc7.{4}\0\0\0\xc7.{6}\0\x8d..\xff\xff\x89..\xe8...\0", re.DOTALL
            ),
            19,
        ),
        (
            re.compile(rb"\xe8..\0\0(?=\xc7\x44(?s:.){4}\0\0\xc7\x44(?s:.){5}\0\x89..\xe8...\0)", re.DOTALL),
            9,
            17,
        ),
    ),
    (
        (re.compile(rb"\x53\x81\xec..\0\0.{4}\xc7.{4}\0\0\0\xc7.{6}\0[\x80-\x8f]..\xe8...\0", re.DOTALL), 23),
        (re.compile(rb"\xe8..\0\0...(?=\xc7\x44.{4}\0\0\xc7\x44.{5}\0\xe8...\0)", re.DOTALL), 12, 20),
    ),
)
KEY_SIZE = 16
_MOST_FIELDS, _LARGEST_FIELD, _MOST_ANCHORS = 32, 1024, 64
# Fields that must look exactly as such fields do, hosts among them.
ENOUGH = 5
NO_ANCHOR = "no-code-anchor"


@dataclass(frozen=True)
class _Image:
    data: bytes
    sections: Sequence[Section]
    base: int

    def offset(self, address: int) -> int | None:
        """Where an absolute address lies in the file; None when it lies nowhere."""
        relative = address - self.base
        for section in self.sections:
            if section.address <= relative < section.address + section.size:
                place = section.offset + relative - section.address
                return place if place < len(self.data) else None
        return None

    def number(self, at: int) -> int:
        return int.from_bytes(self.data[at : at + 4], "little")

    def at(self, address: int, size: int) -> bytes:
        place = self.offset(address)
        return self.data[place : place + size] if place is not None else b""


def from_file(data: bytes, sections: Sequence[Section], base: int) -> Iterator[Config]:
    """The settings in a file, or in an image as it was mapped (sections whose offsets equal their addresses)."""
    image = _Image(data, sections, base)
    for key, slots, at in (*_walked(image), *_listed(image)):
        texts = [(text, place) for size, address in slots if (text := _field(image, key, size, address)) is not None
                 and (place := image.offset(address)) is not None]  # fmt: skip
        names = labelled(texts) if texts else None
        if names is None:
            continue
        settings = [setting(name, text, place) for name, text, place in names]
        strict = [one for one in settings if score(one.name, one.value) == STRICT]
        if len(strict) >= ENOUGH and any(one.name == "hosts" for one in strict):
            layout = f"{len(texts)} fields"
            yield Config("file", layout, at, settings, round(len(strict) / len(slots), 2), key)


def why_none(data: bytes, sections: Sequence[Section], base: int) -> str:
    """Why a file gives no settings: `no-code-anchor`, `address-outside`, or `fields-not-readable`."""
    image = _Image(data, sections, base)
    found = [*_walked(image, False), *_listed(image, False)]
    if not found:
        return NO_ANCHOR
    return "fields-not-readable" if any(len(key) == KEY_SIZE for key, _, _ in found) else "address-outside"


_Found = tuple[bytes, list[tuple[int, int]], int]


def _walked(image: _Image, need_key: bool = True) -> Iterator[_Found]:
    """Key and slots of the builds that read their fields one after the other."""
    for _, match in zip(range(_MOST_ANCHORS), _WALK.finditer(image.data), strict=False):
        at = match.start()
        size, address = image.number(at + 8), image.number(at + 16)
        key = image.at(address, size) if 0 < size <= 256 else b""
        slots, place = list[tuple[int, int]](), match.end()
        while len(slots) < _MOST_FIELDS and (slot := _SLOT.match(image.data, place)):
            slots.append((int.from_bytes(slot[1], "little"), int.from_bytes(slot[2], "little")))
            place = slot.end()
        if key or not need_key:
            yield key, slots, at


def _listed(image: _Image, need_key: bool = True) -> Iterator[_Found]:
    """Key and fields of the builds whose calls are found one by one, in file order."""
    for (pattern, key_at), (field, size_at, address_at) in _LISTS:
        for _, match in zip(range(_MOST_ANCHORS), pattern.finditer(image.data), strict=False):
            key = image.at(image.number(match.start() + key_at), KEY_SIZE)
            if not key and need_key:
                continue
            slots = [
                (image.number(m.start() + size_at), image.number(m.start() + address_at))
                for _, m in zip(range(_MOST_FIELDS), field.finditer(image.data), strict=False)
            ]
            yield key, slots, match.start()


def _field(image: _Image, key: bytes, size: int, address: int) -> str | None:
    """The text of a field under the key; None when it is none."""
    if not 0 < size <= _LARGEST_FIELD:
        return None
    coded = image.at(address, size)
    text, ended, _ = rc4(key, coded).partition(b"\0")
    if not coded or (len(coded) < size and not ended) or any(byte < 0x20 or byte == 0x7F for byte in text):
        return None
    reading = read_text(text)
    return reading.text if reading.confidence >= 0.3 else None
