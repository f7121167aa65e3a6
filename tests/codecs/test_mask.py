# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib

import pytest

from hikeshi.codecs.mask import MASKED, SALT, mask


def test_scrypt_gives_the_vector_of_rfc_7914_section_12() -> None:
    expected = (
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    )
    assert expected == hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=16).hex()


# Computed with the scrypt of the `cryptography` package: salt "hikeshi mask 1", n=4096, r=8, p=1, 5 bytes.
@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        (b"password", "masked:len=8:fp=8e3a93ba4e"),
        ("パスワード", "masked:len=15:fp=761b8b4367"),
        (b"", "masked:len=0:fp=5b4d4a6bb9"),
    ],
)
def test_a_secret_shows_as_length_and_fingerprint(secret: bytes | str, expected: str) -> None:
    assert expected == mask(secret)


def test_text_and_its_utf8_bytes_are_the_same_secret() -> None:
    assert mask("鍵") == mask("鍵".encode())


def test_other_secrets_show_otherwise() -> None:
    assert len({mask(b"a"), mask(b"b"), mask(b"aa"), mask("\udc80")}) == 4


def test_the_form_is_the_documented_one() -> None:
    assert MASKED.fullmatch(mask(b"x" * 100_000))
    assert SALT == b"hikeshi mask 1"
