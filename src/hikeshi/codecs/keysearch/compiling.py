# SPDX-License-Identifier: Apache-2.0
"""Compiles kernels with Numba, the extra `jit`, and keeps what it compiled in the user's cache folder.

Compiled code is loaded from there as a pickle: only a folder that belongs to this user alone is used. A confined
process cannot reach it and compiles for itself.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


@cache
def folder() -> str | None:
    """Where compiled kernels of these sources and this Numba are kept; None where no folder is safe to use."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    place = os.path.join(base, "hikeshi", "kernels", digest.hexdigest()[:16])
    try:
        os.makedirs(place, mode=0o700, exist_ok=True)
        found = os.stat(place)
    except OSError:
        return None
    return place if found.st_uid == os.getuid() and not found.st_mode & 0o022 else None


def kernel(signature: str, **options: bool) -> Callable[[Kernel], Kernel]:
    """Compiles a function for one signature while its module is imported."""

    def compiled(function: Kernel) -> Kernel:
        try:
            return _compiled(function, signature, folder(), options)
        except (OSError, RuntimeError):
            return _compiled(function, signature, None, options)

    return compiled


def _compiled(function: Kernel, signature: str, place: str | None, options: dict[str, bool]) -> Kernel:
    before = config.CACHE_DIR
    config.CACHE_DIR = place or ""
    try:
        made: Kernel = numba.njit(signature, nogil=True, boundscheck=False, cache=bool(place), **options)(
            function
        )
    finally:
        config.CACHE_DIR = before
    return made
