# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO

import pytest

from hikeshi.codecs.cfb import Compound, Entry
from hikeshi.codecs.mask import mask
from hikeshi.codecs.rtf import rtf
from hikeshi.readers import msg
from readers import evidence
from readers.compounds import compound, storage
from readers.mails import read

# FILETIME of 2018-01-25 17:57:12 UTC: seconds since 1601 in units of 100 ns.
MOMENT = (1516903032 + 11644473600) * 10_000_000
SHORT, LONG = b"inert short file", b"inert long file " * 1000
PARTS = {1: "山田太郎", 2: "tanaka@example.jp"}


def recipient(name: str, address: str, kind: int) -> dict[str, object]:
    return storage(8, {0x3001: name, 0x39FE: address}, {0x0C15: (3, kind)})


def attachment(name: str, content: bytes) -> dict[str, object]:
    return storage(8, {0x3707: name}, {0x3705: (3, 1)}, **{"__substg1.0_37010102": content})


def draft(**more: object) -> dict[str, object]:
    """A message that never had a header."""
    texts = {
        0x37: "請求書の送付",
        0x0C1A: "山田太郎",
        0x5D01: "taro@example.com",
        0x1000: "see http://example.com/a",
    }
    times = {0x39: (0x40, MOMENT), 0x0E06: (0x40, 0x7FFFFFFFFFFFFFFF)}
    people = {
        "__recip_version1.0_#00000000": recipient("田中", "tanaka@example.jp", 1),
        "__recip_version1.0_#00000001": recipient("", "cc@example.jp", 2),
    }
    return storage(32, texts, times, **people, **more)


def outlook() -> bytes:
    """A draft with a short and a long attachment."""
    files = {
        "__attach_version1.0_#00000000": attachment("短い.txt", SHORT),
        "__attach_version1.0_#00000001": attachment("long.txt", LONG),
    }
    return compound(draft(**files))  # type: ignore[arg-type]


def test_a_draft_is_read_from_its_properties() -> None:
    result = read(msg, outlook())
    row = result.row
    assert (row["subject"], row["sender"], row["sender_name"]) == (
        "請求書の送付",
        "taro@example.com",
        "山田太郎",
    )
    assert row["recipients"] == ["tanaka@example.jp", "cc@example.jp"]
    assert (row["time"], row["time_text"], row["delivered"]) == (
        datetime(2018, 1, 25, 17, 57, 12, tzinfo=UTC),
        None,
        None,
    )
    assert row["urls"] == ["http://example.com/a"]
    assert row["body"] == mask("see http://example.com/a")
    assert row["defects"] == ["header-not-kept"]
    assert result.children == [("短い.txt", SHORT), ("long.txt", LONG)]
    assert row["attachment_ids"] == [sha256(SHORT).hexdigest(), sha256(LONG).hexdigest()]
    assert result.issues == []


def test_the_kept_header_speaks_before_the_properties() -> None:
    hop = "Received: from a (a [192.0.2.1]) by b; Fri, 26 Jan 2018 03:00:00 +0900\r\n"
    header = "From: real@example.net\r\n" + hop + "\r\n"
    streams = {"__substg1.0_007D001F": header.encode("utf-16-le")}
    row = read(msg, compound(draft(**streams))).row  # type: ignore[arg-type]
    assert (row["sender"], row["subject"], row["received_ip"]) == (
        "real@example.net",
        "請求書の送付",
        ["192.0.2.1"],
    )
    assert row["delivered"] == datetime(2018, 1, 25, 18, 0, tzinfo=UTC)
    assert row["defects"] == []


def test_a_message_in_a_message_is_a_record_of_the_same_item() -> None:
    inner = storage(24, {0x37: "inner"}, **{"__attach_version1.0_#00000000": attachment("b.txt", SHORT)})
    holder = storage(8, {0x3001: "fwd"}, {0x3705: (3, 5)}, **{"__substg1.0_3701000D": inner})
    result = read(msg, compound(draft(**{"__attach_version1.0_#00000000": holder})))  # type: ignore[arg-type]
    assert [row["subject"] for row in result.rows] == ["請求書の送付", "inner"]
    assert [row["attachments"] for row in result.rows] == [["fwd"], ["b.txt"]]
    assert result.rows[0]["attachment_ids"] == [None]
    assert result.children == [("1/b.txt", SHORT)]
    assert result.count.records_in == 2


@pytest.mark.parametrize(
    ("page", "codec"), [(932, "cp932"), (50220, "iso2022_jp"), (51932, "euc_jp"), (65001, "utf-8")]
)
def test_narrow_texts_are_read_in_the_stated_code_page(page: int, codec: str) -> None:
    texts = {"__substg1.0_0037001E": "請求書の送付".encode(codec)}
    data = compound(storage(32, {}, {0x3FFD: (3, page)}, **texts))  # type: ignore[arg-type]
    assert read(msg, data).row["subject"] == "請求書の送付"


def test_links_that_only_the_compressed_rtf_has_are_found() -> None:
    # The first example of [MS-OXRTFCP] section 4.1, then its stored form with a link.
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert rtf(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    text = b'{\\rtf1\\fromhtml1 {\\*\\htmltag84 <a href="http://example.com/rtf">}}'
    stored = len(text).to_bytes(4, "little") * 2 + b"MELA" + bytes(4) + text
    data = compound(storage(32, {0x37: "x"}, **{"__substg1.0_10090102": stored}))  # type: ignore[arg-type]
    assert read(msg, data).row["urls"] == ["http://example.com/rtf"]


def test_only_outlooks_compound_files_are_taken() -> None:
    assert msg.sniff(outlook()[:65536], "")
    assert not msg.sniff(compound({"WordDocument": b"x"})[:65536], "a.doc")
    assert not msg.sniff(b"not a compound file", "a.msg")


def test_a_compound_file_of_another_kind_is_a_refused_record() -> None:
    result = read(msg, compound({"WordDocument": b"x"}))
    assert (result.rows, result.count.records_in) == ([], 1)


def test_streams_that_share_sectors_cannot_grow_the_file() -> None:
    data = compound({f"s{number}": LONG for number in range(4)})
    file = Compound(BytesIO(data), len(data))
    streams = [entry._replace(start=file.entries[1].start, size=1 << 40) for entry in file.entries[1:]] * 1000
    read_bytes = sum(len(piece) for entry in streams for piece in file.stream(entry))
    assert read_bytes <= 4 * len(data) + (1 << 20)


def test_chains_that_bite_their_tail_end() -> None:
    data = bytearray(compound({"a": LONG}))
    table = len(data) - 512
    data[table : table + 4] = (0).to_bytes(4, "little")
    file = Compound(BytesIO(bytes(data)), len(data))
    (entry,) = file.children(file.entries[0])
    assert sum(map(len, file.stream(entry))) <= len(data)


def test_damage_never_costs_more_than_the_message() -> None:
    data = outlook()
    for end in range(0, len(data), 97):
        read(msg, data[:end])
    chance = random.Random(7)
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 3, 20))):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        read(msg, bytes(damaged))


def streams(file: Compound, parent: Entry, path: str = "") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in file.children(parent):
        if entry.kind == 1:
            found |= streams(file, entry, f"{path}{entry.name}/")
        else:
            found[path + entry.name] = b"".join(file.stream(entry))
    return found


@pytest.mark.parametrize(
    ("name", "attachments", "recipients", "sizes"),
    [("unicode.msg", 2, 2, [969674, 1033142]), ("strangeDate.msg", 0, 1, [])],
)
def test_real_messages_equal_a_second_parser(
    name: str, attachments: int, recipients: int, sizes: list[int]
) -> None:
    oxmsg = pytest.importorskip("oxmsg", reason="python-oxmsg is not installed")
    olefile = pytest.importorskip("olefile", reason="olefile is not installed")
    path = evidence.folder() / "mail" / name
    data = path.read_bytes()
    result = read(msg, data)
    second = oxmsg.Message.load(data)
    assert (len(result.children), len(second.recipients)) == (attachments, recipients)
    assert [len(content) for _, content in result.children] == sizes
    assert [found.file_bytes for found in second.attachments] == [content for _, content in result.children]
    assert [found.file_name for found in second.attachments] == result.row["attachments"]
    assert (second.subject, second.sent_date) == (result.row["subject"], result.row["time"])
    with olefile.OleFileIO(data) as file:
        expected = {"/".join(parts): file.openstream(parts).read() for parts in file.listdir()}
    own = Compound(BytesIO(data), len(data))
    assert expected == streams(own, own.entries[0])
    assert result.issues == []
