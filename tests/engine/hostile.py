# SPDX-License-Identifier: Apache-2.0
"""Functions that misbehave as hostile evidence would make a parser misbehave."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

Sent = tuple[dict[str, Any], bytes]


def act(arguments: dict[str, Any], units: list[tuple[dict[str, Any], list[Any]]]) -> Iterator[Sent]:
    """For each unit, do what its `act` says and send what came of it."""
    for index, (unit, files) in enumerate(units):
        yield (
            {"kind": "said", "unit": index, "text": ACTS[unit["act"]](unit, files)},
            b"x" * unit.get("bytes", 0),
        )
        yield {"kind": "end", "unit": index}, b""


def _read(unit: dict[str, Any], files: list[Any]) -> str:
    return str(files[0].read().decode())


def _crash(unit: dict[str, Any], files: list[Any]) -> str:
    ctypes.string_at(0)
    return "survived"


def _spin(unit: dict[str, Any], files: list[Any]) -> str:
    while True:
        pass


def _allocate(unit: dict[str, Any], files: list[Any]) -> str:
    return str(len(bytearray(3 << 30)))


def _error(unit: dict[str, Any], files: list[Any]) -> str:
    raise RuntimeError("reader bug")


def _refused(act: Any) -> str:
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "allowed"


ACTS = {
    "read": _read,
    "crash": _crash,
    "spin": _spin,
    "allocate": _allocate,
    "error": _error,
    "socket": lambda unit, files: _refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
    "exec": lambda unit, files: _refused(lambda: os.execv("/bin/true", ["true"])),
    "spawn": lambda unit, files: _refused(lambda: subprocess.run(["/bin/true"], check=False)),
    "fork": lambda unit, files: _refused(os.fork),
    "write": lambda unit, files: _refused(lambda: open(unit["path"], "w")),
    "other": lambda unit, files: _refused(lambda: open(unit["path"], "rb")),
    "list": lambda unit, files: _refused(lambda: os.listdir(unit["path"])),
    "chmod": lambda unit, files: _refused(lambda: os.chmod(unit["path"], 0o777)),
    "kill": lambda unit, files: _refused(lambda: os.kill(os.getppid(), 0)),
}
