# SPDX-License-Identifier: Apache-2.0
"""How SmokeLoader names itself on a machine, from computer name, build constant and volume serial.

Sources: irfan-eternal, "Understanding Internals of SmokeLoader" (2024); "smokeloader-analysis" (2026-03-30);
ThreatLabz/smokebuster (screenshots). The hash takes no terminating zero and the name as Windows stores it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from hikeshi.families.smokeloader.lines import Line

HEX = "0123456789ABCDEF"
LETTERS = "abcdefghijrstuvw"
# Build constants in public write-ups: "smokeloader-analysis" and irfan-eternal.
KNOWN = (0xC7E12AF6, 0xE627AFEA)

_TO_LETTERS, _TO_DIGITS = str.maketrans(HEX, LETTERS), str.maketrans(LETTERS, HEX)
_SPELLED = re.compile(f"[{LETTERS}]+")
_SERIAL = re.compile(r"[0-9A-F]{8}")
_COMPUTER = re.compile(r"[!-~]{1,15}")
_ID = re.compile(r"[0-9A-F]{40}")


@dataclass(frozen=True)
class Names:
    """The names of one bot id on a machine."""

    bot_id: str
    program: str
    store: str
    task: str
    mutex: str
    mapping: str


def bot_id(computer: str, constant: int, serial: str) -> str:
    """The bot id: 32 digits of a hash and the 8 of the volume serial."""
    text = f"{computer}{constant:08X}{serial}"
    return hashlib.md5(text.encode("latin-1"), usedforsecurity=False).hexdigest().upper() + serial


def letters(digits: str) -> str:
    """Hexadecimal digits as letters of file names."""
    return digits.translate(_TO_LETTERS)


def digits(spelled: str) -> str | None:
    """Letters of a file name as hexadecimal digits; None when one of them stands for none."""
    return spelled.translate(_TO_DIGITS) if _SPELLED.fullmatch(spelled) else None


def names(of: str, line: Line) -> Names | None:
    """What a bot id is called on a machine; None where nobody has published it for that line."""
    if not (_ID.fullmatch(of) and line.name_slice and line.task_template and line.task_suffix_len):
        return None
    program, store = (letters(of[slice(*line.name_slice[key])]) for key in ("program", "store"))
    ending = line.name_ext or ""
    task = line.task_template.replace("{}", of[: line.task_suffix_len])
    return Names(of, program + ending, store + ending, task, of, of + "FF")


def serial_letters(serial: str) -> str:
    """The last five letters of the program's name: the first five digits of the volume serial."""
    return letters(serial[:5])


def computer_name(host: str) -> str | None:
    """The name a machine gives itself (NetBIOS), from a host name; None where it cannot be one."""
    name = host.partition(".")[0].upper()[:15]
    return name if _COMPUTER.fullmatch(name) else None


def is_serial(text: str) -> bool:
    """Whether the text is a volume serial as machines are identified by."""
    return _SERIAL.fullmatch(text) is not None
