# SPDX-License-Identifier: Apache-2.0
"""How a victim's secret is shown: its length and a fingerprint, never the secret.

The text is ``masked:len=N:fp=XXXXXXXXXX``: N is the length in bytes (text counts as UTF-8) and the
fingerprint is the first 40 bits of scrypt (RFC 7914) with N=4096, r=8, p=1 and a fixed public salt, in
hexadecimal. Equal secrets show as equal in every case. Forty bits of a slow hash slow a guesser down and do
not stop one who can guess the secret: masked values are for internal outputs only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

SALT = b"hikeshi mask 1"
MASKED = re.compile(r"masked:len=(\d+):fp=([0-9a-f]{10})")
_COST = {"n": 4096, "r": 8, "p": 1}
_REMEMBERED = 65_536
_seen: dict[bytes, str] = {}
_wanted: dict[str, bytes | None] = {}


def mask(secret: bytes | str) -> str:
    """The secret's length and fingerprint as text; equal secrets give equal text."""
    data = secret if isinstance(secret, bytes) else secret.encode("utf-8", "surrogatepass")
    key = hashlib.sha256(data).digest()
    if key not in _seen:
        if len(_seen) >= _REMEMBERED:
            _seen.clear()
        fingerprint = hashlib.scrypt(data, salt=SALT, dklen=5, **_COST).hex()
        _seen[key] = f"masked:len={len(data)}:fp={fingerprint}"
    if _seen[key] in _wanted:
        _wanted[_seen[key]] = data
    return _seen[key]


@contextmanager
def caught(wanted: Iterable[str]) -> Iterator[dict[str, bytes | None]]:
    """While entered, secrets whose masked text is wanted are kept: whatever decodes and masks them can reveal them."""
    _wanted.update(dict.fromkeys(wanted))
    try:
        yield _wanted
    finally:
        _wanted.clear()
