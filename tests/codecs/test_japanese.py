# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikeshi.codecs.charset import decode
from hikeshi.codecs.japanese import euc_jp, iso_2022_jp, shift_jis

# Where the Unicode Consortium's mapping (Python's codecs) and the WHATWG Encoding Standard's differ.
OTHERS = str.maketrans("\u301c\u2016\u2212\u00a2\u00a3\u00ac", "\uff5e\u2225\uff0d\uffe0\uffe1\uffe2")


def plane() -> list[bytes]:
    """Every pair of the 94 x 94 plane that Python's EUC-JP codec knows."""
    pairs = (bytes((row, cell)) for row in range(0xA1, 0xFF) for cell in range(0xA1, 0xFF))
    return [pair for pair in pairs if "\ufffd" not in pair.decode("euc_jp", "replace")]


def test_the_whole_plane_equals_pythons_but_for_six_known_characters() -> None:
    pairs = plane()
    assert len(pairs) == 6879
    for pair in pairs:
        expected = pair.decode("euc_jp").translate(OTHERS)
        assert expected == euc_jp(pair)
        assert expected == iso_2022_jp(b"\x1b$B" + bytes(byte & 0x7F for byte in pair) + b"\x1b(B")


def test_the_three_encodings_of_one_text_are_one_text() -> None:
    text = "添付の「御見積書～最終版」をご確認ください。"
    texts = [
        iso_2022_jp(text.replace("～", "\u301c").encode("iso2022_jp")),
        euc_jp(text.replace("～", "\u301c").encode("euc_jp")),
        shift_jis(text.encode("cp932")),
    ]
    assert [text] * 3 == texts


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x1b$B-!\x1b(B \x1b$B-j\x1b(B", "① ㈱"),  # NEC row 13, in no standard but in every mailbox
        (b"\x1b(IJ]6C\x1b(B", "ﾊﾝｶﾃ"),
        (b"\x0eJ]6C\x0f ok", "ﾊﾝｶﾃ ok"),
        (b"\x1b$B4A;z", "漢字"),  # never switched back
        (b"\x1b$B4A;z\nabc", "漢字\nabc"),  # a line ends the mode (RFC 1468)
        (b"\x1b$B4A;", "漢\ufffd"),
        (b"$B4A;z(B", "漢字"),  # escapes lost on the way
        (b"price $5 (B)", "price $5 (B)"),
        (b"\x1b$(D0!\x1b(B", b"\x8f\xb0\xa1".decode("euc_jp")),  # JIS X 0212
        (b"\x1b", "\ufffd"),
    ],
)
def test_iso_2022_jp(data: bytes, expected: str) -> None:
    assert expected == iso_2022_jp(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xad\xa1\xad\xea", "①㈱"),
        (b"\x8e\xca\x8e\xdd\x8e\xb6\x8e\xc3", "ﾊﾝｶﾃ"),
        (b"\x8f\xb0\xa1", b"\x8f\xb0\xa1".decode("euc_jp")),
        (b"a\xb4", "a\ufffd"),
    ],
)
def test_euc_jp(data: bytes, expected: str) -> None:
    assert expected == euc_jp(data)


def test_shift_jis_is_read_as_code_page_932() -> None:
    assert shift_jis("①㈱髙～ﾊﾝｶﾃ表".encode("cp932")) == "①㈱髙～ﾊﾝｶﾃ表"


@pytest.mark.parametrize(
    ("data", "label", "expected"),
    [
        ("日本語".encode("euc_jp"), None, ("日本語", "charset-guessed")),
        ("日本語テスト".encode("cp932"), None, ("日本語テスト", "charset-guessed")),
        ("日本語".encode("iso2022_jp"), None, ("日本語", "charset-guessed")),
        ("日本語".encode("iso2022_jp"), "us-ascii", ("日本語", "charset-guessed")),
        ("日本語".encode(), None, ("日本語", "charset-guessed")),
        ("日本語".encode(), "Shift_JIS", ("日本語", "charset-wrong")),
        ("日本語テスト".encode("cp932"), "utf-8", ("日本語テスト", "charset-wrong")),
        ("ひらがな".encode("euc_jp"), "x-unheard-of", ("ひらがな", "charset-unknown")),
        ("Café à la carte".encode("cp1252"), None, ("Café à la carte", "charset-guessed")),
        ("naïve résumé".encode("cp1252"), "iso-8859-1", ("naïve résumé", None)),
        (b"plain", "x-unheard-of", ("plain", "charset-unknown")),
        (b"plain", None, ("plain", None)),
        ("日本語".encode("cp932"), '"Shift-JIS"', ("日本語", None)),
        (b"ab\xff", "utf-8", ("abÿ", "charset-wrong")),
        (b"\\x41", "unicode_escape", ("\\x41", "charset-unknown")),
        (b"a-b", "punycode", ("a-b", "charset-unknown")),
        (b"Zm9v", "base64", ("Zm9v", "charset-unknown")),
    ],
)
def test_text_is_read_in_the_stated_character_set_or_the_one_that_fits(
    data: bytes, label: str | None, expected: tuple[str, str | None]
) -> None:
    assert expected == decode(data, label)


@given(
    st.binary(max_size=200),
    st.sampled_from(["iso-2022-jp", "euc-jp", "shift_jis", "utf-8", "hz", "gbk", "", "utf-7"]),
)
def test_any_bytes_give_text(data: bytes, label: str) -> None:
    text, _ = decode(data, label)
    assert text == text.encode("utf-8").decode("utf-8")


@given(st.text(alphabet=st.characters(codec="cp932", exclude_characters="¢£¬‖−〜"), max_size=60))
def test_what_code_page_932_writes_is_read_back(text: str) -> None:
    assert text == shift_jis(text.encode("cp932"))


@given(st.binary(max_size=80).map(lambda data: b"\x1b$B" + data), st.sampled_from([iso_2022_jp, euc_jp]))
def test_damaged_japanese_is_no_error(data: bytes, read: object) -> None:
    assert callable(read)
    assert isinstance(read(data), str)
