# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hikeshi.codecs.times import filetime, iso


def test_filetime_counts_from_1601() -> None:
    """116444736000000000 is 1970-01-01 (learn.microsoft.com, "Converting a time_t value to a FILETIME")."""
    assert 0 == filetime(116_444_736_000_000_000)
    assert "1601-01-01T00:00:00.000000Z" == iso(filetime(0))
    assert filetime(-1) is None
    assert filetime(1 << 63) is None
