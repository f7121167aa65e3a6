# SPDX-License-Identifier: Apache-2.0
"""Moving about in bytes that are put together while they are read."""

from __future__ import annotations

import io


class Positioned(io.RawIOBase):
    """A readable file of `size` bytes that is at `_at`; who inherits gives readinto()."""

    size = 0
    _at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; gives the new position."""
        self._at = max(0, (0, self._at, self.size)[whence] + offset)
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at
