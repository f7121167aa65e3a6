# SPDX-License-Identifier: Apache-2.0
"""TCP segments put into stream order: what is there, what is missing, what was said twice and differently."""

from __future__ import annotations

import numpy as np

from .conversations import FIN, SYN, Conversations
from .gaps import holes
from .overlaps import settle
from .positions import bases, by_group, far_away, keep_alive, unwrap, with_silent
from .segments import Columns, Fetch, Segments, Sums


def order(columns: Columns, streams: Conversations, numbers: range, fetch: Fetch) -> tuple[Segments, Sums]:
    """Put the segments of the streams of these numbers into order.

    `columns` are theirs, by half-stream and then as they came; `fetch` reads bytes of the file where copies must be
    compared.
    """
    sums = Sums({}, {}, {}, {})
    c = with_silent(columns, streams, numbers)
    half, seq = c.half.astype(np.int64), c.seq.astype(np.int64)
    starts = np.flatnonzero(np.diff(half, prepend=-1))
    group = np.cumsum(np.diff(half, prepend=-1) != 0) - 1
    halves = half[starts]
    base, begun = bases(halves, starts, seq, c, streams, group)
    data_seq = seq + (c.flags & SYN != 0)
    position = unwrap(data_seq, base[group], group, starts, c.wire.astype(np.int64))
    end = position + c.wire
    closing = np.full(len(halves), -1, np.int64)
    fin = np.flatnonzero(c.flags & FIN)
    np.maximum.at(closing, group[fin], end[fin])
    keep = far_away(position, end, group, starts, halves, sums) & (c.wire > 0)
    keep &= ~keep_alive(position, c, group, starts, halves, sums, fetch)
    chosen = np.flatnonzero(keep)
    by_place = chosen[by_group(group[chosen], position[chosen])]
    pieces = settle(by_place, position, c, group, halves, sums, fetch)
    return holes(pieces, by_place, position, c, group, halves, closing, base, begun, streams, sums), sums
