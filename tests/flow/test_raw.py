# SPDX-License-Identifier: Apache-2.0
"""Raw bytes through a whole run: notes planted in images, memory and unknown files become findings."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import hikeshi.families
import hikeshi.flow
from evidence import images
from flow import incident
from hikeshi.case.saved import Saved
from hikeshi.detect.yara import compile_yara
from hikeshi.flow import scans, searching
from hikeshi.flow.options import Options
from hikeshi.raw.search import Stretch
from raw import notes

MIB = 1 << 20


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The pack `planted`, and ranges of 1 MiB."""
    import raw.planted_pack

    monkeypatch.setattr(hikeshi.flow, "PRELOAD", (*hikeshi.flow.PRELOAD, "raw.planted_pack"))
    monkeypatch.setattr(searching, "RANGE", MIB)
    if raw.planted_pack.FOLDER not in hikeshi.families.__path__:
        hikeshi.families.__path__.append(raw.planted_pack.FOLDER)
    yield
    hikeshi.families.__path__.remove(raw.planted_pack.FOLDER)


def run(case: Path, *evidence: Path, jobs: int = 2, **options: Any) -> hikeshi.flow.Outcome:
    return hikeshi.flow.run([str(path) for path in evidence], case, Options(**options), jobs)


def found(case: Path) -> list[tuple[str, int]]:
    findings = (f for f in Saved(case).findings() if f["message"].startswith("planted."))
    return sorted((f["evidence"]["path"], f["evidence"]["offset"]) for f in findings)


def disk(places: list[int], size: int = 3 * MIB + 500) -> bytes:
    """A disk with an empty partition of no known file system, and notes."""
    data = notes.noise(size)
    data[:512] = images.mbr([(0x83, 2048, 1024)])
    for number, at in enumerate(places):
        data[at : at + 120] = notes.note(number + at)
    return bytes(data)


PLACES = [600, MIB - 60, 2 * MIB - 1, 3 * MIB + 380]


def test_notes_in_images_and_memory(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    data = disk(PLACES)
    padded = data + bytes(-len(data) % 512)
    (folder / "disk.dd").write_bytes(data)
    for number, segment in enumerate(images.ewf(padded, segments=2), 1):
        (folder / f"disk.E{number:02}").write_bytes(segment)
    (folder / "memory.avml").write_bytes(images.avml((4096, disk([MIB - 7], 2 * MIB))))
    (folder / "memory.lime").write_bytes(images.lime((0, disk([100], MIB))))
    for number, at in enumerate((0, MIB - 50)):
        (folder / f"split.{number:03}").write_bytes(
            disk([MIB - 90], 2 * MIB)[at : MIB - 50 if not at else None]
        )
    (folder / "unknown.dat").write_bytes(bytes(notes.noise(400)) + notes.note(9) + bytes(notes.noise(77)))
    outcome = run(tmp_path / "case", folder)
    assert [
        *(("evidence/disk.E01", at) for at in PLACES),
        *(("evidence/disk.dd", at) for at in PLACES),
        ("evidence/memory.avml", MIB - 7),
        ("evidence/memory.lime", 132),
        ("evidence/split.000", MIB - 90),
        ("evidence/unknown.dat", 400),
    ] == found(tmp_path / "case")
    kinds = Saved(tmp_path / "case").rows(
        "SELECT kind, count(*) AS n, sum(records_in) AS blocks FROM items GROUP BY 1 ORDER BY 1"
    )
    assert [("memory", 2, 4), ("raw-image", 3, 10), ("unknown", 1, 1)] == [tuple(k.values()) for k in kinds]
    assert {"read", "partial", "bytes-only"} == {
        row["status"] for row in Saved(tmp_path / "case").rows("SELECT DISTINCT status FROM items")
    }
    assert outcome.totals["refused"] == 0


def test_a_second_run_searches_nothing_and_a_lost_range_alone_is_searched_again(tmp_path: Path) -> None:
    (tmp_path / "disk.dd").write_bytes(disk(PLACES))
    first = run(tmp_path / "case", tmp_path / "disk.dd")
    again = run(tmp_path / "case", tmp_path / "disk.dd")
    assert (0, 0) == (again.read, again.judged)
    assert first.judged == 4
    done = [
        path for path in (tmp_path / "case" / "state" / "done").iterdir() if b'"hits"' in path.read_bytes()
    ]
    assert 4 == len(done)
    done[2].unlink()
    third = run(tmp_path / "case", tmp_path / "disk.dd")
    assert (0, 1) == (third.read, third.judged)
    assert [at for _, at in found(tmp_path / "case")] == PLACES


def test_an_image_inside_archives(tmp_path: Path) -> None:
    data = disk(PLACES)
    (tmp_path / "sent.zip").write_bytes(incident.zipped({"disk.dd": data, "other.dd": data[MIB - 512 :]}))
    run(tmp_path / "case", tmp_path / "sent.zip")
    assert [("sent.zip/disk.dd", at) for at in PLACES] == [
        pair for pair in found(tmp_path / "case") if pair[0].endswith("disk.dd")
    ]
    again = run(tmp_path / "case", tmp_path / "sent.zip")
    assert (0, 0) == (again.read, again.judged)


def test_the_same_with_one_worker(tmp_path: Path) -> None:
    (tmp_path / "disk.dd").write_bytes(disk(PLACES))
    run(tmp_path / "a", tmp_path / "disk.dd", jobs=1)
    run(tmp_path / "b", tmp_path / "disk.dd", jobs=2)
    for name in ("findings.jsonl", "issues.jsonl", "case.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


RULES = b"""
rule noted { strings: $a = "planted by a test" condition: $a }
rule elsewhere { strings: $a = "in no region" condition: $a and filesize > 1 }
rule nothing { condition: filesize > 1 }
"""


def judged(case: Path) -> list[tuple[str, str, int]]:
    hits = [f for f in Saved(case).findings() if f["message"] == "rule.yara"]
    return sorted((f["evidence"]["path"], f["fields"]["title"], f["evidence"]["offset"]) for f in hits)


@pytest.fixture
def rules(tmp_path: Path) -> tuple[str]:
    (tmp_path / "rules.yar").write_bytes(RULES)
    return (str(tmp_path / "rules.yar"),)


def test_yara_rules_judge_the_regions_of_images(tmp_path: Path, rules: tuple[str]) -> None:
    data = bytearray(disk(PLACES))
    data[5000:5012] = b"in no region"
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "disk.dd").write_bytes(data)
    (folder / "disk.E01").write_bytes(images.ewf(bytes(data) + bytes(-len(data) % 512))[0])
    outcome = run(tmp_path / "case", folder, yara=rules)
    names = ("evidence/disk.E01", "evidence/disk.dd")
    stands = notes.note(0).index(b"planted by")
    noted = [(name, "noted", at + stands) for name in names for at in PLACES]
    whole = [(name, "nothing", at) for name in names for at in PLACES]
    assert sorted(noted + whole) == judged(tmp_path / "case")
    lost = [i for i in Saved(tmp_path / "case").issues() if i["fields"].get("judge") == "yara"]
    assert [(name, "search-limit", "--deep") for name in names] == [
        (i["path"], i["reason"], i["fields"]["option"]) for i in lost
    ]
    assert not outcome.complete
    again = run(tmp_path / "case", folder, yara=rules)
    assert (0, 0) == (again.read, again.judged)
    for jobs in (1, 2):
        run(tmp_path / f"deep{jobs}", folder, yara=rules, deep=True, jobs=jobs)
    everywhere = judged(tmp_path / "deep1")
    extra = set(everywhere) - {*noted, *whole}
    assert {*noted, *whole} < set(everywhere)
    assert {(name, "elsewhere", 5000) for name in names} == {hit for hit in extra if hit[1] != "noted"}
    # A note over a border has a string in both pieces.
    assert all(hit[2] % MIB < 120 for hit in extra if hit[1] == "noted")
    assert [] == [i for i in Saved(tmp_path / "deep1").issues() if i["fields"].get("judge") == "yara"]
    assert (tmp_path / "deep1" / "findings.jsonl").read_bytes() == (
        tmp_path / "deep2" / "findings.jsonl"
    ).read_bytes()


@pytest.mark.parametrize("shift", [-18, -9, -1, 0])
def test_rules_over_whole_images_see_across_pieces(shift: int) -> None:
    data = notes.noise(4000)
    for border in (1000, 2000, 3000):
        data[border + shift : border + shift + 17] = b"planted by a test"
    compiled = compile_yara([("rules.yar", RULES)])
    stretch = Stretch("item", BytesIO(data), len(data), 0, len(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scans, "STEP", 1000)
        patch.setattr(scans, "OVERLAP", 100)
        hits = list(scans.in_pieces(stretch, compiled))
    assert [("noted", border + shift) for border in (1000, 2000, 3000)] == [
        (hit.fields["title"], hit.offset) for hit in hits
    ]


def test_costly_tests_run_on_large_inputs_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import raw.costly_pack

    monkeypatch.setattr(hikeshi.flow, "PRELOAD", (*hikeshi.flow.PRELOAD, "raw.costly_pack"))
    data = bytearray(disk([]))
    data[MIB + 5 : MIB + 9] = raw.costly_pack.MARK
    (tmp_path / "disk.dd").write_bytes(data)
    outcome = run(tmp_path / "case", tmp_path / "disk.dd")
    assert [] == found(tmp_path / "case")
    limits = [i for i in Saved(tmp_path / "case").issues() if i["reason"] == "not-asked"]
    assert ("planted marks", "--deep") in [(i["fields"]["search"], i["fields"]["option"]) for i in limits]
    reasons = {i["reason"] for i in Saved(tmp_path / "case").issues()}
    assert outcome.complete == (reasons == {"not-asked"})
    run(tmp_path / "deep", tmp_path / "disk.dd", deep=True)
    assert [("disk.dd", MIB + 5)] == found(tmp_path / "deep")
    assert [] == [i for i in Saved(tmp_path / "deep").issues() if i["reason"] == "not-asked"]


def tool(name: str) -> str:
    """The path of a program, or a visible skip."""
    path = shutil.which(name) or shutil.which(name, path="/sbin:/usr/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def test_an_image_made_from_a_folder(tmp_path: Path) -> None:
    """Events, mail and a deleted note come out of an ext4 image."""
    pytest.importorskip("pytsk3", reason="the extra [images] is not installed")
    make = tool("mke2fs")
    content = tmp_path / "content"
    (content / "logs").mkdir(parents=True)
    (content / "logs" / "events.jsonl").write_bytes(incident.lines([incident.event(n) for n in range(20)]))
    (content / "mail.eml").write_bytes(
        b"From: a@example.org\r\nTo: b@example.com\r\nSubject: s\r\n\r\nbody\r\n"
    )
    (content / "filler.dat").write_bytes(random.Random(3).randbytes(300_000))
    image = tmp_path / "disk.img"
    subprocess.run([make, "-q", "-t", "ext4", "-d", content, image, "8M"], check=True, capture_output=True)
    with open(image, "r+b") as file:
        file.seek(7 * MIB + 77)
        file.write(notes.note(1))
    run(tmp_path / "case", image)
    case = Saved(tmp_path / "case")
    assert 20 == case.rows("SELECT count(*) AS n FROM events")[0]["n"]
    assert ["s"] == [row["subject"] for row in case.rows("SELECT subject FROM messages")]
    assert [("disk.img", 7 * MIB + 77)] == found(tmp_path / "case")
    paths = {row["path"] for row in case.rows("SELECT path FROM files WHERE kind = 'file'")}
    assert {"filler.dat", "logs/events.jsonl", "mail.eml"} <= paths


def test_a_note_in_a_file_of_an_image_says_so(tmp_path: Path) -> None:
    pytest.importorskip("pytsk3", reason="the extra [images] is not installed")
    make = tool("mke2fs")
    content = tmp_path / "content"
    content.mkdir()
    (content / "page.dat").write_bytes(bytes(notes.noise(9000)) + notes.note(1) + bytes(notes.noise(9000)))
    image = tmp_path / "disk.img"
    subprocess.run([make, "-q", "-t", "ext4", "-d", content, image, "4M"], check=True, capture_output=True)
    run(tmp_path / "case", image)
    findings: list[dict[str, Any]] = [
        f for f in Saved(tmp_path / "case").findings() if f["message"] == "planted.note"
    ]
    assert {("disk.img", "page.dat"), ("disk.img/page.dat", None)} == {
        (f["evidence"]["path"], f["fields"].get("file")) for f in findings
    }


def test_a_deleted_key_log_of_netwire(tmp_path: Path) -> None:
    """An inert log in the published codec, in unused space of a disk and over a border of ranges."""
    from hikeshi.families.netwire.keylog import encoded

    window = "\r\n\r\n[{} - Mail] - [26/01/2018 09:0{}:00]\r\ninert text[Enter]"
    text = "".join(window.format(name, n) for n, name in enumerate(("Inbox", "受信トレイ", "Draft")))
    log = encoded(text.encode("cp932"))
    data = bytearray(disk([]))
    for at in (MIB - 60, 2 * MIB + 5000):
        data[at - 8 : at] = data[at + len(log) : at + len(log) + 8] = bytes(8)
        data[at : at + len(log)] = log
    (tmp_path / "disk.dd").write_bytes(data)
    run(tmp_path / "case", tmp_path / "disk.dd")
    findings = [f for f in Saved(tmp_path / "case").findings() if f["message"] == "netwire.key-log-text"]
    places = [(f["evidence"]["offset"], int(f["fields"]["bytes"])) for f in findings]
    assert len(places) == 2 or [MIB - 60] == [at for at, _ in places]
    for at, size in places:
        assert min(abs(at - begin) for begin in (MIB - 60, 2 * MIB + 5000)) <= 16
        assert abs(size - len(log)) <= 16
    assert b"inert text" not in (tmp_path / "case" / "findings.jsonl").read_bytes()
