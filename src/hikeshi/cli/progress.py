# SPDX-License-Identifier: Apache-2.0
"""A progress line on stderr, only when a person is looking at it."""

from __future__ import annotations

import sys
import time

from hikeshi.flow import Progress

_STEPS = {
    "reading": "reading evidence",
    "judging": "judging",
    "keys": "searching keys",
    "saving": "writing the case and its report",
}


class Bar:
    """Shows a Progress while it is entered; silent when stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._began = self._last = time.monotonic()
        self.progress = Progress(tell=self._tell)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if not self._shown or (now - self._last < 0.2 and progress.step != "saving"):
            return
        self._last = now
        print(
            f"\r\x1b[K{_STEPS[progress.step]}{_share(progress, now - self._began)}",
            end="",
            file=sys.stderr,
            flush=True,
        )


def _share(progress: Progress, seconds: float) -> str:
    if not progress.met or progress.step == "saving":
        return ""
    share = min(1.0, progress.done / progress.met)
    filled = round(share * 24)
    bar = "█" * filled + "░" * (24 - filled)
    if progress.unit == "B":
        amount = f"{progress.done / 1e6:,.0f}/{progress.met / 1e6:,.0f} MB"
    else:
        amount = f"{progress.done:,}/{progress.met:,} {progress.unit}"
    left = "" if progress.left is None else f", about {progress.left:,.0f} s left"
    return f" {bar} {share:4.0%} {amount} {seconds:,.0f} s{left}"
