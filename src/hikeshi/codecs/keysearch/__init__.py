# SPDX-License-Identifier: Apache-2.0
"""Finds by trial what 32 bits hide in evidence at hand: a 4-byte RC4 key, or eight digits in a hashed name.

NumPy is imported when a search begins, Numba only where the extra `jit` is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["rc4_pairs", "rc4_streams"]


def rc4_pairs(keys: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The first two keystream bytes under each 4-byte key (one a row), the first being the low one."""
    from hikeshi.codecs.keysearch.kernels import pairs

    return pairs(keys)


def rc4_streams(keys: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The first `size` keystream bytes under each 4-byte key (one a row)."""
    from hikeshi.codecs.keysearch.rc4_numpy import keystreams

    return keystreams(keys, size)
