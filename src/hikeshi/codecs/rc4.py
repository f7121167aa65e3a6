# SPDX-License-Identifier: Apache-2.0
"""RC4, as RFC 6229 gives its test vectors."""

from __future__ import annotations


def rc4(key: bytes, data: bytes) -> bytes:
    """The data under RC4 with this key; the same call undoes it. An empty key gives the data back."""
    if not key:
        return data
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 0xFF
        state[i], state[j] = state[j], state[i]
    out = bytearray(len(data))
    i = j = 0
    for at, byte in enumerate(data):
        i = (i + 1) & 0xFF
        j = (j + state[i]) & 0xFF
        state[i], state[j] = state[j], state[i]
        out[at] = byte ^ state[(state[i] + state[j]) & 0xFF]
    return bytes(out)
