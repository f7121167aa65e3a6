# SPDX-License-Identifier: Apache-2.0
"""The span to which the findings of a case were restricted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hikeshi.report.clock import moment
from hikeshi.report.timeline import Gap


@dataclass(frozen=True)
class Range:
    """First and last moment, either of which may be open, and how many findings lie outside."""

    start: datetime | None
    end: datetime | None
    outside: int

    @property
    def label(self) -> str:
        """The sentence that says it."""
        if self.start and self.end:
            return "summary.range"
        return "summary.range-from" if self.start else "summary.range-to"

    def meets(self, gap: Gap) -> bool:
        """Whether a silence reaches into the span."""
        return (self.start is None or gap.end >= self.start) and (self.end is None or gap.start <= self.end)


def asked(account: Mapping[str, Any]) -> Range | None:
    """The span that ``--from`` and ``--to`` asked for; None when neither was given."""
    options = account["options"]
    start, end = moment(options.get("start")), moment(options.get("end"))
    return Range(start, end, account["totals"].get("outside", 0)) if start or end else None
