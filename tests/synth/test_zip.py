# SPDX-License-Identifier: Apache-2.0
"""What synth/zip.py writes, read by the standard library."""

from __future__ import annotations

import zipfile
from io import BytesIO

from hikeshi.synth import zip


def test_members_come_back_under_their_old_names() -> None:
    archive = zipfile.ZipFile(BytesIO(zip.stored([("お見積書.bin", b"inert"), ("b.txt", b"")])))
    assert archive.testzip() is None
    names = [info.filename.encode("cp437").decode("cp932") for info in archive.infolist()]
    assert names == ["お見積書.bin", "b.txt"]
    assert [info.flag_bits & 0x800 for info in archive.infolist()] == [0, 0]
    assert archive.read(archive.infolist()[0]) == b"inert"
