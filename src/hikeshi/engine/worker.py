# SPDX-License-Identifier: Apache-2.0
"""The loop of a worker process: take a task, call its function, send what it yields."""

from __future__ import annotations

import importlib
import io
import os
import resource
import signal
import socket
import sys
import sysconfig
import traceback
from collections.abc import Sequence
from typing import Any, BinaryIO

from hikeshi.engine.confine import confine
from hikeshi.engine.wire import frame, receive


def main(channel_number: int, memory: int, preload: Sequence[str]) -> None:
    """Serve tasks from the inherited socket until the parent closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    channel = socket.socket(fileno=channel_number)
    try:
        for module in preload:
            importlib.import_module(module)
        missing = confine(_readable(), memory)
    except (ImportError, OSError, ValueError) as error:
        channel.sendall(frame({"kind": "broken", "detail": repr(error)}))
        return
    channel.sendall(frame({"kind": "ready", "missing": missing}))
    while (task := receive(channel)) is not None:
        _serve(channel, *task)


def _readable() -> list[str]:
    """Where Python and its libraries lie; nothing of the evidence or the case does."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    paths = {sys.prefix, sys.base_prefix, package, *sysconfig.get_paths().values()}
    paths |= {path for path in sys.path if path.endswith((".zip", "site-packages", "dist-packages"))}
    system = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache")
    devices = ("/dev/null", "/dev/urandom", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu")
    return sorted(path for path in paths | set(system) | set(devices) if path not in ("/", ""))


def _serve(channel: socket.socket, head: dict[str, Any], blob: bytes, descriptors: list[int]) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    budget = int(used.ru_utime + used.ru_stime) + int(head["cpu"])
    resource.setrlimit(resource.RLIMIT_CPU, (budget, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    files = _open(head["files"], blob, descriptors)
    del blob
    try:
        module, name = head["function"].split(":")
        work = getattr(importlib.import_module(module), name)
        for message, payload in work(head["arguments"], list(zip(head["units"], files, strict=True))):
            channel.sendall(frame(message, payload))
        channel.sendall(frame({"kind": "done"}))
    except MemoryError:
        channel.sendall(frame({"kind": "failed", "lost": "out-of-memory"}))
    except Exception as error:
        detail = "".join(traceback.format_exception(error))[-8000:]
        channel.sendall(frame({"kind": "failed", "lost": "internal-error", "detail": detail}))
    finally:
        for file in (file for opened in files for file in opened):
            file.close()


def _open(plan: Sequence[Sequence[int]], blob: bytes, descriptors: list[int]) -> list[list[BinaryIO]]:
    """Files of each unit: a length means bytes that came in the frame, -1 the next descriptor."""
    position, opened, left = 0, [], iter(descriptors)
    for unit in plan:
        files: list[BinaryIO] = []
        for length in unit:
            if length < 0:
                files.append(os.fdopen(next(left), "rb"))
            else:
                files.append(io.BytesIO(blob[position : position + length]))
                position += length
        opened.append(files)
    return opened
