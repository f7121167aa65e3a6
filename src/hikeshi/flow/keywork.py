# SPDX-License-Identifier: Apache-2.0
"""What a worker runs for a key search: its own test and speed, then shards.

Imported before the process is confined: compiled kernels are then loaded from the user's cache, or compiled and kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, BinaryIO

from hikeshi.codecs.keysearch import kernels
from hikeshi.codecs.keysearch.digits import digits
from hikeshi.codecs.keysearch.heads import heads

Sent = tuple[Mapping[str, Any], bytes]
Units = Sequence[tuple[Mapping[str, Any], Sequence[BinaryIO]]]
Hits = tuple[int, list[tuple[str, int]]]

KERNEL = kernels.kernel()
_SPEED_KEYS, _SPEED_OUTER = 1 << 15, 4


def shard(arguments: Mapping[str, Any], units: Units) -> Iterator[Sent]:
    """Search shards; a unit's arguments are `start` and `count`. Sends what was counted and what was found."""
    _proven()
    for index, (unit, _) in enumerate(units):
        begin = time.process_time()
        counted, hits = _searched(arguments, unit["start"], unit["count"])
        told = {"counted": counted, "hits": hits, "kernel": KERNEL, "seconds": time.process_time() - begin}
        yield {"kind": "shard", "unit": index, **told}, b""
        yield {"kind": "end", "unit": index}, b""


def measure(arguments: Mapping[str, Any], units: Units) -> Iterator[Sent]:
    """Say how many seconds a shard of `count` will take this process."""
    _proven()
    for index, (unit, _) in enumerate(units):
        part = _SPEED_KEYS if arguments["kind"] == "rc4-head" else _SPEED_OUTER
        begin = time.perf_counter()
        _searched(arguments, unit["start"], part)
        seconds = (time.perf_counter() - begin) * unit["count"] / part
        yield {"kind": "speed", "unit": index, "seconds": seconds, "kernel": KERNEL}, b""
        yield {"kind": "end", "unit": index}, b""


@cache
def _tested() -> bool:
    return kernels.self_test()


def _proven() -> None:
    if not _tested():
        raise RuntimeError(f"the {KERNEL} kernels failed their test on this machine; nothing was searched")


def _searched(job: Mapping[str, Any], start: int, count: int) -> Hits:
    """Counted, and (value as 8 digits, number of the head) of each hit."""
    if job["kind"] == "rc4-head":
        demand = heads(_bytes(job["heads"]), _bytes(job["words"]), job["layout"])
        counted, found = kernels.search_keys(start, count, demand)
        return counted, [(key.hex().upper(), head) for key, head in found]
    asked = digits(job["before"], job["after"], job["begins"], job["ends"])
    counted, values = kernels.search_digits(start, count, asked)
    return counted, [(f"{value:08X}", 0) for value in values]


def _bytes(texts: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]
