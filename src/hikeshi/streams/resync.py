# SPDX-License-Identifier: Apache-2.0
"""Finding the next sound pcap record after damage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Ints, Window, rows

NEAR = 7 * 86400
CHAIN = 3


@dataclass(frozen=True)
class Shape:
    """What record headers of one pcap file look like."""

    columns: np.dtype[Any]
    header: int
    limit: int


def plausible(raw: NDArray[Any], shape: Shape, near: int) -> NDArray[np.bool_]:
    """Which record headers have lengths in order and a time near the last one."""
    good: NDArray[np.bool_] = (raw["captured"] <= shape.limit) & (raw["length"] >= raw["captured"])
    good &= (raw["part"] < 1_000_000_000) & (raw["length"] > 0) & (raw["length"] <= max(shape.limit, 262144))
    if near >= 0:
        good &= (raw["seconds"] >= max(near - NEAR, 0)) & (raw["seconds"] <= near + NEAR)
    return good


def find_record(window: Window, shape: Shape, near: int) -> int | None:
    """Offset in the file of the next record header that CHAIN more headers, or the end of the file, confirm.

    The search starts one byte on from the window's start, looks at little first, and moves the window along.
    """
    first, span = 1, 4096
    while True:
        limit = window.size - 15 if window.last else window.size // 2
        until = min(first + span, limit)
        if first < until:
            view = np.ndarray((until - first,), shape.columns, window.data, first, (1,))
            at = first + np.flatnonzero(plausible(view, shape, near))
            at = at[confirmed(window, at, shape, near)]
            if len(at):
                return window.base + int(at[0])
            first, span = until, span * 4
        elif window.last:
            return None
        else:
            window.move(first)
            first = 0


def confirmed(window: Window, at: Ints, shape: Shape, near: int) -> NDArray[np.bool_]:
    """Which of these headers are followed by CHAIN plausible ones or by exactly the end of the file."""
    data, here = window.bytes, at
    good = np.ones(len(at), bool)
    ended = np.zeros(len(at), bool)
    for step in range(CHAIN + 1):
        raw = rows(data, np.minimum(here, window.size), 16).view(shape.columns)
        if step:
            ended |= (here == window.size) & window.last
            good &= ended | ((here + 16 <= window.size) & plausible(raw, shape, near))
        here = np.where(ended, here, here + shape.header + raw["captured"].astype(np.int64))
    return good
