# SPDX-License-Identifier: Apache-2.0
"""7z archives: members as children with the extra, a clear refusal without it."""

from __future__ import annotations

import io
import struct
import zlib
from importlib.util import find_spec
from typing import Any

import pytest

from hikeshi.evidence import expansion, seven_zip
from hikeshi.schema import Found, Issue, Item, Reason
from readers.reading import run, taken

LOG = "記録\n".encode() * 5000
needs_extra = pytest.mark.skipif(find_spec("py7zr") is None, reason="the extra 7z (py7zr) is not installed")
MEMBERS = {"a.txt": b"one", "フォルダー/記録.log": LOG, "empty": b"", "z.txt": b"last"}


def archive(
    members: dict[str, bytes], password: str | None = None, hidden: bool = False, **more: Any
) -> bytes:
    import py7zr

    target = io.BytesIO()
    with py7zr.SevenZipFile(target, "w", password=password, header_encryption=hidden, **more) as made:
        for name, data in members.items():
            made.writef(io.BytesIO(data), name)
    return target.getvalue()


def read(content: bytes, *passwords: str) -> list[tuple[str, bytes | Reason]]:
    item = Item("0" * 64, "", len(content), io.BytesIO(content), passwords)
    found: list[tuple[str, bytes | Reason]] = []
    for said in seven_zip.read([item]):
        if isinstance(said, Found):
            found.append((said.place, taken(said)))
        elif isinstance(said, Issue):
            found.append((said.place or "", said.reason))
    return found


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seven_zip, "find_spec", lambda name: None)
    outcome = run(seven_zip, seven_zip.MARK + b"\0\4")
    assert "7z" == outcome.count.kind
    (issue,) = outcome.issues
    assert (Reason.MISSING_EXTRA, 1) == (issue.reason, issue.records)
    assert "pip install 'hikeshi[7z]'" == issue.fields["install"]


@needs_extra
def test_members_are_children() -> None:
    assert sorted(MEMBERS.items()) == sorted(read(archive(MEMBERS)))


@needs_extra
@pytest.mark.parametrize("hidden", [False, True])
def test_passwords(hidden: bool) -> None:
    assert sorted(MEMBERS.items()) == sorted(read(archive(MEMBERS, "infected", hidden)))
    assert sorted(MEMBERS.items()) == sorted(read(archive(MEMBERS, "合言葉", hidden), "no", "合言葉"))
    assert [("", Reason.ENCRYPTED)] == read(archive(MEMBERS, "right", hidden), "wrong")


@needs_extra
def test_a_bomb_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion, "FREE", 1 << 20)
    content = archive({"a": bytes(64 << 20), "b": b"more"})
    said = read(content)
    assert ("", Reason.EXPANSION_RATIO) == said[-1]
    assert sum(len(data) for _, data in said[:-1] if isinstance(data, bytes)) <= 1 << 20


@needs_extra
def test_a_name_that_climbs_is_named() -> None:
    assert [("%2E%2E/%2E%2E/up.txt", Reason.PATH_ESCAPE), ("b.txt", b"y")] == read(climbing())


def climbing() -> bytes:
    """An archive with a plain header in which one name was changed and both checksums were renewed."""
    import py7zr

    target = io.BytesIO()
    with py7zr.SevenZipFile(target, "w") as made:
        made.set_encoded_header_mode(False)
        for name, data in {"aa/aa/up.txt": b"x", "b.txt": b"y"}.items():
            made.writef(io.BytesIO(data), name)
    content = bytearray(target.getvalue())
    changed = content.replace("aa/aa/".encode("utf-16-le"), "../../".encode("utf-16-le"))
    begins = 32 + struct.unpack_from("<Q", changed, 12)[0]
    struct.pack_into("<I", changed, 28, zlib.crc32(changed[begins:]))
    struct.pack_into("<I", changed, 8, zlib.crc32(changed[12:32]))
    assert changed != content
    return bytes(changed)


@needs_extra
def test_damage_never_raises() -> None:
    content = archive({"a.txt": b"some text " * 20, "b.txt": b"other"})
    for cut in range(6, len(content)):
        run(seven_zip, content[:cut])
    for at in range(6, len(content)):
        run(seven_zip, content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
