# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import mailbox
import random
from email.message import Message
from pathlib import Path

import pytest

from hikeshi.codecs.mask import mask
from hikeshi.readers import emlx, mail, mbox, message
from readers.mails import DOCUMENT, LEAD, plain, read, with_attachment

FROM = b"From taro@example.com Fri Jan 26 02:57:12 2018\r\n"


def numbered(number: int) -> bytes:
    return plain().replace(b"<1@", b"<%d@" % number)


def box(*messages: bytes) -> bytes:
    return b"".join(FROM + message + b"\r\n" for message in messages)


def test_each_message_is_a_row_with_its_offset() -> None:
    data = box(numbered(1), with_attachment(), numbered(3))
    result = read(mbox, data)
    second = len(FROM + numbered(1)) + 2
    assert [row["record"] for row in result.rows] == [0, 1, 2]
    assert [row["offset"] for row in result.rows] == [0, second, second + len(FROM + with_attachment()) + 2]
    assert [row["message_id"] for row in result.rows] == [
        "<1@example.com>",
        "<1@example.com>",
        "<3@example.com>",
    ]
    assert result.children == [("000001/report.doc", DOCUMENT)]


def test_the_same_message_twice_is_a_duplicate() -> None:
    result = read(mbox, box(numbered(1), numbered(2), numbered(1)).removesuffix(b"\r\n"))
    assert (len(result.rows), result.count.records_in, result.count.duplicate) == (2, 3, 1)


def test_from_in_a_text_begins_no_message() -> None:
    text = b"\r\nFrom here to there\r\nis far\r\nno empty line\r\n" + FROM + b"X: y\r\n"
    result = read(mbox, box(LEAD + b"\r\n" + text, numbered(2)))
    assert len(result.rows) == 2


def test_quoted_from_lines_lose_one_mark() -> None:
    result = read(mbox, box(LEAD + b"\r\n>From a\r\n>>From b\r\n> From c\r\n"))
    assert result.row["body"] == mask("From a\n>From b\n> From c\n")


def test_line_feeds_alone_and_a_byte_order_mark() -> None:
    data = b"\xef\xbb\xbf" + box(numbered(1), numbered(2)).replace(b"\r\n", b"\n")
    assert mbox.sniff(data, "")
    assert len(read(mbox, data).rows) == 2


def test_a_message_without_a_header_is_refused_and_counted() -> None:
    broken = (
        box(numbered(1))
        + b"From x Fri Jan 26 02:57:12 2018\r\n>From y\r\n\r\nno header\r\n\r\n"
        + box(numbered(2))
    )
    result = read(mbox, broken)
    assert (len(result.rows), result.losses, result.count.records_in) == (2, [("damaged-record", None)], 3)


def test_a_message_above_the_limit_is_cut_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mbox, "MAX_MESSAGE", 2000)
    result = read(mbox, box(LEAD + b"\r\n" + b"x\r\n" * 5000, numbered(2)))
    assert (len(result.rows), result.losses) == (2, [("too-large", None)])


def test_what_the_standard_library_writes_is_read_back(tmp_path: Path) -> None:
    written = mailbox.mbox(tmp_path / "box")
    for number in range(20):
        one = Message()
        one["From"], one["Message-ID"] = "a@example.com", f"<{number}@example.com>"
        one.set_payload("From the start\n\nFrom the middle\n" * number)
        written.add(one)
    written.close()
    data = (tmp_path / "box").read_bytes()
    assert mbox.sniff(data, "")
    assert [row["message_id"] for row in read(mbox, data).rows] == [
        f"<{number}@example.com>" for number in range(20)
    ]


def test_mailboxes_are_known_by_their_first_line() -> None:
    assert mbox.sniff(box(numbered(1)), "")
    assert mbox.sniff(b"From MAILER-DAEMON Fri Jan 26 02:57:12 2018\nX-Mozilla-Status: 0\n", "Inbox")
    assert not mbox.sniff(box(numbered(1)), "one.eml")
    assert mail.sniff(box(numbered(1)), "one.eml")
    assert not mbox.sniff(plain(), "a.mbox")
    assert not mbox.sniff(b"From here to there\nis: far\n", "a.mbox")
    assert not mbox.sniff(FROM + b"no header\n", "a.mbox")
    assert not emlx.sniff(plain(), "a.emlx")
    assert not emlx.sniff(b"12\nnot mail\n", "a.emlx")


def test_damage_costs_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message, "mask", lambda text: "masked:len=0:fp=0000000000")
    data = box(numbered(1), with_attachment(), numbered(3))
    for end in range(0, len(data), 13):
        read(mbox, data[:end])
    chance = random.Random(3)
    for _ in range(200):
        damaged = bytearray(data)
        for _ in range(10):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        read(mbox, bytes(damaged))


def test_apple_mail_keeps_a_length_before_and_a_list_behind() -> None:
    data = b"%-10d\n" % len(with_attachment()) + with_attachment() + b'<?xml version="1.0"?><plist/>'
    assert emlx.sniff(data, "1.emlx")
    result = read(emlx, data)
    assert (result.row["offset"], result.children, result.issues) == (11, [("report.doc", DOCUMENT)], [])


def test_a_cut_apple_mail_file_says_so() -> None:
    data = b"%d\n" % len(plain()) + plain()[:-10]
    assert read(emlx, data).losses == [("truncated", None)]
