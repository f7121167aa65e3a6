# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hikeshi.codecs.rc4 import rc4


# RFC 6229: first 16 bytes of the keystream; the last is the vector of the original posting, "Plaintext".
@pytest.mark.parametrize(
    ("key", "data", "expected"),
    [
        ("0102030405", bytes(16), "b2396305f03dc027ccc3524a0a1118a8"),
        ("0102030405060708090a0b0c0d0e0f10", bytes(16), "9ac7cc9a609d1ef7b2932899cde41b97"),
        (b"Key".hex(), b"Plaintext", "bbf316e8d940af0ad3"),
    ],
)
def test_published_vectors(key: str, data: bytes, expected: str) -> None:
    assert expected == rc4(bytes.fromhex(key), data).hex()


def test_the_same_call_undoes_it() -> None:
    assert b"x" * 300 == rc4(b"k", rc4(b"k", b"x" * 300))
    assert b"x" == rc4(b"", b"x")
