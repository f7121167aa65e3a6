# SPDX-License-Identifier: Apache-2.0
"""What no reader opens is named by its first bytes, and nothing else is taken for it."""

from __future__ import annotations

from importlib import import_module

import pytest

from hikeshi import words
from hikeshi.evidence.kinds import KINDS, kind_of
from hikeshi.readers import READERS

# First bytes as the formats' specifications and file(1) give them, padded so that offsets are reached.
KNOWN = {
    "rar": [b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"],
    "cab": [b"MSCF" + bytes(20)],
    "lzh": [b"\x22\x55-lh5-"],
    "pst": [b"!BDN" + bytes(16)],
    "registry-log": [b"regf" + bytes(16)],
    "prefetch": [b"\x1e\0\0\0SCCA", b"MAM\x04\0\0"],
    "lnk": [bytes.fromhex("4c0000000114020000000000c000000000000046")],
    "volume": [bytes(1080) + b"\x53\xef\x01\0\x01\0" + bytes(14) + b"\x01\0\0\0"],
    "sqlite": [b"SQLite format 3\0"],
    "cpio": [b"070701", b"070702", b"070707"],
    "compress": [b"\x1f\x9d\x90"],
    "lzma": [bytes.fromhex("5d00008000ffffffffffffffff")],
    "office-old": [bytes.fromhex("d0cf11e0a1b11ae1")],
    "pdf": [b"%PDF-1.7\n"],
}


@pytest.mark.parametrize(("kind", "head"), [(kind, head) for kind, heads in KNOWN.items() for head in heads])
def test_known_formats_are_named(kind: str, head: bytes) -> None:
    assert kind == kind_of(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"MZ is how this text begins, and it goes on for more than sixty-four letters of the alphabet",
        b"text\n" * 300,
        bytes(65536),
        b"\xff" * 65536,
        bytes(1080) + b"\x53\xef" + b"text" * 10,
    ],
)
def test_others_are_not(head: bytes) -> None:
    assert kind_of(head) is None


def test_a_java_class_is_no_program_of_the_mac() -> None:
    assert kind_of(b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(60)) is None


@pytest.mark.parametrize("lang", words.LANGS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_name_and_a_next_step(kind: str, lang: str) -> None:
    assert words.next_step(f"kind.{kind}", lang)
    assert not words.name("kind", kind, lang).startswith("[")


@pytest.mark.parametrize("path", READERS)
def test_what_is_named_is_no_readers(path: str) -> None:
    """An old Office document apart, which begins as an Outlook message does."""
    reader = import_module(path)
    for kind, heads in KNOWN.items():
        assert kind == "office-old" or not any(reader.sniff(head, "") for head in heads)
