# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64 as standard
from email.header import Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikeshi.codecs.mailheaders import Address, addresses, base64, parameters, words


def text(value: bytes) -> str:
    return words(value, [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # The examples of RFC 2047 section 8.
        (b"(=?ISO-8859-1?Q?a?=)", "(a)"),
        (b"(=?ISO-8859-1?Q?a?= b)", "(a b)"),
        (b"(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
        (b"(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"),
        (b"(=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=)", "(ab)"),
        (b"(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
        (b"(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
        (b"=?ISO-8859-1?Q?Andr=E9?= Pirard", "André Pirard"),
        (b"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=", "If you can read this yo"),
        # RFC 2231 section 5: a language after the character set.
        (b"=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),
        # Spaces that should have been underscores; no padding; unknown character set.
        (b"=?utf-8?Q?two words?=", "two words"),
        (b"=?utf-8?B?5pel5pys?=x", "日本x"),
        (b"=?x-nowhere?Q?abc?=", "abc"),
        (b"=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        (b"folded\r\n\tline", "folded line"),
    ],
)
def test_encoded_words(value: bytes, expected: str) -> None:
    assert expected == text(value)


def test_a_character_split_between_two_words_is_whole() -> None:
    first, second = (standard.b64encode(part) for part in ("日本".encode()[:4], "日本".encode()[4:]))
    assert text(b"=?utf-8?B?" + first + b"?=\r\n =?utf-8?B?" + second + b"?=") == "日本"


def test_an_iso_2022_jp_word_cut_without_an_escape_goes_on_in_the_next() -> None:
    data = "見積書の件".encode("iso2022_jp")
    first, second = standard.b64encode(data[:7]), standard.b64encode(data[7:])
    assert text(b"=?ISO-2022-JP?B?" + first + b"?= =?ISO-2022-JP?B?" + second + b"?=") == "見積書の件"


def test_base64_cut_inside_a_group_goes_on_in_the_next_word() -> None:
    encoded = standard.b64encode("見積書の件".encode())
    assert text(b"=?utf-8?B?" + encoded[:6] + b"?= =?utf-8?B?" + encoded[6:] + b"?=") == "見積書の件"


@pytest.mark.parametrize("charset", ["iso-2022-jp", "euc-jp", "shift_jis", "utf-8"])
def test_what_the_standard_library_folds_is_read_back(charset: str) -> None:
    subject = "請求書の再送について、至急ご確認をお願いいたします。担当の山田です。" * 3
    header = Header(subject, charset, header_name="Subject").encode()
    assert subject == text(header.encode("ascii"))


@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "iso2022_jp"])
def test_raw_bytes_are_guessed_and_named(codec: str) -> None:
    defects: list[str] = []
    assert words("重要：パスワード変更".encode(codec), defects) == "重要：パスワード変更"
    assert defects == ["header-8bit"]


def test_control_characters_do_not_reach_a_table() -> None:
    defects: list[str] = []
    assert words(b"=?utf-8?Q?a=0D=0ABcc:_x=00=1B?=", defects) == "a\ufffd\ufffdBcc: x\ufffd\ufffd"
    assert defects == ["control-characters"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # RFC 2231 sections 3 and 4.
        (
            b'message/external-body; access-type=URL; URL*0="ftp://";\r\n URL*1="cs.utk.edu/pub/x"',
            {"access-type": "URL", "url": "ftp://cs.utk.edu/pub/x"},
        ),
        (
            b"application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
            {"title": "This is ***fun***"},
        ),
        (
            b"application/x-stuff\r\n ;title*0*=us-ascii'en'This%20is%20even%20more%20"
            b'\r\n ;title*1*=%2A%2A%2Afun%2A%2A%2A%20\r\n ;title*2="isn\'t it!"',
            {"title": "This is even more ***fun*** isn't it!"},
        ),
        (b"x/y; title*1=b; title*0=a", {"title": "ab"}),
        (b'x/y; filename="a\\"b\\\\c.doc"', {"filename": 'a"b\\c.doc'}),
        (b"x/y; filename=no quotes here.pdf ; size=3", {"filename": "no quotes here.pdf", "size": "3"}),
        (b'x/y; filename="never closed.pdf', {"filename": "never closed.pdf"}),
        (b'x/y; filename="semi;colon.pdf"', {"filename": "semi;colon.pdf"}),
        (b"x/y;;; a=1; a=2", {"a": "1"}),
        (b"x/y", {}),
    ],
)
def test_parameters(value: bytes, expected: dict[str, str]) -> None:
    assert expected == parameters(value, [])[1]


@pytest.mark.parametrize(
    "value",
    [
        b'attachment; filename="' + "表示.doc".encode("cp932") + b'"',  # its second byte is a backslash
        b'attachment; filename="' + "表示.doc".encode("iso2022_jp") + b'"',
        b'attachment; filename="' + "表示.doc".encode() + b'"',
        b'attachment; filename="=?ISO-2022-JP?B?'
        + standard.b64encode("表示.doc".encode("iso2022_jp"))
        + b'?="',
        b"attachment; filename*=iso-2022-jp''%1B$BI=<(%1B%28B.doc",
        b"attachment; filename*=UTF-8''%E8%A1%A8%E7%A4%BA.doc; filename=plain.doc",
        b"attachment; filename*0*=UTF-8''%E8%A1; filename*1*=%A8%E7%A4%BA; filename*2=.doc",
        b'attachment; filename*0="=?utf-8?B?6KGo56"; filename*1="S6LmRvYw==?="',
    ],
)
def test_a_japanese_file_name_in_every_way_mailers_write_it(value: bytes) -> None:
    assert (
        parameters(value, [])[0],
        parameters(value, [])[1]["filename"],
    ) == ("attachment", "表示.doc")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a@example.com", [("", "a@example.com")]),
        (b"Joe Q. Public <john.q@example.com>", [("Joe Q. Public", "john.q@example.com")]),
        (b'"Giant; \\"Big\\" Box" <s@example.com>', [('Giant; "Big" Box', "s@example.com")]),
        (b"Group:Ed <ed@example.com>,joe@example.com;", [("Ed", "ed@example.com"), ("", "joe@example.com")]),
        (b"Undisclosed recipients:;", []),
        (b"Pete(A nice \\) chap) <pete@example.com>", [("Pete", "pete@example.com")]),
        (b"old@example.com (Old Form)", [("Old Form", "old@example.com")]),
        (b"<@hop.example:a@example.com>", [("", "a@example.com")]),
        (
            b"Yamada, Taro <t@example.com>, b@example.com",
            [("Yamada, Taro", "t@example.com"), ("", "b@example.com")],
        ),
        (b"Account Team ,_<x@example.com>", [("Account Team ,_", "x@example.com")]),
        (b'"bank@example.com" <evil@example.net>', [("bank@example.com", "evil@example.net")]),
        (b"<>", []),
        (b"nobody", [("nobody", "")]),
        (b"=?utf-8?B?5bGx55Sw?= <y@example.com>", [("山田", "y@example.com")]),
        (b'"=?utf-8?B?5bGx55Sw?=" <y@example.com>', [("山田", "y@example.com")]),
        ("山田, <".encode("cp932") + b"y@example.com>", [("山田", "y@example.com")]),
        (b"\x1b$B;3ED\x1b(B <y@example.com>", [("山田", "y@example.com")]),
        (b"Never closed <a@example.com", [("Never closed", "a@example.com")]),
    ],
)
def test_addresses(value: bytes, expected: list[tuple[str, str]]) -> None:
    assert [Address(*pair) for pair in expected] == addresses(value, [])


def test_an_address_list_is_cut_at_the_limit() -> None:
    assert len(addresses(b"a@example.com," * 10, [], limit=3)) == 3


@given(st.binary(max_size=120))
def test_base64_reads_back_what_the_standard_library_writes(data: bytes) -> None:
    assert data == base64(standard.encodebytes(data))


@given(
    st.lists(
        st.sampled_from(
            [
                b'"',
                b"(",
                b")",
                b"<",
                b">",
                b",",
                b";",
                b":",
                b"\\",
                b"@",
                b"a",
                b"=?utf-8?B?",
                b"?=",
                b"\x1b$B",
                b"\xe3",
                b"*0*=",
                b"=",
                b"\r\n ",
            ]
        ),
        max_size=40,
    ).map(b"".join)
)
def test_no_value_is_an_error(value: bytes) -> None:
    words(value, []).encode()
    for found in addresses(value, []):
        "".join(found).encode()
    for name in parameters(value, [])[1].values():
        name.encode()
