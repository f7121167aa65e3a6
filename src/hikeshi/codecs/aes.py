# SPDX-License-Identifier: Apache-2.0
"""AES (FIPS 197) over many blocks at once, and two of its modes (NIST SP 800-38A): CFB-128 and OFB.

CFB decryption needs the ciphertext alone as the cipher's input, so all blocks of a message go through the
rounds together; the keystream of OFB is made block by block.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

BLOCK = 16
_ROUNDS = {16: 10, 24: 12, 32: 14}


def _times_two(value: int) -> int:
    return (value << 1 ^ (0x11B if value & 0x80 else 0)) & 0xFF


@cache
def _boxes() -> tuple[Bytes, Bytes]:
    """The S-box and the table of multiplication by two in GF(2^8)."""
    import numpy as np

    powers, logs, value = [0] * 255, [0] * 256, 1
    for exponent in range(255):
        powers[exponent], logs[value] = value, exponent
        value ^= _times_two(value)
    box = []
    for byte in range(256):
        inverse = powers[-logs[byte] % 255] if byte else 0
        mixed = inverse
        for turn in range(1, 5):
            mixed ^= (inverse << turn | inverse >> (8 - turn)) & 0xFF
        box.append(mixed ^ 0x63)
    return np.array(box, np.uint8), np.array([_times_two(b) for b in range(256)], np.uint8)


@lru_cache(64)
def _round_keys(key: bytes) -> Bytes:
    import numpy as np

    box, _ = _boxes()
    words = [list(key[i : i + 4]) for i in range(0, len(key), 4)]
    size, constant = len(words), 1
    for number in range(size, 4 * (_ROUNDS[len(key)] + 1)):
        word = list(words[-1])
        if number % size == 0:
            word = [int(box[b]) for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = _times_two(constant)
        elif size > 6 and number % size == 4:
            word = [int(box[b]) for b in word]
        words.append([a ^ b for a, b in zip(words[-size], word, strict=True)])
    return np.array(words, np.uint8).reshape(-1, BLOCK)


def encrypt_blocks(key: bytes, blocks: bytes) -> bytes:
    """Each block of 16 bytes under AES; the key has 16, 24 or 32 bytes."""
    import numpy as np

    if len(key) not in _ROUNDS or len(blocks) % BLOCK:
        raise ValueError("AES takes keys of 16, 24 or 32 bytes and whole blocks of 16")
    box, double = _boxes()
    keys = _round_keys(key)
    shift = np.array([(4 * (i // 4 + i % 4) + i % 4) % BLOCK for i in range(BLOCK)])
    state = np.frombuffer(blocks, np.uint8).reshape(-1, BLOCK) ^ keys[0]
    for number in range(1, len(keys)):
        state = box[state][:, shift]
        if number < len(keys) - 1:
            column = state.reshape(-1, 4, 4)
            every = column[:, :, 0] ^ column[:, :, 1] ^ column[:, :, 2] ^ column[:, :, 3]
            state = (column ^ every[:, :, None] ^ double[column ^ np.roll(column, -1, 2)]).reshape(-1, BLOCK)
        state = state ^ keys[number]
    return bytes(state.tobytes())


def cfb_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Plaintext of CFB-128; a last block may be short."""
    if not data:
        return b""
    inputs = (iv + data)[: -(-len(data) // BLOCK) * BLOCK]
    return _xor(data, encrypt_blocks(key, inputs))


def ofb_keystream(key: bytes, iv: bytes, size: int) -> bytes:
    """The first `size` bytes of OFB's keystream."""
    out, block = bytearray(), iv
    while len(out) < size:
        block = encrypt_blocks(key, block)
        out += block
    return bytes(out[:size])


def ofb_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Plaintext of OFB; a last block may be short."""
    return _xor(data, ofb_keystream(key, iv, len(data)))


def _xor(data: bytes, stream: bytes) -> bytes:
    size = len(data)
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream[:size], "big")).to_bytes(size, "big")
