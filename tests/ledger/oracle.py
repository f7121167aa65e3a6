# SPDX-License-Identifier: Apache-2.0
"""What may be said about a ledger, worked out a second time from the written rules alone.

Plain dicts in, the set of permissible levels out: one level, or two where a threshold lies within sampling
noise. It shares no code, no random stream and no order of computation with `hikeshi.ledger`.

The rules, as docs/ledger.md words them:

1. An item counts from its own date on; a group counts from its first item on, once. Its range is the joint
   range with the latest `from` not after the day, else the hull of its items. Partial dates count from their
   last day.
2. A group of nothing but assertions, none with a stated ground, may not exceed the source ceiling of 17:3.
3. A group whose ratio strictly contains 1 for every pair is re-centred: same widths in the logarithm, one
   centre.
4. Shared error: one uniform number per hypothesis places it in every group's range; the prior has its own.
5. The residual never falls below 0.02 (R1).
6. L is the hypothesis most often first. Level 1: first in 80 % of draws. Level 2: lower end (5 %) at least
   0.55 and two groups that exclude 1 in favour of L against somebody. Level 3: 0.80 and three groups. The
   lower of the levels with and without re-centring counts.
7. Caps. R2 no finding: 1. R3 no item in favour of L that is neither commodity nor forgeable: 1. R4 L names a
   state and no money trail, court record or intelligence with a ground is in favour of L: 0. R5 L names a
   state or a group without items for both infrastructure and capability: 1. R6 there are assertions and
   nothing else in favour of L: 0. R7 a contradicted claim in what is in favour of L: 0. R9 somebody else has
   the highest median under one of the error models, settings or prior ends: 0.
"""

from __future__ import annotations

import calendar
import math
import random
from itertools import permutations
from typing import Any

CEILING = 17 / 3
ASSERTIONS = {"official-assertion", "expert-assertion", "expert-opinion", "consensus-statement", "denial"}
OWN_EVIDENCE = {"money-trail", "court-record"}
CHEAP = {"commodity", "commodity-pair", "trivial", "easy"}
NOISE = 0.02


def last_day(text: str) -> str:
    parts = [int(part) for part in text.split("-")]
    month = parts[1] if len(parts) > 1 else 12
    day = parts[2] if len(parts) > 2 else calendar.monthrange(parts[0], month)[1]
    return f"{parts[0]:04d}-{month:02d}-{day:02d}"


def favours(lik: dict[str, list[float]], leader: str) -> bool:
    """The ratio of the leader to at least one other lies wholly above 1."""
    return any(lik[leader][0] > lik[h][1] for h in lik if h != leader)


def hull(ranges: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    return {h: [min(r[h][0] for r in ranges), max(r[h][1] for r in ranges)] for h in ranges[0]}


def has_ground(item: dict[str, Any], claims: dict[str, dict[str, Any]]) -> bool:
    return bool(item.get("findings")) or any(claims[c].get("grounds") for c in item["claims"])


def recentred(lik: dict[str, list[float]]) -> dict[str, list[float]]:
    if not all(lik[a][0] / lik[b][1] < 1 < lik[a][1] / lik[b][0] for a, b in permutations(lik, 2)):
        return lik
    middle = math.prod(math.sqrt(lo * hi) for lo, hi in lik.values()) ** (1 / len(lik))
    half = {h: math.sqrt(hi / lo) for h, (lo, hi) in lik.items()}
    return {h: [middle / half[h], middle * half[h]] for h in lik}


class World:
    """The items and groups of a ledger that count on a day."""

    def __init__(self, ledger: dict[str, Any], day: str):
        self.claims = {claim["id"]: claim for claim in ledger["claims"]}
        self.hypotheses = {h["id"]: h for h in ledger["hypotheses"]}
        self.residual = next(h["id"] for h in ledger["hypotheses"] if h.get("residual"))
        self.day = day
        self.items = [item for item in ledger["evidence"] if last_day(item["date"]) <= day]
        self.groups: dict[str, dict[str, list[float]]] = {}
        for name, group in sorted(ledger["groups"].items()):
            mine = [item for item in self.items if item["group"] == name]
            if mine:
                given = [entry for entry in group.get("as_of", []) if last_day(entry["from"]) <= day]
                lik = given[-1]["joint"] if given else hull([item["lik"] for item in mine])
                if all(item["type"] in ASSERTIONS and not has_ground(item, self.claims) for item in mine):
                    lik = {h: [max(lo, 1 / CEILING), max(hi, 1 / CEILING)] for h, (lo, hi) in lik.items()}
                self.groups[name] = lik


def sample(world: World, shared: bool, centre: bool, seed: int, prior: dict[str, float] | None, n: int):
    rng = random.Random(seed)
    groups = [recentred(lik) if centre else lik for lik in world.groups.values()]
    for _ in range(n):
        weights = {}
        for h, entry in world.hypotheses.items():
            lo, hi = entry["prior"]
            weight = prior[h] if prior else lo * (hi / lo) ** rng.random()
            same = rng.random()
            for lik in groups:
                a, b = lik[h]
                weight *= a * (b / a) ** (same if shared else rng.random())
            weights[h] = weight
        total = sum(weights.values())
        odds = {h: weight / total for h, weight in weights.items()}
        rest = odds[world.residual]
        if rest < 0.02:
            odds = {h: p * 0.98 / (1 - rest) for h, p in odds.items()}
            odds[world.residual] = 0.02
        yield odds


def prior_ends(world: World):
    """Each hypothesis at its upper end with the rest at their lower ends, and the reverse."""
    for one in world.hypotheses:
        for end in (0, 1):
            yield {h: e["prior"][end if h == one else 1 - end] for h, e in world.hypotheses.items()}


def medians(draws: list[dict[str, float]]) -> dict[str, float]:
    return {h: sorted(d[h] for d in draws)[len(draws) // 2] for h in draws[0]}


def stable(world: World, leader: str, n: int) -> tuple[bool, bool]:
    """Whether the leader leads everywhere, and whether that is beyond sampling noise."""
    holds, sure = True, True
    for shared in (True, False):
        for centre in (True, False):
            for prior in (None, *prior_ends(world)):
                middle = medians(list(sample(world, shared, centre, 11, prior, n)))
                rival = max(p for h, p in middle.items() if h != leader)
                if middle[leader] < rival - NOISE:
                    return False, True
                holds &= middle[leader] > rival
                sure &= abs(middle[leader] - rival) > NOISE
    return holds, sure


def reached(world: World, leader: str, centre: bool, slack: float, n: int) -> int:
    draws = list(sample(world, True, centre, 5, None, n))
    first = sum(max(d, key=d.__getitem__) == leader for d in draws) / n
    low = sorted(d[leader] for d in draws)[round(0.05 * n)]
    strong = sum(favours(lik, leader) for lik in world.groups.values())
    if low >= 0.80 + slack and strong >= 3:
        return 3
    if low >= 0.55 + slack and strong >= 2:
        return 2
    return 1 if first >= 0.80 + slack else 0


def ceiling(world: World, leader: str) -> int:
    """The lowest cap of R2 to R7."""
    items = world.items
    for_leader = [item for item in items if favours(item["lik"], leader)]
    names = world.hypotheses[leader].get("names", "nobody" if leader == world.residual else "group")
    caps = [3]
    if not any(item.get("findings") for item in items):
        caps.append(1)
    if all(item.get("class") in CHEAP for item in for_leader):
        caps.append(1)
    own = [
        item
        for item in for_leader
        if item["type"] in OWN_EVIDENCE or (item["type"] == "intelligence" and has_ground(item, world.claims))
    ]
    if names == "state" and not own:
        caps.append(0)
    if names in ("state", "group"):
        corners = {corner for item in items for corner in item.get("vertex", [])}
        if not {"infrastructure", "capability"} <= corners:
            caps.append(1)
    beyond = [item for item in for_leader if item["type"] not in ASSERTIONS]
    if any(item["type"] in ASSERTIONS for item in items) and not beyond:
        caps.append(0)
    key = [item for item in items if item in for_leader or favours(world.groups[item["group"]], leader)]
    if any(contradicted(world, claim) for item in key for claim in item["claims"]):
        caps.append(0)
    return min(caps)


def contradicted(world: World, name: str) -> bool:
    claim = world.claims[name]
    check = claim.get("check", {})
    if check.get("status") != "contradicted" or last_day(claim["date"]) > world.day:
        return False
    by = [world.claims[other] for other in check.get("by", [])]
    return not by or any(last_day(other["date"]) <= world.day for other in by)


def levels(ledger: dict[str, Any], day: str, n: int = 2000) -> set[int]:
    """Every level the rules permit on that day, given the sampling noise of `n` draws."""
    world = World(ledger, day)
    draws = list(sample(world, True, False, 5, None, n))
    count = dict.fromkeys(world.hypotheses, 0)
    for draw in draws:
        count[max(draw, key=draw.__getitem__)] += 1
    leader = max(count, key=count.__getitem__)
    limit = ceiling(world, leader)
    slack = 2.6 * math.sqrt(0.16 / n)
    bounds = {
        min(limit, *(reached(world, leader, centre, sign * slack, n) for centre in (True, False)))
        for sign in (-1, 1)
    }
    if bounds == {0}:
        return {0}
    holds, sure = stable(world, leader, 300)
    if holds and sure:
        return bounds
    return {0} if sure else bounds | {0}
