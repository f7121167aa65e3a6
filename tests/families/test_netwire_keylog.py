# SPDX-License-Identifier: Apache-2.0
"""NetWire key logs: published codec, signatures and special cases; logs of our own, carved out of other bytes."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

import netwire_logs as inert
from hikeshi.families.netwire import keylog, typed
from hikeshi.families.netwire.carving import carve
from hikeshi.families.netwire.keylog import decoded, encoded, log, masked, reveal

# Signatures of ArsenalRecon/NetWireLogDecoder and of the key tokens, in encoded form.
SIGNATURES = {
    b"\r\n\r\n": "B4BBB4BB",
    b"] - [": "E4E1D4E1EA",
    b"0123456789": "D1D0D3D2CDCCCFCEC9C8",
    b"[Enter]": "EAFC170D1C13E4",
    b"[Backspace]": "EA0320221A121120221CE4",
    b"[Delete]": "EAFD1C151C0D1CE4",
    b"[Ctrl+": "EA020D1315DA",
    b" Lock]": "E1F516221AE4",
    b"][": "E4EA",
    b"[Arrow ": "EA001313160EE1",
    b"[Tab]": "EAED2023E4",
    b"[Log Started]": "EAF5161EE1F20D20130D1C1DE4",
    b"[Esc]": "EAFC1222E4",
    b"[Home]": "EAF916141CE4",
    b"[End]": "EAFC171DE4",
    b"[Page Up]": "EAF1201E1CE1EC11E4",
    b"[Page Down]": "EAF1201E1CE1FD160E17E4",
    b"[Insert]": "EAF817121C130DE4",
    b"[Print Screen]": "EAF11318170DE1F222131C1C17E4",
}


def test_the_codec_is_a_bijection_over_all_bytes() -> None:
    every = bytes(range(256))
    assert every == decoded(encoded(every)) == encoded(decoded(every))
    assert 256 == len(set(encoded(every)))


@pytest.mark.parametrize("plain", sorted(SIGNATURES), ids=repr)
def test_published_signatures(plain: bytes) -> None:
    assert bytes.fromhex(SIGNATURES[plain]) == encoded(plain)


# The eight special cases of NetWireLogDecoder: the letter behind "[Ctrl+" and what was typed.
@pytest.mark.parametrize(
    ("byte", "letter"),
    [
        (0x9B, "["),
        (0x9D, "]"),
        (0xBB, "{"),
        (0xBD, "}"),
        (0x80, "@"),
        (0xE3, "£"),
        (ord("d"), "$"),
        (0xC0, "\x80"),
    ],
)
def test_letters_behind_ctrl(byte: int, letter: str) -> None:
    assert ord(letter) == typed.behind_ctrl(byte)
    assert letter.encode("latin-1") == typed.edited(b"[Ctrl+" + bytes([byte]) + b"]")


def test_the_euro_sign_and_real_shortcuts() -> None:
    assert "€" == typed.edited(b"[Ctrl+\xc0]").decode("cp1252")
    assert b"ab" == typed.edited(b"a[Ctrl+C]b[Ctrl+V]")


@pytest.mark.parametrize(
    ("raw", "text", "code_page"),
    [
        ("helo[Backspace]lo", "hello", "ascii"),
        ("[Backspace]a[Backspace][Backspace]b[Enter]c[Tab]d", "b\nc\td", "ascii"),
        ("日本[Backspace]酒[Backspace][Backspace]x", "x", "cp932"),
        ("ソ[Backspace]a", "a", "cp932"),
        ("aé[Backspace]e", "ae", "cp1252"),
        ("日本[Backspace]語", "日語", "utf-8"),
        ("[Hello] [Arrow Left]", "[Hello] ", "ascii"),
    ],
)
def test_backspace_takes_one_letter(raw: str, text: str, code_page: str) -> None:
    data = raw.encode(code_page)
    assert text == typed.edited(data, code_page).decode(code_page)


def test_a_day_is_read_window_by_window() -> None:
    plain = (
        b"\r\n[Log Started] - [12/03/2024 08:59:59]\r\n\r\n\r\n[a] - [b] - [12/03/2024 09:00:01]\r\n"
        b"helo[Backspace]lo[Enter]"
        b"\r\n\r\n[" + "ログイン - 取引所".encode("cp932") + b"] - [12/03/2024 09:10:02]\r\nhunter2[Tab]"
    )
    data = encoded(plain)
    found = log(data, 1000)
    assert found is not None
    started, first, second = found.segments
    assert (True, None, "12/03/2024 08:59:59", 0) == (
        started.started,
        started.title,
        started.time_text,
        started.keys,
    )
    assert ("a] - [b", "12/03/2024 09:00:01", 8, False) == (
        first.title,
        first.time_text,
        first.keys,
        first.login,
    )
    assert ("ログイン - 取引所", "cp932", True) == (second.title, second.code_page, second.login)
    assert ("helo[Backspace]lo[Enter]", "hello\n") == reveal(data, first, 1000)
    assert ("hunter2[Tab]", "hunter2\t") == reveal(data, second, 1000)
    assert plain[second.offset - 1000 :][: second.length] == b"hunter2[Tab]"
    assert masked(data, second, 1000).startswith("masked:len=12:")
    assert "hunter2" not in repr(found)
    assert "helo" not in repr(found)


@pytest.mark.parametrize(
    ("titles", "code_page"),
    [
        (inert.JAPANESE, "cp932"),
        (("Входящие - Почта", "Вход в систему"), "cp1251"),
        (("Größe ändern - Übersicht", "Konten für Müller"), "cp1252"),
        (inert.JAPANESE, "utf-8"),
    ],
    ids=("cp932", "cp1251", "cp1252", "utf-8"),
)
def test_titles_are_read_in_the_code_page_they_were_written_in(
    titles: tuple[str, ...], code_page: str
) -> None:
    found = log(inert.coded(3, titles=titles, code_page=code_page))
    assert found is not None
    windows = [s for s in found.segments if s.title]
    assert {code_page} == {s.code_page for s in windows}
    assert {s.title for s in windows} <= set(titles)


def test_what_is_no_time_is_typed_text() -> None:
    found = log(encoded(b"\r\n\r\n[x] - [99/03/2024 09:00:01]\r\nabc[Enter][Enter]"))
    assert found is not None
    assert [None] == [s.time_text for s in found.segments]
    assert log(encoded(b"plain typing only")) is None
    assert log(b"") is None


PROSE = {"tokens": 0.02, "words": (60, 400)}
CLASSES: dict[str, Callable[[int], bytes]] = {
    "prose": lambda seed: inert.coded(seed, windows=8, **PROSE),
    "token-rich": lambda seed: inert.coded(seed, tokens=0.6),
    "cp932": lambda seed: inert.coded(seed, titles=inert.JAPANESE, code_page="cp932", words=(1, 12)),
    "resident": lambda seed: inert.coded(seed, windows=3, words=(2, 20))[:690],
    "cut-512": lambda seed: inert.coded(seed)[512:3584],
    "cut-4096": lambda seed: inert.coded(seed, windows=40)[4096:12288],
}
PADDING: dict[str, Callable[[int], bytes]] = {
    "zeros": bytes,
    "ones": lambda size: b"\xff" * size,
    "text": lambda size: (b"Another file, which is plain text of no log at all. " * 100)[:size],
    "noise": random.Random(5).randbytes,
}


@pytest.mark.parametrize("padding", PADDING)
@pytest.mark.parametrize("kind", CLASSES)
def test_planted_logs_are_carved(kind: str, padding: str) -> None:
    for seed in range(3):
        data = CLASSES[kind](seed)
        image = PADDING[padding](3000) + data + PADDING[padding](3000)
        found = list(carve(image, 7))
        covered = sum(min(f.offset - 7 + f.length, 3000 + len(data)) - max(f.offset - 7, 3000) for f in found)
        beyond = sum(f.length for f in found) - covered
        assert covered >= 0.99 * len(data)
        assert beyond <= (40 if padding == "noise" else 0)


def test_two_machines_interleaved_by_page_are_all_carved() -> None:
    one, two = (
        inert.coded(1, windows=60),
        inert.coded(2, windows=60, titles=inert.JAPANESE, code_page="cp932"),
    )
    pages = [part[at : at + 4096] for at in range(0, 12288, 4096) for part in (one, two)]
    found = list(carve(bytes(5000) + b"".join(pages) + bytes(5000)))
    assert sum(f.length for f in found) >= 0.99 * len(b"".join(pages))


def test_other_bytes_hold_no_log() -> None:
    assert [] == list(carve(random.Random(2).randbytes(4_000_000)))
    assert [] == list(carve(inert.day(1) * 20))
    assert [] == list(carve(bytes(100_000)))


def test_a_log_cut_or_bent_anywhere_never_raises_and_times_stay_true() -> None:
    data = inert.coded(4, windows=3, words=(2, 8))
    whole = log(data)
    assert whole is not None
    times = {s.time_text for s in whole.segments} | {None}
    for at in range(len(data)):
        for part in (data[:at], data[at:]):
            found = log(part)
            assert found is None or {s.time_text for s in found.segments} <= times
    chance = random.Random(6)
    for _ in range(200):
        bent = bytearray(data)
        bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
        for found in carve(bytes(bent)):
            for segment in found.segments:
                reveal(bytes(bent), segment)


def test_literals_are_long_enough_to_be_rare() -> None:
    assert all(len(literal) >= 5 for literal in keylog.LITERALS)


@pytest.mark.campaign
def test_a_hundred_megabytes_of_noise_hold_no_log() -> None:
    chance = random.Random(8)
    for _ in range(25):
        assert [] == list(carve(chance.randbytes(4 << 20)))
