# SPDX-License-Identifier: Apache-2.0
"""Joins what was found into machines, log sources, gaps and functions used; knows nothing of any malware.

Every function takes `query`, which answers SQL over the tables of the case, and gives rows of a table of schema.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Query = Callable[[str], list[Row]]
