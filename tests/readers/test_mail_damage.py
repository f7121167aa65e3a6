# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import quopri
import random
from collections.abc import Iterator
from email import message_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikeshi.readers import mail, message
from readers.mails import LEAD, examples, read


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    """Masking is slow by design and tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(message, "mask", lambda text: f"masked:len={len(text.encode())}:fp=0000000000")
        yield


PIECES = [
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"--b",
        b"--b--",
        b"--",
        b"Content-Type: ",
        b"multipart/mixed; boundary=b",
        b"text/html",
        b":",
    ),
    *(
        b"message/rfc822",
        b"Content-Transfer-Encoding: ",
        b"base64",
        b"quoted-printable",
        b"x-uuencode",
        b"SGVsbG8=",
        b"=",
    ),
    *(
        b'Content-Disposition: attachment; filename="',
        b'"',
        b"=?iso-2022-jp?B?GyRC?=",
        b"\x1b$B",
        b"\xff\xfe",
        b"\x00",
        b";",
    ),
    *(
        b"Received: from a (b [192.0.2.1]) by c; ",
        b"Fri, 26 Jan 2018 02:57:12 +0900",
        b"From: ",
        b"<a@example.com>",
        b" ",
    ),
    *(
        b"charset=utf-7",
        b"charset=utf-16",
        b"+2AA-",
        b"<a href=http://example.com/",
        b">",
        b"begin 644 a",
        b"M" * 61,
    ),
]


@pytest.mark.parametrize("number", range(len(examples())))
def test_a_message_cut_anywhere_is_read_as_far_as_it_goes(number: int) -> None:
    data = examples()[number]
    for end in range(len(data)):
        result = read(mail, data[:end])
        assert result.count.records_in == 1


@pytest.mark.parametrize("number", range(len(examples())))
def test_flipped_bits_are_no_error(number: int) -> None:
    data, chance = examples()[number], random.Random(number)
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 2, 10, 50))):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        read(mail, bytes(damaged))


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join), st.booleans())
def test_any_order_of_the_pieces_of_mail_is_no_error(data: bytes, lead: bool) -> None:
    read(mail, LEAD + data if lead else data)
    mail.sniff(data, "")


@given(
    st.lists(st.binary(max_size=80), min_size=1, max_size=5),
    st.sampled_from(["base64", "quoted-printable", "8bit"]),
)
def test_parts_the_standard_library_reads_have_the_same_bytes(contents: list[bytes], encoding: str) -> None:
    encode = {
        "base64": base64.encodebytes,
        "quoted-printable": lambda c: quopri.encodestring(c, quotetabs=True),
    }
    parts = [encode.get(encoding, lambda c: c)(content).replace(b"--", b"xx") for content in contents]
    field = f"Content-Type: application/x\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    body = b"".join(b"--b\r\n" + field + part + b"\r\n" for part in parts)
    data = LEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body + b"--b--\r\n"
    expected = [part.get_payload(decode=True) for part in message_from_bytes(data).get_payload()]  # type: ignore[union-attr]
    assert expected == [content for _, content in read(mail, data).children]
