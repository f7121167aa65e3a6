# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from hikeshi.codecs.mask import mask
from hikeshi.codecs.mime import MAX_DEPTH, MAX_FIELDS, MAX_PARTS
from hikeshi.readers import mail
from readers.mails import DOCUMENT, LEAD, attached, multipart, plain, read, text, with_attachment


def test_a_plain_message_field_by_field() -> None:
    result = read(mail, plain())
    assert result.row == {
        "item": "0" * 64,
        "record": 0,
        "offset": 0,
        "time": datetime(2018, 1, 25, 17, 57, 12, tzinfo=UTC),
        "time_text": "Fri, 26 Jan 2018 02:57:12 +0900",
        "delivered": None,
        "message_id": "<1@example.com>",
        "in_reply_to": None,
        "subject": "請求書の送付",
        "sender": "taro@example.com",
        "sender_name": "山田太郎",
        "reply_to": None,
        "return_path": None,
        "sent_by": None,
        "mismatch": [],
        "recipients": ["hanako@example.jp"],
        "received": [],
        "received_ip": [],
        "spf": None,
        "dkim": None,
        "dmarc": None,
        "urls": ["https://example.com/a", "www.example.com/b"],
        "attachments": [],
        "attachment_ids": [],
        "body": mask("Hello, see https://example.com/a and www.example.com/b.\n"),
        "defects": [],
    }
    assert result.issues == []


def test_an_attachment_is_a_child_with_the_hash_the_row_states() -> None:
    result = read(mail, with_attachment())
    assert result.children == [("report.doc", DOCUMENT)]
    assert result.row["attachments"] == ["report.doc"]
    assert result.row["attachment_ids"] == [sha256(DOCUMENT).hexdigest()]
    assert result.row["urls"] == ["http://example.com/text"]


def test_the_body_is_masked_the_same_whatever_carried_it() -> None:
    words = "見積書です。\n".encode()
    ways = [
        LEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + words,
        LEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + words.replace(b"\n", b"\r\n"),
        LEAD
        + b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: BASE64\r\n\r\n"
        + base64.encodebytes(words),
        LEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + words.decode().encode("iso2022_jp"),
    ]
    assert {read(mail, way).row["body"] for way in ways} == {mask(words)}


def test_no_body_text_stands_in_a_row() -> None:
    row = read(mail, LEAD + b"\r\nthe password is Tr0ub4dor\r\n").row
    assert "Tr0ub4dor" not in repr(row)


def test_the_hops_are_in_order_with_the_address_each_saw() -> None:
    hops = (
        b"Received: from b.example (b.example [192.0.2.2])\r\n"
        b"\tby c.example; Fri, 26 Jan 2018 03:00:00 +0900\r\n"
        b"Received: from pc ([198.51.100.1]) by b.example; Fri, 26 Jan 2018 02:58:00 +0900\r\n"
        b"Received: by pc; Fri, 26 Jan 2018 02:57:30 +0900\r\n"
    )
    row = read(mail, hops + plain()).row
    assert row["received_ip"] == ["192.0.2.2", "198.51.100.1", ""]
    assert (
        row["received"][0]
        == "from b.example (b.example [192.0.2.2]) by c.example; Fri, 26 Jan 2018 03:00:00 +0900"
    )
    assert row["delivered"] == datetime(2018, 1, 25, 18, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (b"Reply-To: taro@example.com\r\nReturn-Path: <bounce@mail.example.com>\r\n", []),
        (b"Reply-To: x@example.net\r\n", ["reply-to"]),
        (b"Return-Path: <x@notexample.com>\r\n", ["return-path"]),
        (b"Return-Path: <>\r\n", []),
        (b"Sender: x@example.org\r\n", ["sent-by"]),
    ],
)
def test_what_disagrees_with_from_is_named(fields: bytes, expected: list[str]) -> None:
    assert read(mail, fields + plain()).row["mismatch"] == expected


def test_an_address_shown_as_the_name_is_named() -> None:
    data = b'From: "bank@example.com" <x@example.net>\r\nTo: a@example.com\r\n\r\n'
    row = read(mail, data).row
    assert (row["sender"], row["sender_name"], row["mismatch"]) == (
        "x@example.net",
        "bank@example.com",
        ["name"],
    )


def test_statements_of_authentication_say_whose_they_are() -> None:
    fields = b"Authentication-Results: mx.example.jp; spf=fail smtp.mailfrom=example.com;\r\n dmarc=fail\r\n"
    row = read(mail, fields + plain()).row
    assert (row["spf"], row["dkim"], row["dmarc"]) == (
        "fail example.com by mx.example.jp",
        None,
        "fail - by mx.example.jp",
    )


def test_every_recipient_field_counts_once_each_address() -> None:
    fields = b"Cc: b@example.jp, hanako@example.jp\r\nBcc: c@example.jp\r\nDelivered-To: d@example.jp\r\n"
    expected = ["hanako@example.jp", "b@example.jp", "c@example.jp", "d@example.jp"]
    assert read(mail, fields + plain()).row["recipients"] == expected


def test_a_message_in_a_message_is_a_child_and_stays_closed() -> None:
    inner = LEAD + multipart(text(b"http://example.com/inner"), attached(), boundary=b"b-1")
    data = LEAD + multipart(text(), b"Content-Type: message/rfc822\r\n\r\n" + inner, boundary=b"outer")
    result = read(mail, data)
    assert result.children == [("part-2", inner)]
    assert result.row["urls"] == ["http://example.com/text"]
    assert mail.sniff(inner, "")


def test_parts_of_a_digest_are_messages() -> None:
    result = read(mail, LEAD + multipart(b"\r\n" + plain(), b"\r\n" + plain(), kind=b"digest"))
    assert [content for _, content in result.children] == [plain(), plain()]


@pytest.mark.parametrize(
    ("lead", "expected"),
    [
        (b"\xef\xbb\xbf", None),
        (b"\r\n\r\n \r\n", None),
        (b"From a@example.com Fri Jan 26 02:57:12 2018\r\n", None),
    ],
)
def test_what_comes_before_the_header_is_passed_over(lead: bytes, expected: None) -> None:
    assert mail.sniff(lead + plain(), "")
    assert read(mail, lead + plain()).row["sender"] == "taro@example.com"


def test_line_breaks_may_be_line_feeds_or_carriage_returns() -> None:
    for data in (with_attachment().replace(b"\r\n", b"\n"), plain().replace(b"\r\n", b"\r")):
        assert mail.sniff(data, "")
        assert read(mail, data).row["sender"] == "taro@example.com"


def test_two_attachments_of_one_name_have_two_places() -> None:
    result = read(mail, LEAD + multipart(attached(content=b"one"), attached(content=b"two")))
    assert [place for place, _ in result.children] == ["report.doc", "2-report.doc"]
    assert result.row["attachments"] == ["report.doc", "report.doc"]


@pytest.mark.parametrize(
    ("name", "stated", "place"),
    [
        (b'filename="../../etc/x"', "../../etc/x", "_.._etc_x"),
        (b'filename="C:\\\\a\\\\b.doc"', "C:\\a\\b.doc", "C:_a_b.doc"),
        (b'filename="..."', "...", "part-1"),
        (b'filename=""', "part-1", "part-1"),
        (b"filename*=utf-8''a%00b%0Ac.doc", "a\ufffdb\ufffdc.doc", "a\ufffdb\ufffdc.doc"),
        (b"filename*=utf-8''%E2%80%AEcod.exe", "\u202ecod.exe", "\u202ecod.exe"),
        ('filename="請求書　２月.doc"'.encode("cp932"), "請求書　２月.doc", "請求書　２月.doc"),
    ],
)
def test_a_file_name_cannot_leave_its_message(name: bytes, stated: str, place: str) -> None:
    result = read(mail, LEAD + multipart(attached(name)))
    assert (result.row["attachments"], [found for found, _ in result.children]) == ([stated], [place])


def test_a_boundary_used_twice_belongs_to_the_inner_part() -> None:
    inner = multipart(text(), text(b"<p>", b"html"), kind=b"alternative")
    result = read(mail, LEAD + multipart(inner, attached()))
    assert [place for place, _ in result.children] == ["report.doc"]


def test_an_outer_boundary_ends_what_an_inner_one_left_open() -> None:
    inner = multipart(text(), boundary=b"b-2", end=b"").removesuffix(b"--b-2")
    result = read(mail, LEAD + multipart(inner, attached()))
    assert result.children == [("report.doc", DOCUMENT)]
    assert result.row["defects"] == ["boundary-unclosed"]


def test_a_wrong_boundary_does_not_hide_the_parts() -> None:
    result = read(mail, LEAD + multipart(text(), attached()).replace(b'"b-1"', b'"other"'))
    assert result.children == [("report.doc", DOCUMENT)]
    assert result.row["defects"] == ["boundary-wrong"]


def test_a_multipart_without_parts_is_read_as_text() -> None:
    result = read(mail, LEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\nhttp://example.com/\r\n")
    assert result.row["urls"] == ["http://example.com/"]
    assert "boundary-missing" in result.row["defects"]


def test_a_cut_message_keeps_what_came_and_says_so() -> None:
    data = with_attachment()[:-1000]
    result = read(mail, data)
    assert DOCUMENT.startswith(result.children[0][1])
    assert ("truncated", "boundary-unclosed") in result.losses


def test_base64_after_its_end_is_named_and_not_decoded() -> None:
    data = LEAD + multipart(attached(content=b"ab") + b"SGlkZGVu\r\n")
    result = read(mail, data)
    assert result.children == [("report.doc", b"ab")]
    assert result.losses == [("damaged", "base64-damaged")]


def test_uuencoded_content_is_decoded() -> None:
    part = b"Content-Type: application/x\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n"
    result = read(mail, LEAD + multipart(part + b"begin 644 a\r\n#0V%T\r\n`\r\nend\r\n"))
    assert result.children == [("part-1", b"Cat")]


def test_an_unknown_transfer_encoding_leaves_the_bytes() -> None:
    part = b"Content-Type: application/x\r\nContent-Transfer-Encoding: x-rot\r\n\r\nabc"
    result = read(mail, LEAD + multipart(part))
    assert (result.children, result.row["defects"]) == ([("part-1", b"abc")], ["encoding-unknown"])


def test_a_repeated_field_counts_first_and_is_named() -> None:
    row = read(mail, plain().replace(b"To:", b"From: other@example.net\r\nTo:", 1)).row
    assert (row["sender"], row["defects"]) == ("taro@example.com", ["repeated-from"])


def test_several_senders_are_named() -> None:
    row = read(mail, b"From: a@example.com, b@example.net\r\nTo: c@example.com\r\n\r\n").row
    assert (row["sender"], row["defects"]) == ("a@example.com", ["several-senders"])


def test_a_date_that_is_none_keeps_its_text() -> None:
    row = read(mail, plain().replace(b"Fri, 26 Jan 2018 02:57:12 +0900", b"12-04-2023")).row
    assert (row["time"], row["time_text"], row["defects"]) == (None, "12-04-2023", ["date-unusable"])


def test_a_broken_header_line_does_not_end_the_header() -> None:
    row = read(mail, plain().replace(b"Subject:", b"broken line\r\nSubject:")).row
    assert (row["message_id"], row["defects"]) == ("<1@example.com>", ["header-line-broken"])


def test_a_header_may_end_without_an_empty_line() -> None:
    row = read(mail, LEAD + b"Hello http://example.com/ there\r\n").row
    assert (row["urls"], row["defects"]) == (["http://example.com/"], ["header-without-end"])


def test_nul_and_surrogates_become_replacement_characters() -> None:
    row = read(mail, plain().replace(b"Subject: ", b"Subject: a\x00b \xed\xa0\x80 ")).row
    assert row["subject"].startswith("a\ufffdb ")
    assert "control-characters" in row["defects"]


def test_limits_are_kept_and_named() -> None:
    depth = MAX_DEPTH + 5
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=n%d\r\n\r\n--n%d\r\n" % (n, n) for n in range(depth)
    )
    assert ("too-deep", "parts-too-deep") in read(mail, LEAD + nested + b"\r\nx").losses
    many = b"--b\r\n\r\nx\r\n" * (MAX_PARTS + 1)
    result = read(mail, LEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + many)
    assert ("too-many-entries", "parts-cut") in result.losses
    fields = b"X-A: 1\r\n" * (MAX_FIELDS + 1)
    assert ("too-large", "header-fields-cut") in read(mail, LEAD + fields + b"\r\n").losses


def test_bytes_without_a_header_are_a_refused_record() -> None:
    result = read(mail, b"\r\nno header at all")
    assert (result.rows, result.losses, result.issues[0].records) == ([], [("damaged", None)], 1)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nDate: Fri, 26 Jan 2018 02:57:12 GMT\r\nContent-Type: text/html\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nFrom: a@example.com\r\nDate: Fri, 26 Jan 2018 02:57 GMT\r\n\r\n",
        b"Date: Fri, 26 Jan 2018 02:57:12 GMT\r\nServer: x\r\nContent-Length: 3\r\n\r\nabc",
        b"Package: x\nVersion: 1\nMaintainer: A <a@example.com>\nDescription: y\n",
        b"Format: 1.8\nDate: Fri, 26 Jan 2018 02:57:12 +0900\nSource: x\nMaintainer: A <a@example.com>\n\n",
        b"Metadata-Version: 2.1\nName: x\nAuthor-email: a@example.com\n\n",
        b"#!/usr/bin/env python\n# From: a@example.com\n# To: b@example.com\n",
        b"from email import message\nto: str = 'a@example.com'\n",
        b"from: here\nto: there\nsubject: yaml\n",
        b"2018-01-26 02:57:12 From: a@example.com To: b@example.com\n",
        b'{"From": "a@example.com", "To": "b@example.com"}',
        b"To whom it may concern:\nFrom: me@example.com\nSubject: x\n",
        b"Subject: only\n\n",
        bytes(4096),
    ],
)
def test_other_files_are_left_alone(head: bytes) -> None:
    assert not mail.sniff(head, "a.eml")


@pytest.mark.parametrize(
    "head",
    [
        plain(),
        plain().replace(b"\r\n", b"\n"),
        b"from: a@example.com\nsubject: lower case\n\nx",
        b"Return-Path: <a@example.com>\r\nReceived: from a by b; Fri, 26 Jan 2018 02:57:12 +0900\r\nX-Long: "
        + b"x" * 70_000,
        b"To: draft@example.com\nSubject: draft\n\n",
        b"Return-Path: <>\r\nDate: Fri, 26 Jan 2018 02:57:12 +0900\r\n\r\n",
    ],
)
def test_mail_is_known_by_its_header(head: bytes) -> None:
    assert mail.sniff(head[:65536], "1516935432.host:2,S")
