# SPDX-License-Identifier: Apache-2.0
"""Checks of what is weighed: hypotheses, groups, ranges, caps, order of entry (V03, V06-V10, V13-V15)."""

from __future__ import annotations

from collections.abc import Iterator

from hikeshi.ledger import policy, ratios
from hikeshi.ledger.load import ids
from hikeshi.ledger.model import NOWHERE, Evidence, Hypothesis, Ledger, Missing, Party, Ranges
from hikeshi.ledger.origins import meetings
from hikeshi.ledger.problems import Problem
from hikeshi.ledger.say_lint import forbidden
from hikeshi.ledger.text import Place
from hikeshi.ledger.view import is_bare, last_date, look

SUM_SLACK = 1e-9
# Ranges are written with two decimals: 0.33 stands for a third.
WRITTEN = 0.005
PRIOR_WORDS = {"motive": ("motive", "動機"), "victimology": ("victim", "被害者")}


def v03(ledger: Ledger) -> Iterator[Problem]:
    """Exactly one residual hypothesis; the prior ranges can sum to 1."""
    residual = [h.id for h in ledger.hypotheses if h.residual]
    if len(residual) != 1:
        yield Problem("V03", "residual-count", "hypotheses", {"count": str(len(residual))})
    for h in ledger.hypotheses:
        if not 0 < h.prior[0] <= h.prior[1] <= 1:
            yield Problem("V03", "prior-range", h.id, place=h.place)
    low, high = (sum(h.prior[end] for h in ledger.hypotheses) for end in (0, 1))
    if low > 1 + SUM_SLACK or high < 1 - SUM_SLACK:
        yield Problem("V03", "prior-sum", "hypotheses", {"low": f"{low:.3g}", "high": f"{high:.3g}"})


def v06(ledger: Ledger) -> Iterator[Problem]:
    """A group of several items has a joint range."""
    members: dict[str, list[Evidence]] = {}
    for item in ledger.evidence:
        members.setdefault(item.group, []).append(item)
    for name, items in members.items():
        group = ledger.groups.get(name)
        if group is None:
            yield Problem("refs", "no-such", items[0].id, {"name": name}, items[0].place)
        elif len(items) > 1 and not group.as_of:
            yield Problem("V06", "joint-missing", name, {"items": str(len(items))}, group.place)


def v07(ledger: Ledger) -> Iterator[Problem]:
    """Groups that meet in an origin are merged or explained; explained ones are still reported."""
    for meeting in meetings(ledger):
        fields = {"groups": ", ".join(meeting.groups), "origins": ", ".join(meeting.origins)}
        message = "overlap-explained" if meeting.explained else "overlap"
        group = ledger.groups.get(meeting.groups[0])
        place = group.place if group else NOWHERE
        yield Problem("V07", message, meeting.groups[0], fields, place, warning=meeting.explained)


def v08(ledger: Ledger) -> Iterator[Problem]:
    """Likelihood ranges lie within (0, 1], cover every hypothesis, and the largest upper end is 1."""
    names = {h.id for h in ledger.hypotheses}
    for subject, place, ranges in _all_ranges(ledger):
        if set(ranges) != names:
            odd = ", ".join(sorted(names ^ set(ranges)))
            yield Problem("V08", "range-hypotheses", subject, {"names": odd}, place)
        elif not all(0 < lo <= hi <= 1 for lo, hi in ranges.values()):
            yield Problem("V08", "range-bounds", subject, place=place)
        elif max(hi for _, hi in ranges.values()) != 1:
            top = max(hi for _, hi in ranges.values())
            yield Problem("V08", "range-top", subject, {"top": f"{top:g}"}, place)
    for item in ledger.evidence:
        if not set(item.ach) <= names:
            odd = ", ".join(sorted(set(item.ach) - names))
            yield Problem("V08", "range-hypotheses", item.id, {"names": odd}, item.place)
    for gap in ledger.missing:
        for outcome, chances in gap.outcomes.items():
            if set(chances) != names or not all(0 <= p <= 1 for p in chances.values()):
                yield Problem("V08", "outcome-bounds", f"{gap.id}.{outcome}", place=gap.place)


def _all_ranges(ledger: Ledger) -> Iterator[tuple[str, Place, Ranges]]:
    for item in ledger.evidence:
        yield item.id, item.place, item.lik
    for group in ledger.groups.values():
        for joint in group.as_of:
            yield f"{group.id} {joint.since.text}", joint.place, joint.ranges


def v09(ledger: Ledger) -> Iterator[Problem]:
    """W: groups whose ratio includes 1 for a pair; those that straddle 1 everywhere are re-centred."""
    for group in look(ledger).groups:
        place = ledger.groups[group.id].place
        pairs = ratios.silent_pairs(group.ranges)
        if group.straddles:
            yield Problem("V09", "straddles", group.id, place=place, warning=True)
        elif pairs:
            named = ", ".join(f"{a}:{b}" for a, b in pairs)
            yield Problem("V09", "not-discriminating", group.id, {"pairs": named}, place, warning=True)


def v10(ledger: Ledger) -> Iterator[Problem]:
    """W: an assertion without a stated ground goes above the source ceiling; it is limited to it."""
    claims = ids(ledger.claims)
    day = last_date(ledger).day
    for item in ledger.evidence:
        top = ratios.largest(item.lik)
        if is_bare(item, claims, day) and top > policy.SOURCE_CEILING:
            fields = {"ratio": f"{top:.3g}", "ceiling": f"{policy.SOURCE_CEILING:.3g}"}
            yield Problem("V10", "above-source", item.id, fields, item.place, warning=True)


def v13(ledger: Ledger) -> Iterator[Problem]:
    """Cheap or forgeable evidence stays below its cap unless somebody signs for more."""
    for item in ledger.evidence:
        name = item.forging or ("commodity" if item.type == "technical-commodity" else "")
        if not name or (item.override and item.override.by and item.override.why):
            continue
        top = max(hi for _, hi in item.lik.values()) / (min(lo for lo, _ in item.lik.values()) + WRITTEN)
        if top > policy.CAPS[name]:
            fields = {
                "class": name,
                "ratio": f"{ratios.largest(item.lik):.3g}",
                "cap": f"{policy.CAPS[name]:g}",
            }
            yield Problem("V13", "above-cap", item.id, fields, item.place, warning=not item.forging)


def v14(ledger: Ledger) -> Iterator[Problem]:
    """W: motive or victimology is used both in the prior and as evidence."""
    prior = {claim for basis in ledger.prior_basis for claim in basis.claims}
    for item in ledger.evidence:
        words = PRIOR_WORDS.get(item.type, ())
        uses = any(
            item.type in basis.uses or any(word in basis.text.lower() for word in words)
            for basis in ledger.prior_basis
        )
        if uses or prior.intersection(item.claims):
            yield Problem("V14", "prior-twice", item.id, place=item.place, warning=True)


def v15(ledger: Ledger) -> Iterator[Problem]:
    """W: ranges were entered after the leading hypothesis was displayed."""
    displayed = False
    for entry in ledger.log:
        if entry.did == "displayed":
            displayed = True
        elif displayed:
            fields = {"by": entry.by, "items": ", ".join(entry.items)}
            yield Problem("V15", "not-blind", entry.by, fields, entry.place, warning=True)


def labels(ledger: Ledger) -> Iterator[Problem]:
    """Labels that go into sentences hold no word of certainty."""
    entries: tuple[Hypothesis | Party | Missing, ...] = (
        *ledger.hypotheses,
        *ledger.parties.values(),
        *ledger.missing,
    )
    for entry in entries:
        found = forbidden(entry.words.ja, entry.words.en)
        if found:
            yield Problem("words", "label-forbidden", entry.id, {"word": found[0]}, entry.place)


def weight_rules(ledger: Ledger) -> Iterator[Problem]:
    """All checks of this file; those that compute wait until the numbers are sound."""
    first = [*v03(ledger), *v06(ledger), *v08(ledger)]
    yield from first
    yield from v07(ledger)
    yield from v14(ledger)
    yield from v15(ledger)
    yield from labels(ledger)
    if not any(problem.fatal for problem in first):
        yield from v09(ledger)
        yield from v10(ledger)
        yield from v13(ledger)
