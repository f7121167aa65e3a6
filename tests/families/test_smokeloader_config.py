# SPDX-License-Identifier: Apache-2.0
"""SmokeLoader's configuration: published vectors byte for byte, inert blobs in every variation, and silence."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import smokeloader_config as inert
from hikeshi.families.smokeloader import config, entries, strings
from hikeshi.pack import Grade, Hit, rc4

T1 = bytes.fromhex("E7FBFBFFB5A0A0E2E0FCFBEAFCFBA2FCEAFDF9E6ECEABFBEBDBABFBAA1FDFAA0") + bytes.fromhex(
    "EFC11A5F"
)
T2 = bytes.fromhex(
    "432D3CE62d8bf98b00db96cfde364292ce91c9058bad2360a60d67e613d64f4fc44ce8809ee356a4ca957ea0a796a9025939"
)
T3 = bytes.fromhex("17008bbd0d161ec11409c1cca01d2778f6253717e296e6324b153620")


@dataclass(frozen=True)
class Region:
    """A region of raw bytes."""

    bytes: bytes
    offset: int = 0
    item: str = "1" * 64


def found(data: bytes | bytearray, offset: int = 0) -> list[Hit]:
    """What is found in a region, without the clue."""
    return [hit for hit in config.found(Region(bytes(data), offset)) if hit.message != config.CANDIDATES]


def test_t1() -> None:
    entry = entries.xor_entry(bytes([32]) + T1, 0)
    assert entry == entries.Entry(
        0, 37, "X-E4", "http://mostest-service012505.ru/", bytes.fromhex("EFC11A5F"), 0xE4
    )


def test_t2() -> None:
    assert 45 == T2[4]
    assert b"https://dns.google/resolve?name=microsoft.com" == rc4(T2[:4], T2[5:])
    more = T2 + b"\x05\x81\x92\xa3\xb4\xc5" * 4
    assert [4] == list(strings.first_places(np.frombuffer(more, np.uint8)))


def test_t3() -> None:
    entry = entries.rc4_entry(T3, 0)
    assert entry == entries.Entry(0, 28, "R4", "http://mini55tunul.com/", bytes.fromhex("008bbd0d"))
    assert [0] == list(entries.rc4_places(np.frombuffer(T3, np.uint8)))


def test_t4() -> None:
    assert b"user32" == rc4(bytes.fromhex("29c5bde6"), bytes.fromhex("b216179f2337"))


CODECS = pytest.mark.parametrize("codec", ["X-FF", "X-E4", "R4"])
BITS = pytest.mark.parametrize("bits", [32, 64])


@CODECS
@BITS
@pytest.mark.parametrize("base", [0x1A0000, 0x401230, 0x7FF71234])
@pytest.mark.parametrize("end", [True, False])
@pytest.mark.parametrize("order", [[0, 1, 2, 3], [2, 0, 3, 1]])
def test_every_variation(codec: str, bits: int, base: int, end: bool, order: list[int]) -> None:
    made = inert.blob(codec, bits, base=base, end=end, order=order)
    assert len(config.places(np.frombuffer(bytes(made.data), np.uint8)))
    [hit] = found(made.data, 0x5000)
    assert hit.grade is Grade.PROVEN
    assert "\n".join(inert.URLS[number] for number in order) == hit.fields["c2_url"]
    assert codec == hit.fields["config_entry_codec"]
    assert ", ".join(f"{made.places[url] + 0x5000:#x}" for url in inert.URLS) == hit.fields["config_offsets"]
    assert f"{made.table + 0x5000:#x}" == hit.fields["config_table_offset"]
    assert f"{base + made.table:#x}" == hit.fields["config_table_address"]
    assert f"4 of {bits} bits" == hit.fields["config_pointers"]
    assert ({"X-FF": "0xff", "X-E4": "0xe4"}.get(codec)) == hit.fields.get("config_entry_constant")
    assert {"X-FF": "2018", "X-E4": "2019-2020", "R4": "2020-2022"}[codec] == hit.fields[
        "config_version_hint"
    ]


@CODECS
@BITS
def test_an_entry_over_a_page_that_is_missing(codec: str, bits: int) -> None:
    """The third entry begins before a page border and the page behind it is zero: the table names its place."""
    made = inert.blob(codec, bits, at=0x1F90 if bits == 32 else 0x1F80, size=0x4000)
    lost = next(url for url, place in made.places.items() if place < 0x2000 < place + len(url) + 5)
    made.data[0x2000:0x3000] = bytes(0x1000)
    left = [url for url, place in made.places.items() if place + len(url) + 5 <= 0x2000]
    assert len(left) >= 2
    [hit] = found(made.data)
    assert "\n".join(left) == hit.fields["c2_url"]
    assert f"{made.places[lost]:#x}" in hit.fields["config_unreadable"]


def test_an_entry_with_a_bent_key_is_doubtful() -> None:
    made = inert.blob("X-E4", 32)
    place = made.places[inert.URLS[1]] + 1 + len(inert.URLS[1])
    made.data[place] ^= 0x10
    [hit] = found(made.data)
    assert inert.URLS[1] == hit.fields["config_doubtful"]
    assert inert.URLS[1] not in hit.fields["c2_url"]


@BITS
def test_two_generations_in_one_dump(bits: int) -> None:
    first = inert.blob("X-E4", bits, order=[1, 0, 3, 2])
    second = inert.blob("R4", bits, urls=[url.replace("example", "invalid") for url in inert.URLS], seed=2)
    both = found(first.data + second.data)
    assert [("X-E4", "table"), ("R4", "table")] == [
        (hit.fields["config_entry_codec"], hit.fields["config_order"]) for hit in both
    ]
    assert "\n".join(inert.URLS[number] for number in [1, 0, 3, 2]) == both[0].fields["c2_url"]


def test_two_copies_of_one_generation_stay_two() -> None:
    made = inert.blob("R4", 32)
    both = found(made.data + made.data)
    assert ["\n".join(inert.URLS)] * 2 == [hit.fields["c2_url"] for hit in both]


def test_decoys_are_not_entries() -> None:
    """Addresses in clear behind a byte that could be their length; one entry with a wrong tail; a lone entry."""
    data = bytearray(0x4000)
    for number, text in enumerate(["http://nsis.example/NSIS_Error", "https://in-clear.example/"]):
        data[0x100 + 0x100 * number : 0x101 + 0x100 * number] = bytes([len(text)])
        data[0x101 + 0x100 * number : 0x101 + 0x100 * number + len(text)] = text.encode()
    near = bytearray(inert.xor_entry("http://wrong.example/", 0xFF, b"\x11\x22\x33\x44"))
    near[12] ^= 0x80
    data[0x800 : 0x800 + len(near)] = near
    assert [] == found(data)
    bait = inert.rc4_entry("http://bait.example/", b"\x91\x02\x73\xe4")
    data[0x900 : 0x900 + len(bait)] = bait
    assert [(Grade.INDICATED, "http://bait.example/")] == [
        (hit.grade, hit.fields["c2_url"]) for hit in found(data)
    ]


def test_an_entry_outside_the_table_is_told_apart() -> None:
    made = inert.blob("X-FF", 32)
    bait = inert.xor_entry("http://bait.example/", 0xFF, b"\x91\x02\x73\xe4")
    made.data[0x2900 : 0x2900 + len(bait)] = bait
    [hit] = found(made.data)
    assert ("\n".join(inert.URLS), "http://bait.example/") == (
        hit.fields["c2_url"], hit.fields["config_outside_table"],
    )  # fmt: skip


def test_another_constant_is_solved_and_said() -> None:
    [hit] = found(inert.blob("X-5A", 32).data)
    assert (Grade.STRONG, "0x5a", None) == (
        hit.grade, hit.fields["config_entry_constant"], hit.fields.get("config_version_hint"),
    )  # fmt: skip


def test_strings_and_their_hint() -> None:
    made = inert.blob("R4", 64, texts=True)
    hits = found(made.data)
    assert ["smokeloader.config", "smokeloader.strings"] == [hit.message for hit in hits]
    assert (Grade.PROVEN, str(len(inert.TEXTS)), 0x904) == (
        hits[1].grade, hits[1].fields["config_strings"], hits[1].offset,
    )  # fmt: skip
    assert "Firefox Default Browser Agent %hs" in hits[1].fields["config_string_list"]
    assert "2020-2022, 2022" == hits[0].fields["config_version_hint"]


def test_the_costly_search_says_only_what_the_cheap_one_does_not() -> None:
    """Without a table and without a first string of known length only the cipher at every place finds R4 entries."""
    made = inert.blob("R4", 32)
    region = Region(bytes(made.data))
    assert [] == list(config.found_deep(region))
    made.data[made.table : made.table + 16] = bytes(16)
    block = np.frombuffer(bytes(made.data), np.uint8)
    assert 0 == len(config.places(block))
    assert [made.places[inert.URLS[0]]] == list(config.every_place(block))
    [hit, _] = config.found_deep(Region(bytes(made.data)))
    assert ("place", "every place", "\n".join(inert.URLS)) == (
        hit.fields["config_order"], hit.fields["config_search"], hit.fields["c2_url"],
    )  # fmt: skip


def test_a_list_of_strings_that_begins_with_another_string() -> None:
    """As in builds of 2018, whose first string is not known: the costly search finds it."""
    data = bytearray(0x4000)
    raw = inert.string_list(b"\x91\x22\xf3\x44", [r"Software\Microsoft\Other Explorer", *inert.TEXTS[2:]])
    data[0x800 : 0x800 + len(raw)] = raw
    assert 0 == len(config.places(np.frombuffer(bytes(data), np.uint8)))
    assert [0x804] == list(config.every_place(np.frombuffer(bytes(data), np.uint8)))
    [hit, _] = config.found_deep(Region(bytes(data)))
    assert ("smokeloader.strings", 0x804, Grade.PROVEN) == (hit.message, hit.offset, hit.grade)


def test_noise_holds_nothing() -> None:
    data = random.Random(8).randbytes(2 << 20)
    for at in range(0, len(data), 1 << 20):
        block = np.frombuffer(data[at : at + (1 << 20)], np.uint8)
        assert 0 == len(config.places(block))
        assert 0 == len(config.every_place(block))


@pytest.mark.campaign
def test_100_mb_of_noise_and_system_files_hold_nothing() -> None:
    """Fifty million bytes of chance and as many of the system's own programs and libraries."""
    size, chance = 50 << 20, random.Random(9)
    system, files = bytearray(), sorted(Path("/usr/lib").rglob("*.so*"))
    for path in files:
        if path.is_file() and not path.is_symlink() and len(system) < size:
            system += path.read_bytes()[: 4 << 20]
    for data in (chance.randbytes(size), bytes(system)):
        for at in range(0, len(data), 1 << 20):
            block = np.frombuffer(data[at : at + (1 << 20) + 4096], np.uint8)
            assert [] == list(config.places(block))
            assert [] == list(config.every_place(block))


def test_dwords_of_instructions_are_candidates_for_the_request_key() -> None:
    made = inert.blob("R4", 32)
    for place, raw in ((0x200, "68ec55c28f"), (0x240, "c745f811223344"), (0x280, "c7442408a1b2c3d4")):
        made.data[place : place + len(raw) // 2] = bytes.fromhex(raw)
    *_, clue = config.found(Region(bytes(made.data)))
    assert {"ec55c28f", "11223344", "a1b2c3d4"} <= set(clue.fields["candidates"].split())
