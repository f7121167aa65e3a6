# SPDX-License-Identifier: Apache-2.0
"""Files of indicators: which form each has, and the set that all of them make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from hikeshi.codecs.charset import decode
from hikeshi.detect.indicators import lists, misp, stix
from hikeshi.detect.indicators.sets import IndicatorSet, Refused, Said, collected

_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xef\xbb\xbf": "utf-8"}


def compile_indicators(sources: Iterable[tuple[str, bytes]]) -> IndicatorSet:
    """The indicators of files given as (path, bytes): CSV or plain lists, STIX 2.1 bundles, MISP events."""
    return collected(said for path, data in sorted(sources) for said in _read(path, data))


def _read(path: str, data: bytes) -> Iterator[Said | Refused]:
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"{", b"["):
        yield from lists.read(path, _text(data))
        return
    try:
        found: Any = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        if data.lstrip()[:1] == b"[":  # a list may begin with an address in brackets
            yield from lists.read(path, _text(data))
        else:
            yield Refused(f"{path}:{error.lineno}", f"not JSON: {error.msg}")
        return
    if events := misp.events(found):
        for event in events:
            yield from misp.read(path, event)
    elif objects := stix.objects(found):
        yield from stix.read(path, objects)
    else:
        yield Refused(path, "neither a STIX bundle nor a MISP event")


def _text(data: bytes) -> str:
    for mark, codec in _BOMS.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, "replace")
    return decode(data)[0]
