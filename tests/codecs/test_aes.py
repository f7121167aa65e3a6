# SPDX-License-Identifier: Apache-2.0
"""FIPS 197 appendix C and NIST SP 800-38A appendix F."""

from __future__ import annotations

import pytest

from hikeshi.codecs.aes import cfb_decrypt, encrypt_blocks, ofb_decrypt

PLAIN = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
KEY_256 = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
IV = bytes(range(16))
CFB_256 = bytes.fromhex(
    "dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407b"
    "df10132415e54b92a13ed0a8267ae2f975a385741ab9cef82031623d55b1e471"
)
OFB_256 = bytes.fromhex(
    "dc7e84bfda79164b7ecd8486985d38604febdc6740d20b3ac88f6ad82a4fb08d"
    "71ab47a086e86eedf39d1c5bba97c4080126141d67f37be8538f5a8be740e484"
)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (16, "69c4e0d86a7b0430d8cdb78070b4c55a"),
        (24, "dda97ca4864cdfe06eaf70a0ec0d7191"),
        (32, "8ea2b7ca516745bfeafc49904b496089"),
    ],
)
def test_fips_197(size: int, expected: str) -> None:
    block = bytes.fromhex("00112233445566778899aabbccddeeff")
    assert expected == encrypt_blocks(bytes(range(size)), block).hex()
    assert expected * 3 == encrypt_blocks(bytes(range(size)), block * 3).hex()


def test_modes_of_sp_800_38a() -> None:
    assert PLAIN == cfb_decrypt(KEY_256, IV, CFB_256)
    assert PLAIN == ofb_decrypt(KEY_256, IV, OFB_256)


def test_a_message_cut_anywhere_decrypts_to_its_beginning() -> None:
    for size in range(len(PLAIN) + 1):
        assert PLAIN[:size] == cfb_decrypt(KEY_256, IV, CFB_256[:size])
        assert PLAIN[:size] == ofb_decrypt(KEY_256, IV, OFB_256[:size])


def test_wrong_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="16, 24 or 32"):
        encrypt_blocks(b"short", bytes(16))
    with pytest.raises(ValueError, match="whole blocks"):
        encrypt_blocks(bytes(16), b"short")
