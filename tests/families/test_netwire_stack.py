# SPDX-License-Identifier: Apache-2.0
"""Stacks of NetWire 1.7, against the readme files of the published snapshots and the facts of their listing."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

import netwire_evidence as published
from hikeshi.families.netwire.stack import Residue, stacks
from hikeshi.pack import iso

SCENARIO = (
    "session-start",
    "list-drives",
    "browse",
    "browse",
    "upload",
    "browse",
    "upload",
    "browse",
    "ping",
    "download",
)
ACTIONS = {
    **{
        f"win7-32(article)/{n + 1}": a
        for n, a in enumerate(("browse", "upload", "browse", "upload", "browse", "ping"))
    },
    **{f"win7-{bits}/{n + 1}": action for bits in (32, 64) for n, action in enumerate(SCENARIO)},
}
HOSTS = {"win7-32(article)": "nwclient-PC", "win7-32": "nwclient-PC", "win7-64": "nwclient-W7"}
DRIVES = "A: removable, C: fixed, D: CD"


def one(data: bytes, pages: dict[int, int] | None = None) -> Residue:
    (found,) = stacks(data, pages)
    return found


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_each_snapshot_says_what_its_scenario_did(name: str, real_evidence: Path) -> None:
    data = published.snapshots(real_evidence)[name]
    found = one(data)
    system, number = name.split("/")
    early = system != "win7-32(article)" and number in ("1", "2")
    assert (0, 5, True, False) == (found.offset, found.constants, found.linear, found.pending)
    assert (ACTIONS[name], HOSTS[system], "joakim") == (found.action, found.host, found.user)
    assert found.drives == (None if early and number == "1" else DRIVES)
    folder = r"C:\share\sample_uploads" if "article" in system else r"C:\share"
    assert found.path == (
        None if early else r"C:\*.*" if number == "3" and "article" not in system else rf"{folder}\*.*"
    )
    time = iso(found.time)
    assert time is not None
    assert "2023-01-01T13:35" <= time <= "2023-01-07T09:51"
    if found.hello:
        assert ("Windows", "1.7a", "joakim", HOSTS[system], "Windows 7") == (
            found.hello.platform, found.hello.version, found.hello.user, found.hello.host, found.hello.system,
        )  # fmt: skip
        assert "myfakedomainfortesting.js" == found.server


def test_all_snapshots_are_there_and_their_times_follow_the_scenario(real_evidence: Path) -> None:
    found = published.snapshots(real_evidence)
    assert sorted(ACTIONS) == sorted(found)
    for system in HOSTS:
        names = sorted(
            (n for n in found if n.startswith(system + "/")), key=lambda n: int(n.partition("/")[2])
        )
        times = [one(found[name]).time or 0 for name in names]
        assert times == sorted(set(times))


@pytest.mark.parametrize("name", ["win7-32(article)/2", "win7-32/5", "win7-64/5"])
def test_the_uploaded_document_is_described_with_its_one_wrong_byte(name: str, real_evidence: Path) -> None:
    original = published.uploads(real_evidence)["pdf"]
    file = one(published.snapshots(real_evidence)[name]).file
    assert file is not None
    damaged = b"\0" + original[1:]
    assert (len(original), "PDF", "to-victim", True, (0,)) == (
        file.size, file.kind, file.direction, file.whole, file.wrong,
    )  # fmt: skip
    assert hashlib.sha256(damaged).hexdigest() == file.sha256
    assert hashlib.sha256(original).hexdigest() == file.restored
    assert file.path.endswith("\\?y savings plan for 2023 - v1.4 (12.30.2022).pdf")


@pytest.mark.parametrize("name", ["win7-32(article)/4", "win7-32/7", "win7-64/7"])
def test_the_uploaded_text_is_described(name: str, real_evidence: Path) -> None:
    original = published.uploads(real_evidence)["txt"]
    file = one(published.snapshots(real_evidence)[name]).file
    assert file is not None
    assert (64, "text", True) == (file.size, file.kind, file.whole)
    assert hashlib.sha256(b"\0" + original[1:]).hexdigest() == file.sha256
    assert file.path.endswith("\\?ile_w_33_0x40.txt")


def shuffled(data: bytes, seed: int, missing: tuple[int, ...], base: int) -> tuple[bytes, dict[int, int]]:
    """The stack's pages in another order among zero pages, some missing, and where each address went."""
    chance = random.Random(seed)
    pages = [n for n in range(len(data) // 4096) if n not in missing]
    slots = chance.sample(range(4 * len(pages)), len(pages))
    image, where = bytearray(4 * len(pages) * 4096), {}
    for page, slot in zip(pages, slots, strict=True):
        image[slot * 4096 : (slot + 1) * 4096] = data[page * 4096 : (page + 1) * 4096]
        where[base + page * 4096] = slot * 4096
    return bytes(image), where


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_a_shuffled_image_with_missing_pages_says_the_same(name: str, seed: int, real_evidence: Path) -> None:
    whole = published.snapshots(real_evidence)[name]
    known = one(whole)
    assert known.base is not None
    image, where = shuffled(whole, seed, (0, 0x20, 0x25, 0x33), known.base)
    plain, mapped = one(image), one(image, where)
    for found in (plain, mapped):
        for field in (
            "action",
            "control",
            "host",
            "user",
            "drives",
            "path",
            "server",
            "time",
            "hello",
            "base",
        ):
            assert getattr(known, field) == getattr(found, field), field
        assert not found.linear
    assert known.file == mapped.file
    if known.file is not None and plain.file is not None and plain.file != known.file:
        assert not plain.file.whole


def test_the_buffers_page_alone_still_names_host_and_action(real_evidence: Path) -> None:
    whole = published.snapshots(real_evidence)["win7-32/9"]
    found = one(whole[0x2000:0x3000])
    assert ("ping", "nwclient-PC", "joakim", None) == (found.action, found.host, found.user, found.time)


def test_the_loops_page_alone_still_names_time_and_command(real_evidence: Path) -> None:
    whole = published.snapshots(real_evidence)["win7-32/3"]
    found = one(whole[0x3000:0x4000])
    assert (None, 0xA6, None) == (found.action, found.control, found.host)
    assert found.command is not None
    assert {"path": r"C:\*.*"} == found.command.fields


def test_pages_are_told_apart_wherever_the_image_begins(real_evidence: Path) -> None:
    whole = published.snapshots(real_evidence)["win7-32/9"]
    image, _ = shuffled(whole, 3, (0,), 0)
    found = one(bytes(1234) + image)
    assert (DRIVES, r"C:\share\*.*", True) == (found.drives, found.path, found.assumed)


def test_an_image_full_of_anchors_is_read_in_bounded_time() -> None:
    frame = (
        bytes.fromhex("9e104000")
        + bytes(8)
        + bytes.fromhex("272c4000")
        + bytes(4)
        + bytes.fromhex("7cff2200")
    )
    assert len(list(stacks((frame + bytes(8)) * 10_000))) <= 4096


def test_two_machines_in_one_image_are_kept_apart(real_evidence: Path) -> None:
    shots = published.snapshots(real_evidence)
    first, _ = shuffled(shots["win7-32/9"], 1, (), 0)
    second, _ = shuffled(shots["win7-64/10"], 2, (), 0)
    assert {("ping", "nwclient-PC"), ("download", "nwclient-W7")} == {
        (found.action, found.host) for found in stacks(first + second)
    }


def test_damage_never_raises_and_never_invents(real_evidence: Path) -> None:
    whole = published.snapshots(real_evidence)["win7-32/4"][0x1000:0x5000]
    truth = one(whole)
    chance = random.Random(5)
    for cut in [*range(0, len(whole), 97), *range(0x2F40, 0x3000)]:
        for found in stacks(whole[:cut]):
            assert found.host in (None, truth.host)
            assert found.time in (None, truth.time)
    for _ in range(300):
        bent = bytearray(whole)
        for _ in range(40):
            bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
        assert len(list(stacks(bytes(bent)))) <= 2


def test_noise_holds_no_stack() -> None:
    assert [] == list(stacks(random.Random(3).randbytes(2_000_000)))
    assert [] == list(stacks(b""))
    assert [] == list(stacks(bytes(100_000)))
