# SPDX-License-Identifier: Apache-2.0
"""Imported into worker processes by tests: the pack `planted` also asks for a costly test, and 1 MiB is too much."""

from __future__ import annotations

import numpy as np
from hikeshi.families.planted import notes

from hikeshi.flow import searches
from hikeshi.raw.patterns import Patterns
from hikeshi.schema import Search

MARK = b"\xfe\x0d\xf0\x0d"
ASKED = Search("planted", "marks", "notes:read", (), before=0, after=16, test="notes:marks")


def marks(block: np.ndarray) -> np.ndarray:
    """Where the mark stands."""
    data = block.tobytes()
    return np.array([at for at in range(len(data) - 3) if data[at] == 0xFE and data[at : at + 4] == MARK])


def _with(patterns: Patterns) -> Patterns:
    return Patterns((*patterns.searches, ASKED), patterns.anchors, patterns.everything)


notes.marks = marks  # type: ignore[attr-defined]
searches.CHEAP = 1 << 20
_patterns = searches._patterns
searches._patterns = lambda file, version: _with(_patterns(file, version))
