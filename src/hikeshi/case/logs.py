# SPDX-License-Identifier: Apache-2.0
"""run.log and reveals.log: who did what, where and when; one JSON object a line, only ever appended to."""

from __future__ import annotations

import getpass
import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RUN, REVEALS = "run.log", "reveals.log"


def append(case: Path, log: str, entry: Mapping[str, Any]) -> None:
    """Add a line with the time (UTC), the operator and the machine in front; it is on disk when this returns."""
    line = {
        "time": datetime.now(UTC).isoformat(),
        "operator": _operator(),
        "machine": platform.node(),
        **entry,
    }
    descriptor = os.open(case / log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        os.write(
            descriptor, (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
        )
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def logged(case: Path, arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Log the start of a run and its end; what is put into the mapping stands in the last line."""
    append(case, RUN, {"event": "start", **arguments})
    end: dict[str, Any] = {}
    try:
        yield end
    finally:
        append(case, RUN, {"event": "end", "outcome": "stopped", **end})


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
