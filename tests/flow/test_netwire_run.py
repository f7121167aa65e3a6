# SPDX-License-Identifier: Apache-2.0
"""NetWire through whole runs: typed text in an image, a scattered stack, one HostId in evidence of four kinds."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import netwire_evidence as published
import netwire_logs
import netwire_settings
from evidence import images
from flow.test_disclosing import log, show
from flow.test_sessions import PASSWORD, START, findings, session
from hikeshi.families.netwire.keylog import encoded
from hikeshi.families.netwire.stack import stacks
from hikeshi.families.netwire.synth import SYSMON
from hikeshi.flow import Options, run
from hikeshi.pack import LogRecord
from hikeshi.synth import events, registry
from hikeshi.synth.minidump import minidump
from readers import hives

MIB = 1 << 20
# The HostId that the published session gives the agent.
NAMED = "mynewhostid"


def messages(case: Path) -> list[str]:
    return [finding["message"] for finding in findings(case)]


def test_typed_text_in_an_image_is_masked_and_is_decoded_again_on_demand(
    tmp_path: Path, capfdbinary: Any
) -> None:
    plain = (
        netwire_logs.day(1, windows=4)
        + b"\r\n\r\n[Log in - Exchange] - [12/03/2024 11:00:00]\r\nhunter2[Enter]"
    )
    disk = bytearray(random.Random(2).randbytes(3 * MIB))
    disk[:512] = images.mbr([(0x83, 2048, 1024)])
    at, coded = 2 * MIB + 512, encoded(plain)
    disk[at - 8 : at + len(coded) + 8] = bytes(8) + coded + bytes(8)
    (tmp_path / "disk.dd").write_bytes(disk)
    case = tmp_path / "case"
    run([str(tmp_path / "disk.dd")], case, Options(), 1)
    assert 5 == messages(case).count("netwire.typed")
    assert not [p for p in case.rglob("*") if p.is_file() and b"hunter2" in p.read_bytes()]
    (found,) = [f for f in findings(case) if "masked:len=14" in f["fields"].get("typed", "")]
    code, out, _ = show(
        capfdbinary, "secrets", case, "--reveal", found["id"], "--evidence", tmp_path / "disk.dd"
    )
    assert (0, b"hunter2[Enter]") == (code, out.strip())
    assert [found["id"]] == [line["asked"] for line in log(case)]


def test_a_scattered_stack_gives_the_document_where_addresses_are_known(
    tmp_path: Path, real_evidence: Path
) -> None:
    """Pages out of order among others, four missing: in a dump with addresses, and in a page file without."""
    whole = published.snapshots(real_evidence)["win7-32/5"]
    (known,) = stacks(whole)
    assert known.base is not None
    assert known.file is not None
    pages = [n for n in range(len(whole) // 4096) if n not in (0, 0x20, 0x25, 0x33)]
    chance = random.Random(5)
    chance.shuffle(pages)
    ranges, swap = [], b""
    for page in pages:
        data = whole[page * 4096 : (page + 1) * 4096]
        ranges += [(known.base + page * 4096, data), (0x7000_0000 + page * 8192, bytes(4096))]
        swap += data + bytes(4096)
    (tmp_path / "process.dmp").write_bytes(minidump(ranges))
    (tmp_path / "pagefile.sys").write_bytes(swap)
    run([str(tmp_path / "process.dmp"), str(tmp_path / "pagefile.sys")], tmp_path / "case", Options(), 1)
    for name in ("process.dmp", "pagefile.sys"):
        # Pages farther apart than a region are told one by one; together they say what the whole stack says.
        told = [f for f in findings(tmp_path / "case")
                if f["message"] == "netwire.stack" and f["evidence"]["path"] == name]  # fmt: skip
        said = [{"host": f["host"], "user": f["user"], **f["fields"]} for f in told]
        whole_stack = {"host": "nwclient-PC", "user": "joakim", "action": "upload", "path": r"C:\share\*.*"}
        for field, value in whole_stack.items():
            assert {value} == {one[field] for one in said if one.get(field)}, (name, field)
    whole_files = [f for f in findings(tmp_path / "case")
                   if f["message"] == "netwire.file" and f["fields"]["whole"] == "yes"]  # fmt: skip
    assert [("process.dmp", "54821", known.file.sha256, "0")] == [
        (f["evidence"]["path"], *(f["fields"][n] for n in ("bytes", "sha256", "wrong_bytes")))
        for f in whole_files
    ]


@pytest.mark.parametrize(("in_hive", "told"), [(NAMED, "same-value"), ("summer-02", "contradiction")])
def test_one_host_id_in_memory_a_log_a_session_and_a_hive(
    tmp_path: Path, real_evidence: Path, in_hive: str, told: str
) -> None:
    """Where the hive alone differs there is one contradiction, and one agreement where all are equal."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    settings = {**netwire_settings.WINDOWS, "password": PASSWORD, "host_id": NAMED}
    (folder / "memory.bin").write_bytes(
        random.Random(3).randbytes(100_000)
        + netwire_settings.struct("1.7a", settings)
        + netwire_logs.coded(2)
    )
    (folder / "gateway.pcap").write_bytes(session(real_evidence))
    fields = {"EventType": "SetValue", "Image": r"C:\Users\joakim\AppData\Roaming\Install\Host.exe",
              "TargetObject": r"HKU\S-1-5-21-1-2-3-1001\SOFTWARE\NetWire\HostId", "Details": NAMED}  # fmt: skip
    record = LogRecord(START, "ws-01", *SYSMON, 13, fields)
    (folder / "events.jsonl").write_bytes(events.flat(events.numbered([record])))
    values = [("HostId", "REG_SZ", registry.text(in_hive))]
    user = registry.hive({r"Software\NetWire": registry.Key(values, START)}, "NTUSER.DAT", written=START)
    collected = (
        folder / "Collection-ws-01-2024-03-12T01_00_00Z" / "uploads" / "auto" / "C%3A" / "Users" / "joakim"
    )
    collected.mkdir(parents=True)
    (collected / "NTUSER.DAT").write_bytes(user)
    run([str(folder)], tmp_path / "case", Options(), 1)
    found = [f for f in findings(tmp_path / "case") if f["fields"].get("what") == "host-id"]
    assert [f"netwire.{told}"] == [f["message"] for f in found]
    assert [" / ".join(sorted({NAMED, in_hive}))] == [f["fields"]["values"] for f in found]
    assert {"netwire.config", "netwire.session", "netwire.identity", "netwire.key-log-text"} <= set(
        messages(tmp_path / "case")
    )


def test_a_log_of_keys_is_placed_in_the_zone_that_the_hive_of_its_machine_states(tmp_path: Path) -> None:
    """12 March 2024, 08:59:59 in Japan; without the hive the finding has local time only."""
    folder = tmp_path / "Collection-PC-TARO-2024-03-12T01_00_00Z" / "uploads" / "auto" / "C%3A"
    logs = folder / "Users" / "taro" / "AppData" / "Roaming" / "Logs"
    settings = folder / "Windows" / "System32" / "config"
    logs.mkdir(parents=True)
    settings.mkdir(parents=True)
    (logs / "12-03-2024").write_bytes(netwire_logs.coded(4))
    for name, time in (("without", None), ("with", "2024-03-11T23:59:59.000000Z")):
        run([str(tmp_path / "Collection-PC-TARO-2024-03-12T01_00_00Z")], tmp_path / name, Options(), 1)
        (found,) = [f for f in findings(tmp_path / name) if f["message"] == "netwire.key-log-text"]
        assert (time, "12/03/2024 08:59:59") == (found["time"], found["time_text"])
        (settings / "SYSTEM").write_bytes(hives.system())
    assert "Tokyo Standard Time" in found["fields"]["zone"]
    assert "same-machine" == found["fields"]["zone_ground"]
    assert found["host"] in ("PC-TARO", "pc-taro.corp.example")
