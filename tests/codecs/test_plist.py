# SPDX-License-Identifier: Apache-2.0
"""Property lists: the standard library's writer and reader as the other opinion, and lists made to hurt."""

from __future__ import annotations

import plistlib
import struct
from typing import Any

import pytest

from hikeshi.codecs.plist import MOST_OBJECTS, loads
from readers.evidence import members

VALUE = {
    "text": "例え", "ascii": "example", "yes": True, "no": False, "number": 1 << 40, "less": -2, "real": 1.5,
    "data": b"\0\1\2", "list": ["a", {"b": ["c"] * 20}], "long": "x" * 300,
}  # fmt: skip


def same(ours: Any, theirs: Any) -> bool:
    """Whether two values agree; reals and dates of XML are kept as text here."""
    if isinstance(theirs, dict):
        return (
            isinstance(ours, dict)
            and list(ours) == list(theirs)
            and all(same(ours[k], theirs[k]) for k in theirs)
        )
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs if isinstance(theirs, str | int | bytes) else True


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_what_the_standard_library_writes(form: Any) -> None:
    value, damage = loads(plistlib.dumps(VALUE, fmt=form, sort_keys=False))
    assert damage is None
    assert same(value, VALUE)


def test_real_lists_read_as_the_standard_library_reads_them() -> None:
    seen = 0
    for name, content in members("triage/plaso-test-data.tar.xz", ".plist", ".btm"):
        try:
            wanted = plistlib.loads(content.strip() if content[:6] != b"bplist" else content)
        except (ValueError, plistlib.InvalidFileException):
            continue
        seen += 1
        assert same(loads(content)[0], wanted), name
    assert seen > 25


def binary(objects: list[bytes], top: int = 0) -> bytes:
    """A binary list of encoded objects; references are two bytes wide."""
    body, places = b"bplist00", []
    for one in objects:
        places.append(len(body))
        body += one
    table = b"".join(struct.pack(">I", place) for place in places)
    return body + table + struct.pack(">6xBBQQQ", 4, 2, len(objects), top, len(body))


def test_a_list_in_itself_and_a_list_unfolded_billions_of_times() -> None:
    itself = binary([b"\xa1\0\0"])
    nested = [b"\xaa" + struct.pack(">10H", *[n + 1] * 10) for n in range(20)]
    for content in (itself, binary([*nested, b"\x09"])):
        value, damage = loads(content)
        assert value is None
        assert damage


def test_many_large_lists_over_the_same_bytes() -> None:
    """Every object is an array of 20,000 references: its budget ends before memory does."""
    array = b"\xaf\x11" + struct.pack(">H", 20_000) + bytes(40_000)
    value, damage = loads(binary([array]))
    assert (None, True) == (value, bool(damage))
    top = b"\xaf\x11" + struct.pack(">H", MOST_OBJECTS // 2) + b"\0\1" * (MOST_OBJECTS // 2)
    assert loads(binary([top, array]))[1]


def test_cut_and_flipped_lists_raise_nothing() -> None:
    for form in (plistlib.FMT_XML, plistlib.FMT_BINARY):
        content = plistlib.dumps(VALUE, fmt=form)
        for length in range(len(content)):
            assert loads(content[:length])[1] or form == plistlib.FMT_XML
        for bit in range(0, 8 * len(content), 5):
            damaged = bytearray(content)
            damaged[bit // 8] ^= 1 << bit % 8
            loads(bytes(damaged))
