# SPDX-License-Identifier: Apache-2.0
"""Zip archives with stored members, named in cp932 without a UTF-8 mark, as old Japanese tools wrote them.

Layout: PKWARE, ".ZIP File Format Specification" (APPNOTE.TXT), sections 4.3.7, 4.3.12 and 4.3.16.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

LOCAL = struct.Struct("<4sHHHHHIIIHH")
CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
END = struct.Struct("<4sHHHHIIH")
DATE, TIME = (2024 - 1980) << 9 | 3 << 5 | 12, 9 << 11


def stored(members: Sequence[tuple[str, bytes]]) -> bytes:
    """An archive of uncompressed members, in the order given."""
    body, directory = b"", b""
    for name, data in members:
        raw, crc, size = name.encode("cp932"), zlib.crc32(data), len(data)
        entry = (10, 0, 0, TIME, DATE, crc, size, size, len(raw), 0)
        directory += CENTRAL.pack(b"PK\1\2", 20, *entry, 0, 0, 0, 0, len(body)) + raw
        body += LOCAL.pack(b"PK\3\4", *entry) + raw + data
    count = len(members)
    return body + directory + END.pack(b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
