# SPDX-License-Identifier: Apache-2.0
"""The numbers and names the text may use, each asked of the view; nobody types them."""

from __future__ import annotations

import math

from hikeshi.ledger.model import Claim
from hikeshi.ledger.policy import ASSERTING, ASSERTION_TYPES, BANDS
from hikeshi.ledger.view import View
from hikeshi.ledger.weigh import Flip, Weighing


def asserting_claims(view: View, hypothesis: str) -> tuple[Claim, ...]:
    """The claims that assert a hypothesis, among those cited by items that are assertions."""
    cited = {name for item in view.items if item.type in ASSERTION_TYPES for name in item.claims}
    return tuple(
        claim
        for claim in view.claims.values()
        if claim.id in cited and claim.kind in ASSERTING and hypothesis in claim.about
    )


def asserting_groups(view: View, hypothesis: str) -> int:
    """In how many groups those claims count."""
    names = {claim.id for claim in asserting_claims(view, hypothesis)}
    items = [item for item in view.items if item.type in ASSERTION_TYPES and names.intersection(item.claims)]
    return len({item.group for item in items})


def asserting_parties(view: View, hypothesis: str) -> tuple[str, ...]:
    """Who asserts a hypothesis, in the order of their first claim."""
    claims = sorted(
        asserting_claims(view, hypothesis), key=lambda c: (c.date.day if c.date else view.as_of.day, c.id)
    )
    return tuple(dict.fromkeys(claim.who for claim in claims if claim.who))


def open_hypotheses(weighing: Weighing) -> tuple[str, ...]:
    """The hypotheses whose range reaches above the lowest band: none of them can be excluded."""
    return tuple(h for h, spread in weighing.shared.items() if spread.high > BANDS[0][0])


def overturning(weighing: Weighing) -> Flip | None:
    """How large a clue for the strongest rival would have to be, in whole numbers."""
    flip = next((flip for flip in weighing.flips if flip.hypothesis == weighing.rival), None)
    if flip is None or flip.high > 1000:
        return None
    return Flip(flip.hypothesis, max(math.floor(flip.low), 1), max(math.ceil(flip.high), 2))


def band(value: float) -> int:
    """The likelihood band of a probability, counted from 0."""
    return next(index for index, (top, _, _) in enumerate(BANDS) if value <= top)


def likelihood_word(low: float, middle: float, high: float) -> tuple[str, str] | None:
    """The word of the middle's band in both languages; none if the range spans more than two bands."""
    if band(high) - band(low) > 1:
        return None
    _, ja, en = BANDS[band(middle)]
    return ja, en
