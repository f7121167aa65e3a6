# SPDX-License-Identifier: Apache-2.0
"""What bodies under one fixed key show without the key: equal beginnings, and two ids that differ like digits.

The same plain text under the same RC4 key stream is the same bytes; the XOR of two bodies is that of their plain texts.
"""

from __future__ import annotations

from collections.abc import Sequence

HEAD, NAMED = 43, 59
# XOR of two upper-case hexadecimal digits: 32 of 256 values.
DIGIT_PAIRS = frozenset(a ^ b for a in b"0123456789ABCDEF" for b in b"0123456789ABCDEF")


def shared(bodies: Sequence[bytes]) -> int:
    """How many bytes all bodies begin with."""
    if not bodies:
        return 0
    first, last = min(bodies), max(bodies)
    return next(
        (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(map(len, (first, last))),
    )


def same_key(one: bytes, other: bytes) -> bool:
    """Whether two heads can be two different ids under one key: certain, for chance does it once in 8^40."""
    mixed = bytes(a ^ b for a, b in zip(one[:HEAD], other[:HEAD], strict=False))
    ids = mixed[2:42]
    return (
        len(mixed) == HEAD
        and not (mixed[0] or mixed[1] or mixed[42])
        and any(ids)
        and DIGIT_PAIRS.issuperset(ids)
    )


def families(heads: Sequence[bytes]) -> list[list[int]]:
    """Heads that lie under one key, as groups of two and more of their numbers.

    A head is compared with the first of each group that agrees in the three bytes that all ids share.
    """
    groups: dict[bytes, list[list[int]]] = {}
    for number, head in enumerate(heads):
        if len(head) < HEAD:
            continue
        near = groups.setdefault(head[:2] + head[42:43], [])
        for group in near[:_MOST]:
            if same_key(heads[group[0]], head):
                group.append(number)
                break
        else:
            near.append([number])
    return [group for near in groups.values() for group in near if len(group) > 1]


_MOST = 64
