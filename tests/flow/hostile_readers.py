# SPDX-License-Identifier: Apache-2.0
"""A reader that does to its worker what hostile evidence might; importing this module puts it first in the list."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator, Sequence

import hikeshi.readers
from hikeshi.schema import Count, Issue, Item, Reason

KIND = "hostile"
VERSION = "1"
MARK = b"HOSTILE "


def sniff(head: bytes, name: str) -> bool:
    """Items that begin with the mark."""
    return head.startswith(MARK)


def read(items: Sequence[Item]) -> Iterator[Issue | Count]:
    """Do what each item asks for."""
    for item in items:
        act, _, argument = item.file.read().decode()[len(MARK) :].partition(" ")
        outcome = _act(act, argument)
        yield Issue(item.id, Reason.DAMAGED, 0, records=1, fields={"outcome": outcome})
        yield Count(item.id, KIND, 1)


def _act(act: str, argument: str) -> str:
    try:
        match act:
            case "crash":
                ctypes.string_at(0)
            case "spin":
                while True:
                    pass
            case "allocate":
                bytearray(3 << 30)
            case "socket":
                socket.socket()
            case "exec":
                os.execv("/bin/true", ["true"])
            case "write":
                open(argument, "w").close()
            case "other":
                open(argument, "rb").close()
    except OSError as error:
        return type(error).__name__
    return "allowed"


if "flow.hostile_readers" not in hikeshi.readers.READERS:
    hikeshi.readers.READERS = ("flow.hostile_readers", *hikeshi.readers.READERS)
