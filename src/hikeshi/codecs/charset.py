# SPDX-License-Identifier: Apache-2.0
"""Bytes of mail to text: in the stated character set when it fits, else in the one they speak for.

Only names on the list below reach Python's codecs; a message cannot name `unicode_escape`, `punycode` or a
codec that is no character set. The list follows the labels of the WHATWG Encoding Standard.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from .japanese import euc_jp, iso_2022_jp, shift_jis

BAD = "\ufffd"
_SURROGATE = re.compile("[\ud800-\udfff]")
_NAME = re.compile(r"[^a-z0-9]+")
_GROUPS = {
    "utf_8": "utf8 unicode11utf8 utf8mb4",
    "utf_7": "utf7 unicode11utf7",
    "utf_16": "utf16 unicode",
    "utf_16_le": "utf16le",
    "utf_16_be": "utf16be",
    "utf_32": "utf32",
    "cp1252": "iso88591 latin1 l1 windows1252 cp1252 xcp1252 ansi",
    "iso8859_2": "iso88592 latin2",
    "iso8859_3": "iso88593 latin3",
    "iso8859_4": "iso88594 latin4",
    "iso8859_5": "iso88595",
    "iso8859_6": "iso88596",
    "iso8859_7": "iso88597",
    "iso8859_8": "iso88598 iso88598i iso88598e",
    "cp1254": "iso88599 latin5 windows1254 cp1254",
    "iso8859_10": "iso885910 latin6",
    "cp874": "iso885911 tis620 windows874 cp874",
    "iso8859_13": "iso885913",
    "iso8859_14": "iso885914",
    "iso8859_15": "iso885915 latin9",
    "iso8859_16": "iso885916",
    "cp1250": "windows1250 cp1250",
    "cp1251": "windows1251 cp1251",
    "cp1253": "windows1253 cp1253",
    "cp1255": "windows1255 cp1255",
    "cp1256": "windows1256 cp1256",
    "cp1257": "windows1257 cp1257",
    "cp1258": "windows1258 cp1258",
    "cp437": "cp437 ibm437",
    "cp850": "cp850 ibm850",
    "cp866": "cp866 ibm866",
    "koi8_r": "koi8r",
    "koi8_u": "koi8u",
    "mac_roman": "macintosh macroman xmacroman",
    "gb18030": "gb2312 gbk gb18030 cp936 windows936 xgbk euccn",
    "hz": "hzgb2312",
    "big5hkscs": "big5 big5hkscs cp950 xxbig5",
    "cp949": "euckr ksc56011987 ksc5601 cp949 windows949 uhc",
    "iso2022_kr": "iso2022kr",
}
_JAPANESE: dict[Callable[[bytes], str], str] = {
    iso_2022_jp: "iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 csiso2022jp cp50220 cp50221 cp50222 jis",
    euc_jp: "eucjp xeucjp cseucpkdfmtjapanese cp51932 ujis",
    shift_jis: "shiftjis sjis xsjis mskanji cp932 windows31j cswindows31j shiftjis2004 ms932",
}


def _python(codec: str, data: bytes) -> str:
    return _SURROGATE.sub(BAD, data.decode(codec, "replace"))


_DECODERS: dict[str, Callable[[bytes], str]] = {
    **{name: partial(_python, codec) for codec, names in _GROUPS.items() for name in names.split()},
    **{name: decode for decode, names in _JAPANESE.items() for name in names.split()},
}


def decode(data: bytes, label: str | None = None) -> tuple[str, str | None]:
    """Text, and a defect id when the stated character set was absent, unknown or does not fit.

    Defects: `charset-guessed` (none stated, 8-bit bytes), `charset-unknown` (name not known), `charset-wrong`
    (another one fits), `charset-damaged` (the stated one fits best, with bytes it cannot read).
    """
    name = _NAME.sub("", label.lower()) if label else ""
    decoder = _DECODERS.get(name)
    if decoder is None:
        plain = data.isascii() and b"\x1b" not in data
        return guess(data), "charset-unknown" if _strange(name) else None if plain else "charset-guessed"
    text = decoder(data)
    if BAD not in text:
        return text, None
    other = guess(data)
    return (other, "charset-wrong") if BAD not in other else (text, "charset-damaged")


def guess(data: bytes) -> str:
    """Text of unlabelled bytes: ISO-2022-JP, UTF-8, Japanese 8-bit, Windows-1252, in this order."""
    if re.search(rb"\x1b(?:\$[@B(]|\(I)", data):
        return iso_2022_jp(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        texts = [
            text for text in (euc_jp(data), shift_jis(data)) if BAD not in text and _reads_japanese(text)
        ]
        return max(texts, key=_kana_score) if texts else data.decode("cp1252", "replace")


def _strange(name: str) -> bool:
    return (
        bool(name)
        and name not in _DECODERS
        and name not in ("usascii", "ascii", "ansix341968", "unknown8bit")
    )


def _reads_japanese(text: str) -> bool:
    """Whether the characters beyond ASCII stand in runs, as Japanese does and accented letters do not."""
    runs = re.findall(r"[^\x00-\x7f]+", text)
    return sum(len(run) for run in runs if len(run) > 1) * 2 >= sum(map(len, runs)) > 0


def _kana_score(text: str) -> int:
    full = len(re.findall(r"[\u3041-\u30fe\u3001\u3002]", text))
    return 2 * full + len(re.findall(r"[\uff66-\uff9f]", text)) - len(re.findall(r"[\ue000-\uf8ff]", text))
