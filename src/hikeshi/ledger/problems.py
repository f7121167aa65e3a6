# SPDX-License-Identifier: Apache-2.0
"""What a check found: a rule, a subject, a place; worded by `say`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hikeshi.ledger.model import NOWHERE
from hikeshi.ledger.text import Place

# Rules without which there is nothing to weigh.
FATAL = frozenset({"V01", "V03", "V08", "refs"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a check found; `message` is an id worded in both languages."""

    rule: str
    message: str
    subject: str
    fields: Mapping[str, str] = field(default_factory=dict)
    place: Place = NOWHERE
    warning: bool = False

    @property
    def fatal(self) -> bool:
        """Whether the ledger cannot be weighed at all because of it."""
        return not self.warning and self.rule in FATAL
