# SPDX-License-Identifier: Apache-2.0
"""Files inside images: what `fls -r` lists and `icat` gives, on images made here and on public ones."""

from __future__ import annotations

import importlib
import os
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from evidence import images
from hikeshi.evidence import image
from hikeshi.evidence.segments import joined, segments
from hikeshi.schema import Batch, Count, Found, Issue, Item, Reason
from readers.reading import Outcome, taken

pytest.importorskip("pytsk3", reason="the extra [images] is not installed")

LINE = re.compile(r"^(\S)/(\S) (\* )?([\d-]+)(?:\(realloc\))?:\t(.*)$")


def tool(name: str) -> str:
    """The path of a program, or a visible skip."""
    path = shutil.which(name) or shutil.which(name, path="/sbin:/usr/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def read(paths: list[Path]) -> Outcome:
    """What the reader says about an image in one or several files."""
    files = [open(path, "rb") for path in paths]
    item = Item("0" * 64, paths[0].name, sum(path.stat().st_size for path in paths), joined(files))
    outcome = Outcome(Count(item.id, "", 0))
    for said in image.read([item]):
        match said:
            case Batch():
                outcome.rows.setdefault(said.table, []).extend(said.rows.to_pylist())
            case Found():
                outcome.children.append((said.place, taken(said)))
            case Issue():
                outcome.issues.append(said)
            case Count():
                outcome.count = said
    for file in files:
        file.close()
    return outcome


def fls(paths: list[Path], offset: int = 0) -> list[tuple[str, bool]]:
    """(path, deleted) as Debian's sleuthkit lists them, sorted."""
    command = [tool("fls"), "-r", "-p", "-o", str(offset), *map(str, paths)]
    lines = subprocess.run(
        command, capture_output=True, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"}
    ).stdout
    found = [LINE.match(line) for line in lines.decode().splitlines()]
    assert all(found)
    return sorted((m[5], bool(m[3])) for m in found if m)


def listed(outcome: Outcome, prefix: str = "") -> list[tuple[str, bool]]:
    """(path, deleted) as the table `files` has them, sorted; fls writes control characters as ^."""
    rows = outcome.rows["files"]
    paths = [(re.sub(r"[\x00-\x1f]", "^", row["path"]), row["state"] == "deleted") for row in rows]
    return sorted((path.removeprefix(prefix), gone) for path, gone in paths if path.startswith(prefix))


def compare_bytes(outcome: Outcome, paths: list[Path], most: int = 10) -> int:
    """The first files of an image give the bytes that icat gives; how many were compared."""
    icat, compared = tool("icat"), 0
    given = dict(outcome.children)
    for row in outcome.rows["files"]:
        if compared == most or row["path"] not in given or row["state"] == "deleted" or ":" in row["path"]:
            continue
        command = [icat, *map(str, paths), str(row["address"])]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode == 0:
            assert done.stdout == given[row["path"]]
            compared += 1
    return compared


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    (folder / "Users" / "請求書").mkdir(parents=True)
    chance = random.Random(4)
    for number in range(12):
        (folder / f"file{number}.dat").write_bytes(chance.randbytes(chance.randrange(1, 60_000)))
    (folder / "Users" / "請求書" / "一覧.txt").write_text("inert", "utf-8")
    return folder


def ext(folder: Path, content: Path, kind: str) -> Path:
    path = folder / f"{kind}.img"
    command = [tool("mke2fs"), "-q", "-t", kind, "-d", content, path, "6M"]
    subprocess.run(command, check=True, capture_output=True)
    return path


def fat(folder: Path, content: Path, bits: int) -> Path:
    path = folder / f"fat{bits}.img"
    make, copy, delete = tool("mkfs.fat"), tool("mcopy"), tool("mdel")
    size = 40_000 if bits == 32 else 20_000
    subprocess.run([make, "-F", str(bits), "-C", path, str(size)], check=True, capture_output=True)
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1"}
    names = sorted(content.iterdir())
    command = [copy, "-s", "-i", path, *names, "::"]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    subprocess.run([delete, "-i", path, "::file3.dat"], check=True, capture_output=True, env=environment)
    return path


def ntfs(folder: Path, content: Path) -> Path:
    path = folder / "ntfs.img"
    make, copy = tool("mkntfs"), tool("ntfscp")
    path.write_bytes(bytes(12 << 20))
    subprocess.run([make, "-F", "-Q", path], check=True, capture_output=True)
    for file in sorted(path for path in content.iterdir() if path.is_file()):
        subprocess.run([copy, "-f", path, file, file.name], check=True, capture_output=True)
    subprocess.run(
        [copy, "-f", "-N", "stream", path, content / "file1.dat", "file0.dat"],
        check=True,
        capture_output=True,
    )
    return path


@pytest.mark.parametrize("kind", ["ext2", "ext3", "ext4", "fat12", "fat16", "fat32", "ntfs"])
def test_lists_what_fls_lists_and_gives_what_icat_gives(kind: str, tmp_path: Path, content: Path) -> None:
    if kind.startswith("ext"):
        path = ext(tmp_path, content, kind)
    elif kind == "ntfs":
        path = ntfs(tmp_path, content)
    else:
        path = fat(tmp_path, content, int(kind[3:]))
    outcome = read([path])
    assert fls([path]) == listed(outcome)
    assert 10 == compare_bytes(outcome, [path])
    given = dict(outcome.children)
    for file in sorted(path for path in content.rglob("*") if path.is_file()):
        name = file.relative_to(content).as_posix()
        if not (kind.startswith("fat") and name == "file3.dat") and not (kind == "ntfs" and "/" in name):
            assert file.read_bytes() == given[name]
    if kind.startswith("fat"):
        assert (content / "file3.dat").read_bytes() == given["_ile3.dat (deleted)"]
    if kind == "ntfs":
        assert (content / "file1.dat").read_bytes() == given["file0.dat:stream"]
        (row,) = [row for row in outcome.rows["files"] if row["path"] == "file0.dat"]
        assert row["created"] is not None
        assert row["name_created"] is not None


def test_partitions_of_a_disk(tmp_path: Path, content: Path) -> None:
    one, two = ext(tmp_path, content, "ext4").read_bytes(), fat(tmp_path, content, 16).read_bytes()
    first, second = 2048, 2048 + len(one) // 512
    disk = images.mbr([(0x83, first, len(one) // 512), (0x06, second, len(two) // 512)])
    path = tmp_path / "disk.img"
    path.write_bytes(disk.ljust(first * 512, b"\0") + one + two)
    outcome = read([path])
    assert [("", "raw"), ("p1", "ext"), ("p2", "FAT16")] == [
        (row["name"], row["kind"]) for row in outcome.rows["volumes"]
    ]
    assert fls([path], first) == listed(outcome, "p1/")
    assert fls([path], second) == listed(outcome, "p2/")
    assert {f"p1/file{n}.dat" for n in range(12)} <= {place for place, _ in outcome.children}


def test_where_the_bytes_of_a_file_lie(tmp_path: Path, content: Path) -> None:
    path = ext(tmp_path, content, "ext4")
    data, outcome = path.read_bytes(), read([path])
    for row in outcome.rows["files"]:
        if row["path"].startswith("file"):
            stretches = [tuple(map(int, extent.split("+"))) for extent in row["extents"]]
            stored = b"".join(data[at : at + size] for at, size in stretches)
            assert (content / row["path"]).read_bytes() == stored[: row["bytes"]]


def test_a_large_volume_gives_known_artefacts_and_lists_the_rest(
    tmp_path: Path, content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.import_module("hikeshi.evidence.file_system"), "WHOLE", 1000)
    (content / "log.evtx").write_bytes(b"no log")
    outcome = read([ext(tmp_path, content, "ext4")])
    assert [("log.evtx", b"no log")] == outcome.children
    (issue,) = outcome.issues
    assert (Reason.NOT_TAKEN_OUT, 13) == (issue.reason, int(issue.fields["files"]))


def test_without_the_extra_the_volume_is_named(
    tmp_path: Path, content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "find_spec", lambda name: None)
    outcome = read([ext(tmp_path, content, "ext4")])
    (issue,) = outcome.issues
    assert (Reason.MISSING_EXTRA, {"extra": "images", "file_system": "ext"}) == (issue.reason, issue.fields)
    assert (6, 6, []) == (outcome.count.records_in, outcome.count.blocks, outcome.children)


@pytest.mark.parametrize("kind", ["ext4", "fat16", "ntfs"])
def test_damaged_file_systems_end_in_losses(kind: str, tmp_path: Path, content: Path) -> None:
    made: dict[str, Any] = {
        "ext4": lambda: ext(tmp_path, content, "ext4"),
        "fat16": lambda: fat(tmp_path, content, 16),
    }
    whole = made.get(kind, lambda: ntfs(tmp_path, content))().read_bytes()
    chance, path = random.Random(11), tmp_path / "damaged.img"
    for number in range(25):
        data = bytearray(whole)
        for _ in range(30):
            data[chance.randrange(min(len(data), 400_000))] = chance.randrange(256)
        path.write_bytes(data if number % 3 else data[: chance.randrange(len(data))])
        outcome = read([path])
        assert outcome.count.records_in == outcome.count.blocks + sum(i.records for i in outcome.issues)


def public(name: str, folder: Path, real_evidence: Path) -> list[Path]:
    """A public image and its further segments, unpacked."""
    import tarfile

    with tarfile.open(real_evidence / "disk" / "dfvfs-test-images.tar.xz") as pack:
        for member in segments(name, set(pack.getnames())):
            pack.extract(member, folder, filter="data")
    return [folder / member for member in segments(name, set(os.listdir(folder)))]


@pytest.mark.parametrize(
    "name", ["ext2.E01", "ext2.split.E01", "ext2.splitraw.000", "ímynd.dd", "hfsplus.raw", "iso9660.raw"]
)
def test_public_images_as_fls_lists_them(name: str, tmp_path: Path, real_evidence: Path) -> None:
    paths = public(name, tmp_path, real_evidence)
    outcome = read(paths)
    assert fls(paths) == listed(outcome)
    assert min(3, len(outcome.children)) <= compare_bytes(outcome, paths)
    assert outcome.count.records_in == outcome.count.blocks


@pytest.mark.parametrize("name", ["ext2.E01", "ext2.split.E01"])
def test_the_hash_a_public_image_states_is_confirmed(name: str, tmp_path: Path, real_evidence: Path) -> None:
    row = read(public(name, tmp_path, real_evidence)).rows["volumes"][0]
    assert "confirmed" == row["check"]
    assert row["stated"].startswith("md5:")
