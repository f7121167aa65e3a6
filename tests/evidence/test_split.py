# SPDX-License-Identifier: Apache-2.0
"""Split images, foreign images and partition tables."""

from __future__ import annotations

import hashlib
import io
import random
import struct
from io import BytesIO
from pathlib import Path

import pytest

from evidence import images
from hikeshi.evidence import foreign_image, layout
from hikeshi.evidence.discover import walk
from hikeshi.evidence.kinds import kind_of
from hikeshi.evidence.segments import joined, segments
from hikeshi.readers import by_size, pick
from hikeshi.schema import Count, Issue, Item, Reason

PACK = "dfvfs-test-images.tar.xz"
# What the manifest's images are refused as; the others are opened, or are no images.
REFUSED = {
    "ext2.qcow2": "QCOW2",
    "ext2.vhd": "VHD",
    "ext2.vmdk": "VMDK",
    "fat-differential.vhd": "VHD",
    "hfsplus.hdd/DiskDescriptor.xml": "Parallels",
    "hfsplus_zlib.dmg": "DMG",
    "image-differential.vhd": "VHD",
    "image.vhd": "VHD",
    "windows_volume.qcow2": "QCOW2",
}
OPENED = {
    "apfs.raw", "ext2.E01", "ext2.split.E01", "ext2.splitraw.000", "hfsplus.raw", "iso9660.raw", "ímynd.dd",
}  # fmt: skip


@pytest.mark.parametrize(
    ("first", "names", "expected"),
    [
        ("a.001", ["a.001", "a.002", "a.004"], ["a.001", "a.002"]),
        ("a.000", ["a.000", "a.001"], ["a.000", "a.001"]),
        ("a.001", ["a.000", "a.001", "a.002"], ["a.001"]),
        ("a.002", ["a.002", "a.003"], ["a.002"]),
        ("a.E01", ["a.E01", "a.E02", "b.E03"], ["a.E01", "a.E02"]),
        ("a.e01", ["a.e01", "a.e02"], ["a.e01", "a.e02"]),
        ("a.E01", [f"a.E{n:02}" for n in range(1, 100)] + ["a.EAA", "a.EAB"], None),
        ("readme.txt", ["readme.txt"], ["readme.txt"]),
    ],
)
def test_which_files_are_one_image(first: str, names: list[str], expected: list[str] | None) -> None:
    assert (names if expected is None else expected) == segments(first, set(names))


def test_segments_are_one_item_that_is_the_whole_image(tmp_path: Path) -> None:
    data = random.Random(1).randbytes(3000)
    for number in range(3):
        (tmp_path / f"disk.{number + 1:03}").write_bytes(data[1000 * number : 1000 * number + 1000])
    (tmp_path / "other.001").write_bytes(b"alone")
    met = {found.path.split("/")[-1]: found.source for found in walk(str(tmp_path))}
    assert ["disk.001", "other.001"] == sorted(met)
    source = met["disk.001"]
    assert source is not None
    assert (3000, hashlib.sha256(data).hexdigest(), 3) == (
        source.size,
        source.sha256(),
        len(source.openers()),
    )
    (alone,) = walk(str(tmp_path / "disk.001"))
    assert alone.source == source


def test_joined_files_read_as_one() -> None:
    parts = [b"one", b"", b"two", b"three"]
    file = joined([BytesIO(part) for part in parts])
    assert b"onetwothree" == file.read()
    for at in range(12):
        for size in range(12):
            file.seek(at)
            assert b"onetwothree"[at : at + size] == file.read(size)
    assert 11 == file.seek(0, io.SEEK_END)


def test_every_public_image_is_opened_or_refused_by_name(tmp_path: Path, real_evidence: Path) -> None:
    import tarfile

    with tarfile.open(real_evidence / "disk" / PACK) as pack:
        pack.extractall(tmp_path, filter="data")
    opened, refused = set(), {}
    for met in walk(str(tmp_path)):
        assert met.source is not None
        name = met.path.partition("/")[2]
        files = [io.FileIO(opener()) for opener in met.source.openers()]
        file = joined(files)  # type: ignore[arg-type]
        head = file.read(65_536)
        file.seek(0)
        item = Item("0" * 64, name, met.source.size, file)
        reader = pick(head, name) or by_size(item, len(met.source.openers()), kind_of(head))
        if reader and reader.__name__.endswith(".image"):
            opened.add(name)
        elif reader and reader.__name__.endswith(".foreign_image"):
            (issue, count) = list(reader.read([item]))
            assert isinstance(issue, Issue)
            assert isinstance(count, Count)
            assert (Reason.UNSUPPORTED_FORMAT, 1) == (issue.reason, issue.records)
            refused[name] = issue.fields["format"]
        for one in (file, *files):
            one.close()
    assert (OPENED, REFUSED) == (opened, refused)


@pytest.mark.parametrize("magic", [b"QFI\xfb\0\0\0\3", b"vhdxfile", b"EVF2\r\n\x81\0", b"AFF10\r\n\0"])
def test_a_foreign_image_is_refused_with_what_opens_it(magic: bytes) -> None:
    item = Item("0" * 64, "", 600, BytesIO(magic.ljust(600, b"\0")))
    issue, count = foreign_image.read([item])
    assert isinstance(issue, Issue)
    assert issue.fields["convert"]
    assert Count(item.id, "foreign-image", 1) == count


def gpt(*partitions: tuple[int, int]) -> bytes:
    """A disk head with a GPT of (first, last sector), by UEFI 2.10 §5.3."""
    header = b"EFI PART" + bytes(64) + struct.pack("<QII", 2, len(partitions), 128)
    entries = b"".join(b"T" * 16 + bytes(16) + struct.pack("<QQ", *pair) + bytes(80) for pair in partitions)
    return images.mbr([(0xEE, 1, 100_000)]) + header.ljust(512, b"\0") + entries.ljust(16_384, b"\0")


def test_gpt_partitions() -> None:
    data = gpt((64, 99), (100, 199)).ljust(200 * 512, b"\0")
    found = layout.volumes(BytesIO(data), len(data))
    assert [("p1", 64 * 512, 36 * 512), ("p2", 100 * 512, 100 * 512)] == [
        (v.name, v.offset, v.size) for v in found
    ]


def test_logical_partitions_and_a_chain_that_bites_its_tail() -> None:
    data = bytearray(400 * 512)
    data[:512] = images.mbr([(0x83, 10, 20), (0x05, 100, 300)])
    data[100 * 512 : 101 * 512] = images.mbr([(0x83, 10, 20), (0x05, 50, 100)])
    data[150 * 512 : 151 * 512] = images.mbr([(0x83, 10, 20), (0x05, 50, 100)])
    found = layout.volumes(BytesIO(bytes(data)), len(data))
    assert [10, 110, 160] == [volume.offset // 512 for volume in found]


@pytest.mark.parametrize(("offset", "magic", "name"), layout._MAGIC)
def test_file_systems_are_named_by_their_magic(offset: int, magic: bytes, name: str) -> None:
    head = bytearray(65_536)
    head[offset : offset + len(magic)] = magic
    assert name == layout.file_system(bytes(head))
