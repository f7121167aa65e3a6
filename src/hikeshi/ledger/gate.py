# SPDX-License-Identifier: Apache-2.0
"""The wording gate: the highest level a view carries, and the caps R1 to R9 that hold it down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hikeshi.ledger import policy, ratios
from hikeshi.ledger.draws import MODELS, Draws, Model, Spread, medians, posterior
from hikeshi.ledger.load import ids
from hikeshi.ledger.model import Evidence, Hypothesis
from hikeshi.ledger.origins import grounded, standing
from hikeshi.ledger.problems import Problem
from hikeshi.ledger.view import View

Settings = Mapping[tuple[Model, bool], Mapping[str, Spread]]
TOP = 3


@dataclass(frozen=True, slots=True)
class Cap:
    """A rule that holds the level down, and to what."""

    rule: str
    limit: int
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said: the level, what it would be without caps, the leader, an order if one survives."""

    level: int
    reached: int
    leader: str
    caps: tuple[Cap, ...]
    order: tuple[str, ...]
    confidence: str
    discriminating: tuple[str, ...]


def leader_of(draws: Draws, settings: Settings) -> str:
    """The hypothesis most often first under shared errors."""
    table = settings["shared", False]
    return max(draws.order, key=lambda h: (table[h].first, table[h].median))


def prior_ends(hypotheses: tuple[Hypothesis, ...]) -> Iterator[tuple[str, dict[str, float]]]:
    """Each hypothesis at the upper end of its prior with the rest at their lower ends, and the reverse."""
    for one in hypotheses:
        for end, name in ((1, "high"), (0, "low")):
            yield f"{one.id}-{name}", {h.id: h.prior[end if h.id == one.id else 1 - end] for h in hypotheses}


def rankings(draws: Draws) -> tuple[tuple[str, ...], ...]:
    """The order of the hypotheses under both error models, both settings and all ends of the priors."""
    found = []
    ends = [None, *(prior for _, prior in prior_ends(draws.view.ledger.hypotheses))]
    for model in MODELS:
        for centred in (False, True):
            for prior in ends:
                middle = medians(draws, posterior(draws, model, centred=centred, prior=prior))
                found.append(tuple(sorted(draws.order, key=lambda h: -middle[h])))
    return tuple(found)


def reached(spread: Spread, discriminating: int) -> int:
    """The level of a leader before caps."""
    if spread.low >= policy.VERY_LIKELY and discriminating >= policy.VERY_LIKELY_GROUPS:
        return 3
    if spread.low >= policy.LIKELY and discriminating >= policy.LIKELY_GROUPS:
        return 2
    return 1 if spread.first >= policy.FIRST_SHARE else 0


def judge(draws: Draws, settings: Settings, problems: tuple[Problem, ...], flip: float) -> Verdict:
    """What may be said about a view."""
    view = draws.view
    leader = leader_of(draws, settings)
    strong = tuple(group.id for group in view.groups if ratios.favours(group.ranges, leader))
    raw = min(reached(settings["shared", centred][leader], len(strong)) for centred in (False, True))
    caps = list(caps_of(view, leader, problems))
    ranked = rankings(draws)
    if any(order[0] != leader for order in ranked):
        caps.append(Cap("R9", 0))
    level = min([raw, *(cap.limit for cap in caps)])
    own = sum(bool(item.findings) for item in view.items) / max(len(view.items), 1)
    spread = settings["shared", False][leader]
    confidence = _confidence(len(strong), own, spread.high - spread.low, flip) if level else "low"
    order = ranked[0] if len(set(ranked)) == 1 else ()
    return Verdict(level, raw, leader, tuple(caps), order, confidence, strong)


def _confidence(groups: int, own: float, width: float, flip: float) -> str:
    for name, least_groups, least_own, most_width, least_flip in policy.CONFIDENCE:
        if groups >= least_groups and own >= least_own and width <= most_width and flip >= least_flip:
            return name
    return "low"


def caps_of(view: View, leader: str, problems: tuple[Problem, ...]) -> Iterator[Cap]:
    """The caps R2 to R7 that apply to a leader; R1 is built into the draws, R8 holds by counting groups."""
    errors = sorted({problem.rule for problem in problems if not problem.warning})
    if errors:
        yield Cap("check", 0, {"rules": ", ".join(errors)})
    items = view.items
    ours = [item for item in items if ratios.favours(item.lik, leader)]
    if not any(item.findings for item in items):
        yield Cap("R2", 1)
    if all(item.forging in policy.CHEAP for item in ours):
        yield Cap("R3", 1)
    names = _names(view, leader)
    if names == "state" and not any(_names_actor(view, item) for item in ours):
        yield Cap("R4", 0)
    corners = {corner for item in items for corner in item.vertex}
    if names in ("state", "group") and not {"infrastructure", "capability"} <= corners:
        yield Cap("R5", 1)
    if any(map(_asserts, items)) and all(map(_asserts, ours)):
        yield Cap("R6", 0)
    stale = sorted(_stale(view, problems))
    key = sorted(_contradicted(view, leader))
    if stale or key:
        yield Cap("R7", 0, {"stale": ", ".join(stale), "contradicted": ", ".join(key)})


def _names(view: View, leader: str) -> str:
    return next("nobody" if h.residual else h.names for h in view.ledger.hypotheses if h.id == leader)


def _asserts(item: Evidence) -> bool:
    return item.type in policy.ASSERTION_TYPES


def _names_actor(view: View, item: Evidence) -> bool:
    """Whether an item answers who, not merely that two intrusions are alike."""
    if item.type in policy.IDENTITY_TYPES:
        return True
    stated = item.findings or item.ground or grounded(item.claims, view.claims, view.as_of.day)
    return item.type == "intelligence" and bool(stated)


def _stale(view: View, problems: tuple[Problem, ...]) -> Iterator[str]:
    mine = {item.id for item in view.items}
    return (problem.subject for problem in problems if problem.rule == "V05" and problem.subject in mine)


def _contradicted(view: View, leader: str) -> set[str]:
    names: set[str] = set()
    for group in view.groups:
        whole = ratios.favours(group.ranges, leader)
        for item in group.items:
            if whole or ratios.favours(item.lik, leader):
                names.update(item.claims)
    claims = ids(view.ledger.claims)
    cited = (claims[name] for name in names if name in view.claims)
    return {claim.id for claim in cited if standing(claim, claims, view.as_of.day) == "contradicted"}
