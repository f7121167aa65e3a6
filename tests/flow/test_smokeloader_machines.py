# SPDX-License-Identifier: Apache-2.0
"""SmokeLoader on three machines of one build: from collections of files, tasks, serials and memory to a case."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from hikeshi import flow
from hikeshi.case.saved import Saved
from hikeshi.families.smokeloader import identity, lines, synth
from hikeshi.synth import autostarts, disk

# A published build constant, so that no search is needed.
CONSTANT = identity.KNOWN[0]
HOSTS = {"WS-11": "4E21C0DE", "WS-12": "90AB12CD", "WS-15": "1D2C3B4A"}
VOLUME = "uploads/ntfs/%5C%5C.%5CC%3A"


def collect(folder: Path, host: str, serial: str, task: bool) -> None:
    """A collection of one machine: its boot sector, a listing, and perhaps the task's file."""
    root = folder / f"Collection-{host}-2024-03-13T00_00_00Z"
    volume = root / VOLUME
    (volume / "Windows/System32/Tasks").mkdir(parents=True)
    for name in ("uploads.json", "client_info.json", "collection_context.json"):
        (root / name).write_text(f'{{"name": "{host}"}}\n')
    (volume / "$Boot").write_bytes(disk.ntfs_boot(int(f"1111AAAA{serial}", 16)))
    rows = synth.rows(1, host=host, serial=serial, constant=CONSTANT)
    listed = [
        disk.Listed(row["path"].removeprefix("C:"), created=row["created"], modified=row["modified"])
        for row in rows["files"]
    ]
    (volume / "mft.csv").write_bytes(disk.mft_table(listed))
    if task:
        own = rows["autostarts"][0]
        trigger = autostarts.time_trigger("1999-11-30T00:00:00", "PT10M")
        written = autostarts.task(own["path"], own["command"], author=own["user"], triggers=trigger)
        (volume / "Windows/System32/Tasks" / own["name"]).write_bytes(written)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    folder = tmp_path_factory.mktemp("smokeloader")
    evidence = folder / "evidence"
    for number, (host, serial) in enumerate(HOSTS.items()):
        collect(evidence, host, serial, task=number != 1)
    of = identity.bot_id("WS-15", CONSTANT, HOSTS["WS-15"])
    names = identity.names(of, lines.named("2020b-2022"))
    assert names is not None
    page = bytes(4096) + b"\\" + names.mapping.encode("utf-16-le") + bytes(4096)
    (evidence / "Collection-WS-15-2024-03-13T00_00_00Z" / "pagefile.sys").write_bytes(page)
    flow.run([str(evidence)], folder / "case", flow.Options(), jobs=2)
    return Saved(folder / "case")


def graded(case: Saved) -> dict[str, dict[str, str]]:
    """The grade of each finding of the family, by machine and message."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for finding in case.findings():
        if finding["family"] == "smokeloader":
            found[finding["host"]][finding["message"].removeprefix("smokeloader.")] = finding["grade"]
    return dict(found)


def test_each_machine_is_found_by_its_names(case: Saved) -> None:
    found = graded(case)
    assert set(found) == set(HOSTS)
    for host in HOSTS:
        assert found[host]["name-serial"] == "strong"
        assert found[host]["computed"] == "proven"
        assert found[host]["copied-times"] == "indicated"


def test_a_task_beside_the_name_is_two_artefacts(case: Saved) -> None:
    found = graded(case)
    for host in ("WS-11", "WS-15"):
        assert (found[host]["task-xml"], found[host]["name-and-task"]) == ("strong", "proven")
    assert "name-and-task" not in found["WS-12"]


def test_a_mapping_in_a_page_file_is_the_computed_id(case: Saved) -> None:
    assert graded(case)["WS-15"]["id-computed"] == "proven"


def test_the_three_are_of_one_build(case: Saved) -> None:
    linked = [finding for finding in case.findings() if finding["message"] == "smokeloader.same-build"]
    assert {finding["host"] for finding in linked} == set(HOSTS)
    assert {finding["fields"]["hosts"] for finding in linked} == {", ".join(sorted(HOSTS))}


def test_functions_without_evidence_are_not_examinable(case: Saved) -> None:
    rows = case.rows("SELECT host, function, grade FROM functions WHERE family = 'smokeloader'")
    grades = {(row["host"], row["function"]): row["grade"] for row in rows}
    for host in HOSTS:
        assert grades[host, "persistence"] == "proven"
        assert grades[host, "credential-theft"] == "not-examinable"
        assert grades[host, "remote-desktop"] == "no-evidence"


def test_the_constant_is_shared_and_no_name_that_carries_the_victims_serial(case: Saved) -> None:
    shared = b"".join(path.read_bytes() for path in sorted((case.path / "export/share").iterdir()))
    for host, serial in HOSTS.items():
        of = identity.bot_id(host, CONSTANT, serial)
        names = identity.names(of, lines.named("2020b-2022"))
        assert names is not None
        for text in (of, of[:16], serial, names.program, names.store, host):
            assert text.encode() not in shared
    assert f"{CONSTANT:08X}".encode() in shared
