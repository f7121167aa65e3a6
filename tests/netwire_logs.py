# SPDX-License-Identifier: Apache-2.0
"""Inert key logs of invented people: text of our own in the published grammar, through the published codec."""

from __future__ import annotations

import random

from hikeshi.families.netwire.keylog import encoded

PROSE = (
    "please find the invoice for the transfer we spoke about tomorrow and send your report before the meeting "
    "starts thank you very much for the quick answer about the new account of our customer"
)
WORDS = PROSE.split()
JAPANESE = ("受信トレイ - メール", "無題 - メモ帳", "ログイン - 取引所", "見積書.xlsx - 表計算")
ENGLISH = ("Inbox - Mail", "Untitled - Notepad", "Log in - Exchange", "Report [draft] - Writer")


def day(
    seed: int, windows: int = 12, words: tuple[int, int] = (10, 120), tokens: float = 0.02,
    titles: tuple[str, ...] = ENGLISH, code_page: str = "cp1252",
) -> bytes:  # fmt: skip
    """The plain bytes of one day's log."""
    chance = random.Random(seed)
    out = b"\r\n[Log Started] - [12/03/2024 08:59:59]\r\n"
    for number in range(windows):
        stamp = f"12/03/2024 {9 + number // 12:02d}:{5 * (number % 12):02d}:07"
        out += b"\r\n\r\n[" + chance.choice(titles).encode(code_page) + f"] - [{stamp}]\r\n".encode()
        for _ in range(chance.randrange(*words)):
            out += chance.choice(WORDS).encode() + b" "
            if chance.random() < tokens:
                out += chance.choice((b"[Enter]", b"[Backspace]", b"[Tab]", b"[Arrow Left]", b"[Ctrl+C]"))
    return out


def coded(seed: int, **what: object) -> bytes:
    """One day's log as it lies on the disk."""
    return encoded(day(seed, **what))  # type: ignore[arg-type]
