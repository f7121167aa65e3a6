# SPDX-License-Identifier: Apache-2.0
"""Tables of pointers to entries: they give the order of the servers and the address at which the code was loaded.

That the table may have no end mark and that its order is not the order in memory: OALABS research notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hikeshi.families.smokeloader.entries import Entry
from hikeshi.families.smokeloader.lanes import LONGEST, SHORTEST, link_places, rich

if TYPE_CHECKING:
    from hikeshi.families.smokeloader.lanes import Bytes, Places

_FARTHEST, _MOST, _NEAR = 0x800, 512, 1 << 16
_WIDE, _MOST_RUNS, _MOST_LANES = 2048, 2048, 1 << 16


@dataclass(frozen=True)
class Table:
    """A table: where it lies, bytes a pointer, the base solved, and where its pointers lead, in their order.

    `unreadable` are targets at which no entry decodes.
    """

    offset: int
    width: int
    base: int
    targets: tuple[int, ...]
    unreadable: tuple[int, ...]


def tables(data: bytes, found: Sequence[Entry], offset: int = 0) -> list[Table]:
    """Tables over the entries found, those with most pointers first; an entry belongs to one table only."""
    import numpy as np

    at = np.array(sorted(entry.offset - offset for entry in found), np.int64)[:_MOST]
    steps = np.unique(at[:, None] - at[None, :])
    steps = steps[steps != 0]
    made: dict[tuple[int, int], Table] = {}
    for width in (4, 8) if len(at) > 1 else ():
        words = _words(np.frombuffer(data, np.uint8), width)
        if len(words) <= width:
            continue
        apart = (words[width:] - words[:-width]).view(np.int64 if width == 8 else np.int32)
        for place in np.flatnonzero(np.isin(apart, steps))[:_MOST]:
            for table in _grown(words, int(place), width, at, offset):
                made.setdefault((table.offset, table.base), table)
    best, taken, used = list[Table](), set[int](), set[int]()
    for table in sorted(made.values(), key=_worth):
        if taken.isdisjoint(table.targets) and table.offset not in used:
            taken.update(set(table.targets) - set(table.unreadable))
            used.add(table.offset)
            best.append(table)
    return best


def _worth(table: Table) -> tuple[int, int, int, int]:
    """Tables with more pointers first, then those nearer to what they point to."""
    agreeing = len(set(table.targets)) - len(table.unreadable)
    return -agreeing, abs(min(table.targets) - table.offset), table.width, table.offset


def _words(data: Bytes, width: int) -> Any:
    """The little-endian number at every place."""
    import numpy as np

    kind = np.dtype(np.uint64 if width == 8 else np.uint32)
    out = np.zeros(max(0, len(data) - width + 1), kind)
    for byte in range(width):
        out |= data[byte : byte + len(out)].astype(kind) << kind.type(8 * byte)
    return out


def _grown(words: Any, place: int, width: int, at: Any, offset: int) -> Iterator[Table]:
    """The run of pointers around two neighbours, under every base on which the two agree."""
    first, second = int(words[place]), int(words[place + width])
    known = set(map(int, at))
    low, high = min(known) - _FARTHEST, max(known) + _FARTHEST
    for base in sorted({first - one for one in known} & {second - one for one in known}):
        begin = place
        while (
            begin >= width
            and place - begin < _MOST * width
            and low <= int(words[begin - width]) - base <= high
        ):
            begin -= width
        targets = list[int]()
        while begin + len(targets) * width < len(words) and len(targets) < _MOST:
            target = int(words[begin + len(targets) * width]) - base
            if not low <= target <= high:
                break
            targets.append(target)
        if base >= 0:
            missing = tuple(sorted(offset + t for t in set(targets) - known))
            yield Table(begin + offset, width, base - offset, tuple(t + offset for t in targets), missing)


def target_places(data: Bytes) -> Places:
    """Where an entry of kind R4 lies that a table of three pointers or more in the same block leads to.

    Entries stand one behind the other, so three neighbouring targets say how long two of them are: only places with
    these two lengths are tried.
    """
    import numpy as np

    found: list[Places] = []
    for place, pointers in _runs(data):
        ordered = sorted(set(pointers))
        sizes = [after - before - 5 for before, after in pairwise(ordered)]
        for size, following in pairwise(sizes):
            if SHORTEST <= size <= LONGEST and SHORTEST <= following <= LONGEST:
                begin = max(0, place - _NEAR)
                window = data[begin : place + _NEAR]
                at = np.flatnonzero(window[: -size - 5] == size)
                found.append(at[window[at + size + 5] == following] + begin)
                break
    places = np.unique(np.concatenate(found)) if found else np.zeros(0, np.intp)
    return link_places(data, rich(data, places)[:_MOST_LANES])


def _runs(data: Bytes) -> Iterator[tuple[int, list[int]]]:
    """Rows of three and more near but different addresses, of four bytes, or of eight with equal upper halves."""
    import numpy as np

    words = data[: len(data) // 4 * 4].view("<u4")
    for step in (1, 2):
        if len(words) <= 2 * step:
            continue
        later = words[step:]
        near = (later - words[:-step]) + np.uint32(_WIDE - 1) < 2 * _WIDE - 1
        near &= (later >= 1 << 16) & (later < 1 << 31)
        at = np.flatnonzero(near[:-step] & near[step:])
        for width in (step, 2 * step):
            at = at[words[at] != words[at + width]]
        if step == 2:
            at = at[at + 5 < len(words)]
            at = at[
                (words[at + 1] == words[at + 3]) & (words[at + 3] == words[at + 5]) & (words[at + 1] < 0x8000)
            ]
        last = -1
        for first in map(int, at[: 4 * _MOST_RUNS]):
            if first > last or (first - last) % step:
                row = _row(words, near, first, step)
                last = first + (len(row) - 1) * step
                yield 4 * first, row


def _row(words: Any, near: Any, first: int, step: int) -> list[int]:
    row, here = [int(words[first])], first
    while here < len(near) and near[here] and len(row) < _MOST:
        here += step
        row.append(int(words[here]))
    return row
