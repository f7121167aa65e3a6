# SPDX-License-Identifier: Apache-2.0
"""What generated text may never say, in either language."""

from __future__ import annotations

from hikeshi.ledger.policy import BANDS, FORBIDDEN_EN, FORBIDDEN_JA


def forbidden(ja: str, en: str) -> list[str]:
    """The words of certainty in a pair of texts."""
    lower = en.casefold()
    return [word for word in FORBIDDEN_JA if word in ja] + [word for word in FORBIDDEN_EN if word in lower]
