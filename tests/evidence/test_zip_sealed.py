# SPDX-License-Identifier: Apache-2.0
"""Encrypted zips: opened with the right password alone, against a second implementation of each encryption."""

from __future__ import annotations

import io
import zipfile

import pytest

from evidence.sealed import aes, traditional
from hikeshi.evidence import zip_archive, zip_sealed
from hikeshi.schema import Found, Issue, Item, Reason
from readers.reading import run, taken

TEXT = "インシデント対応の記録\n".encode() * 4000


def read(content: bytes, *passwords: str) -> list[tuple[str, bytes | Reason]]:
    item = Item("0" * 64, "", len(content), io.BytesIO(content), passwords)
    found: list[tuple[str, bytes | Reason]] = []
    for said in zip_archive.read([item]):
        if isinstance(said, Found):
            found.append((said.place, taken(said)))
        elif isinstance(said, Issue):
            found.append((said.place or "", said.reason))
    return found


@pytest.mark.parametrize("deflate", [True, False])
@pytest.mark.parametrize("late_crc", [True, False])
def test_traditional_encryption_opens(deflate: bool, late_crc: bool) -> None:
    content = traditional({"a.txt": TEXT, "b/c.txt": b"short"}, b"infected", deflate, late_crc)
    expected = [("a.txt", TEXT), ("b/c.txt", b"short")]
    with zipfile.ZipFile(io.BytesIO(content)) as second:
        assert expected == [(name, second.read(name, b"infected")) for name in second.namelist()]
    assert expected == read(content)


def test_aes_written_by_another_tool_opens() -> None:
    pyzipper = pytest.importorskip("pyzipper", reason="pyzipper, the second implementation, is not installed")
    for bits in (128, 192, 256):
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
            target = io.BytesIO()
            with pyzipper.AESZipFile(target, "w", compression=method, encryption=pyzipper.WZ_AES) as archive:
                archive.setpassword("合言葉".encode())
                archive.setencryption(pyzipper.WZ_AES, nbits=bits)
                archive.writestr("記録.txt", TEXT)
            assert [("記録.txt", TEXT)] == read(target.getvalue(), "other", "合言葉")


def test_aes_written_here_opens_in_another_tool() -> None:
    pyzipper = pytest.importorskip("pyzipper", reason="pyzipper, the second implementation, is not installed")
    with pyzipper.AESZipFile(io.BytesIO(aes("a.bin", TEXT, b"infected"))) as archive:
        archive.setpassword(b"infected")
        assert TEXT == archive.read("a.bin")


def test_the_convention_needs_no_password() -> None:
    assert [("a.txt", TEXT)] == read(aes("a.txt", TEXT, b"infected"))


def test_japanese_windows_spells_the_password_its_own_way() -> None:
    assert [("a.txt", TEXT)] == read(traditional({"a.txt": TEXT}, "合言葉".encode("cp932")), "合言葉")


@pytest.mark.parametrize("make", [lambda p: traditional({"a": TEXT}, p), lambda p: aes("a", TEXT, p)])
def test_no_right_password_is_named(make: object) -> None:
    assert [("a", Reason.ENCRYPTED)] == read(make(b"right"), "wrong", "also wrong")  # type: ignore[operator]


def test_a_wrong_password_that_passes_the_check_byte_is_found_out() -> None:
    """One in 256 passes; four hundred tries meet some of them."""
    content = traditional({"a": TEXT[:200]}, b"right", deflate=False)
    assert [("a", Reason.ENCRYPTED)] == read(content, *map(str, range(400)))


def test_what_the_slow_encryption_may_cost_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = traditional({"a": TEXT, "b": TEXT}, b"infected", deflate=False)
    monkeypatch.setattr(zip_sealed, "SLOW_LIMIT", len(TEXT) + 100)
    assert [("a", TEXT), ("b", Reason.TOO_LARGE)] == read(content)


def test_a_changed_byte_under_aes_is_named() -> None:
    content = bytearray(aes("a", TEXT, b"infected"))
    content[2000] ^= 1
    item = Item("0" * 64, "", len(content), io.BytesIO(bytes(content)))
    (child,) = (said for said in zip_archive.read([item]) if isinstance(said, Found))
    with pytest.raises(Exception, match="damaged"):
        list(child.chunks)


@pytest.mark.parametrize(
    "content", [traditional({"a": b"text" * 20}, b"infected"), aes("a", b"text" * 20, b"infected")]
)
def test_damage_never_raises(content: bytes) -> None:
    for cut in range(len(content)):
        run(zip_archive, content[:cut])
    for at in range(len(content)):
        run(zip_archive, content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])


def test_passwords_do_not_show() -> None:
    assert "secret" not in repr(Item("0" * 64, "", 0, io.BytesIO(), ("secret",)))
