# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hikeshi.readers import evtx, pick
from hikeshi.schema import Reason
from readers import evidence, small_evtx
from readers.mutants import damage
from readers.reading import Outcome, run

FIVE = [(number, {"Image": f"C:\\example\\{number}.exe", "Two Words": "値"}) for number in range(7, 12)]

# The wheel does not open a chunk that the file cuts short; 89 records of this one are whole.
CUT_SHORT = {"evtx/parser-edge-and-benign.tar.xz!plaso/System2.evtx": 89}


def ids(outcome: Outcome) -> list[int]:
    return [event["record_id"] for event in outcome.events]


def reasons(outcome: Outcome) -> list[tuple[Reason, int | None, int]]:
    return [(issue.reason, issue.offset, issue.records) for issue in outcome.issues]


def resealed(chunk: bytes) -> bytes:
    """A chunk with the checksum of its records made right again."""
    data = zlib.crc32(chunk[512 : int.from_bytes(chunk[48:52], "little")]).to_bytes(4, "little")
    head = chunk[:52] + data + chunk[56:124]
    return head + zlib.crc32(chunk[128:512], zlib.crc32(head[:120])).to_bytes(4, "little") + chunk[128:]


def test_a_small_log_is_read_field_by_field() -> None:
    outcome = run(evtx, small_evtx.log(small_evtx.chunk(FIVE)))
    assert [] == outcome.issues
    first = outcome.events[0]
    assert [7, 8, 9, 10, 11] == ids(outcome)
    assert (0, 4096 + 512) == (first["record"], first["offset"])
    assert datetime(2024, 1, 1, 9, 0, 0, 123456, UTC) == first["time"]
    assert "2024-01-01T09:00:00.1234567Z" == first["time_text"]
    assert ("pc-1.corp.example", "Example/Operational") == (first["host"], first["channel"])
    assert ("Example-Provider", 4242, None) == (first["provider"], first["event_id"], first["user"])
    assert {
        "Provider_Name": "Example-Provider",
        "EventID": "4242",
        "Channel": "Example/Operational",
        "Computer": "pc-1.corp.example",
        "Image": "C:\\example\\7.exe",
        "TwoWords": "値",
    } == dict(first["fields"])
    (machine,) = outcome.rows["machines"]
    assert ("name", "pc-1.corp.example", 5) == (machine["kind"], machine["value"], machine["count"])


def test_the_same_record_twice_is_one_event_and_one_duplicate() -> None:
    chunk = small_evtx.chunk(FIVE)
    outcome = run(evtx, small_evtx.log(chunk, chunk))
    assert (10, 5, 5) == (outcome.count.records_in, outcome.count.duplicate, len(outcome.events))


def test_the_same_id_with_other_content_is_another_event() -> None:
    other = small_evtx.chunk([(7, {"Image": "other"})])
    outcome = run(evtx, small_evtx.log(small_evtx.chunk(FIVE), other))
    assert [7, 8, 9, 10, 11, 7] == ids(outcome)


def test_a_log_without_its_file_header_is_read() -> None:
    content = bytes(4096) + small_evtx.chunk(FIVE)
    assert pick(content, "") is evtx
    outcome = run(evtx, content)
    assert 5 == len(outcome.events)
    assert [(Reason.DAMAGED, 0, 0)] == reasons(outcome)


def test_a_wrong_checksum_is_named_and_the_records_are_read() -> None:
    content = bytearray(small_evtx.log(small_evtx.chunk(FIVE)))
    content[4096 + 300] ^= 1
    content[content.index("値".encode("utf-16-le"))] ^= 1
    outcome = run(evtx, bytes(content))
    assert 5 == len(outcome.events)
    assert [(Reason.DAMAGED, 4096, 0), (Reason.DAMAGED, 4096 + 512, 0)] == reasons(outcome)


def test_a_chunk_that_says_it_has_no_checksums_is_not_held_to_them() -> None:
    chunk = bytearray(small_evtx.chunk(FIVE))
    chunk[52:56] = chunk[124:128] = bytes(4)
    chunk[120] = evtx.NO_CHECKSUM
    assert [] == run(evtx, small_evtx.log(bytes(chunk))).issues


def test_one_record_that_cannot_be_decoded_costs_only_itself() -> None:
    whole = small_evtx.log(small_evtx.chunk(FIVE))
    third = run(evtx, whole).events[2]["offset"]
    chunk = bytearray(whole[4096:])
    chunk[third - 4096 + 28] = 0x77
    outcome = run(evtx, small_evtx.log(resealed(bytes(chunk))))
    assert [7, 8, 10, 11] == ids(outcome)
    assert [(Reason.DAMAGED_RECORD, third, 1)] == reasons(outcome)


def test_behind_a_broken_chain_the_records_are_counted() -> None:
    whole = small_evtx.log(small_evtx.chunk(FIVE))
    third = run(evtx, whole).events[2]["offset"]
    chunk = bytearray(whole[4096:])
    chunk[third - 4096 + 4 : third - 4096 + 8] = bytes(4)
    outcome = run(evtx, small_evtx.log(resealed(bytes(chunk))))
    assert [7, 8] == ids(outcome)
    assert [(Reason.DAMAGED_RECORD, third, 3)] == reasons(outcome)


def test_a_damaged_chunk_costs_only_itself() -> None:
    bad = b"ElfChnkX" + small_evtx.chunk([(12, {}), (13, {})])[8:]
    last = small_evtx.chunk([(14, {})])
    outcome = run(evtx, small_evtx.log(small_evtx.chunk(FIVE), bad, last))
    assert [7, 8, 9, 10, 11, 14] == ids(outcome)
    assert [(Reason.DAMAGED, 4096 + 65536, 2)] == reasons(outcome)


def test_unused_chunks_are_no_loss() -> None:
    outcome = run(evtx, small_evtx.log(small_evtx.chunk(FIVE)) + bytes(3 * 65536))
    assert ([], 5) == (outcome.issues, len(outcome.events))


def test_leftovers_behind_the_records_in_use_are_not_counted() -> None:
    chunk = small_evtx.chunk(FIVE)
    shorter = small_evtx.chunk(FIVE[:3])
    used = len(shorter.rstrip(b"\0"))
    outcome = run(evtx, small_evtx.log(shorter[:used] + chunk[used:]))
    assert ([7, 8, 9], 3) == (ids(outcome), outcome.count.records_in)


def test_cut_at_any_length_a_log_gives_what_is_whole() -> None:
    whole = small_evtx.log(small_evtx.chunk(FIVE))
    events = run(evtx, whole).events
    ends = [event["offset"] for event in events[1:]]
    ends.append(len(whole.rstrip(b"\0")) + 3)
    for length in [*range(0, 4096, 64), *range(4096, ends[-1] + 8)]:
        outcome = run(evtx, whole[:length])
        sure = [event for event, end in zip(events, ends, strict=True) if end <= length]
        assert len(sure) in (len(outcome.events), len(outcome.events) - 1), length
        assert events[: len(outcome.events)] == outcome.events
        if 0 < length < len(whole):
            assert Reason.TRUNCATED in {issue.reason for issue in outcome.issues}
            assert length < 4096 + 512 or 5 == len(outcome.events) + outcome.refused


def test_every_public_log_gives_the_events_the_manifest_states() -> None:
    expected = evidence.manifest()
    total = 0
    refused: Counter[str] = Counter()
    for path, content in evidence.logs():
        assert pick(content[:65536], "") is evtx
        outcome = run(evtx, content)
        assert evidence.stated(expected[path]) + CUT_SHORT.get(path, 0) == len(outcome.events), path
        assert 0 == outcome.count.duplicate
        total += len(outcome.events)
        refused[path.rpartition("/")[2]] += outcome.refused
    assert total == 43528 + 89
    assert {
        "2-vss_0-Microsoft-Windows-RemoteDesktopServices-RdpCoreTS%4Operational.evtx": 68,
        "2-vss_0-Microsoft-Windows-TerminalServices-RemoteConnectionManager%4Operational.evtx": 23,
        "Microsoft-Windows-HelloForBusiness%4Operational.evtx": 14,
        "Microsoft-Windows-LanguagePackSetup%4Operational.evtx": 3,
        "System2.evtx": 1,
        "sample-with-zero-data-size-event.evtx": 115,
        "sample_with_a_bad_chunk_magic.evtx": 197 + 15 + 67,
    } == {name: count for name, count in refused.items() if count}


def looping(chunk: bytes) -> bytes | None:
    """The chunk with one bit set, so that the chain of names in slot 32 leads back to its own beginning.

    Slot 32 of the table of names stands at offset 0x0100: the last name of its chain, told that the next is
    there, reads the slot itself as its successor.
    """
    at = int.from_bytes(chunk[0x100:0x104], "little")
    for _ in range(1000):
        if not 512 <= at <= len(chunk) - 4:
            return None
        following = int.from_bytes(chunk[at : at + 4], "little")
        if not following:
            return chunk[: at + 1] + b"\x01" + chunk[at + 2 :]
        at = following
    return None


WHEEL = """
import io, sys
from evtx import PyEvtxParser
for _ in PyEvtxParser(io.BytesIO(sys.stdin.buffer.read()), number_of_threads=1).records_json(): pass
"""


def test_the_bit_that_hangs_the_wheel_costs_nothing() -> None:
    for _, content in evidence.logs("sigma-regression.tar.xz"):
        first = content[4096 : 4096 + 65536]
        if changed := looping(first):
            break
    one = small_evtx.log(first)[:4096]
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", WHEEL], input=one + changed, timeout=5, check=False)
    outcome = run(evtx, one + changed)
    assert run(evtx, one + first).events == outcome.events
    assert [(Reason.DAMAGED, 4096 + 512, 0)] == reasons(outcome)


def test_damaged_logs_never_hang_crash_or_raise(tmp_path: Path) -> None:
    damage(tmp_path, evtx, 1, 300, [small_evtx.log(small_evtx.chunk(FIVE))])


def first_chunks() -> list[bytes]:
    """The first chunk of every public log, behind its file header."""
    return [content[: 4096 + 65536] for _, content in evidence.logs()]


def test_damaged_public_logs_never_hang_crash_or_raise(tmp_path: Path) -> None:
    damage(tmp_path, evtx, 2, 500, first_chunks()[::20])


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(100, 120))
def test_many_damaged_public_logs(tmp_path: Path, seed: int) -> None:
    damage(tmp_path, evtx, seed, 5000, first_chunks())


def test_a_second_parser_counts_the_same_in_the_chunk_the_wheel_does_not_open() -> None:
    pytest.importorskip("Evtx", reason="python-evtx, the second parser, is not installed")
    from Evtx.Evtx import FileHeader

    for path, content in evidence.logs("parser-edge-and-benign.tar.xz"):
        if path in CUT_SHORT:
            last = small_evtx.log(content[4096 + 2 * 65536 :].ljust(65536, b"\0"))
            (chunk,) = FileHeader(last, 0).chunks()
            assert CUT_SHORT[path] == sum(record.verify() for record in chunk.records())


def test_a_second_parser_reads_the_same() -> None:
    pytest.importorskip("Evtx", reason="python-evtx, the second parser, is not installed")
    compared = 0
    for _, content in [*evidence.logs("sigma-regression.tar.xz")][::12]:
        ours = {event["record_id"]: event for event in run(evtx, content).events}
        for number, system, data in second_parser(content):
            fields = dict(ours[number]["fields"])
            assert system == (
                fields["EventID"],
                fields["Computer"],
                fields["Channel"],
                fields["Provider_Name"],
            )
            for name, text in data.items():
                assert plain(text) == plain(fields[name]), (number, name)
            compared += len(data)
    assert compared > 100


def plain(text: str) -> str:
    """A value as both parsers write it: they differ in braces and case of GUIDs, leading zeros of hex numbers
    and the case of booleans.
    """
    text = text.strip("{}\n").lower()
    return f"{int(text, 16):x}" if text.startswith("0x") else text


def second_parser(content: bytes) -> Iterator[tuple[int, tuple[str, ...], dict[str, str]]]:
    """Record id, system values and named data of each record that python-evtx can write as XML."""
    from Evtx.Evtx import FileHeader

    space = "{http://schemas.microsoft.com/win/2004/08/events/event}"
    for chunk in FileHeader(content, 0).chunks():
        for record in chunk.records():
            try:
                root = ElementTree.fromstring(record.xml())
            except UnicodeDecodeError:
                continue
            system = root.find(f"{space}System")
            assert system is not None
            texts = [system.findtext(space + name) or "" for name in ("EventID", "Computer", "Channel")]
            provider = system.find(f"{space}Provider")
            texts.append("" if provider is None else provider.attrib["Name"])
            named = root.findall(f"{space}EventData/{space}Data")
            yield record.record_num(), tuple(texts), {d.attrib["Name"]: d.text or "" for d in named}
