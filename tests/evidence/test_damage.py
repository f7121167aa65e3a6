# SPDX-License-Identifier: Apache-2.0
"""Ten thousand damaged images and containers: every account closes, and what is undamaged still comes out.

`make test` runs a small part from the same seeds.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import shutil
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence import images
from hikeshi.evidence import compressed, image, tar_archive, zip_archive
from hikeshi.evidence.ewf import Ewf
from hikeshi.evidence.memory import Avml
from hikeshi.readers import pick
from raw import notes
from readers.reading import run

SECONDS = 2
# The Sleuth Kit goes through all blocks that a damaged inode claims; what ends that is the limit of a worker.
SLOW = ("ext2", "fat12")
MANY = pytest.mark.parametrize("count", [150, pytest.param(10_000, marks=pytest.mark.campaign)])
FEW = pytest.mark.parametrize("count", [40, pytest.param(2_000, marks=pytest.mark.campaign)])

_CHANCE = random.Random(8)
MEMBERS = {f"folder/{n}.dat": _CHANCE.randbytes(700) + b"plain text " * 90 for n in range(6)}
MEDIA = _CHANCE.randbytes(images.CHUNK * 2) + bytes(images.CHUNK) + b"text " * 7000
MEDIA += bytes(-len(MEDIA) % 512)


def zipped(how: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, data in MEMBERS.items():
            archive.writestr(zipfile.ZipInfo(name, (2018, 1, 26, 0, 0, 0)), data, how)
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in MEMBERS.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def disk() -> bytes:
    data = notes.noise(300_000)
    data[:512] = images.mbr([(0x83, 64, 200), (0x0F, 300, 200)])
    return bytes(data)


SOUND: dict[str, bytes] = {
    "E01": images.ewf(MEDIA)[0],
    "E01-stored": images.ewf(MEDIA, packed=False)[0],
    "E01-split": b"".join(images.ewf(MEDIA, 3)),
    "AVML": images.avml((4096, MEDIA[:70_000]), (1 << 32, MEDIA[-60_000:])),
    "LiME": images.lime((4096, MEDIA[:70_000]), (1 << 32, MEDIA[-60_000:])),
    "disk": disk(),
    "zip": zipped(zipfile.ZIP_DEFLATED),
    "zip-stored": zipped(zipfile.ZIP_STORED),
    "tar": tarred(),
    "gzip": gzip.compress(tarred(), mtime=0),
    "bzip2": bz2.compress(tarred()),
    "xz": lzma.compress(tarred()),
}


def made(folder: Path, name: str, *command: str) -> dict[str, bytes]:
    """A small file system made by another program, if it is there."""
    program = shutil.which(command[0]) or shutil.which(command[0], path="/sbin:/usr/sbin")
    if program is None:
        return {}
    path = folder / name
    path.write_bytes(bytes(1 << 20))
    content = folder / "content"
    content.mkdir(exist_ok=True)
    for number, data in enumerate(MEMBERS.values()):
        (content / f"{number}.dat").write_bytes(data)
    subprocess.run([program, *command[1:], path], check=True, capture_output=True)
    return {name: path.read_bytes()}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All sound images and containers, file systems among them where they can be made."""
    folder = tmp_path_factory.mktemp("sound")
    found = SOUND | made(folder, "ext2", "mke2fs", "-q", "-t", "ext2", "-d", str(folder / "content"))
    return found | made(folder, "fat12", "mkfs.fat", "-F", "12")


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes cut, bent, repeated or partly overwritten, the beginning more often than the rest."""
    out, kind = bytearray(data), chance.randrange(6)

    def place() -> int:
        return chance.randrange(min(len(out), chance.choice((600, 4000, len(out)))))

    if kind == 0:
        del out[chance.randrange(1, len(out)) :]
    elif kind == 1:
        del out[(at := place()) : at + chance.randrange(1, 2000)]
    elif kind == 2:
        at = place()
        out[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"))
    elif kind == 3:
        at = place()
        out[at:at] = out[(begin := place()) : begin + chance.randrange(600)]
    for _ in range(chance.choice((0, 1, 3, 20)) if out else 0):
        out[place()] = chance.randrange(256)
    return bytes(out)


@MANY
def test_every_account_closes(count: int, sound: dict[str, bytes]) -> None:
    slowest = 0.0
    for seed in range(count):
        chance = random.Random(seed)
        name = chance.choice(sorted(sound))
        data = damaged(sound[name], chance)
        reader = pick(data[:65536], "") if data else None
        if reader is not None:
            began = time.process_time()
            run(reader, data)
            if name not in SLOW:
                slowest = max(slowest, time.process_time() - began)
    assert slowest < SECONDS or count < 10_000


def bent(data: bytes, begin: int, end: int, chance: random.Random) -> bytes:
    """A few bytes of a range changed, and nothing else."""
    out = bytearray(data)
    for _ in range(chance.randrange(1, 20)):
        out[chance.randrange(begin, end)] ^= chance.randrange(1, 256)
    return bytes(out)


@FEW
@pytest.mark.parametrize("packed", [True, False])
def test_chunks_beside_damage_are_whole(count: int, packed: bool) -> None:
    whole = images.ewf(MEDIA, packed=packed)[0]
    places = [(begin, end) for begin, end, _ in Ewf(io.BytesIO(whole))._run(0, len(MEDIA) // images.CHUNK)]  # type: ignore[misc]
    for seed in range(count):
        chance = random.Random(seed)
        number = chance.randrange(len(places))
        found = Ewf(io.BytesIO(bent(whole, *places[number], chance)))
        data = found.read()
        at = number * images.CHUNK
        assert (MEDIA[:at], MEDIA[at + images.CHUNK :]) == (data[:at], data[at + images.CHUNK :])
        assert data[at : at + images.CHUNK] in (MEDIA[at : at + images.CHUNK], bytes(images.CHUNK))
        assert data == MEDIA or {number} == set(found.damage)


@FEW
def test_frames_beside_damage_are_whole(count: int) -> None:
    memory = MEDIA[:70_000] + MEDIA[-60_000:]
    whole = SOUND["AVML"]
    frames = Avml(io.BytesIO(whole), len(whole))._frames
    for seed in range(count):
        chance = random.Random(seed)
        frame = chance.choice(frames)
        dump = bent(whole, frame.offset + 8, frame.offset + frame.length, chance)
        data = Avml(io.BytesIO(dump), len(dump)).read()
        end = frame.start + frame.size
        assert (memory[: frame.start], memory[end:]) == (data[: frame.start], data[end:])


def _tar_place(number: int) -> tuple[int, int]:
    with tarfile.open(fileobj=io.BytesIO(SOUND["tar"])) as archive:
        member = archive.getmembers()[number]
        return member.offset_data, member.offset_data + member.size


def _zip_place(name: str) -> Callable[[int], tuple[int, int]]:
    def place(number: int) -> tuple[int, int]:
        with zipfile.ZipFile(io.BytesIO(SOUND[name])) as archive:
            member = archive.infolist()[number]
        begin = member.header_offset + 30 + len(member.filename)
        return begin, begin + member.compress_size

    return place


@FEW
@pytest.mark.parametrize(
    ("name", "place"),
    [("tar", _tar_place), ("zip", _zip_place("zip")), ("zip-stored", _zip_place("zip-stored"))],
)
def test_members_beside_damage_are_whole(
    count: int, name: str, place: Callable[[int], tuple[int, int]]
) -> None:
    reader = tar_archive if name == "tar" else zip_archive
    names = list(MEMBERS)
    for seed in range(count):
        chance = random.Random(seed)
        number = chance.randrange(len(names))
        outcome = run(reader, bent(SOUND[name], *place(number), chance))
        given = dict(outcome.children)
        assert {n: d for n, d in MEMBERS.items() if n != names[number]} == {
            n: d for n, d in given.items() if n != names[number]
        }


@FEW
def test_notes_beside_damage_are_found(count: int) -> None:
    whole = bytearray(SOUND["disk"])
    places = [3000, 65_500, 131_072, len(whole) - 120]
    for number, at in enumerate(places):
        whole[at : at + 120] = notes.note(number)
    patterns = notes.patterns()
    for seed in range(count):
        chance = random.Random(seed)
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 200)):
            at = chance.randrange(len(data))
            if all(not place - 1 <= at < place + 121 for place in places):
                data[at] = chance.choice((0, 0x80, 0x9F, 0xFF))
        found, _ = notes.search(bytes(data), patterns)
        assert places == [region.offset for region in found]


def test_what_the_sound_ones_give() -> None:
    assert MEDIA == Ewf(io.BytesIO(SOUND["E01-split"])).read()
    for name in ("zip", "zip-stored"):
        assert MEMBERS == dict(run(zip_archive, SOUND[name]).children)
    assert MEMBERS == dict(run(tar_archive, SOUND["tar"]).children)
    for name in ("gzip", "bzip2", "xz"):
        assert [("", SOUND["tar"])] == run(compressed, SOUND[name]).children
    assert [] == run(image, SOUND["LiME"]).issues
