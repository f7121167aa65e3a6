# SPDX-License-Identifier: Apache-2.0
"""Key logs in any bytes: memory, page files, slack, the MFT. Runs grow around signs that only a log has.

Each byte is scored by what it decodes to: letters speak for a log, control bytes against it. From an anchor the
run grows both ways until the score has fallen well below its best, and ends where it was best, to the byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from hikeshi.families.netwire.keylog import LITERALS, Log, decoded, log

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]

# A run ends where the score has fallen by DROP; a run with one anchor alone must reach ALONE.
DROP, ALONE = 40.0, 120.0
_STEP = 4096
_FILLER = 6
_EDGE = 8
_ANCHOR = re.compile(b"|".join(re.escape(literal) for literal in LITERALS))
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyz ")
_COMMON = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\r\n[].,:/-")


def _weight(byte: int) -> float:
    """What a decoded byte says: ASCII text for a log, lead bytes of code pages little, control bytes against."""
    if byte in _LETTERS:
        return 2.0
    if byte in _COMMON:
        return 1.0
    if 0x20 <= byte < 0x7F or byte == 9:
        return 0.2
    if 0x81 <= byte <= 0x9F or 0xE0 <= byte:
        return 0.0
    return -3.0 if 0xC0 <= byte else -8.0


@cache
def _tables() -> tuple[Scores, NDArray[np.uint8]]:
    """Weights and classes by decoded byte: 1 lead of cp932 or UTF-8, 2 two-byte lead of UTF-8, 3 trail."""
    import numpy as np

    weights = np.array([_weight(byte) for byte in range(256)], np.float32)
    classes = np.zeros(256, np.uint8)
    classes[0x81:0xA0] = 1
    classes[0xA0:0xC0] = 3
    classes[0xC0:0xE0] = 2
    classes[0xE0:] = 1
    return weights, classes


def scores(data: bytes) -> Scores:
    """How much each byte of coded data speaks for a log, seen with its neighbours."""
    import numpy as np

    weights, classes = _tables()
    plain = np.frombuffer(decoded(data), np.uint8)
    out, kind = weights[plain].copy(), classes[plain]
    if len(out) > 1:
        after_lead = (kind[:-1] == 1) & (plain[1:] >= 0x40) & (out[1:] < 0)
        out[1:][after_lead] = 0.1
        continued = (kind[:-1] == 2) & (plain[1:] >= 0x80) & (plain[1:] < 0xC0)
        out[1:][continued] = 0.1
        capital = (kind[:-1] == 2) & ((plain[1:] >= 0xE0) | continued)
        out[:-1][capital] = 0.1
    if len(out) > 2:
        third = (kind[:-2] == 1) & (plain[1:-1] >= 0x80) & (plain[2:] >= 0x80) & (plain[2:] < 0xC0)
        out[2:][third & (plain[:-2] >= 0xE0)] = 0.1
    return _without_filler(plain, out)


def _without_filler(plain: NDArray[np.uint8], out: Scores) -> Scores:
    """Areas of one repeated byte decode to letters too: they count against."""
    import numpy as np

    if len(plain) < _FILLER:
        return out
    borders = np.flatnonzero(np.diff(plain)) + 1
    starts = np.concatenate(([0], borders))
    sizes = np.diff(np.concatenate((starts, [len(plain)])))
    out[np.repeat(sizes >= _FILLER, sizes)] = -8.0
    return out


def carve(data: bytes, offset: int = 0) -> Iterator[Log]:
    """The runs of log bytes in the data, in order; `offset` is where the data lie in their item."""
    end = 0
    for match in _ANCHOR.finditer(data):
        if match.start() < end:
            continue
        left, before = _grown(data, match.start(), end, -1)
        right, after = _grown(data, match.end(), len(data), 1)
        start, stop = match.start() - left, match.end() + right
        found = log(data[start:stop], offset + start, start == 0 or stop == len(data))
        alone = before + after >= ALONE
        if found is not None and (alone or found.anchors > 1 or _dated(found)):
            yield found
            end = stop
        else:
            end = max(end, match.end())


def _dated(found: Log) -> bool:
    return any(segment.time_text for segment in found.segments)


def _grown(data: bytes, at: int, limit: int, way: int) -> tuple[int, float]:
    """How many bytes the run grows from `at` towards `limit`, and the score it gains."""
    import numpy as np

    total, best, size, done = 0.0, 0.0, 0, 0
    while done < abs(limit - at):
        low, high = (
            (at + done, min(at + done + _STEP, limit))
            if way > 0
            else (max(at - done - _STEP, limit), at - done)
        )
        near = max(low - _EDGE, 0)
        part = scores(data[near : high + _EDGE])[low - near : high - near][::way]
        sums = total + np.cumsum(part, dtype=np.float64)
        tops = np.maximum(np.maximum.accumulate(sums), best)
        fallen = np.flatnonzero(tops - sums > DROP)
        reach = int(fallen[0]) if len(fallen) else len(sums)
        if reach and float(sums[:reach].max()) > best:
            size = done + int(np.argmax(sums[:reach])) + 1
            best = float(sums[size - done - 1])
        if len(fallen):
            break
        total, done = float(sums[-1]), done + len(sums)
    return size, best
