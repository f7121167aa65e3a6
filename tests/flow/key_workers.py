# SPDX-License-Identifier: Apache-2.0
"""What workers of the key search tests run; preloaded, because a confined worker cannot read it later."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hikeshi.codecs.keysearch import kernels, rc4_numpy

Units = Sequence[tuple[Mapping[str, Any], Sequence[Any]]]


def refuse(arguments: Mapping[str, Any], units: Units) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """A worker whose kernels are broken."""
    yield from ()
    raise RuntimeError("the kernels failed their test on this machine")


def scan(arguments: Mapping[str, Any], units: Units) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """Try as many keys as one MiB of noise holds, and compare some of them with NumPy alone."""
    keys = np.random.default_rng(1).integers(0, 256, (300_000, 4), dtype=np.uint8)
    same = kernels.pairs(keys)[::37].tolist() == rc4_numpy.pairs(keys[::37]).tolist()
    compiled = "hikeshi.codecs.keysearch.rc4_numba" in sys.modules
    yield {"kind": "told", "unit": 0, "same": same, "compiled": compiled}, b""
    yield {"kind": "end", "unit": 0}, b""
